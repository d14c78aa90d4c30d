"""The logging of a training, killed: it is logged again and registered once, and no run stays as if it went on."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from toy_world import in_child

from publishing import tracking


@pytest.fixture
def training(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "training.json").write_text(json.dumps({"loss": [3.0, 2.0]}))
    return {
        "stage": "captioner",
        "unit": "C2.0",
        "folder": folder,
        "data": tmp_path / "data",
        "inputs": {},
        "parameters": {"seed": 0},
        "metrics": {"final_loss": 2.0},
        "curves": {"loss": [3.0, 2.0]},
        "model": "captioner",
        "home": tmp_path / "home",
    }


def runs(training: dict[str, Any]) -> dict[str, str]:
    """Run -> how it stands."""
    found = tracking.client(training["home"])
    experiment = found.get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    return {run.info.run_id: run.info.status for run in found.search_runs([experiment])}


def killed_after(part: str, training: dict[str, Any], **more: Any) -> None:
    """Logs in another process, which dies as soon as `part` of the logging is done."""

    def log_and_die() -> None:
        whole = getattr(tracking, part)

        def then_die(*given: Any, **named: Any) -> None:
            whole(*given, **named)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(tracking, part, then_die)
        tracking.log_training_run(**training, **more)

    assert in_child(log_and_die) == -signal.SIGKILL


def test_a_run_taken_up_after_a_kill_has_one_version(training: dict[str, Any]) -> None:
    tracking.client(training["home"])
    killed_after("_register", training)
    (run,) = runs(training)
    assert tracking.log_training_run(**training, run=run) == run
    assert runs(training) == {run: "FINISHED"}
    client = tracking.client(training["home"])
    assert [version.run_id for version in client.search_model_versions("name='captioner'")] == [run]


@pytest.mark.parametrize("part", ["_log", "_log_folder", "note_inputs"])
def test_a_training_that_was_over_is_registered_wherever_its_logging_was_killed(
    part: str, training: dict[str, Any]
) -> None:
    client = tracking.client(training["home"])
    live = tracking.start_run(client, "captioner/C2.0", {"stage": "captioner", "unit": "C2.0"})
    client.set_terminated(live, status="FINISHED")  # as `publishing.live` leaves it
    killed_after(part, training, run=live)
    assert tracking.log_training_run(**training, run=live) == live
    assert [version.run_id for version in client.search_model_versions("name='captioner'")] == [live]


def test_a_run_whose_logging_was_killed_is_ended_by_who_comes_next(training: dict[str, Any]) -> None:
    tracking.client(training["home"])
    killed_after("_log", {**training, "model": None})
    (dead,) = runs(training)
    again = tracking.log_training_run(**{**training, "model": None})
    assert runs(training) == {dead: "KILLED", again: "FINISHED"}


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5])
def test_a_store_killed_while_it_is_made_is_made_anew(tmp_path: Path, seconds: float) -> None:
    def begin_and_die() -> None:
        import mlflow  # noqa: F401  (the clock begins when the work does)

        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        tracking.client(tmp_path)

    in_child(begin_and_die)
    assert tracking.client(tmp_path).get_experiment_by_name(tracking.EXPERIMENT) is not None
    assert sorted(path.name for path in (tmp_path / "mlflow").iterdir()) == ["mlflow.db", "store.lock"]
