"""A fault planted in every stage, met by the command of `dvc repro`, by Dagster's asset and by `dvc repro` itself.

What is planted for every single expectation is in `tests/publishing/test_planted_faults.py`.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from planted_project import PLANS, READS, SETTINGS, UNITS, PlantedProject
from planted_stages import copying
from test_engines import REPOSITORY, lock

import assets
from publishing.publish import publish_stage
from publishing.stage import graph_of

pytestmark = pytest.mark.slow
STAGES = list(PLANS)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> PlantedProject:
    """Everything published without a fault."""
    project = PlantedProject(tmp_path_factory.mktemp("good") / "root")
    graph = graph_of(copying(assets.STAGES))
    for stage in graph.values():
        outcome = publish_stage(stage, SETTINGS, graph=graph, root=project.root)
        assert outcome.good and not outcome.aside, outcome
    assert not (project.root / "data/rejected").exists()
    return project


@pytest.fixture
def project(good: PlantedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlantedProject:
    """A copy of its own, with every unit's note of what it read forgotten."""
    copy = object.__new__(PlantedProject)
    copy.root = tmp_path / "root"
    shutil.copytree(good.root, copy.root, symlinks=True)
    shutil.rmtree(copy.root / "notes")
    for name, value in copy.environment().items():
        monkeypatch.setenv(name, value)
    return copy


def test_every_stage_is_there() -> None:
    assert list(READS) == STAGES


def test_no_engine_lets_a_fault_of_any_stage_pass_and_nothing_downstream_reads_it(project: PlantedProject) -> None:
    before = project.versions()
    for stage in STAGES:
        project.plant(stage)

    partitions = [f"{stage}={plan.unit}" if plan.unit in UNITS["films"] else stage for stage, plan in PLANS.items()]
    runs = project.in_one_process(*(f"main:{stage}" for stage in STAGES), *(f"dagster:{asked}" for asked in partitions))
    for (stage, plan), run in zip(PLANS.items(), runs[: len(PLANS)], strict=True):
        assert run["status"] == 1, stage
        line, where = run["told"].splitlines()[-2:]
        assert line.startswith(plan.message(stage)) and plan.fault.told in line, run["told"]
        assert f"data/rejected/{stage}/" in where and "Traceback" not in run["told"]
    for (stage, plan), run in zip(PLANS.items(), runs[len(PLANS) :], strict=True):
        assert not run["success"] and run["check of this run"], stage
        assert not run["check"]["passed"] and plan.fault.told in run["check"]["failed"], run["check"]

    after = project.versions()
    for stage in STAGES:
        _only_what_is_without_fault_is_new(stage, before, after)
    _nothing_read_a_fault(project, after)
    tracked = {path.stem: json.loads(path.read_text()) for path in (project.root / "notes/tracked").iterdir()}
    assert tracked == {"captioner.C1.0": False}, "what is refused is no model of the registry"


def _only_what_is_without_fault_is_new(stage: str, before: dict[str, str | None], after: dict[str, str | None]) -> None:
    changed = [unit for unit in UNITS[stage] if before[f"{stage}/{unit}"] != after[f"{stage}/{unit}"]]
    assert changed == [unit for unit in UNITS[stage] if unit in PLANS[stage].renewed], stage


def _nothing_read_a_fault(project: PlantedProject, published: dict[str, str | None]) -> None:
    """Every planted unit was read by somebody, in its last good version."""
    read: dict[str, set[str]] = {}
    for note in project.reading().values():
        assert not note["faulty"]
        for unit, found in note["versions"].items():
            read.setdefault(unit, set()).add(found)
    for stage, plan in PLANS.items():
        if stage != "paper_tables":
            assert read[f"{stage}/{plan.unit}"] == {published[f"{stage}/{plan.unit}"]}, stage


def test_dvc_stops_at_a_fault_and_reads_it_in_no_later_run(project: PlantedProject) -> None:
    (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": _with_planted_inputs()}, sort_keys=False))
    (project.root / ".dvc").mkdir()
    (project.root / ".dvc/config").write_text("[core]\n    no_scm = True\n    analytics = false\n")
    project.dvc("commit", "--force")
    before, committed = project.versions(), lock(project)
    for stage in ("films", "predictions"):
        project.plant(stage)
    readers = ("query_banks", PLANS["films"].unit), ("scores", PLANS["predictions"].unit)
    for stage, unit in readers:
        project.renew(stage, unit)

    done = project.command("dvc", "repro")
    assert done.returncode != 0 and PLANS["films"].fault.told in done.stderr, done.stderr
    assert {made.partition(".")[0] for made in project.reading()} == {"films"}, "DVC goes no further"
    alone = project.command("dvc", "repro", "--single-item", "--keep-going", "query_banks", "predictions", "scores")
    assert alone.returncode != 0 and PLANS["predictions"].fault.told in alone.stderr, alone.stderr
    after = project.versions()
    for stage in ("films", "predictions"):
        _only_what_is_without_fault_is_new(stage, before, after)
    read = project.reading()
    assert not any(note["faulty"] for note in read.values())
    for (reader, unit), planted in zip(readers, ("films", "predictions"), strict=True):
        assert read[f"{reader}.{unit}"]["versions"][f"{planted}/{unit}"] == before[f"{planted}/{unit}"]
    outs = [yaml.safe_load(text)["stages"] for text in (committed, lock(project))]
    assert {stage for stage in STAGES if outs[0][stage] != outs[1][stage]} == {"query_banks", "scores"}


def _with_planted_inputs() -> dict[str, object]:
    """`dvc.yaml` as it is, but for code and parameters: the stages here depend on what was planted for them."""
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    return {
        name: {
            "cmd": stage["cmd"].replace(".venv/bin/python", sys.executable),
            "deps": [f"data/planted/{name}", *(f"data/{read}" for read in READS[name])],
            "outs": stage["outs"],
        }
        for name, stage in stages.items()
    }
