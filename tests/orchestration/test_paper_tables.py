"""What the tables say of where their numbers come from, and of the rows that have none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from assets.paper_tables import laid_tables, measured_rows, provenance
from assets.report_parts import chosen_examples
from evaluation.score import Scores
from evaluation.store import write_scores
from publishing.settings import Settings
from publishing.stage import WHOLE, Work

SEEDS = ("C2.mad_eval_named.0", "C2.mad_eval_named.1")


def work_of(folder: Path, rows: list[str]) -> Work:
    settings = Settings.model_validate({
        "captioner": {"seeds": [0, 1]}, "experiments": {"rows": {"mad_eval_named": rows, "cinepile_ad": rows}}
    })  # fmt: skip
    inputs = {"scores": SEEDS, "captioner": ("C2.0", "C2.1"), "films": (), "predictions": SEEDS}
    return Work(settings, WHOLE, folder / "out", folder, inputs)


def test_every_seeds_scores_stand_in_the_provenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = pd.DataFrame({"film": "tt1", "clip_id": range(2), "METEOR": 20.0})
    for unit in SEEDS:
        (tmp_path / "scores" / unit).mkdir(parents=True)
        write_scores(Scores({"METEOR": 20.0}, clips), tmp_path / "scores" / unit)
    monkeypatch.setattr("publishing.tracking.find_run", lambda *_: None)
    monkeypatch.setattr("publishing.records.version", lambda folder: f"version of {folder.name}")
    found = provenance(measured_rows(work_of(tmp_path, ["C2"])))
    assert found == {f"scores/{unit}": f"version of {unit}" for unit in SEEDS}


def test_a_system_that_was_not_asked_for_says_so_and_one_that_failed_does_not(tmp_path: Path) -> None:
    _, table = laid_tables(work_of(tmp_path, ["C2", "MM-Narrator"]), [], [])["table_2"]
    told = table.drop_duplicates("row").set_index("row")["note"]
    assert told["MM-Narrator"] == "not run yet"
    assert "not among experiments.rows" in told["Qwen2.5-VL"]


def test_a_benchmark_whose_best_row_was_put_aside_shows_no_examples(tmp_path: Path) -> None:
    assert chosen_examples(work_of(tmp_path, ["C2"]), []) == []
