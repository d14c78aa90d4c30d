"""A training is a job of the Ray cluster, started by the command that it is started by without one, gate included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from ray_cluster import ray_cluster
from test_engines import Project

from publishing.elsewhere import RAY

# The words' stage as a training; who notes it says in which job of Ray's that was.
STAGES = """
from dataclasses import replace

from assets.toy_stages import TOYS


def note(work):
    import os

    from common.files import write_text

    write_text(work.data.parent / "noted" / work.unit, os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", "here"))


STAGES = (replace(TOYS[0], track=note), *TOYS[1:3])
"""


@pytest.fixture
def cluster() -> Iterator[Any]:
    with ray_cluster(jobs=True) as found:
        yield found


@pytest.mark.slow
def test_a_training_is_a_job_with_the_same_result(
    tmp_path_factory: pytest.TempPathFactory, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path_factory.mktemp("project"))
    (project.root / "assets/__init__.py").write_text(STAGES)
    project.dvc("repro")
    notes = project.root / "noted"
    assert {path.read_text() for path in notes.iterdir()} == {"here"}
    lock = (project.root / "dvc.lock").read_text()

    monkeypatch.setenv(RAY, cluster.address)
    (project.root / "data/words/tt9000001/words.json").unlink()
    project.dvc("repro")
    assert (project.root / "dvc.lock").read_text() == lock and "up to date" in project.dvc("status")
    assert "dagster-step-" in (notes / "tt9000001").read_text()
    with dg.DagsterInstance.from_config(str(project.root / ".home/dagster")) as instance:
        (run, *_) = instance.get_runs(limit=1)
    assert run.is_success

    noted = {path.name: path.read_text() for path in notes.iterdir()}
    project.raw("tt9000001", "incomprehensible")
    refused = project.run("words")
    assert refused.returncode == 1, refused.stderr
    assert "word incomprehensible = 16" in refused.stderr and "Traceback" not in refused.stderr
    assert (project.root / "data/rejected/words/tt9000001/words.json").is_file()
    assert (project.root / "dvc.lock").read_text() == lock
    assert noted == {path.name: path.read_text() for path in notes.iterdir()}, "no model is registered"
