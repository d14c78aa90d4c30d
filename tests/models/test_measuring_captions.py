"""Captions measured on toy films whose answers are known by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from models.measuring.captions import figures, main
from models.measuring.captions_page import met
from models.measuring.captions_rows import judged, published_units, without
from models.measuring.captions_sections import difference, frozen_pairs, goals, sections, verdict
from models.measuring.captions_truth import name_state, whose_tracks
from models.measuring.figures import Figure
from models.training.judging import judge, places_of
from publishing.records import version

WAVE = {
    "type": 1, "subject": "Anna", "verb": "wave", "second": "Ben", "object": None, "place": "park",
    "cast": ["Anna", "Ben", "Cleo"], "names": ["Anna", "Ben"], "pronouns": {"Anna": "she", "Ben": "he", "Cleo": "she"},
    "texts": {"description": ["Anna waves at Ben."]},
}  # fmt: skip
SAID = {"right": "Anna waves at Ben in the park.", "swapped": "Ben waves at Anna.", "silent": "It rains in the park."}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Anna waves at Ben.", True),
        ("Anna waves at Ben in the park.", True),
        ("Anna waves at Ben on the beach.", False),
        ("Anna waves at Ben as Cleo watches.", False),
        ("Anna waves at Ben and he waits.", True),
        ("Ben waves at Anna.", False),
        ("Anna hugs Ben.", False),
    ],
)
def test_a_sentence_is_right_when_nothing_in_it_is_wrong(text: str, right: bool) -> None:
    assert judge(text, WAVE)["facts"] == float(right)


def test_a_pronoun_of_nobody_who_acts_is_wrong() -> None:
    alone = {**WAVE, "verb": "dance", "second": None}
    assert judge("Anna dances and she stops.", alone)["facts"] == 1.0
    assert judge("Anna dances and he stops.", alone)["facts"] == 0.0
    assert judge("Anna dances and he stops.", {**alone, "pronouns": None})["facts"] == 1.0


def test_places_are_read_in_every_phrase() -> None:
    assert places_of("Anna walks by the sea.") == {"beach"}
    assert places_of("In the office, Anna waits.") == {"office"}
    assert places_of("Anna waits.") == set()


def test_a_track_is_theirs_whom_most_of_its_boxes_show() -> None:
    truth = pd.DataFrame(
        [(0, "Anna", 0, 0, 10, 20), (5, "Anna", 0, 0, 10, 20), (5, "Ben", 30, 0, 40, 20)],
        columns=["frame", "name", "x1", "y1", "x2", "y2"],
    )
    regions = pd.DataFrame(
        [(1, 0, 0, 1, 0, 10, 20), (1, 0, 5, 1, 0, 10, 20), (1, 1, 5, 31, 0, 41, 20), (1, 2, 0, 80, 0, 90, 20)],
        columns=["clip", "track", "frame", "x1", "y1", "x2", "y2"],
    )
    assert whose_tracks(regions, truth) == {(1, 0): "Anna", (1, 1): "Ben"}


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ([("Anna", 0)], "right"),
        ([("Ben", 0)], "wrong"),
        ([("Anna", 1)], "wrong"),
        ([("Ben", 1)], "missing"),
        ([], "missing"),
    ],
)
def test_a_name_is_right_on_its_own_region_only(seen: list[tuple[str, int]], state: str) -> None:
    records = [{"name": name, "track": track} for name, track in seen]
    assert name_state("Anna", records, {0: "Anna", 1: "Ben"}) == state
    assert name_state(None, records, {}) is None


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def toy_data(data: Path, rows: dict[str, list[str]], *, films: int = 4) -> Path:
    """`films` films of one clip each, in which Anna waves at Ben; `rows` says for each row what its films were told."""
    for number in range(films):
        film, truth = f"tt{number}", data / "films" / f"tt{number}" / "truth"
        told = {"id": 1, "start": 0.0, "end": 2.0, "text": "Anna waves at Ben.", "alternatives": []}
        facts = {name: WAVE[name] for name in ("type", "subject", "verb", "second", "object", "place")}
        write(truth / "clips.json", [{**told, **facts}])
        write(truth / "people.json", {"Anna": 40018, "Ben": 40019})
        write(truth.parent / "film.json", {"fps": 10})
        boxes = {"x1": [0.0, 30.0], "y1": 0.0, "x2": [10.0, 40.0], "y2": 20.0}
        pd.DataFrame({"frame": 5, "name": ["Anna", "Ben"], **boxes}).to_parquet(truth / "tracks.parquet")
        regions = data / "character_regions" / film
        regions.mkdir(parents=True)
        pd.DataFrame({"clip": 1, "track": [0, 1], "frame": 5, **boxes}).to_parquet(regions / "regions.parquet")
        seen = [{"name": "Anna", "track": 0}, {"name": "Ben", "track": 1}]
        write(data / "mad_eval_named" / film / "clips.jsonl", {"clip_id": 1, "characters": {"best query": seen}})
    for row, said in rows.items():
        unit = data / "predictions" / f"{row}.mad_eval_named.0"
        unit.mkdir(parents=True)
        table = pd.DataFrame({"film": [f"tt{n}" for n in range(films)], "clip_id": 1, "text_gen": said})
        table.to_csv(unit / "predictions.csv", index=False)
        asked = {"row": {"variant": row, "bank": "none" if row == "B1" else "best query"}}
        if row == "neighbour":
            asked = {"row": row}  # no captioner's
        files = {"predictions.csv": [len(said), row]}
        write(unit / "_made.json", {"key": row, "audit": "the gate's", "from": {"parameters": asked}, "files": files})
        plan = {"soft_prompt": row != "A1F", "region": False, "text_prior": True}
        write(
            data / "captioner" / f"{row}.0" / "config.json",
            {"plan": plan, "trainable": "soft prompt and connectors" if row.endswith("F") else "all"},
        )
    return data


def test_rows_are_judged_and_compared_clip_by_clip(tmp_path: Path) -> None:
    right, swapped, silent = SAID.values()
    data = toy_data(tmp_path, {"C2": [right] * 4, "C1": [right, right, swapped, silent], "B1": [silent] * 4})
    units = published_units(data)
    rows = judged(data, units)
    assert rows.groupby("row")["action"].mean().to_dict() == {"B1": 0.0, "C1": 0.75, "C2": 1.0}
    assert rows.groupby("row")["second name"].mean().to_dict() == {"B1": 0.0, "C1": 0.5, "C2": 1.0}
    assert set(rows[rows["row"] == "B1"]["subject_named"]) == {"missing"}
    better = difference(rows, "B1", "C2", "action")
    assert (better.value, better.low, better.high, better.count) == (1.0, 1.0, 1.0, 4)
    assert verdict(better) == "better"
    assert verdict(difference(rows, "C1", "C2", "action")) == "undecided"
    found = sections(rows, units)
    assert [figure.value for _, _, figure in goals(found)][:3] == [1.0, 1.0, 1.0]
    assert np.isnan(goals(found)[3][2].value)
    names = next(section for section in found if section.key == "names").lines
    assert names["subject: right"]["share of clips"].value == 1.0
    assert figures(rows, units, found)["differences over clips"]["C2 over C1"]["action"]["value"] == 0.25


def test_the_soft_prompt_is_compared_where_the_language_model_is_frozen(tmp_path: Path) -> None:
    said = [SAID["right"]] * 2
    data = toy_data(tmp_path, {"A1": said, "A2": said, "A1F": said, "A2F": said, "C2": said}, films=2)
    assert frozen_pairs(published_units(data)) == [("A1F", "A2F")]


def test_the_page_is_the_same_twice_and_names_what_it_is_of(tmp_path: Path) -> None:
    right, swapped, silent = ([said] * 4 for said in SAID.values())
    data = toy_data(tmp_path / "data", {"C2": right, "A1": swapped, "D1": right, "neighbour": silent})
    pages = [tmp_path / "one.md", tmp_path / "two.md"]
    for page in pages:
        assert main(["--data", str(data), "--page", str(page), "--profile", "mini"]) == 0
    first, second = (page.read_text() for page in pages)
    assert first.replace("one.md", "") == second.replace("two.md", "")
    assert "mad_eval_named: 4 films, 4 clips" in first
    assert "| action | .950 | 1.000 [1.000, 1.000] | met | 4 |" in first
    assert f"`{str(version(data / 'predictions' / 'C2.mad_eval_named.0'))[:12]}`" in first  # as the lineage has it
    assert "D1 over C2" in first
    assert "neighbour over C2" in first
    assert json.loads(pages[0].with_suffix(".json").read_text())["rows"]["C2, mad_eval_named"]["action"]["value"] == 1.0


def test_what_is_printed_has_the_pages_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, swapped, silent = ([said] * 4 for said in SAID.values())
    data = toy_data(tmp_path / "data", {"C2": right, "C1": swapped, "A1": silent})
    assert main(["--data", str(data)]) == 0
    told = capsys.readouterr().out
    assert "The captioner alone\n" in told
    last = told[told.index("Goals, row C2") :]
    words = [line.split() for line in last.splitlines()]
    assert ["action", ".950", "1.000", "[1.000,", "1.000]", "met", "4"] in words
    assert words[-3][:4] == ["C2", "over", "C1", "undecided"]  # the action is right in both
    assert "12 predictions judged" in last
    page = tmp_path / "RESULTS.md"
    assert main(["--data", str(data), "--page", str(page)]) == 0
    told = capsys.readouterr().out
    assert last.splitlines()[:5] == told.splitlines()[:5] and f"written: {page}" in told


def test_what_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "no predictions published" in capsys.readouterr().err
    data = toy_data(tmp_path, {"C2": [SAID["right"]] * 4})
    (data / "films" / "tt2" / "truth" / "clips.json").unlink()
    with pytest.raises(BadInput, match=r"tt2.*no truth beside this film"):
        judged(data, published_units(data))


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (0.97, 0.96, 0.98, "met"),
        (0.96, 0.90, 0.98, "met, within its interval"),
        (0.94, 0.90, 0.98, "not met, within its interval"),
        (0.80, 0.70, 0.90, "not met"),
        (float("nan"), 0.0, 0.0, "not measured"),
    ],
)
def test_a_goal_is_met_with_or_without_doubt(value: float, low: float, high: float, told: str) -> None:
    assert met(Figure(value, low, high, 9), 0.95) == told


def test_films_looked_at_before_count_in_no_figure(tmp_path: Path) -> None:
    right, swapped, _ = SAID.values()
    data = toy_data(tmp_path, {"C2": [swapped, right, right, right]})
    rows = judged(data, published_units(data))
    assert rows["subject"].mean() < 1.0
    assert without(rows, ["tt0"])["subject"].mean() == 1.0


def test_a_film_that_is_not_there_cannot_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = toy_data(tmp_path, {"C2": list(SAID.values())[:1] * 4})
    assert main(["--data", str(data), "--leave-out", "tt9"]) == 2
    assert "tt9: no such test film" in capsys.readouterr().err
