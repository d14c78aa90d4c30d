"""What a listener notices besides the content: does a line fit its pause, and does it repeat the line before?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evaluation.redundancy import valid_words
from evaluation.texts import Item


class TimesMissing(Exception):
    """The table has no start and end for some clip: the metric is left out, with this reason."""


def words_per_second(items: Sequence[Item]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) words of the prediction, and of the references on average, per second of the clip's slot.

    Raises `TimesMissing` where a clip has no slot, or one of no length.
    """
    slots = [_slot(item) for item in items]
    spoken = np.array([len(item.prediction.split()) for item in items], dtype=float)
    truth = np.array([np.mean([len(text.split()) for text in item.references]) for item in items])
    return spoken / slots, truth / slots


def _slot(item: Item) -> float:
    if item.start is None or item.end is None or item.end <= item.start:
        raise TimesMissing("a clip has no start and end, so its slot is not known")
    return item.end - item.start


def repetition(films: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """(n,) share of a text's content words (as R counts them) that the text before it in its film holds as well.

    `films` and `texts` are in the order of time. NaN for a film's first text and for one without content words.
    """
    found = []
    for number, (film, text) in enumerate(zip(films, texts, strict=True)):
        words = valid_words(text)
        first = number == 0 or films[number - 1] != film
        before = set() if first else set(valid_words(texts[number - 1]))
        found.append(math.nan if first or not words else sum(word in before for word in words) / len(words))
    return np.array(found, dtype=float)
