"""`dvc metrics` and `dvc plots` read what the stage paper_tables writes, in a repository of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from assets.paper_tables import DVC_METRICS, write_for_dvc
from evaluation.score import Scores
from evaluation.tables import Measured
from publishing.profiles import load_profile
from publishing.stage import WHOLE, Work

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """dvc.yaml and params.yaml of this repository, with an output of paper_tables alone."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    data, out = tmp_path / "data", tmp_path / "data/paper_tables"
    out.mkdir(parents=True)
    (data / "captioner/C2.0").mkdir(parents=True)
    (data / "captioner/C2.0/training.json").write_text(json.dumps({"loss": [3.0, 2.0, 1.0]}))
    rows = [
        Measured(row, "mad_eval_named", Scores({"METEOR": value, "SPICE": None, "BLEU_1": 9.0}, pd.DataFrame()))
        for row, value in (("C1", 20.0), ("C2", 22.0), ("C2", 24.0))
    ]
    write_for_dvc(Work(load_profile("mini"), WHOLE, out, data, {"captioner": ("A1.0", "C2.0")}), rows)
    return tmp_path


def test_dvc_shows_metrics_and_plots(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    from dvc.repo import Repo

    with Repo.init(no_scm=True) as repo:
        (shown,) = repo.metrics.show().values()
        folder = "data/paper_tables/metrics/mad_eval_named"
        found = {path: shown["data"][path]["data"] for path in sorted(shown["data"])}
        assert found == {f"{folder}/C1.json": {"METEOR": 20.0}, f"{folder}/C2.json": {"METEOR": 22.0}}, (
            "the first seed's"
        )
        (plots,) = repo.plots.show().values()
        sources = plots["sources"]["data"]
        assert {row["row"] for row in sources["data/paper_tables/rows.csv"]["data"]} == {"C1", "C2"}
        loss = [float(row["loss"]) for row in sources["data/paper_tables/training.csv"]["data"]]
        assert loss == [3.0, 2.0, 1.0]
        described = json.dumps(plots["definitions"]["data"])
        assert all(name in described for name in ("bar_horizontal", "rows.csv", "training.csv"))


def test_the_command_line_shows_a_row_a_system_that_fits_a_terminal(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    from dvc.cli import main
    from dvc.repo import Repo

    Repo.init(no_scm=True).close()
    full = dict.fromkeys(DVC_METRICS, 123.45)
    for row in ("C1", "second-phrasing"):
        path = repository / f"data/paper_tables/metrics/mad_eval_named/{row}.json"
        path.write_text(json.dumps(full))
    assert main(["metrics", "show"]) == 0
    head, *lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert len(lines) == 3 and all(metric in head for metric in DVC_METRICS)
    assert max(map(len, [head, *lines])) <= 132


def test_two_revisions_are_compared_a_line_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dvc metrics diff` and `dvc exp show` over the same files, as git holds them."""
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)
    metrics = tmp_path / "data/paper_tables/metrics/mad_eval_named/C2.json"
    metrics.parent.mkdir(parents=True)
    metrics.write_text('{"METEOR": 20.0}')
    (tmp_path / "dvc.yaml").write_text("metrics:\n  - data/paper_tables/metrics\n")
    git = ["git", "-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    Repo.init().close()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    metrics.write_text('{"METEOR": 22.5}')
    with Repo() as repo:
        (changed,) = repo.metrics.diff()["diff"].values()
        assert changed == {"METEOR": {"old": 20.0, "new": 22.5, "diff": 2.5}}
        (shown, *_) = repo.experiments.show()
        assert shown.rev == "workspace" and "{'METEOR': 22.5}" in str(shown.data.dumpd()["metrics"])
