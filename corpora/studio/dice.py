"""Chance for stories and sentences: one seeded stream of numbers, drawn in blocks so that a draw costs next to nothing.

A text-only world throws some fifty dice per sample; numpy's scalar draws would take most of the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
BLOCK = 4096


def number_of(text: str) -> int:
    """A stable number for a name, to seed a stream with (Python's own hash differs from run to run)."""
    return zlib.crc32(text.encode("utf-8"))


class Dice:
    """`Dice(seed, film, …)`: equal numbers, equal throws."""

    def __init__(self, *numbers: int) -> None:
        self._generator = np.random.default_rng(list(numbers))
        self._block: list[float] = []

    def random(self) -> float:
        """In [0, 1)."""
        if not self._block:
            self._block = self._generator.random(BLOCK).tolist()
        return self._block.pop()

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def pick(self, items: Sequence[Item]) -> Item:
        return items[int(self.random() * len(items))]

    def first_most(self, items: Sequence[Item], *, probability: float = 0.5) -> Item:
        """The first item with `probability`, else any of the others: a describer's usual word, and the rarer ones."""
        if len(items) == 1 or self.random() < probability:
            return items[0]
        return items[1 + int(self.random() * (len(items) - 1))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            out[last], out[other] = out[other], out[last]
        return out

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        """`count` different items, in random order; all of them if there are fewer."""
        return self.shuffled(items)[:count]
