"""How far a stage is and how long it will still take, from what it has taken so far."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)
SILENT_SECONDS = 5.0  # between two lines of one stage
SURE_SHARE = 0.05  # of the stage must be done before a guess is made


class Progress:
    """Counts the units of a stage; `total` is their number."""

    def __init__(self, stage: str, unit: str, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage, self.unit, self.total, self.done = stage, unit, total, 0
        self._skipped = 0
        self._clock = clock
        self._started = self._told = clock()

    def add(self, count: int = 1, *, always: bool = False, remark: str = "") -> None:
        """`count` more units are done; says so now and then, or `always`."""
        self.done += count
        now = self._clock()
        if always or now - self._told >= SILENT_SECONDS:
            self._told = now
            left = self.left()
            about = f", {spoken(left)} left" if left else ""
            log.info("%s: %d of %d %s%s%s", self.stage, self.done, self.total, self.unit, about, remark)

    def skip(self, count: int) -> None:
        """`count` units were done by an earlier run: they say nothing about the pace."""
        if not self._skipped:
            log.info("%s: going on where it was", self.stage)
        self.done += count
        self._skipped += count

    def left(self) -> float | None:
        """Seconds for the rest of the stage at the pace so far; None while that cannot be told, and at the end."""
        own = self.done - self._skipped
        if own < max(2, (self.total - self._skipped) * SURE_SHARE) or self.done >= self.total:
            return None
        return (self._clock() - self._started) / own * (self.total - self.done)


def spoken(seconds: float) -> str:
    """A duration no more exact than an estimate is: `about 40 s`, `about 3 min`, `about 1 h 20 min`."""
    if seconds < 5:
        return "less than 5 s"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60 // 10 * 10} min"
