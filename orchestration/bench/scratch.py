"""A copy of this repository with its published data, in which commands run as a user would run them."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput
from publishing.places import CODE_ROOT

NOT_DATA = shutil.ignore_patterns(".locks", ".staging", "rejected", "raw")


@dataclass(frozen=True)
class Cost:
    """Seconds of a command and all its processes, and what it said."""

    cpu: float
    wall: float
    said: str = ""


@dataclass(frozen=True)
class Scratch:
    """The copy's folder."""

    folder: Path

    def run(self, *command: str) -> Cost:
        """Runs a command of `.venv/bin`; `BadInput` with its last line where it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "DAGSTER_"))}
        environment |= {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [str(self.folder / ".venv" / "bin" / command[0]), *command[1:]],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            last = (done.stdout.strip().splitlines() or ["no word"])[-1]
            raise BadInput(f"bench: `{' '.join(command)}` failed in a copy of the repository: {last}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(cpu, time.perf_counter() - begun, done.stdout)


@contextmanager
def scratch(data: Path) -> Iterator[Scratch]:
    """The committed code with the parameters, lock file and published data of now; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="focusedad-bench-") as place:
        folder = Path(place) / "repository"
        subprocess.run(["git", "clone", "--quiet", str(CODE_ROOT), str(folder)], check=True)
        for name in ("params.yaml", "dvc.lock"):
            if (data.parent / name).is_file():
                shutil.copy2(data.parent / name, folder / name)
        shutil.copytree(data, folder / "data", dirs_exist_ok=True, ignore=NOT_DATA)
        kept = data.parent / ".dvc" / "cache"
        if kept.is_dir():
            shutil.copytree(kept, folder / ".dvc" / "cache")
        (folder / ".venv").symlink_to(Path(sys.prefix).resolve())
        yield Scratch(folder)
