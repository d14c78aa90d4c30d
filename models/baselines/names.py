"""Who may be named: a system that is not told the cast knows only the names that its input says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from models.captioner.speech import Cast
from models.captioner.vocabulary import Vocabulary

SOMEONE = "someone"  # whom nothing names


def name_ids(vocabulary: Vocabulary) -> set[int]:
    return {vocabulary.name_id(token) for token in range(vocabulary.names)}


def named_in(ids: Iterable[int], vocabulary: Vocabulary) -> set[int]:
    """The ids of the names that a text says."""
    return set(ids) & name_ids(vocabulary)


def without_strangers(ids: Sequence[int], known: Collection[int], vocabulary: Vocabulary) -> list[int]:
    """The ids with every name that is not known as "someone"."""
    names, someone = name_ids(vocabulary), vocabulary.ids[SOMEONE]
    return [someone if each in names and each not in known else each for each in ids]


def known_cast(cast: Cast, known: Collection[int], vocabulary: Vocabulary) -> Cast:
    """The cast without those who are not known: what is not in it cannot be spoken."""
    bound = [
        (name, token) for name, token in zip(cast.names, cast.tokens, strict=True) if vocabulary.name_id(token) in known
    ]
    return Cast(tuple(name for name, _ in bound), tuple(token for _, token in bound))
