"""Who may touch a stage's data: exclusive for the stage written, shared for every stage read, and never waited for.

A stage that waited would deadlock: DVC holds its own lock while the stage's command runs, and a run from the interface
holds this one while it waits for DVC's. `flock` goes with the process, however it dies, and with the
workers forked from it, which end with it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Busy(RuntimeError):
    """Another process writes or reads the stage; the message names it."""


@contextmanager
def stage_locks(data: Path, *, write: str, read: Sequence[str]) -> Iterator[None]:
    """Holds the locks for the block; `Busy` at once where one of them is taken."""
    wanted = sorted([(name, fcntl.LOCK_SH) for name in read] + [(write, fcntl.LOCK_EX)])
    folder = data / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    held: list[int] = []
    try:
        for name, kind in wanted:
            descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
            held.append(descriptor)
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                doing = "written" if kind == fcntl.LOCK_SH else "written or read"
                raise Busy(f"{name} is being {doing} by {holders(descriptor)}; wait for it or stop it") from None
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def holders(descriptor: int) -> str:
    """The processes that hold a lock on this open file, from /proc/locks, or "another process"."""
    inode = str(os.fstat(descriptor).st_ino)
    found = []
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        lines = []
    for words in (line.split() for line in lines):
        # e.g. "3: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF"; waiting ones carry an arrow
        if "FLOCK" in words and "->" not in words and words[-3].split(":")[-1] == inode:
            found.append(f"process {words[-4]}{_command(words[-4])}")
    return ", ".join(found) or "another process"


def _command(process: str) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
    return f" ({words[:80]})"
