"""For everything that a gate expects one planted fault: refused with its rows named, the last good version stays.

The stages' own facts and expectations judge; only what makes the data is replaced, by copying what was planted. The
fault comes through Dagster's asset, which is also what `dvc repro` runs (`test_engines.py` has DVC's side of it).
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from good_units import AROUND, GOOD
from planted_faults import FAULTS

from assets import STAGES
from common.files import read_json, write_json
from orchestration.factory import build_definitions
from orchestration.run import execute
from publishing.publish import publish_stage
from publishing.records import RECORD, version
from publishing.settings import Settings
from publishing.stage import Expect, Stage, Work, graph_of

GATED = [stage for stage in STAGES if stage.expectations is not None]
NEIGHBOUR = "good"  # a unit without any fault
SETTINGS = Settings()
Facts = dict[str, pd.DataFrame]


def mark(expected: Expect) -> str:
    """An expectation's name in `Fault.breaks`."""
    return f"{expected.table}.{expected.arguments.get('column') or expected.arguments.get('column_A') or 'rows'}"


def copy_planted(work: Work) -> None:
    shutil.copytree(work.data / "raw" / work.unit, work.out, dirs_exist_ok=True)


def planted(stage: Stage, units: list[str], root: Path) -> tuple[Stage, Stage]:
    """The stage with copying in place of making, and one downstream of it that copies what it reads."""
    around = AROUND[stage.name](root / "around") if stage.name in AROUND else {}
    compared = stage.compared

    def take(work: Work) -> None:
        shutil.copytree(work.read(stage.name), work.out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(RECORD))

    def compare(work: Work) -> Facts:
        assert compared is not None
        return compared(replace(work, data=root / "around", inputs=around))

    made = replace(
        stage,
        make=copy_planted,
        reads=(),
        units=lambda settings: units,
        per_film=True,
        inputs=None,
        sections=(),
        parameters=lambda settings, unit: None,
        code=(),
        raw=lambda settings, unit: f"data/raw/{unit}",
        aside=None,
        track=None,
        summary=None,
        jobs=None,
        compared=compare if compared else None,
    )
    return made, Stage("downstream", take, reads=(stage.name,), units=lambda settings: units, per_film=True)


@pytest.mark.parametrize("stage", GATED, ids=lambda stage: stage.name)
def test_everything_expected_has_a_planted_fault(stage: Stage) -> None:
    assert stage.expectations is not None
    expected = sorted({mark(each) for each in stage.expectations(SETTINGS)})
    known = sorted(fault.breaks for fault in FAULTS.get(stage.name, ()))
    assert known == expected, "plant it in tests/publishing/planted_faults.py (good_units.py holds a good folder)"


@pytest.mark.parametrize("name", FAULTS)
def test_the_gate_refuses_the_fault_names_the_rows_and_the_last_good_version_stays(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = {fault.breaks.replace(".", "-"): fault for fault in FAULTS[name]}
    units = [NEIGHBOUR, *faults]
    stage, downstream = planted(graph_of(STAGES)[name], units, tmp_path)
    graph, data = graph_of((stage, downstream)), tmp_path / "data"
    for unit in units:
        (data / "raw" / unit).mkdir(parents=True)
        GOOD[name](data / "raw" / unit)
    for each in (stage, downstream):
        outcome = publish_stage(each, SETTINGS, graph=graph, root=tmp_path)
        assert outcome.good, outcome.complaint()
    before = {unit: (version(data / name / unit), version(data / "downstream" / unit)) for unit in units}

    (data / "raw" / NEIGHBOUR / "more.txt").write_text("other data without a fault")
    for unit, fault in faults.items():
        fault.plant(data / "raw" / unit)
    definitions = build_definitions((stage, downstream), SETTINGS, root=tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        assert execute(definitions, stage, SETTINGS, units=None, instance=instance) == 1
        assert execute(definitions, downstream, SETTINGS, units=None, instance=instance) == 0
    told = capsys.readouterr().err
    for unit, fault in faults.items():
        table, column = fault.breaks.split(".")
        failures = read_json(data / "rejected" / name / unit / "_rejected.json")["failures"]
        mine = [each for each in failures if each.startswith(f"{table}: ") and (column == "rows" or column in each)]
        assert mine and any(fault.told in each for each in mine), failures
        assert f"{name}/{unit}: " in told and mine[0] in told
        assert (version(data / name / unit), version(data / "downstream" / unit)) == before[unit]
    assert (data / "rejected" / name / "_data_docs" / "index.html").is_file()
    assert (data / name / NEIGHBOUR / "more.txt").is_file(), "a neighbour's fault is no reason to hold a unit back"
    assert (data / "downstream" / NEIGHBOUR / "more.txt").is_file()


def test_what_was_mended_is_published_and_its_rejection_forgotten(tmp_path: Path) -> None:
    stage, _ = planted(graph_of(STAGES)["scores"], ["one"], tmp_path)
    raw = tmp_path / "data/raw/one"
    raw.mkdir(parents=True)
    GOOD["scores"](raw)
    FAULTS["scores"][0].plant(raw)
    graph = graph_of((stage,))
    assert not publish_stage(stage, SETTINGS, graph=graph, root=tmp_path).good
    assert not (tmp_path / "data/scores/one").exists() and (tmp_path / "data/rejected/scores/one").is_dir()
    GOOD["scores"](raw)
    assert publish_stage(stage, SETTINGS, graph=graph, root=tmp_path).made == ["one"]
    assert not (tmp_path / "data/rejected").exists()


@pytest.mark.parametrize("row", ["neighbour", "shuffled", "constant", "second-phrasing"])
def test_a_sanity_rows_texts_are_peoples_and_may_be_long_but_not_empty(row: str, tmp_path: Path) -> None:
    stage, _ = planted(graph_of(STAGES)["predictions"], [row], tmp_path)
    raw = tmp_path / "data/raw" / row
    raw.mkdir(parents=True)
    GOOD["predictions"](raw)
    write_json(raw / "baseline.json", {"row": row, "about": ""})
    faults = {fault.breaks: fault for fault in FAULTS["predictions"]}
    faults["generated.words"].plant(raw)
    assert publish_stage(stage, SETTINGS, graph=graph_of((stage,)), root=tmp_path).made == [row]
    faults["clips.words"].plant(raw)
    assert not publish_stage(stage, SETTINGS, graph=graph_of((stage,)), root=tmp_path).good
