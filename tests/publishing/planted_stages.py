"""The lineage's own stages with copying in place of making, so that a planted fault comes in by every real door.

Graph, units, keys, facts and expectations are the stages' own; only `make`, its parameters, code and raw files, and
what MLflow is told are replaced. Beside `data/` it is noted what every unit read, and which would have been registered.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.files import write_json
from publishing.records import version
from publishing.stage import Stage, Work

FAULTY = "a_fault_was_planted.txt"  # lies in every planted folder that no gate may let pass


def planted_folder(data: Path, stage: str, unit: str) -> Path:
    """What the unit makes."""
    return data / "planted" / stage / (unit or "_whole")


def copying(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    return tuple(_copying(stage) for stage in stages)


def _copying(stage: Stage) -> Stage:
    return replace(
        stage,
        make=partial(copy_planted, stage.name),
        parameters=lambda settings, unit: None,
        code=(),
        raw=lambda settings, unit: planted_folder(Path("data"), stage.name, unit).as_posix(),
        track=partial(note_tracked, stage.name) if stage.track is not None else None,
        summary=None,
    )


def copy_planted(stage: str, work: Work) -> None:
    shutil.copytree(planted_folder(work.data, stage, work.unit), work.out, dirs_exist_ok=True)
    read = {(name, unit): work.read(name, unit) for name, units in work.inputs.items() for unit in units}
    note = {
        "versions": {f"{name}/{unit}": version(folder) for (name, unit), folder in read.items()},
        "faulty": [f"{name}/{unit}" for (name, unit), folder in read.items() if (folder / FAULTY).exists()],
    }
    write_json(work.data.parent / "notes/read" / f"{stage}.{work.unit}.json", note)


def note_tracked(stage: str, work: Work) -> None:
    write_json(work.data.parent / "notes/tracked" / f"{stage}.{work.unit}.json", (work.out / FAULTY).exists())
