"""Published predictions beside the truth: a row of judgments per prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.errors import BadInput
from common.files import digest, read_json
from common.tables import read_table
from evaluation.store import CLIPS_COLUMNS
from models.measuring.captions_truth import film_facts, perceived
from models.training.judging import judge

SCORES = ("METEOR", "BertScore")
MEASURES = ("action", "subject", "second name", "object", "faceless", "sentence", "word for word", *SCORES)
SHARES = MEASURES[: -len(SCORES)]


@dataclass(frozen=True)
class Unit:
    """A published table of predictions, and what made it: the row's bank, its variant, and the variant's prompt."""

    row: str
    benchmark: str
    seed: int
    folder: Path
    bank: str
    variant: str
    prompt: dict[str, Any]  # soft_prompt, region, text_prior, trainable; empty where the captioner is not there
    version: str


def published_units(data: Path) -> list[Unit]:
    """Every published table of predictions under `data`, sorted; BadInput where there is none."""
    folders = sorted(path.parent for path in (data / "predictions").glob("*/predictions.csv"))
    if not folders:
        raise BadInput(f"{data / 'predictions'}: no predictions published; run the stages up to predictions first")
    return [_unit(folder, data) for folder in folders]


def _unit(folder: Path, data: Path) -> Unit:
    row, benchmark, seed = folder.name.rsplit(".", 2)
    made = read_json(folder / "_made.json") if (folder / "_made.json").is_file() else {}
    found = made.get("from", {}).get("parameters", {}).get("row")
    asked = found if isinstance(found, dict) else {}  # a row that no captioner of ours speaks has none
    variant = str(asked.get("variant", row))
    config = data / "captioner" / f"{variant}.{seed}" / "config.json"
    prompt: dict[str, Any] = {}
    if config.is_file():
        known = read_json(config)
        prompt = {name: known.get("plan", {}).get(name) for name in ("soft_prompt", "region", "text_prior")}
        prompt["trainable"] = known.get("trainable")
    known_bank = str(asked.get("bank", "best query"))
    return Unit(row, benchmark, int(seed), folder, known_bank, variant, prompt, data_version(folder))


def data_version(folder: Path) -> str:
    """The digest of a published folder's files, as its record lists them; empty where there is none.

    The same value as `publishing.records.version`, which stands a floor above.
    """
    made = folder / "_made.json"
    return digest(read_json(made)["files"]) if made.is_file() else ""


def without(rows: pd.DataFrame, films: Collection[str]) -> pd.DataFrame:
    """The rows of the other films; BadInput for a film that has none."""
    if unknown := sorted(set(films) - set(rows["film"])):
        raise BadInput(f"--leave-out {unknown[0]}: no such test film among the predictions")
    return rows[~rows["film"].isin(list(films))].reset_index(drop=True)


def judged(data: Path, units: Iterable[Unit]) -> pd.DataFrame:
    """A row per prediction: row, benchmark, seed, film, clip_id, type, MEASURES (nan where not asked), and what
    perception knew (`captions_truth.perceived`).

    BadInput names the unit whose clips are not those of the films, or whose film has no truth.
    """
    facts: dict[str, dict[int, dict[str, Any]]] = {}
    known: dict[tuple[str, str, str], pd.DataFrame] = {}
    tables = []
    for unit in units:
        said = pd.read_csv(unit.folder / "predictions.csv", keep_default_na=False, dtype={"film": str})
        for film in sorted(said["film"].unique()):
            if film not in facts:
                facts[film] = film_facts(data / "films" / film)
            key = (unit.benchmark, film, unit.bank)
            if key not in known:
                known[key] = perceived(data, *key, facts[film]).assign(film=film)
        rows = [
            judgments(facts[film].get(int(clip)), str(text), f"{unit.folder}: {film}:{clip}")
            for film, clip, text in said[["film", "clip_id", "text_gen"]].itertuples(index=False)
        ]
        table = pd.concat([said[["film", "clip_id"]], pd.DataFrame(rows), _scores(data, unit, said)], axis=1)
        seen = pd.concat([known[unit.benchmark, film, unit.bank] for film in sorted(said["film"].unique())])
        table = table.merge(seen, on=["film", "clip_id"], how="left")
        tables.append(table.assign(row=unit.row, benchmark=unit.benchmark, seed=unit.seed))
    return pd.concat(tables, ignore_index=True)


def judgments(facts: dict[str, Any] | None, text: str, where: str) -> dict[str, Any]:
    """What is right about a clip's sentence: its type and the shares of MEASURES, 1 or 0, nan where not asked; the name
    of a faceless subject too. BadInput, told with `where`, for a clip that is none of the film's."""
    if facts is None:
        raise BadInput(f"{where}: no such clip in the film's truth; make the predictions again")
    right = {name: np.nan if value is None else value for name, value in judge(text, facts).items()}
    type_ = facts["type"]
    return {
        "type": type_,
        "action": right["verb"],
        "subject": right["subject"] if type_ == 1 else np.nan,
        "second name": right["second"],
        "object": right["object"],
        "faceless": right["verb"] * right["subject"] if type_ == 2 else np.nan,
        "faceless name": right["subject"] if type_ == 2 else np.nan,
        "sentence": right["facts"],
        "word for word": right["exact"],
    }


def _scores(data: Path, unit: Unit, said: pd.DataFrame) -> pd.DataFrame:
    """METEOR and BertScore of each prediction where `scores` has them for these texts, else nan."""
    none = pd.DataFrame(dict.fromkeys(SCORES, np.nan), index=said.index)
    path = data / "scores" / unit.folder.name / "per_clip.parquet"
    if not path.is_file():
        return none
    scores = read_table(path, CLIPS_COLUMNS, advice="run the stage scores again")
    same = len(scores) == len(said) and list(scores["text_gen"].astype(str)) == list(said["text_gen"].astype(str))
    if not same or list(scores["film"].astype(str)) != list(said["film"]):
        return none  # scores of other predictions
    return none.assign(**{name: scores[name].to_numpy(float) for name in SCORES if name in scores})
