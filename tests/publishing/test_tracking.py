"""Trainings in MLflow: one run and one registered version for each training, with its curve and its data versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from publishing import tracking
from publishing.records import write_record
from publishing.versions import git_commit


@pytest.fixture
def training(tmp_path: Path) -> dict[str, Any]:
    folder, data = tmp_path / "out", tmp_path / "data"
    folder.mkdir()
    (folder / "training.json").write_text(json.dumps({"loss": [3.0, 2.0]}))
    (folder / "model.safetensors").write_bytes(b"weights")
    for film in ("a", "b"):
        (data / "films" / film).mkdir(parents=True)
        write_record(data / "films" / film, key="", made_from={}, audit="")
    return {
        "stage": "captioner",
        "unit": "C2.0",
        "folder": folder,
        "data": data,
        "inputs": {"films": ("a", "b")},
        "parameters": {"seed": 0},
        "metrics": {"final_loss": 2.0},
        "curves": {"loss": [3.0, 2.0]},
        "model": "captioner",
        "home": tmp_path / "home",
    }


def test_a_training_is_one_run_and_one_version(training: dict[str, Any]) -> None:
    home = training["home"]
    made = tracking.data_version(training["folder"])
    assert tracking.find_run("captioner", "C2.0", made, home=home) is None
    run = tracking.log_training_run(**training)
    assert tracking.log_training_run(**training) == run, "made again with the same data, it is the same run"
    assert tracking.find_run("captioner", "C2.0", made, home=home) == run
    client = tracking.client(home)
    found = client.get_run(run)
    assert found.data.params == {"seed": "0"}
    assert found.data.metrics["final_loss"] == 2.0
    assert [point.value for point in client.get_metric_history(run, "loss")] == [3.0, 2.0]
    assert len(found.data.tags["input.films"]) == 32
    versions = client.search_model_versions("name='captioner'")
    assert [version.run_id for version in versions] == [run]
    assert versions[0].tags["data_version"] == made
    (training["folder"] / "model.safetensors").write_bytes(b"other weights")
    assert tracking.log_training_run(**training) != run
    assert len(client.search_model_versions("name='captioner'")) == 2


def test_a_registered_version_carries_its_card(training: dict[str, Any]) -> None:
    home, films = training["home"], training["data"] / "films"
    tracking.log_training_run(**training)
    (version,) = tracking.client(home).search_model_versions("name='captioner'")
    card = version.description
    assert "**Made from** films" in card and tracking.data_version(training["folder"]) in card
    assert "**Not for** describing real films that nobody checks" in card and "Not for identifying people" in card
    assert "drawn by this project's studio" in card and "Licence: Apache-2.0." in card
    write_record(films / "b", key="", made_from={"parameters": {"source": "corpora"}}, audit="")
    (training["folder"] / "model.safetensors").write_bytes(b"of a real film")
    tracking.log_training_run(**training)
    cards = [each.description for each in tracking.client(home).search_model_versions("name='captioner'")]
    (real,) = [each for each in cards if each != card]
    assert "studio" not in real and "whose terms bind their use" in real and "Licence: Apache-2.0." not in real


def test_a_training_whose_logging_fails_is_a_failed_run(
    training: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(tracking, "_log_folder", fail)
        tracking.log_training_run(**training)
    found = tracking.client(training["home"])
    experiment = found.get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    assert [run.info.status for run in found.search_runs([experiment])] == ["FAILED"]
    assert found.get_run(tracking.log_training_run(**training)).info.status == "FINISHED", "it can be logged again"


def test_figures_are_the_finite_numbers_of_nested_tables() -> None:
    found = tracking.figures({"all": {"clips": 3, "none": None, "nan": float("nan")}, "type 0: {x}": 1.5, "word": "a"})
    assert found == {"all.clips": 3.0, "type 0_ _x_": 1.5}
    assert tracking.flat({"a": {"b": [1]}, "c": "d"}) == {"a.b": [1], "c": "d"}


def test_a_registered_model_says_that_the_base_model_is_another(
    training: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import mlflow

    base = training["data"] / "base_model"
    base.mkdir()
    write_record(base, key="", made_from={}, audit="")
    run = tracking.log_training_run(**{**training, "inputs": {"base_model": ("",)}})
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    (version,) = tracking.client(training["home"]).search_model_versions("name='captioner'")
    assert version.run_id == run

    def told() -> list[str]:
        caplog.clear()
        mlflow.pyfunc.load_model(version.source)
        return [record.message for record in caplog.records if "base_model" in record.message]

    assert told() == []
    (base / "tower.safetensors").write_bytes(b"another")
    write_record(base, key="", made_from={}, audit="")
    assert len(told()) == 1 and "it will not speak as then" in told()[0]


def test_the_commit_outside_a_repository_is_unknown(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "unknown"
