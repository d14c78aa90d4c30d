"""A training's run in MLflow while it goes on: it fills, is taken up, becomes the published run, and ends if killed."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from publishing import live, tracking, usage
from publishing.live import NOTE, LiveRun, end_dead_runs, noted_run
from publishing.making import make_unit
from publishing.places import CODE_ROOT
from publishing.records import write_record
from publishing.settings import load_settings
from publishing.stage import Work
from publishing.usage import PREFIX


@dataclass
class Said:
    clip: str = "tt1:3"
    wanted: str = "It rains."
    said: str = "It snows."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def told(tmp_path: Path, home: Path) -> dict[str, Any]:
    (tmp_path / "checkpoints").mkdir()
    films = tmp_path / "data" / "films" / "a"
    films.mkdir(parents=True)
    write_record(films, key="", made_from={}, audit="")
    return {
        "stage": "captioner",
        "unit": f"{tmp_path.name}.0",
        "data": tmp_path / "data",
        "inputs": {"films": ("a",)},
        "parameters": {"seed": 0},
        "note": tmp_path / "checkpoints" / NOTE,
        "home": home,
    }


def train(watch: LiveRun, steps: range) -> None:
    with watch:
        watch.began(steps.start)
        for step in steps:
            watch.step(step + 1, {"loss": 3.0 - step, "learning_rate": 0.1})
        watch.texts(steps.stop, [Said()])


def losses(client: Any, run: str) -> list[tuple[int, float]]:
    return sorted((point.step, point.value) for point in client.get_metric_history(run, "loss"))


def samples(client: Any, run: str) -> list[int]:
    return [point.step for point in client.get_metric_history(run, f"{PREFIX}cpu_utilization_percentage")]


def test_a_live_run_becomes_the_run_of_the_published_training(told: dict[str, Any], tmp_path: Path) -> None:
    train(LiveRun(**told), range(3))
    client, run = tracking.client(told["home"]), noted_run(told["note"])
    assert run is not None
    found = client.get_run(run)
    assert (found.info.status, found.data.params, found.info.run_name) == (
        "FINISHED", {"seed": "0"}, f"captioner/{told['unit']}",
    )  # fmt: skip
    assert losses(client, run) == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert samples(client, run) == [1], "what it took of the machine"
    text = Path(client.download_artifacts(run, "texts/step-000003.txt")).read_text()
    assert text == "tt1:3\n  wanted: It rains.\n  said:   It snows.\n"
    out = tmp_path / "out"
    out.mkdir()
    (out / "training.json").write_text(json.dumps({"loss": [3.0, 2.0, 1.0]}))
    last = {name: told[name] for name in ("stage", "unit", "data", "inputs", "parameters", "home")}
    finished = {**last, "folder": out, "metrics": {"final_loss": 2.0}, "curves": {"loss": [3.0, 2.0, 1.0, 0.5]}}
    assert tracking.log_training_run(**finished, run=run) == run
    assert losses(client, run) == [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.5)], "only what it lacked"
    made = tracking.data_version(out)
    assert tracking.find_run("captioner", told["unit"], made, home=told["home"]) == run
    told["note"].unlink()
    train(LiveRun(**told), range(3))
    again = noted_run(told["note"])
    assert tracking.log_training_run(**finished, run=again) == run, "the same data once more is the same run"
    assert client.get_run(again).info.lifecycle_stage == "deleted"


def test_a_training_that_a_stage_makes_is_measured_once(
    told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[usage._Training] = []

    class Counted(usage._Training):
        def __init__(self) -> None:
            super().__init__()
            begun.append(self)

    monkeypatch.setattr(usage, "_Training", Counted)
    work = Work(load_settings(CODE_ROOT / "params.yaml"), told["unit"], tmp_path, tmp_path, {})
    made = make_unit(lambda _: train(LiveRun(**told), range(3)), work, measured=True)
    assert len(begun) == 1 and made.usage == ()
    assert samples(tracking.client(told["home"]), str(noted_run(told["note"]))) == [1], "the live run has them"
    assert usage.running() is None


def test_a_training_that_is_taken_up_goes_on_in_its_run(told: dict[str, Any]) -> None:
    with pytest.raises(OSError), LiveRun(**told) as watch:
        watch.began(0)
        for step in range(3):
            watch.step(step + 1, {"loss": float(step)})
        raise OSError("power")
    client, run = tracking.client(told["home"]), noted_run(told["note"])
    assert run is not None and client.get_run(run).info.status == "FAILED"
    with LiveRun(**told) as watch:
        watch.began(2)  # the last checkpoint was that of step 2
        for step in range(2, 5):
            watch.step(step + 1, {"loss": float(step)})
    assert noted_run(told["note"]) == run
    assert client.get_run(run).info.status == "FINISHED"
    assert losses(client, run) == [(step + 1, float(step)) for step in range(5)], "no step is there twice"
    assert samples(client, run) == [1, 2]


def test_the_run_of_a_killed_training_ends(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    client = tracking.client(told["home"])
    killed = tracking.start_run(client, "killed", {live.PROCESS: f"{live.socket.gethostname()} 999999999 5"})
    reused = tracking.start_run(client, "reused", {live.PROCESS: f"{live.socket.gethostname()} 1 5"})
    alive = tracking.start_run(client, "alive", {live.PROCESS: live.this_process()})
    elsewhere = tracking.start_run(client, "elsewhere", {live.PROCESS: "another-host 1 5"})
    assert sorted(end_dead_runs(client)) == sorted([killed, reused])
    statuses = [client.get_run(run).info.status for run in (killed, reused, alive, elsewhere)]
    assert statuses == ["KILLED", "KILLED", "RUNNING", "RUNNING"]
    client.set_terminated(alive)


def test_what_fails_in_mlflow_is_one_warning(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("database is locked")

    monkeypatch.setattr(tracking, "start_run", fail)
    with caplog.at_level(logging.WARNING):
        train(LiveRun(**told), range(50))
    assert [record.message for record in caplog.records] == [
        f"captioner/{told['unit']}: MLflow hears no more of it: OSError: database is locked"
    ]
    assert not told["note"].exists()


def test_a_run_that_is_gone_is_not_gone_on_in(told: dict[str, Any]) -> None:
    told["note"].write_text('{"run": "0123456789abcdef0123456789abcdef"}')
    train(LiveRun(**told), range(1))
    run = noted_run(told["note"])
    assert run != "0123456789abcdef0123456789abcdef"
    assert losses(tracking.client(told["home"]), str(run)) == [(1, 3.0)]
