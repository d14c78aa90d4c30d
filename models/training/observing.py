"""Whoever watches a training: told of every step and of sample texts, and never able to stop it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """What the model says of a clip that it is not trained on, beside what the annotation says."""

    clip: str
    wanted: str
    said: str


class Observer(Protocol):
    """What a training tells while it goes on; steps count from 1."""

    def began(self, step: int) -> None:
        """Training goes on after `step`; 0 at the start."""

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """A step's loss, learning rate, gradient norm; now and then clips per second and memory."""

    def texts(self, step: int, said: Sequence[Said]) -> None:
        """Sample texts after a step."""


class Quietly:
    """Passes everything on to an observer; its first failure is one warning, and then it hears no more."""

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer

    def began(self, step: int) -> None:
        self._tell(lambda observer: observer.began(step))

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        self._tell(lambda observer: observer.step(step, figures))

    def texts(self, step: int, say: Callable[[], Sequence[Said]]) -> None:
        """`say` makes the texts; where nobody listens, none are made."""
        self._tell(lambda observer: observer.texts(step, say()))

    def _tell(self, what: Callable[[Observer], None]) -> None:
        if self.observer is None:
            return
        try:
            what(self.observer)
        except Exception as error:  # telemetry breaks no training
            self.observer = None
            log.warning("captioner: training goes on unwatched: %s: %s", type(error).__name__, error)
