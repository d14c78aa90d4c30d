"""A stage in a process forked from one that has imported what stages import: seconds of every stage are paid once.

Only libraries are kept warm. Where our own code or the parameters changed since, the forked process starts Python
anew, so that no stage is made by code of another moment than its key says.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from orchestration import run
from publishing.places import CODE_ROOT, parameters_file

# What the lineage imports; importing starts no thread of Python's, and computes nothing. Modules that a library imports
# when it is first used are named themselves, for every stage would import them anew: `python -X importtime -m
# orchestration.run STAGE` shows them.
LIBRARIES = (
    "av",
    "cv2",
    "dagster",
    "dagster._core.execution.execute_in_process",
    "dagster._core.executor.in_process",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.storage.sqlite_storage",
    "dvc.cachemgr",
    "dvc.data_cloud",
    "dvc.lock",
    "dvc.repo.index",
    "dvc.repo.plots",
    "dvc.repo.stage",
    "facenet_pytorch",
    "great_expectations.expectations",
    "matplotlib.pyplot",
    "mlflow",
    "pandas",
    "peft",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scmrepo.git",
    "sklearn.cluster",
    "torch",
    "transformers.models.qwen2",
    "upath",
)
FILLING = 5  # niceness of a stage that fills the cores that others leave idle
PATIENCE_SECONDS = 10.0  # for stages that heard Ctrl-C to end by themselves; after that they end with their parent

Sources = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Ended:
    """A stage that is over: exit status (minus the signal that killed it), seconds of time, and of CPU with all its
    workers'."""

    status: int
    seconds: float
    cpu: float


@dataclass(frozen=True)
class Running:
    """A stage at work in its own process."""

    process: int
    began: float = field(default_factory=time.monotonic)


def load() -> None:
    """Imports the libraries."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in LIBRARIES:
        with suppress(ImportError):  # a stage that needs it will say so
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # no collection of a forked process touches, and so copies, what is shared


def sources() -> Sources:
    """Our own code and the parameters as they are on disk: time and size by path."""
    folders = [path for path in sorted(CODE_ROOT.iterdir()) if (path / "__init__.py").is_file()]
    files = [path for folder in folders for path in folder.rglob("*.py")] + [parameters_file()]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file()}


def start(stage: str, make: Callable[[list[str]], int], *, known: Sources, filling: bool = False) -> Running:
    """Forks a process that makes the stage by `make`, or by a new Python where the sources are not `known` any more.

    To be called by a process that has computed nothing: of a pool of threads only the locks are carried over. A stage
    that is `filling` gives way to the others.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    process = os.fork()
    if process:
        return Running(process)
    status = 1
    try:
        status = _make(stage, make, known, filling, parent)
    except KeyboardInterrupt:
        status = run.INTERRUPTED
    except BaseException:
        traceback.print_exc()
    finally:  # nothing of the parent's is carried on here, its exit handlers neither
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _make(stage: str, make: Callable[[list[str]], int], known: Sources, filling: bool, parent: int) -> int:
    from common.workers import end_with_parent, fork_workers

    end_with_parent(parent)
    fork_workers()
    if filling:
        os.nice(FILLING)
    if sources() != known:
        os.execv(sys.executable, [sys.executable, "-m", "orchestration.run", stage])
    return make([stage])


def wait(running: dict[str, Running]) -> tuple[str, Ended]:
    """The first of the stages to end. Whatever else ends here was the child of who became this process."""
    while True:
        process, status, usage = os.wait4(-1, 0)
        for name, each in running.items():
            if each.process == process:
                spent = time.monotonic() - each.began
                return name, Ended(os.waitstatus_to_exitcode(status), spent, usage.ru_utime + usage.ru_stime)


def let_end() -> None:
    """Gives stages that were interrupted with this process time to end by themselves."""
    until = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
    except ChildProcessError:
        pass  # all have
