"""How far a stage is and how long it will still take, from what it has taken so far."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
SILENT_SECONDS = 5.0  # between two lines of one stage
SURE_SHARE = 0.05  # of the stage must be done before a guess is made


class Progress:
    """Counts the units of a stage; `total` is their number.

    Where units are made ready many at a time before they are done one by one, that time is counted apart, so that the
    first ones do not stand for all.
    """

    def __init__(self, stage: str, unit: str, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage, self.unit, self.total, self.done = stage, unit, total, 0
        self._skipped, self._known = 0, False
        self._ready, self._preparing = 0, 0.0
        self._clock = clock
        self._started = self._told = clock()

    def add(self, count: int = 1, *, always: bool = False, remark: str = "") -> None:
        """`count` more units are done; says so now and then, or `always`."""
        self.done += count
        if self._known:
            self._known, self._skipped = False, self._skipped + count
        now = self._clock()
        if always or now - self._told >= SILENT_SECONDS:
            self._told = now
            left = self.left()
            about = f", {spoken(left)} left" if left else ""
            log.info("%s: %d of %d %s%s%s", self.stage, self.done, self.total, self.unit, about, remark)

    @contextlib.contextmanager
    def preparing(self, count: int) -> Iterator[None]:
        """What is done within makes `count` further units ready; 0: all of them."""
        before = self._clock()
        yield
        took = self._clock() - before
        if count:
            self._ready, self._preparing = self._ready + count, self._preparing + took
        else:
            self._started += took

    def known(self) -> None:
        """The unit that is added next was done by an earlier run."""
        if not self._skipped:
            log.info("%s: going on where it was", self.stage)
        self._known = True

    def skip(self, count: int) -> None:
        """`count` units were done by an earlier run: they say nothing about the pace."""
        if not self._skipped:
            log.info("%s: going on where it was", self.stage)
        self.done += count
        self._skipped += count

    def left(self) -> float | None:
        """Seconds for the rest of the stage at the pace so far; None while that cannot be told, and at the end."""
        own, rest = self.done - self._skipped, self.total - self.done
        if own < max(2, (self.total - self._skipped) * SURE_SHARE) or self.done >= self.total:
            return None
        left = (self._clock() - self._started - self._preparing) / own * rest
        unready = max(0, self.total - self._skipped - self._ready) if self._ready else 0
        return left + (self._preparing / self._ready * unready if unready else 0.0)


def spoken(seconds: float) -> str:
    """A duration no more exact than an estimate is: `about 40 s`, `about 3 min`, `about 1 h 20 min`."""
    if seconds < 5:
        return "less than 5 s"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60 // 10 * 10} min"


class _Counting(logging.Filter):
    """Of a logger's lines those that begin with a word are counted, and not said."""

    def __init__(self, word: str, progress: Progress) -> None:
        super().__init__()
        self.word, self.progress = word, progress

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO or not str(record.msg).startswith(self.word):
            return True
        self.progress.add()
        return False


@contextlib.contextmanager
def counted(logger: str, word: str, progress: Progress) -> Iterator[None]:
    """Within, every line of `logger` that begins with `word` is one unit of `progress`: so the lineage's own code tells
    how far it is."""
    found, filtering = logging.getLogger(logger), _Counting(word, progress)
    level = found.level
    found.setLevel(logging.INFO)
    found.addFilter(filtering)
    try:
        yield
    finally:
        found.removeFilter(filtering)
        found.setLevel(level)


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Within, of these packages only warnings are heard: what they tell is for who makes the lineage."""
    before = {name: logging.getLogger(name).level for name in loggers}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
