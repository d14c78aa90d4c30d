"""A lineage of fourteen stages that make what was planted for them, in a folder of its own for both engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from good_units import CLIPS, GOOD, films, predictions
from planted_faults import FAULTS, Fault, cell
from planted_stages import FAULTY, planted_folder
from test_engines import REPOSITORY, Project

from assets import STAGES
from assets.experiments import experiment_of
from publishing.records import version
from publishing.settings import check_settings, film_ids, split_of
from publishing.stage import WHOLE

PARAMETERS = {
    "studio": {"train_films": 2, "mad_eval_named_films": 2, "cinepile_ad_films": 1},
    "experiments": {"rows": {"mad_eval_named": ["C1", "C2", "AutoAD-I"], "cinepile_ad": ["C2"]}},
    "compute": {"jobs": 1},
}
SETTINGS = check_settings(PARAMETERS, source="params.yaml")
# In place of `assets`: its modules, and its stages as `planted_stages` changes them.
SHADOW = """
from importlib.util import module_from_spec, spec_from_file_location

from planted_stages import copying
from publishing.places import CODE_ROOT

__path__.append(str(CODE_ROOT / "assets"))
_found = spec_from_file_location("lineage", CODE_ROOT / "assets/__init__.py")
_lineage = module_from_spec(_found)
_found.loader.exec_module(_lineage)
STAGES = copying(_lineage.STAGES)
"""


@dataclass(frozen=True)
class Plan:
    """Where a stage gets its fault, and which units get new data without one."""

    unit: str
    renewed: tuple[str, ...]
    fault: Fault

    def message(self, stage: str) -> str:
        """How the complaint about it begins."""
        return f"{stage}/{self.unit}: " if self.unit else f"{stage}: "


def _fault(stage: str, breaks: str) -> Fault:
    (found,) = [fault for fault in FAULTS[stage] if fault.breaks == breaks]
    return found


TRAIN, MAD, CINEPILE = (film_ids(SETTINGS, split) for split in ("train", "mad_eval_named", "cinepile_ad"))
# One bad film, encoder, face, mask, triplet, clip, model, feature, training, baseline, description, score, cell.
# What is renewed reads, of the stages before it, the units that got a fault.
PLANS = {
    "films": Plan(TRAIN[0], (TRAIN[1],), _fault("films", "slots.seconds")),
    "face_encoder": Plan(WHOLE, (), _fault("face_encoder", "held_out.accuracy")),
    "query_banks": Plan(TRAIN[1], (TRAIN[0],), _fault("query_banks", "faces.side")),
    "character_regions": Plan(TRAIN[0], (TRAIN[1],), _fault("character_regions", "regions.area")),
    "storyboard_v2": Plan(TRAIN[1], (TRAIN[0],), _fault("storyboard_v2", "clips.type")),
    "mad_eval_named": Plan(MAD[0], (MAD[1],), _fault("mad_eval_named", "clips.words")),
    "cinepile_ad": Plan(CINEPILE[0], (), _fault("cinepile_ad", "slots.outside")),
    "base_model": Plan(WHOLE, (), _fault("base_model", "held_out.verb")),
    "clip_features": Plan(MAD[1], (MAD[0],), _fault("clip_features", "features.not_finite")),
    "captioner": Plan("C2.0", ("C1.0",), _fault("captioner", "training.final_loss")),
    "baselines": Plan("AutoAD-I.0", (), _fault("baselines", "clips.steps")),
    "predictions": Plan(
        "C2.mad_eval_named.0",
        ("C1.mad_eval_named.0", "C2.cinepile_ad.0"),
        Fault("clips.words", cell("predictions.csv", 1, "text_gen", " "), f"film {MAD[0]} clip 2 = 0"),
    ),
    "scores": Plan("C1.mad_eval_named.0", ("C2.mad_eval_named.0",), _fault("scores", "scores.value")),
    "paper_tables": Plan(WHOLE, (), _fault("paper_tables", "cells.unexplained")),
}
READS = {stage.name: stage.reads for stage in STAGES}
UNITS = {stage.name: stage.units_of(SETTINGS) for stage in STAGES}


class PlantedProject(Project):
    """What is there at first has no fault; `plant` changes what a stage makes next."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "assets").mkdir(parents=True)
        (root / "assets/__init__.py").write_text(SHADOW)
        (root / "params.yaml").write_text(yaml.safe_dump(PARAMETERS))
        for stage, units in UNITS.items():
            for unit in units:
                self.write_good(stage, unit)

    def write_good(self, stage: str, unit: str) -> None:
        folder = planted_folder(self.root / "data", stage, unit)
        folder.mkdir(parents=True)
        write = GOOD[stage]
        if stage == "films":
            write = partial(films, film_id=unit, title=f"The film {unit}", split=split_of(SETTINGS, unit))
        elif stage == "predictions":
            tested = film_ids(SETTINGS, experiment_of(SETTINGS, unit).benchmark)
            write = partial(predictions, film_ids=tuple(tested), clips=CLIPS)
        write(folder)

    def plant(self, stage: str) -> None:
        plan = PLANS[stage]
        folder = planted_folder(self.root / "data", stage, plan.unit)
        plan.fault.plant(folder)
        (folder / FAULTY).touch()
        for unit in plan.renewed:
            self.renew(stage, unit)

    def renew(self, stage: str, unit: str) -> None:
        """Gives the unit other data without a fault."""
        (planted_folder(self.root / "data", stage, unit) / "more.txt").write_text("other data")

    def environment(self) -> dict[str, str]:
        modules = [str(self.root), str(REPOSITORY), str(REPOSITORY / "tests/publishing")]
        return {"FOCUSEDAD_ROOT": str(self.root), "PYTHONPATH": os.pathsep.join(modules)}

    def in_one_process(self, *runs: str) -> list[dict[str, Any]]:
        """What `run_many.py` tells of each."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "DAGSTER_"))}
        driver = Path(__file__).with_name("run_many.py")
        done = subprocess.run(
            [sys.executable, str(driver), *runs],
            cwd=self.root,
            env=kept | self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
        return list(json.loads(done.stdout.splitlines()[-1]))

    def version(self, stage: str, unit: str) -> str | None:
        return version(self.root / "data" / stage / unit)

    def versions(self) -> dict[str, str | None]:
        return {f"{stage}/{unit}": self.version(stage, unit) for stage, units in UNITS.items() for unit in units}

    def reading(self) -> dict[str, dict[str, Any]]:
        """Unit made since the notes were forgotten -> what it read."""
        found = sorted((self.root / "notes/read").glob("*.json"))
        return {path.stem: json.loads(path.read_text()) for path in found}
