"""What a training takes of the machine: samples taken while it goes on, which MLflow shows as system metrics.

They travel beside the unit and never in it, since what is published depends on no machine. The names are MLflow's own;
`process_…` is this training alone, with the processes it started, and all else the whole machine, whoever uses it.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

log = logging.getLogger(__name__)
SECONDS = 10.0  # between two samples, as in MLflow's own monitor
PREFIX = "system/"  # MLflow shows what begins so on a page of its own
_GPU = "nvidia-smi"
_GPU_FIGURES = ("utilization.gpu", "memory.used", "memory.total", "power.draw")
_MIB = 2**20 / 1e6  # megabytes


@dataclass(frozen=True)
class Sample:
    """Figures at a time, in seconds of the clock."""

    at: float
    figures: Mapping[str, float]


class Meter:
    """Takes a sample every `SECONDS` in a thread of its own, and a last one at the end; a context manager.

    One that runs already may be entered again, by what is measured; it ends when the first of its blocks does.
    What fails here ends the sampling and nothing else.
    """

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Meter:
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)
            self._thread.start()
            _RUNNING.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        _RUNNING.set(None)
        if self._thread is not None:
            self._thread.join(timeout=60)

    def taken(self) -> list[Sample]:
        """The samples since this was last asked."""
        return [self._samples.popleft() for _ in range(len(self._samples))]

    def _watch(self) -> None:
        try:
            training = _Training()
            over = False
            while not over:
                over = self._over.wait(SECONDS)
                self._samples.append(Sample(time.time(), training.figures()))
        except Exception as error:  # telemetry breaks no training
            log.warning("what the training takes of the machine is not known: %s: %s", type(error).__name__, error)


_RUNNING: ContextVar[Meter | None] = ContextVar("running", default=None)


def running() -> Meter | None:
    """The meter that measures what goes on here."""
    return _RUNNING.get()


class _Training:
    """This process with all that it started; of a training in several processes, all that their launcher started."""

    def __init__(self) -> None:
        import psutil

        self.root = psutil.Process(os.getppid() if "RANK" in os.environ else os.getpid())
        psutil.cpu_percent()  # begins to count
        self._last = (time.monotonic(), self._processor_seconds(self._tree()))

    def figures(self) -> dict[str, float]:
        import psutil

        memory = psutil.virtual_memory()
        tree = self._tree()
        now = (time.monotonic(), self._processor_seconds(tree))
        busy = 100 * (now[1] - self._last[1]) / max(now[0] - self._last[0], 1e-3)
        self._last = now
        return {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / 1e6,
            "system_memory_usage_percentage": 100 * memory.used / memory.total,
            "process_cpu_utilization_percentage": max(busy, 0.0),  # of one processor
            "process_memory_usage_megabytes": sum(_resident(each) for each in tree) / 1e6,
            **_gpus(),
        }

    def _tree(self) -> list[psutil.Process]:
        return [self.root, *self.root.children(recursive=True)]

    @staticmethod
    def _processor_seconds(tree: Sequence[psutil.Process]) -> float:
        """Of all that run, and of those that ended before: their parents count them on."""
        import psutil

        total = 0.0
        for each in tree:
            try:
                times = each.cpu_times()
            except psutil.Error:  # it has just ended
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total


def _resident(process: psutil.Process) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _gpus() -> dict[str, float]:
    """Of every GPU, by its driver's own tool; nothing where there is none, or where it does not answer."""
    if shutil.which(_GPU) is None:
        return {}
    command = [_GPU, f"--query-gpu={','.join(_GPU_FIGURES)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, float] = {}
    for number, line in enumerate(told.splitlines()):
        busy, used, total, watts = (_number(cell) for cell in line.split(","))
        share = None if used is None or not total else 100 * used / total
        named = {
            "utilization_percentage": busy,
            "memory_usage_megabytes": None if used is None else used * _MIB,
            "memory_usage_percentage": share,
            "power_usage_watts": watts,
        }
        found |= {f"gpu_{number}_{name}": value for name, value in named.items() if value is not None}
    return found


def _number(cell: str) -> float | None:
    """None for what a GPU does not tell: `[N/A]`."""
    try:
        return float(cell)
    except ValueError:
        return None


def points(samples: Sequence[Sample], *, first: int = 1) -> list[tuple[str, float, float, int]]:
    """As `publishing.tracking.log_points` takes them; a step is a sample, counted from `first`."""
    return [
        (PREFIX + name, value, sample.at, step)
        for step, sample in enumerate(samples, first)
        for name, value in sample.figures.items()
    ]
