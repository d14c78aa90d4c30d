"""Which clips a step sees: functions of (seed, step, place in the global batch), never of a generator that runs on.

So a training that is taken up again sees what it would have seen, and the number of processes changes nothing. A global
batch is `sequences` runs of `consecutive` clips of one film (section 4.4: 8 x 16).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from common.errors import BadInput

_ORDER, _PLACE, _PIECE = 31, 37, 41  # one stream of random numbers each


class Draws:
    """The order of the clips. `films` is the film of every clip, a film's clips in time order."""

    def __init__(self, films: Sequence[str], *, seed: int, sequences: int, consecutive: int) -> None:
        self.runs = _runs(films, consecutive)
        self.seed, self.sequences = seed, sequences
        self._known: tuple[int, list[int]] = (-1, [])

    def batch(self, step: int) -> list[int]:
        """The clips of a step, run after run. No run comes again before all were there once."""
        first = step * self.sequences
        return [clip for number in range(first, first + self.sequences) for clip in self._run(number)]

    def steps(self, epochs: float) -> int:
        """Updates until every run was there `epochs` times."""
        return math.ceil(epochs * len(self.runs) / self.sequences)

    def of_place(self, step: int, place: int) -> np.random.Generator:
        """What augmentation draws from, for one place in the global batch."""
        return np.random.default_rng([self.seed, _PLACE, step, place])

    def of_piece(self, step: int, first: int) -> int:
        """Torch's seed (dropout) for the micro-batch that begins at the place `first`."""
        return int(np.random.SeedSequence([self.seed, _PIECE, step, first]).generate_state(1)[0])

    def _run(self, number: int) -> list[int]:
        epoch, place = divmod(number, len(self.runs))
        if self._known[0] != epoch:
            order = np.random.default_rng([self.seed, _ORDER, epoch]).permutation(len(self.runs))
            self._known = (epoch, order.tolist())
        return self.runs[self._known[1][place]]


def _runs(films: Sequence[str], length: int) -> list[list[int]]:
    """Every film cut into runs of `length` clips that together hold all of its clips: the last ones overlap where the
    film is no multiple of it, and a film shorter than one run begins again."""
    clips: dict[str, list[int]] = {}
    for clip, film in enumerate(films):
        clips.setdefault(film, []).append(clip)
    runs: list[list[int]] = []
    for some in clips.values():
        count = math.ceil(len(some) / length)
        last = max(len(some) - length, 0)
        starts = [round(last * number / max(count - 1, 1)) for number in range(count)]
        runs += [[some[(start + place) % len(some)] for place in range(length)] for start in starts]
    return runs


def micro_batches(count: int, *, processes: int, largest: int | None) -> list[range]:
    """The places of a global batch cut into equally many micro-batches for every process, none above `largest`; the
    first share is the first process's. `BadInput` where there would be an empty one."""
    rounds = math.ceil(count / (processes * (largest or count)))
    pieces = processes * rounds
    if pieces > count:
        raise BadInput(
            f"captioner.training: {count} clips a step cannot be shared by {pieces} micro-batches; use fewer"
        )
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    return [range(first, last) for first, last in itertools.pairwise(bounds)]
