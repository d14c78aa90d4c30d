"""Independent pieces of work in a few processes, each with one thread, results in the order of the work."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from common.garbage import spare_collections
from common.progress import show_progress_of_parent

Work = TypeVar("Work")
Result = TypeVar("Result")

# Set before a process starts: glibc's malloc otherwise returns large blocks to the system after every training step,
# and a third of the time goes into page faults; several oversubscribed OpenMP threads are slower than one.
PROCESS_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "2147483648",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
    "OMP_WAIT_POLICY": "passive",
}


_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_start_method = "spawn"


def fork_workers() -> None:
    """From now on this process forks its workers: they need not import again, for seconds each, what is imported here.

    Only for a process whose other threads hold no locks that a worker takes (`orchestration.warm`).
    """
    global _start_method
    _start_method = "fork"


def end_with_parent(parent: int | None = None) -> None:
    """A worker whose parent is killed would go on writing into a folder that the next run has already swept.

    `parent`: its process number, so that a parent that was killed before this call is noticed.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os._exit(1)


def begin_worker() -> None:
    """OpenCV keeps threads of its own; what is imported later takes its number from OMP_NUM_THREADS."""
    import cv2

    spare_collections()
    cv2.setNumThreads(1)
    show_progress_of_parent()


def _begin_spawned(parent: int) -> None:
    end_with_parent(parent)
    begin_worker()


def _begin_forked(parent: int) -> None:
    """As a worker that began by itself: the system's handling of signals; torch, OpenMP and BLAS on one thread."""
    end_with_parent(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
    begin_worker()


@contextmanager
def _without_threads_of_opencv() -> Iterator[None]:
    """A forked process has the pool but not its threads, and would wait for them for ever; set to one, they end."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def nothing() -> None:
    pass


def map_in_processes(
    function: Callable[[Work], Result], work: Iterable[Work], *, jobs: int, meanwhile: Callable[[], None] = nothing
) -> Iterator[Result]:
    """Yields `function(item)` in the order of `work`; `function` and its argument must pickle (a module's function).

    With `jobs` 1 the work runs here; otherwise `meanwhile` is called here once, while workers do it. An exception ends
    the iteration; what has not started is cancelled.
    """
    items = list(work)
    if jobs <= 1 or len(items) <= 1:
        for item in items:  # not map(): a StopIteration out of `function` would end it in silence
            yield function(item)
        return
    before = {name: os.environ.get(name) for name in (*PROCESS_ENVIRONMENT, "OMP_NUM_THREADS")}
    os.environ.update(PROCESS_ENVIRONMENT, OMP_NUM_THREADS="1")
    forked = _start_method == "fork"
    pool = ProcessPoolExecutor(
        min(jobs, len(items)),
        mp_context=multiprocessing.get_context(_start_method),
        initializer=_begin_forked if forked else _begin_spawned,
        initargs=(os.getpid(),),
    )
    try:
        with _without_threads_of_opencv() if forked else nullcontext():
            results = pool.map(function, items)  # begins the work; all forked workers are there then
        meanwhile()
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
