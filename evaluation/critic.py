"""CRITIC (AutoAD-III): does a description speak of the same people as its reference, pronouns followed?

Per film the cast and all sentences are one text, references and predictions apart. Clusters of mentions that hold
exactly one name of the cast stand for that person, and every sentence that a cluster touches speaks of that person. A
sentence's score is the overlap (IoU) of its people with the reference's, over the sentences whose reference has any.

Who a pronoun stands for was decided by a neural model there (FCoref). Where that package is not installed it is decided
by rule here, which `Scores.identities` says: numbers by the rule compare rows with each other, not with other papers.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import numpy as np

from evaluation.local_models import ModelMissing
from evaluation.naming import Cast, casts_of
from evaluation.settings import CriticSettings
from evaluation.texts import Item

Span = tuple[int, int]
Resolver = Callable[[str, Sequence[str], Sequence[int]], list[list[Span]]]
"""A text, the names that open it and where its clips start, to clusters of mentions as character offsets."""

_HE = frozenset(["he", "him", "his", "himself"])
_SHE = frozenset(["she", "her", "hers", "herself"])
_PRONOUN = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"""[.!?]+["'”’)\]]*\s+|$""")


def critic(items: Sequence[Item], casts: Mapping[str, Cast], settings: CriticSettings) -> np.ndarray:
    """(n,) IoU in 0..1; NaN where the reference speaks of nobody. Items of a film in order of time.

    The first of several references counts. Raises `CastMissing`, `ModelMissing`.
    """
    casts, resolve = casts_of(items, casts), _resolver(settings)
    found: list[float] = []
    for film, group in groupby(items, key=lambda item: item.film):
        own = list(group)
        names = casts[film].names[: settings.cast]
        truth = people_of([item.references[0] for item in own], names, resolve)
        said = people_of([item.prediction for item in own], names, resolve)
        found += [len(t & s) / len(t | s) if t else math.nan for t, s in zip(truth, said, strict=True)]
    return np.array(found, dtype=float)


def people_of(sentences: Sequence[str], names: Sequence[str], resolve: Resolver) -> list[set[str]]:
    """The people each sentence speaks of, by the clusters of all of them after a list of the names."""
    if not names:
        return [set() for _ in sentences]
    text = _opening(names)
    starts = []
    for sentence in sentences:
        starts.append(len(text))
        text += f"{sentence} "
    people: list[set[str]] = [set() for _ in sentences]
    for cluster in resolve(text, names, starts):
        named = {text[start:end] for start, end in cluster} & set(names)
        if len(named) != 1:
            continue  # nobody, or people taken for one
        for start, end in cluster:
            place = bisect_right(starts, start) - 1
            if place >= 0 and end <= starts[place] + len(sentences[place]):
                people[place] |= named
    return people


def _opening(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}. " if len(names) > 1 else f"{names[0]}. "


def clusters_by_rule(text: str, names: Sequence[str], starts: Sequence[int]) -> list[list[Span]]:
    """A cluster a name: where it stands, and the pronouns that the rule gives it.

    A word of a name that is no other's counts as the name. A pronoun is the person named first in its own sentence
    before it, else in the nearest sentence before that names anybody; a person once called `he` is never `she`. Nobody
    is meant by a pronoun because the list of names that opens the text names him. A sentence ends where a clip does,
    whether or not a full stop says so.
    """
    opening = len(_opening(names))
    clusters: dict[str, list[Span]] = {name: [] for name in names}
    mentions = sorted(_name_mentions(text, names) + [(m.start(), m.end(), "") for m in _PRONOUN.finditer(text)])
    ends = sorted({match.end() for match in _SENTENCE_END.finditer(text)} | set(starts))
    gender: dict[str, frozenset[str]] = {}
    earlier: list[tuple[int, str]] = []  # sentence and name, in order
    for start, end, name in mentions:
        sentence = bisect_right(ends, start)
        if name:
            clusters[name].append((start, end))
            if start >= opening:
                earlier.append((sentence, name))
            continue
        kind = _HE if text[start:end].lower() in _HE else _SHE
        nearest = sorted(earlier, key=lambda each: -each[0])  # stable: within a sentence the first one first
        meant = next((who for _, who in nearest if gender.get(who, kind) == kind), None)
        if meant is not None:
            gender[meant] = kind
            clusters[meant].append((start, end))
    return [cluster for cluster in clusters.values() if cluster]


def _name_mentions(text: str, names: Sequence[str]) -> list[tuple[int, int, str]]:
    """Where a name stands, the longest form first where forms overlap; a form that several share is nobody's."""
    owners: dict[str, set[str]] = {}
    for name in names:
        for form in {name, *(word for word in re.findall(r"[\w'’-]+", name) if len(word) > 2 and word[0].isupper())}:
            owners.setdefault(form.casefold(), set()).add(name)
    forms = sorted(owners, key=lambda form: (-len(form), form))
    if not forms:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)
    # Written small, `will` and `grace` are words.
    capital = [match for match in pattern.finditer(text) if match.group() != match.group().lower()]
    found = [(match.start(), match.end(), owners[match.group().casefold()]) for match in capital]
    return [(start, end, next(iter(owner))) for start, end, owner in found if len(owner) == 1]


def _resolver(settings: CriticSettings) -> Resolver:
    if settings.coreference == "rule":
        return clusters_by_rule
    try:
        from fastcoref import FCoref  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ModelMissing("fastcoref is not installed; evaluation.critic.coreference: rule does without it") from None
    model = FCoref(device="cpu", enable_progress_bar=False)
    return lambda text, _, __: model.predict(texts=[text])[0].get_clusters(as_strings=False)


def identity(settings: CriticSettings) -> str:
    """What the numbers depend on."""
    by = "rule (not FCoref: do not compare with other papers)" if settings.coreference == "rule" else "FCoref"
    return f"CRITIC, pronouns by {by}, the first {settings.cast} of the cast"
