"""What a person sees while a stage works: our own lines with the time since the start, without the engines' noise."""

from __future__ import annotations

import logging
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


class _Elapsed(logging.Formatter):
    """`   12.3 s  films: tt9000001 rendered`; warnings and errors say so."""

    def __init__(self) -> None:
        super().__init__()
        self.start = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{time.monotonic() - self.start:7.1f} s  {level}{record.getMessage()}"


def show_progress() -> None:
    """Lines of our packages on stderr from INFO, everything else from WARNING; Python's warnings are for tests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Elapsed())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
