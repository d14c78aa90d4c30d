"""Are the right people named? Precision and recall of the cast's names in a description.

A wrong name is worse than none, since a listener cannot check it: so both are told, and neither hides in a mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.texts import Item


@dataclass(frozen=True)
class Cast:
    """Whom a film's descriptions may name.

    `names` are the characters' names, main characters first; `named_in` finds those that a text names, by whatever rule
    the corpus goes by.
    """

    names: tuple[str, ...]
    named_in: Callable[[str], Sequence[str]]


class CastMissing(Exception):
    """The table says nothing of a film's cast: the metric is left out, with this reason."""


def casts_of(items: Sequence[Item], casts: Mapping[str, Cast]) -> Mapping[str, Cast]:
    """`casts`, if it knows every film of the items; raises `CastMissing`."""
    absent = sorted({item.film for item in items} - casts.keys())
    if absent:
        raise CastMissing(f"the cast of {len(absent)} of the films is not given" if casts else "no cast is given")
    return casts


def name_precision_recall(items: Sequence[Item], casts: Mapping[str, Cast]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) each, 0..1: the share of names said that a reference holds, and of the references' names that are said.

    NaN where nobody is said, or nobody to be said. Raises `CastMissing`.
    """
    casts = casts_of(items, casts)
    precision, recall = [], []
    for item in items:
        cast = casts[item.film]
        said = set(cast.named_in(item.prediction))
        true = {name for text in item.references for name in cast.named_in(text)}
        precision.append(len(said & true) / len(said) if said else math.nan)
        recall.append(len(said & true) / len(true) if true else math.nan)
    return np.array(precision), np.array(recall)
