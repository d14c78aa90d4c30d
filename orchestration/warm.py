"""A stage in a process forked from one that has imported what stages import: seconds of every stage are paid once.

Only libraries are kept warm. Where our own code or the parameters changed since, the forked process starts Python
anew, so that no stage is made by code of another moment than its key says.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import ForkProcess

from publishing.places import CODE_ROOT, parameters_file

# What the lineage imports, the quickest first. Importing starts no thread of Python's, and computes nothing.
LIBRARIES = (
    "dvc.repo",
    "av",
    "cv2",
    "dagster",
    "pandas",
    "pyarrow.parquet",
    "great_expectations.expectations",
    "torch",
    "facenet_pytorch",
    "mlflow",
    "transformers.models.qwen2",
    "peft",
    "sklearn.cluster",
    "matplotlib.pyplot",
)
FILLING = 5  # niceness of a stage that fills the cores that others leave idle
INTERRUPTED = 130  # exit status, as a shell's


@dataclass(frozen=True)
class Ended:
    """A stage that is over: exit status, seconds of time and of CPU with all its workers'."""

    status: int
    seconds: float
    cpu: float


@dataclass
class Running:
    """A stage at work in its own process."""

    process: ForkProcess
    told: connection.Connection
    began: float = field(default_factory=time.monotonic)

    def ended(self) -> Ended:
        """Waits for the end; a process that was killed has its signal as a negative status."""
        try:
            status, cpu = self.told.recv()
        except EOFError:
            status, cpu = None, 0.0
        self.process.join()
        self.told.close()
        return Ended(self.process.exitcode or 0 if status is None else status, time.monotonic() - self.began, cpu)


def load() -> Iterator[str]:
    """Imports the libraries one by one, so that whoever waits for something else can stop in between."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in LIBRARIES:
        importlib.import_module(name)
        yield name
    gc.collect()
    gc.freeze()  # no collection of a forked process touches, and so copies, what is shared


def sources() -> dict[str, tuple[int, int]]:
    """Our own code and the parameters as they are on disk: time and size by path."""
    folders = [path for path in sorted(CODE_ROOT.iterdir()) if (path / "__init__.py").is_file()]
    files = [path for folder in folders for path in folder.rglob("*.py")] + [parameters_file()]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file()}


def start(
    stage: str, run: Callable[[list[str]], int], *, known: dict[str, tuple[int, int]], filling: bool = False
) -> Running:
    """Forks a process that makes the stage by `run`, or by a new Python where the sources are not `known` any more.

    One that is `filling` gives way to the others.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_make, args=(stage, run, known, filling, there), name=stage
    )
    process.start()
    there.close()
    return Running(process, here)


def _make(
    stage: str,
    run: Callable[[list[str]], int],
    known: dict[str, tuple[int, int]],
    filling: bool,
    told: connection.Connection,
) -> None:
    from common.workers import end_with_parent, fork_workers

    end_with_parent()
    fork_workers()
    if filling:
        os.nice(FILLING)
    if sources() != known:
        os.execv(sys.executable, [sys.executable, "-m", "orchestration.run", stage])
    try:
        status = run([stage])
    except KeyboardInterrupt:
        status = INTERRUPTED
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    told.send((status, own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime))


def wait(running: dict[str, Running]) -> Iterator[tuple[str, Ended]]:
    """The stages that have ended, as soon as one has."""
    over = connection.wait([each.process.sentinel for each in running.values()])
    for name, each in list(running.items()):
        if each.process.sentinel in over:
            yield name, each.ended()
