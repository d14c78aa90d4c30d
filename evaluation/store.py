"""Scores as files: `scores.json` for the corpus values, `per_clip.parquet` for the clips."""

from __future__ import annotations

from pathlib import Path

from common.errors import blaming
from common.files import read_json, write_json
from evaluation.score import Scores

SUMMARY_FILE = "scores.json"
CLIPS_FILE = "per_clip.parquet"
CLIPS_COLUMNS = {"film": "str", "clip_id": ""}  # and a number for every metric, NaN where it has none


def write_scores(scores: Scores, folder: Path) -> None:
    """The same scores are the same bytes."""
    from common.tables import write_table

    write_json(
        folder / SUMMARY_FILE,
        {
            "summary": scores.summary,
            "missing": scores.missing,
            "intervals": {name: list(bounds) for name, bounds in scores.intervals.items()},
            "film_intervals": {name: list(bounds) for name, bounds in scores.film_intervals.items()},
            "identities": scores.identities,
            "counts": scores.counts,
        },
    )
    write_table(scores.per_clip, folder / CLIPS_FILE)


def read_scores(folder: Path) -> Scores:
    """What `write_scores` wrote; raises `BadInput` where a file or a part is missing."""
    from common.tables import read_table

    kept = read_json(folder / SUMMARY_FILE)
    per_clip = read_table(folder / CLIPS_FILE, CLIPS_COLUMNS, advice="run the stage scores again")
    with blaming(folder / SUMMARY_FILE, "not scores; run the stage `scores` again"):
        return Scores(
            summary=kept["summary"],
            per_clip=per_clip,
            missing=kept["missing"],
            intervals={name: (low, high) for name, (low, high) in kept["intervals"].items()},
            film_intervals={name: (low, high) for name, (low, high) in kept["film_intervals"].items()},
            identities=kept["identities"],
            counts=kept["counts"],
        )
