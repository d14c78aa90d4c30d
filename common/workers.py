"""Independent pieces of work in a few processes, each with one thread, results in the order of the work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
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


def _begin_worker() -> None:
    """OpenCV keeps threads of its own; torch takes its number from OMP_NUM_THREADS when, and if, it is imported."""
    import cv2

    spare_collections()
    cv2.setNumThreads(1)
    show_progress_of_parent()


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
    pool = ProcessPoolExecutor(
        min(jobs, len(items)), mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker
    )
    try:
        results = pool.map(function, items)  # begins the work
        meanwhile()
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
