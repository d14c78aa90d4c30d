"""A small lineage without models: words (per film), lengths (per film), total (whole)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import write_json
from publishing.settings import Settings
from publishing.stage import Expect, Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd


def films(settings: Settings) -> list[str]:
    return list(settings.studio.film_ids("train"))


def raw_file(settings: Settings, unit: str) -> str:
    return f"data/raw/{unit}.txt"


def make_words(work: Work) -> None:
    raw = work.data / "raw" / f"{work.unit}.txt"
    if not raw.is_file():
        raise BadInput(f"raw/{raw.name}: no such file; put it there")
    text = raw.read_text(encoding="utf-8")
    if text.startswith("broken"):
        raise BadInput(f"raw/{raw.name}:1: broken; mend that line")
    if text.startswith("crash"):
        raise RuntimeError("a fault of the program")
    write_json(work.out / "words.json", text.split())
    (work.out / "more").mkdir()
    (work.out / "more" / "seed.txt").write_text(str(work.settings.studio.seed), encoding="utf-8")


def words_facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    words = json.loads((folder / "words.json").read_text())
    return {"words": pd.DataFrame({"word": words, "length": [len(word) for word in words]})}


def words_expectations(settings: Settings) -> list[Expect]:
    return [
        expect(
            "words", "column_values_to_be_between", column="length", max_value=9, rows=("word",), why="too long a word"
        ),
        expect("words", "table_row_count_to_be_between", min_value=1),
    ]


def make_lengths(work: Work) -> None:
    words = json.loads((work.read("words") / "words.json").read_text())
    write_json(work.out / "lengths.json", [len(word) for word in words])


def summarise_lengths(folder: Path) -> dict[str, Any]:
    return {"words": len(json.loads((folder / "lengths.json").read_text()))}


def make_total(work: Work) -> None:
    totals = {
        unit: sum(json.loads((work.read("lengths", unit) / "lengths.json").read_text()))
        for unit in work.units("lengths")
    }
    if sum(totals.values()) > 10_000:
        raise BadInput("total: more than anyone can count; set fewer films")
    write_json(work.out / "total.json", {"films": totals, "total": sum(totals.values())})


def make_shares(work: Work) -> None:
    total = json.loads((work.read("total") / "total.json").read_text())["total"]
    write_json(work.out / "share.json", {"half": total / 2, "third": total / 3}[work.unit])


def share_units(settings: Settings) -> list[str]:
    return ["half", "third"]


WORDS = Stage(
    name="words",
    make=make_words,
    description="the words of every film",
    units=films,
    per_film=True,
    sections=("studio",),
    parameters=lambda settings, unit: {"seed": settings.studio.seed_of(unit)},
    code=("words.py",),
    raw=raw_file,
    aside=lambda settings, unit: settings.films.set_aside.get(unit),
    facts=words_facts,
    expectations=words_expectations,
)
LENGTHS = Stage(
    name="lengths",
    make=make_lengths,
    reads=("words",),
    units=films,
    per_film=True,
    code=("lengths",),
    summary=summarise_lengths,
)
TOTAL = Stage(name="total", make=make_total, reads=("lengths",), code=("total.py",))
SHARES = Stage(name="shares", make=make_shares, reads=("total",), units=share_units, code=("total.py",))
TOYS = (WORDS, LENGTHS, TOTAL, SHARES)
