"""dvc.yaml is written by hand: here it is held against the asset graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assets import STAGES
from publishing.keys import make_module
from publishing.profiles import load_profile, profile_names
from publishing.settings import load_settings
from publishing.stage import Stage, graph_of

ROOT = Path(__file__).parents[2]
# What a stage is made from besides code, parameters and other stages.
RAW = {"films": "data/raw", "scores": "tools/spice"}
WRITTEN: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def test_the_stages_are_those_of_the_graph_in_its_order() -> None:
    assert list(WRITTEN) == [stage.name for stage in STAGES]
    assert len(STAGES) == 14
    graph_of(STAGES)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_is_written_as_the_graph_has_it(stage: Stage) -> None:
    written = WRITTEN[stage.name]
    assert written["cmd"] == f".venv/bin/python -m orchestration.run {stage.name}"
    assert written["params"] == list(stage.sections)
    assert written["outs"] == [{f"data/{stage.name}": {"persist": True}}]
    assert sorted(written["deps"]) == sorted(_dependencies(stage))


def _dependencies(stage: Stage) -> set[str]:
    """Code that enters the keys, the asset's own module, raw files, and what is read."""
    module = make_module(stage)
    assert module is not None
    code = {module, f"assets/{stage.name}.py", *stage.code}
    outermost = {path for path in code if not any(path.startswith(f"{other}/") for other in code)}
    return outermost | {f"data/{name}" for name in stage.reads} | ({RAW[stage.name]} if stage.raw else set())


def test_the_jars_of_spice_are_watched_where_they_are_fetched_to_and_read_from() -> None:
    (scores,) = (stage for stage in STAGES if stage.name == "scores")
    assert scores.raw is not None and scores.raw(load_profile("mini"), "C2.cinepile_ad.0") == RAW["scores"]
    assert f"--into {RAW['scores']}\n" in (ROOT / "Makefile").read_text()
    assert (ROOT / RAW["scores"] / "README.md").is_file(), "DVC needs the folder also where no jar was fetched"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_code_and_parameters_exist(stage: Stage) -> None:
    absent = [path for path in stage.code if not (ROOT / path).exists()]
    assert not absent
    for profile in profile_names():
        settings = load_profile(profile)
        for unit in stage.units_of(settings)[:2]:
            stage.parameters_of(settings, unit)
            stage.inputs_of(settings, unit, graph_of(STAGES))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_what_is_expected_can_be_declared(stage: Stage) -> None:
    if stage.expectations is not None:
        declared = stage.expectations(load_settings(ROOT / "params.yaml"))
        assert declared and all(expected.table for expected in declared)


def test_outputs_are_kept_out_of_git() -> None:
    ignored = (ROOT / "data/.gitignore").read_text().split()
    assert sorted(ignored) == sorted(f"/{stage.name}" for stage in STAGES)
