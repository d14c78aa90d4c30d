"""What of a stage is to be made: every unit's key against what lies published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import digest, inside
from publishing.keys import raw_digest, stage_digest
from publishing.places import CODE_ROOT
from publishing.records import ASIDE, aside_reason, is_whole, read_record, version
from publishing.stage import WHOLE, Graph, Stage

if TYPE_CHECKING:
    from publishing.settings import Settings


@dataclass
class UnitPlan:
    """One unit: its key and what that is made of, what it may read, and why it cannot be made where it cannot.

    `waiting` names upstream units that were never published; `aside` is the reason for putting the unit aside before
    any work: a person's decision, or that everything it reads of a stage was put aside. `judged`: its last audit asked
    what is asked now; where only that changed, what lies published is judged again and not made again.
    """

    unit: str
    made_from: dict[str, Any]
    inputs: dict[str, tuple[str, ...]]
    waiting: list[str]
    aside: str | None
    made: bool
    judged: bool

    @property
    def fresh(self) -> bool:
        return self.made and self.judged

    @property
    def key(self) -> str:
        return digest(self.made_from)


@dataclass
class Plan:
    """The units of a stage in order; `extra` are published folders (and stray files) that no unit accounts for."""

    units: dict[str, UnitPlan] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)

    @property
    def stale(self) -> list[str]:
        return [name for name, unit in self.units.items() if not unit.fresh]


def plan_stage(
    stage: Stage, settings: Settings, *, graph: Graph, root: Path, audit: str = "", code_root: Path = CODE_ROOT
) -> Plan:
    """Reads the records of the stage and of what it reads; verifies the MD5 of every file of the stage itself.

    `audit` is the digest of what the stage's audit expects.
    """
    code = stage_digest(stage, code_root=code_root)
    names = stage.units_of(settings)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BadInput(f"{stage.name}: {', '.join(repeated)} named twice; name every unit once")
    plan = Plan()
    for name in names:
        plan.units[name] = _plan_unit(stage, settings, name, graph=graph, root=root, code=code, audit=audit)
    if names != [WHOLE]:
        plan.extra = [name for name in _published(root / "data" / stage.name) if name not in plan.units]
    return plan


def _plan_unit(
    stage: Stage, settings: Settings, unit: str, *, graph: Graph, root: Path, code: str, audit: str
) -> UnitPlan:
    data = root / "data"
    reads = stage.inputs_of(settings, unit, graph)
    versions = {name: {read: version(data / name / read) for read in units} for name, units in reads.items()}
    waiting = [
        f"{name}/{read}".rstrip("/") for name, units in versions.items() for read, found in units.items() if not found
    ]
    left_out = {
        name: {read: reason for read in units if (reason := aside_reason(data / name / read)) is not None}
        for name, units in reads.items()
    }
    inputs = {name: tuple(read for read in units if read not in left_out[name]) for name, units in reads.items()}
    aside = stage.aside(settings, unit) if stage.aside else None
    for name, units in reads.items():
        if aside is None and units and len(left_out[name]) == len(units):
            first = units[0]
            aside = f"{name}/{first} is put aside: {left_out[name][first]}".replace(f"{name}/ ", f"{name} ")
    made_from: dict[str, Any] = {
        "inputs": versions,
        "parameters": stage.parameters_of(settings, unit),
        "code": code,
    }
    if aside is not None:
        made_from = {"inputs": versions, "aside": aside}
    elif stage.raw is not None and (raw := stage.raw(settings, unit)) is not None:
        made_from["raw"] = raw_digest(inside(root, raw), memory=root / ".cache" / "raw_md5.json")
    planned = UnitPlan(unit, made_from, inputs, waiting, aside, made=False, judged=False)
    folder = stage.folder(data, unit)
    record = read_record(folder)
    planned.made = not waiting and record is not None and record.key == planned.key and is_whole(folder, record)
    planned.judged = record is not None and (record.audit == audit or aside is not None or (folder / ASIDE).exists())
    return planned


def _published(folder: Path) -> Sequence[str]:
    # .gitignore is DVC's where an output lies below another folder of its own
    return sorted(path.name for path in folder.iterdir() if path.name != ".gitignore") if folder.is_dir() else []
