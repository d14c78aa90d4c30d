"""The whole lineage in small by `make repro`, several stages side by side: killed whole, or only the process that
started them, again and again; then compared with an undisturbed run.

What a kill hits is drawn by the clock here: stages that run at once have no one order.
"""

from __future__ import annotations

import logging
import random
import subprocess
from contextlib import suppress
from pathlib import Path

from orchestration.faults.report import Row
from orchestration.faults.runs import NAMES_RUNS, left_by
from orchestration.faults.scratch import Clone, differences, kill_group

log = logging.getLogger(__name__)
REPRO = ("python", "-m", "orchestration.repro")
KILLS = 16
GAP = (8.0, 30.0)  # seconds from a start to its kill; six go by before the first stage begins


def rows(scratch: Path, seed: int) -> list[Row]:
    """Half of the kills hit the whole process group, half the first process alone, whose stages must end with it."""
    reference, subject = Clone(scratch / "whole"), Clone(scratch / "killed_together")
    _forget(reference)
    log.info("together: undisturbed")
    reference.must_run(*REPRO)
    wanted, units = left_by(reference), reference.units()
    chance = random.Random(seed)
    row = Row("`make repro` of the profile `smoke`, several stages at once: killed and resumed", 0)
    passages = 0
    while row.times < KILLS and not row.wrong:
        passages += 1
        _forget(subject)
        while (
            row.times < KILLS and (wrong := _kill(subject, chance, units, whole_group=row.times % 2 == 0)) is not None
        ):
            row.times += 1
            row.wrong += [f"kill {row.times}: {each}" for each in wrong]
            log.info("together: kill %d, %d units published %s", row.times, len(subject.units()), wrong or "")
        ended = subject.run(*REPRO)
        row.wrong += [f"not resumed: {' | '.join(ended.lines[-3:])}"] if ended.status else []
        row.wrong += left_by(subject).differs_from(wanted)
        status = subject.must_run("dvc", "status")
        row.wrong += [] if "up to date" in status.said else [f"dvc status: {' '.join(status.lines[:3])}"]
    if not row.wrong:
        row.found = f"in {passages} passages; {len(wanted.files)} files as an undisturbed run leaves them at each end"
    return [row]


def _forget(clone: Clone) -> None:
    clone.forget()
    clone.must_run("python", "-m", "orchestration.cli", "profile", "smoke")


def _kill(clone: Clone, chance: random.Random, units: dict[str, str], *, whole_group: bool) -> list[str] | None:
    """Starts or resumes the lineage, kills it and tells what is wrong then; None where it ended before."""
    before = clone.units()
    process = clone.start(*REPRO, log=clone.root / ".cache" / "repro.log")
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(*GAP))
            return None
        if whole_group:
            kill_group(process)
        else:
            process.kill()
            process.wait()
        outlive = [f"outlives the kill: {each}" for each in clone.survivors()]
    finally:
        kill_group(process)
    return outlive + differences(before, clone.units(), units, whole_is_enough=(NAMES_RUNS,))
