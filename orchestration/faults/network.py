"""The whole lineage in small where no network is reachable, not even this machine's own."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

from orchestration.faults.kills import State
from orchestration.faults.report import Row
from orchestration.faults.runs import Left, left_by
from orchestration.faults.scratch import Clone

log = logging.getLogger(__name__)
CUT = ("unshare", "--user", "--map-root-user", "--net")  # a network of its own without any interface that is up


def rows(scratch: Path, seed: int) -> list[Row]:
    row = Row("the lineage of the profile `smoke` from nothing, the network cut (`unshare --net`)", 0)
    if not can_cut():
        row.found = "left out: this machine lets no network be taken away (`unshare --net`)"
        return [row]
    clone = Clone(scratch / "cut_off")
    wanted = _undisturbed(scratch, clone)
    clone.must_run("python", "-m", "orchestration.cli", "profile", "smoke")
    log.info("network: the lineage without one")
    row.times = 1
    ended = clone.run(*CUT, ".venv/bin/dvc", "repro")
    if ended.status:
        row.wrong.append(f"failed: {' | '.join(ended.lines[-3:])}")
        return [row]
    row.wrong = left_by(clone).differs_from(wanted)
    row.found = f"{len(wanted.files)} files, equal to those made with a network" if not row.wrong else ""
    return [row]


def can_cut() -> bool:
    """Whether a process may have a network of its own here, in which nothing answers."""
    if shutil.which(CUT[0]) is None:
        return False
    probe = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=2)"
    tried = subprocess.run([*CUT, "python3", "-c", probe], capture_output=True, text=True, check=False)
    return "Network is unreachable" in tried.stderr


def _undisturbed(scratch: Path, clone: Clone) -> Left:
    """What the part `kills` found, where it ran on the same commit, or what a run with the network leaves."""
    state = State.read(scratch / "kills.json")
    if state is not None and state.commit == clone.commit and "0" in state.undisturbed:
        return Left(**state.undisturbed["0"]["left"])
    reference = Clone(scratch / "connected")
    reference.must_run("python", "-m", "orchestration.cli", "profile", "smoke")
    log.info("network: the lineage with one")
    reference.must_run("dvc", "repro")
    return left_by(reference)
