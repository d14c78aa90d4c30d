"""The time of day jumps back and forth while both engines work, and files bear times of the future and the past."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from orchestration.faults.pairs import ENGINES
from orchestration.faults.report import Row
from orchestration.faults.scratch import Clone, unequal
from orchestration.faults.toys import FILMS, STAGES, Toys

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("jumping_clock.c")
ROUNDS = 3
# The clock jumps each half second; two offsets of one hour happen once in ten thousand tries.
_PROBE = "import time; first = time.time(); time.sleep(0.6); print(abs(time.time() - first) > 3600)"
YEARS = 5 * 365 * 86400.0  # seconds by which the times of files are moved


def rows(scratch: Path, seed: int) -> list[Row]:
    toys = Toys(scratch / "toys")
    library = build(scratch / "jumping_clock.so")
    return [_jumps(toys, library, seed), _file_times(toys, seed)]


def build(library: Path) -> Path | None:
    """Compiles the clock; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library.parent.mkdir(parents=True, exist_ok=True)
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    return library.resolve() if subprocess.run(words, check=False).returncode == 0 else None


def _jumps(toys: Toys, library: Path | None, seed: int) -> Row:
    what = "both engines, a film changed in between, the clock jumping up to 400 days twice a second (LD_PRELOAD)"
    row = Row(what, 0)
    if library is None:
        row.found = "left out: no C compiler here"
        return row
    wanted = _wanted(toys)
    for number in range(ROUNDS):
        clock = {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(seed + number)}
        toys.begin_anew()
        row.wrong += steady(toys, clock)
        asked = [
            ("dvc", "repro"),
            ENGINES["Dagster"],
            *(("python", "-m", "orchestration.run", name) for name in STAGES),
        ]
        for place, words in enumerate(asked):
            home = {"DAGSTER_HOME": str(toys.root / ".home" / "dagster")} if words[0] == "dg" else {}
            if place == 1:
                toys.raw(FILMS[0], "another text")
            ended = toys.run(*words, more={**clock, **home})
            row.times += 1
            if ended.status or "Traceback" in ended.said:
                row.wrong.append(f"`{' '.join(words[:4])}` failed: {' | '.join(ended.lines[-2:])}")
        row.wrong += unequal(toys.files(), wanted)
        status = toys.run("dvc", "status", more=clock)
        row.wrong += [] if "up to date" in status.said else [f"dvc status: {' '.join(status.lines[:3])}"]
        log.info("clock: round %d of %d: %s", number + 1, ROUNDS, row.wrong or "equal")
    row.found = row.found or ("the same files and `dvc.lock` as with a steady clock" if not row.wrong else "")
    return row


def steady(clone: Clone, clock: Mapping[str, str]) -> list[str]:
    """What is wrong where the clock stays as it is: a library that cannot be loaded is only warned of."""
    ended = clone.run("python", "-c", _PROBE, more=clock)
    return [] if ended.lines[-1:] == ["True"] else [f"the clock did not jump: {' | '.join(ended.lines[-2:])}"]


def _wanted(toys: Toys) -> dict[str, str]:
    toys.begin_anew()
    toys.must_run("dvc", "repro")
    toys.raw(FILMS[0], "another text")
    toys.must_run("dvc", "repro")
    return toys.files()


def _file_times(toys: Toys, seed: int) -> Row:
    """Every published file, raw file and record gets a time years before or after now."""
    wanted = _wanted(toys)
    rng = np.random.default_rng(seed)
    row = Row("files with times five years back or forth: `dvc repro` afterwards", 0)
    for _ in range(ROUNDS):
        for path in sorted((toys.root / "data").rglob("*")):
            if path.is_file():
                moved = path.stat().st_mtime + rng.uniform(-YEARS, YEARS)
                os.utime(path, (moved, moved))
        ended = toys.repro()
        row.times += 1
        if ended.status or ended.said.count("didn't change") != len(STAGES):
            row.wrong.append(f"something was made again: {' | '.join(ended.lines[-3:])}")
        row.wrong += unequal(toys.files(), wanted)
    row.found = "nothing was made again" if not row.wrong else ""
    log.info("clock: %s: %s", row.what, row.wrong or row.found)
    return row
