"""What a stage of the lineage is: its units, what each unit reads, how it is made and what its audit expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

WHOLE = ""  # the one unit of a stage whose output is a single whole: `data/<stage>` itself


@dataclass(frozen=True)
class Expect:
    """One expectation on a table of facts, named as in Great Expectations without `expect_`.

    `rows` are the columns that name a row in the message (otherwise its number); `why` says what a failure means.
    """

    table: str
    kind: str  # e.g. "column_values_to_be_between"
    arguments: Mapping[str, Any]
    why: str = ""
    rows: tuple[str, ...] = ()


def expect(table: str, kind: str, *, why: str = "", rows: tuple[str, ...] = (), **arguments: Any) -> Expect:
    return Expect(table, kind, arguments, why, rows)


@dataclass(frozen=True)
class Work:
    """One unit to make: write into `out`, read published folders through `read`; it travels to a worker process.

    `inputs` names the units that this unit reads, stage by stage, without those that were put aside.
    """

    settings: Settings
    unit: str
    out: Path
    data: Path
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def units(self, stage: str) -> tuple[str, ...]:
        """The units of `stage` that may be read; asking for a stage that is not declared is a fault of the program."""
        if stage not in self.inputs:
            raise KeyError(f"{stage} is not among the stages this unit reads: {sorted(self.inputs)}")
        return self.inputs[stage]

    def read(self, stage: str, unit: str | None = None) -> Path:
        """The published folder of a unit; without `unit`, of the only one that is read."""
        units = self.units(stage)
        if unit is None:
            if len(units) != 1:
                raise KeyError(f"{stage} has {len(units)} units here: name one of them")
            unit = units[0]
        if unit not in units:
            raise KeyError(f"{stage}/{unit} is not among the units this unit reads")
        return self.data / stage / unit


@dataclass(frozen=True)
class Stage:
    """One asset, one DVC stage, one folder `data/<name>/`.

    - `units`: the subfolders, from the settings; None where the whole output is one unit.
    - `inputs`: stage read -> its units that this unit reads; None: the unit of the same name where both are per film,
      else every unit.
    - `sections`: the parts of the settings (as named in params.yaml, dots allowed) that DVC watches for this stage.
    - `parameters`: what of the settings this unit depends on; None: the sections, whole.
    - `code`: packages or modules whose source enters every unit's key, e.g. "corpora", "models/perception".
    - `raw`: the file or folder outside `data/<stage>` that the unit is made from, if any; its content enters the key.
    - `aside`: a reason to put the unit aside before any work (a person's decision in the settings).
    - `facts`, `expectations`: tables of facts about one unit's folder, and what is expected of them.
    - `compared`: more such tables, of what the unit shows only beside what it was made from.
    - `track`: notes a unit elsewhere (a training's run) once it passed its audit, just before it is published; it runs
      in the process that publishes, with `Work.out` the folder as written.
    - `jobs`: how many units are made side by side.
    - `summary`: what the interface shows of a unit: numbers, text, tables (DataFrames) and pictures (paths of PNGs).
    """

    name: str
    make: Callable[[Work], None]
    description: str = ""
    reads: tuple[str, ...] = ()
    units: Callable[[Settings], list[str]] | None = None
    per_film: bool = False
    inputs: Callable[[Settings, str], dict[str, list[str]]] | None = None
    sections: tuple[str, ...] = ()
    parameters: Callable[[Settings, str], Any] | None = None
    code: tuple[str, ...] = ()
    raw: Callable[[Settings, str], str | None] | None = None
    aside: Callable[[Settings, str], str | None] | None = None
    facts: Callable[[Path], dict[str, pd.DataFrame]] | None = None
    expectations: Callable[[Settings], Sequence[Expect]] | None = None
    compared: Callable[[Work], dict[str, pd.DataFrame]] | None = None
    track: Callable[[Work], None] | None = None
    jobs: Callable[[Settings], int] | None = None
    summary: Callable[[Path], dict[str, Any]] | None = None
    group: str = "focusedad"
    kinds: tuple[str, ...] = ()

    def units_of(self, settings: Settings) -> list[str]:
        return [WHOLE] if self.units is None else self.units(settings)

    def folder(self, data: Path, unit: str) -> Path:
        """`data/<stage>/<unit>`; `BadInput` for a unit whose name would lead anywhere else."""
        if unit != WHOLE and (Path(unit).name != unit or unit == ".." or "\x00" in unit):
            raise BadInput(f"{self.name}: {unit!r} is no folder's name; use letters, digits, _ and -")
        return data / self.name / unit

    def parameters_of(self, settings: Settings, unit: str) -> Any:
        """The JSON-able value that enters the key."""
        if self.parameters is not None:
            return self.parameters(settings, unit)
        whole = settings.model_dump(mode="json")
        return {section: _section(whole, section) for section in self.sections}

    def inputs_of(self, settings: Settings, unit: str, graph: Graph) -> dict[str, list[str]]:
        """Stage read -> units read, in order, before anything put aside is taken out."""
        named = self.inputs(settings, unit) if self.inputs is not None else {}
        undeclared = sorted(set(named) - set(self.reads))
        if undeclared:
            raise ValueError(f"stage {self.name}: inputs names {undeclared}, which are not in its reads")
        return {
            read: list(named[read]) if read in named else self._usual(settings, unit, graph[read])
            for read in self.reads
        }

    def _usual(self, settings: Settings, unit: str, upstream: Stage) -> list[str]:
        return [unit] if self.per_film and upstream.per_film else upstream.units_of(settings)


Graph = Mapping[str, Stage]


def graph_of(stages: Sequence[Stage]) -> dict[str, Stage]:
    """The stages by name, in order; every stage reads only what stands before it."""
    graph: dict[str, Stage] = {}
    for stage in stages:
        late = [name for name in stage.reads if name not in graph]
        if late or stage.name in graph:
            raise ValueError(
                f"stage {stage.name}: {'reads ' + ', '.join(late) + ', not made before it' if late else 'twice'}"
            )
        graph[stage.name] = stage
    return graph


def all_jobs(settings: Settings) -> int:
    """For `Stage.jobs`: as many units side by side as the settings allow."""
    return settings.compute.jobs


def _section(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values
