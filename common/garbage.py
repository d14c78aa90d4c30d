"""Python's garbage collector in a process that lives for one stage and imports large libraries."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from typing import NoReturn

ALLOCATIONS = 50_000  # between two collections of the youngest generation; Python's own 700 is for small programs

_status: list[int] = []


def spare_collections() -> None:
    """Collects seldom: importing torch, transformers and Great Expectations takes 5.6 s so, 7.2 s as it comes.

    Called before these imports, so that `leave` ends the process after their own exit handlers.
    """
    gc.set_threshold(ALLOCATIONS, 20, 50)
    atexit.register(_end)


def leave(status: int) -> NoReturn:
    """Ends the process: threads are waited for and exit handlers run, but no module is taken apart, which takes 1.3 s.

    What is open is lost unless its owner closed it or an exit handler does; the standard streams and logs are flushed.
    """
    _status.append(status)
    sys.exit(status)


def _end() -> None:
    if _status:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])
