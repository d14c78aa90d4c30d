"""What a person sees while a stage works: our own lines with the time since the start, without the engines' noise."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings

QUIET = (
    "dagster",
    "dvc",
    "great_expectations",
    "mlflow",
    "alembic",
    "matplotlib",
    "urllib3",
    "asyncio",
    "PIL",
    "fsspec",
)
_STARTED = "FOCUSEDAD_STARTED"  # seconds of the system's monotonic clock, which worker processes share


class _Elapsed(logging.Formatter):
    """`   12.3 s  films: tt9000001 rendered`; warnings and errors say so."""

    def __init__(self, started: float) -> None:
        super().__init__()
        self.started = started

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{time.monotonic() - self.started:7.1f} s  {level}{record.getMessage()}"


def show_progress() -> None:
    """Lines from INFO on stderr, the engines' from ERROR; Python's warnings are for tests, not for who waits."""
    started = float(os.environ.setdefault(_STARTED, str(time.monotonic())))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Elapsed(started))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")


def show_progress_if_none() -> None:
    """For a run that the interface started: its lines go to the run's log of standard error."""
    if not logging.getLogger().handlers:
        show_progress()


def show_progress_of_parent() -> None:
    """In a worker process: shows its lines too, where the parent shows its own."""
    if _STARTED in os.environ:
        show_progress_if_none()
