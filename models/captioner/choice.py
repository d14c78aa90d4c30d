"""What chooses between a clip's sentences besides their probability: the slot's length, and what was just said.

Plain text in, plain text out. Distinctness is DistinctAD's idea (neighbouring clips share people and places, so a
captioner that sees one at a time says the same of all) in the form of maximal marginal relevance (Carbonell and
Goldstein, 1998), which needs no training:

    value = score - lambda * largest likeness to a neighbour's sentence

The neighbours are the sentences before: a listener knows those, and not the ones to come.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Protocol, TypeVar


class Scored(Protocol):
    """A sentence with its length-normalised log probability."""

    @property
    def text(self) -> str: ...
    @property
    def score(self) -> float: ...


Sentence = TypeVar("Sentence", bound=Scored)


def most_distinct(candidates: Sequence[Sentence], said: Sequence[str], *, weight: float) -> Sentence:
    """The candidate of the highest value, of equals the first; `said` are the neighbours' sentences, `weight` is
    lambda: with 0 it is the most probable one."""
    if not weight:
        return max(candidates, key=lambda each: each.score)
    return max(candidates, key=lambda each: each.score - weight * likeness_to(each.text, said))


def likeness_to(text: str, said: Sequence[str]) -> float:
    """The largest likeness to any of `said`, 0 without any."""
    words = words_of(text)
    return max((likeness(words, words_of(other)) for other in said), default=0.0)


def likeness(first: Sequence[str], second: Sequence[str]) -> float:
    """How much two lists of words have in common, 0 to 1 (Dice)."""
    a, b = set(first), set(second)
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0


def words_of(text: str) -> list[str]:
    """The words of a sentence in small letters."""
    return re.findall(r"[^\W_]+", text.casefold())


def word_budget(seconds: float, words_per_second: float) -> int:
    """How many words are spoken in so many seconds."""
    return math.floor(seconds * words_per_second + 1e-9)
