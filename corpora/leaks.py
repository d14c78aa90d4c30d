"""What the training films share with the test films: films, which spoil a benchmark, and people, which may.

A film is the same by its id (IMDb or YouTube) or by its title; a person by the actor's IMDb id or the character's name.
Names are shared by chance too, in the studio's casts always by chance: there each actor plays in one split only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from corpora.film import Film

KINDS = ("film", "title", "actor", "character")
_NAMED = 12  # of each kind in the sentence; the table holds all
_ACTOR_ID = re.compile(r"nm\d+")
_NUMBER = re.compile(r"^\d{4}_")  # LSMDC's, before the film's name
_YEAR = re.compile(r"\(\d{4}\)\s*$")


@dataclass(frozen=True)
class Shared:
    """Something of `kind` (one of `KINDS`) that is in both; `train`, `test` are the films' ids in order."""

    kind: str
    what: str
    train: tuple[str, ...]
    test: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}: in training {', '.join(self.train)}; in test {', '.join(self.test)}"


def shared(train: Sequence[Film], test: Sequence[Film]) -> list[Shared]:
    """All that two sets of films share, films first; empty where they are apart."""
    keys: dict[str, Callable[[Film], Iterable[tuple[str, str]]]] = {
        "film": lambda film: [(film.id, film.id)],
        "title": lambda film: [(same_title(film.title), film.title)],
        "actor": lambda film: [
            (each.id, f"{each.id} {each.actor}".strip()) for each in film.cast if _ACTOR_ID.fullmatch(each.id)
        ],
        "character": lambda film: [(each.name.casefold(), each.name) for each in film.cast],
    }
    return [found for kind in KINDS for found in _of_kind(kind, keys[kind], train, test)]


def same_title(title: str) -> str:
    """What titles of one film have in common: letters and digits, without case, corpus number and year."""
    bare = _YEAR.sub("", _NUMBER.sub("", title.strip()))
    return " ".join(re.findall(r"[^\W_]+", bare.casefold()))


def told(found: Sequence[Shared]) -> str:
    """One sentence for people: what is shared, by kind, with the first names of each."""
    if not found:
        return "Training and test films share no film, title, actor or character's name."
    names = {kind: [each.what for each in found if each.kind == kind] for kind in KINDS}
    parts = [f"{len(some)} {kind}{'s' * (len(some) > 1)} ({_listed(some)})" for kind, some in names.items() if some]
    none = [f"no {kind}" for kind, some in names.items() if not some]
    return f"Training and test films share {', '.join(parts)}{' and ' if none else ''}{', '.join(none)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:_NAMED], *(["..."] if len(names) > _NAMED else [])])


def _of_kind(
    kind: str, keys: Callable[[Film], Iterable[tuple[str, str]]], train: Sequence[Film], test: Sequence[Film]
) -> list[Shared]:
    ids: dict[str, tuple[list[str], list[str]]] = {}
    shown: dict[str, str] = {}
    for side, films in enumerate((train, test)):
        for film in films:
            for key, what in keys(film):
                if key:
                    shown.setdefault(key, what)
                    ids.setdefault(key, ([], []))[side].append(film.id)
    return [
        Shared(kind, shown[key], tuple(sorted(set(one))), tuple(sorted(set(other))))
        for key, (one, other) in sorted(ids.items())
        if one and other
    ]
