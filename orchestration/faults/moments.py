"""Where a `dvc repro` is, seen from outside: its lines, the stage's staging folder, the stage's process, `dvc.lock`.

Nothing of the lineage is instrumented: what is killed is what a user runs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from publishing.records import RECORD

PHASES = ("starting", "writing", "auditing", "publishing", "reporting", "committing", "locking", "between")
"""Of one stage: its process begins; units are made; all files are there and judged; records are written and folders
exchanged; Dagster and MLflow are told; the process is over and DVC hashes and copies; DVC writes `dvc.lock`; nothing of
it runs any more."""
STARTING, WRITING, AUDITING, PUBLISHING, REPORTING, COMMITTING, LOCKING, BETWEEN = range(len(PHASES))
_RUNNING = re.compile(r"Running stage '(\w+)'")
_SKIPPED = re.compile(r"Stage '(\w+)' didn't change")
_WRITES_LOCK = re.compile(r"(Updating|Generating) lock file")
_SETTLED = 0.03  # seconds for which dvc.lock must not have grown


@dataclass(frozen=True)
class Target:
    """A moment to kill at: `share` of the phase's length, as an undisturbed run showed it, after its beginning."""

    stage: str
    phase: int
    share: float

    def __str__(self) -> str:
        return f"{self.stage}, {PHASES[self.phase]}"


def spread(count: int, stages: Sequence[str], *, seed: int, turn: int = 0) -> list[Target]:
    """`count` moments in the order in which they come: every stage as often as every other, and so the phases.

    Phases go round from one to the next, over the turns too, so that a stage is met in another phase each time. The
    last stage has no `between`: the command is over then.
    """
    rng = np.random.default_rng([seed, turn])
    first = seed + 3 * count * turn
    targets = []
    for number in range(count):
        stage = number * len(stages) // count
        phase = (first + 3 * number) % len(PHASES)
        if stage == len(stages) - 1 and phase == BETWEEN:
            phase = STARTING
        targets.append((stage, phase, float(rng.random())))
    return [Target(stages[stage], phase, share) for stage, phase, share in sorted(targets)]


class Watch:
    """Follows one `dvc repro`. `files` names, for each staging folder (`stage/unit`), the files of a finished unit."""

    def __init__(self, root: Path, log: Path, process: int, files: Mapping[str, Sequence[str]]) -> None:
        self.root, self.files, self.process = root, files, process
        self.stage = ""
        self.phase = BETWEEN
        self.order: list[str] = []
        self.began: dict[tuple[str, int], float] = {}
        self._log = log.open("rb")
        self._command: int | None = None
        self._staged = False
        self._lock = (0, 0.0)

    def close(self) -> None:
        self._log.close()

    def look(self) -> tuple[str, int]:
        """(stage, phase) now; the stage is "" before DVC has named the first."""
        self._hear()
        if self.stage and self.phase < BETWEEN:
            self._at(max(self.phase, self._seen()))
        return self.stage, self.phase

    def reached(self, target: Target, order: Sequence[str]) -> bool:
        """Whether the run is at the target or past it."""
        stage, phase = self.look()
        if not stage:
            return False
        ours, wanted = order.index(stage), order.index(target.stage)
        return ours > wanted or (ours == wanted and phase >= target.phase)

    def _at(self, phase: int) -> None:
        self.phase = phase
        self.began.setdefault((self.stage, phase), time.monotonic())

    def _hear(self) -> None:
        for line in self._log.read().decode(errors="replace").splitlines():
            if found := _RUNNING.search(line):
                self.stage, self._command, self._staged = found[1], None, False
                self.order.append(self.stage)
                self._at(STARTING)
            elif found := _SKIPPED.search(line):
                self.stage = found[1]
                self.order.append(self.stage)
                self._at(BETWEEN)
            elif _WRITES_LOCK.search(line):
                self._lock = (-1, time.monotonic())
                self._at(LOCKING)

    def _seen(self) -> int:
        if self.phase == LOCKING:
            return BETWEEN if self._lock_settled() else LOCKING
        new = self.root / "data" / ".staging" / self.stage / "new"
        if new.is_dir():
            self._staged = True
            return self._staging(new)
        if self.phase == COMMITTING or not self._command_runs():
            return COMMITTING
        return REPORTING if self._staged else STARTING

    def _staging(self, new: Path) -> int:
        try:
            units = list(new.iterdir())
        except FileNotFoundError:
            return PUBLISHING
        if any((unit / RECORD).exists() for unit in units):
            return PUBLISHING
        return AUDITING if units and all(self._is_written(unit) for unit in units) else WRITING

    def _is_written(self, unit: Path) -> bool:
        files = self.files.get(f"{self.stage}/{unit.name}")
        return files is not None and all((unit / name).exists() for name in files)

    def _command_runs(self) -> bool:
        """Whether the stage's process, DVC's child, is there; not yet found counts as there."""
        if self._command is None:
            self._command = _child(self.process, "orchestration.run", self.stage)
            return True
        return Path(f"/proc/{self._command}").exists()

    def _lock_settled(self) -> bool:
        """Whether `dvc.lock` is written: not empty, and of one size for a moment."""
        try:
            size = (self.root / "dvc.lock").stat().st_size
        except FileNotFoundError:
            size = 0
        now = time.monotonic()
        if size != self._lock[0]:
            self._lock = (size, now)
        return size > 0 and now - self._lock[1] > _SETTLED


def lengths(began: Mapping[tuple[str, int], float]) -> dict[tuple[str, int], float]:
    """Seconds of each phase of each stage, from when each was first seen."""
    moments = sorted((at, place) for place, at in began.items())
    return {place: later - at for (at, place), (later, _) in pairwise(moments)}


def unit_files(data: Path) -> dict[str, list[str]]:
    """The files of every published unit by the name that its staging folder has."""
    found: dict[str, list[str]] = {}
    for record in data.rglob(RECORD):
        stage, *unit = record.parent.relative_to(data).parts
        names = (path for path in sorted(record.parent.rglob("*")) if path.is_file() and path != record)
        found[f"{stage}/{'/'.join(unit) or '_whole'}"] = [path.relative_to(record.parent).as_posix() for path in names]
    return found


def _child(parent: int, *words: str) -> int | None:
    import psutil

    try:
        for child in psutil.Process(parent).children():
            if set(words) <= set(child.cmdline()):
                return int(child.pid)
    except psutil.Error:
        pass
    return None
