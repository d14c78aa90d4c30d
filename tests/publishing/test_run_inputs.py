"""What a run was made from: datasets with their versions, and one run above all trainings on the same data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import yaml

from publishing import tracking
from publishing.records import version, write_record


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two films and their features, committed to DVC; the model's folder is written anew for every training."""
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    for folder in ("films/a", "films/b", "clip_features/a"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        (tmp_path / "data" / folder / "content").write_text(folder)
        write_record(tmp_path / "data" / folder, key="", made_from={}, audit="")
    locked = {"films": {"cmd": "x", "outs": [{"path": "data/films", "md5": "0123.dir"}]}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": locked}))
    return tmp_path


def trained(root: Path, home: Path, unit: str, **changes: Any) -> Any:
    """The run of one training."""
    folder = root / "out"
    folder.mkdir(exist_ok=True)
    (folder / "training.json").write_text(json.dumps({"unit": unit, "more": str(changes)}))
    inputs = changes.pop("inputs", {"films": ("a", "b"), "clip_features": ("a",)})
    how = {"parameters": {}, "metrics": {}, "curves": {}}
    run = tracking.log_training_run(
        stage="captioner", unit=unit, folder=folder, data=root / "data", inputs=inputs, home=home, **how
    )
    return tracking.client(home).get_run(run)


def above(run: Any) -> str | None:
    return run.data.tags.get("mlflow.parentRunId")


def test_what_was_read_is_logged_as_datasets_with_their_versions(root: Path, home: Path) -> None:
    run = trained(root, home, "C2.0")
    found = {each.dataset.name: each.dataset for each in run.inputs.dataset_inputs}
    assert sorted(found) == ["clip_features", "films"]
    assert found["clip_features"].digest == version(root / "data/clip_features/a")
    assert found["films"].digest == run.data.tags["input.films"]
    assert found["films"].source_type == "dvc"
    assert json.loads(found["films"].source) == {"uri": "data/films", "dvc_md5": "0123.dir"}
    assert json.loads(found["clip_features"].source)["dvc_md5"] is None, "not committed yet"


def test_variants_and_seeds_on_the_same_data_stand_under_one_run(root: Path, home: Path) -> None:
    runs = [trained(root, home, unit) for unit in ("A1.0", "A1.1", "C1.0")]
    (parent,) = {above(run) for run in runs}
    found = tracking.client(home).get_run(parent)
    assert found.info.status == "FINISHED" and found.data.tags["input.films"] == runs[0].data.tags["input.films"]
    assert tracking.find_run("captioner", "A1.0", "", home=home) is None, "the parent is no training"
    (root / "data/films/a/content").write_text("cut anew")
    write_record(root / "data/films/a", key="", made_from={}, audit="")
    later = trained(root, home, "A1.0", again=True)
    assert above(later) not in (None, parent)


def test_two_trainings_that_end_together_have_one_parent(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits, while it makes the run above, for the other to do so too: it must not come."""
    from mlflow import MlflowClient

    both, alone, create = Barrier(2), [], MlflowClient.create_run

    def slow(found: Any, experiment: str, *given: Any, tags: dict[str, str], **more: Any) -> Any:
        if "lineage" in tags:
            try:
                both.wait(timeout=2)
            except BrokenBarrierError:
                alone.append(True)
        return create(found, experiment, *given, tags=tags, **more)

    monkeypatch.setattr(MlflowClient, "create_run", slow)

    def end(unit: str) -> str:
        folder = root / unit
        folder.mkdir()
        (folder / "training.json").write_text(unit)
        how: Any = {"parameters": {}, "metrics": {}, "curves": {}, "home": home}
        inputs = {"films": ("b",)}  # read by this test alone
        run = tracking.log_training_run(
            stage="captioner", unit=unit, folder=folder, data=root / "data", inputs=inputs, **how
        )
        return str(above(tracking.client(home).get_run(run)))

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(end, ("C2.0", "C2.1")))) == 1
    assert alone == [True]


def test_a_training_that_read_nothing_stands_alone(root: Path, home: Path) -> None:
    run = trained(root, home, "encoder", inputs={})
    assert above(run) is None and not run.inputs.dataset_inputs
