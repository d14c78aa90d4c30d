"""A scratch clone with the published data of now, in which commands run as a user would run them and are timed."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.faults.scratch import Clone

NOT_DATA = shutil.ignore_patterns(".locks", ".staging", "rejected", "raw")


@dataclass(frozen=True)
class Cost:
    """Seconds of a command and all its processes, and what it said."""

    cpu: float
    wall: float
    said: str = ""


class Timed(Clone):
    """A clone that tells what its commands cost."""

    def cost(self, *words: str) -> Cost:
        """Runs a command; `BadInput` with its last lines where it fails."""
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        ended = self.must_run(*words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(cpu, time.perf_counter() - begun, ended.said)


@contextmanager
def scratch(data: Path) -> Iterator[Timed]:
    """The committed code with the parameters, lock file and published data of now; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="focusedad-bench-") as place:
        clone = Timed(Path(place) / "repository")
        for name in ("params.yaml", "dvc.lock"):
            if (data.parent / name).is_file():
                shutil.copy2(data.parent / name, clone.root / name)
        shutil.copytree(data, clone.root / "data", dirs_exist_ok=True, ignore=NOT_DATA)
        kept = data.parent / ".dvc" / "cache"
        if kept.is_dir():
            shutil.copytree(kept, clone.root / ".dvc" / "cache")
        yield clone
