"""UniAD's short names: how descriptions call a role ("Beverly Crusher" is "Crusher"), in one file for a whole corpus.

    {"nm0000533": {"name": "Gates McFadden", "role": "Doctor Beverly Crusher", "char_in_ad": "Crusher"}, ...}

The published files were made by rule and need care. An actor has one entry, whatever other films he plays in. A short
name may be no name ("The" for "The Tin Man"), another role's ("Elaine" for "Woman With Elaine") or several people's
("Kane" for six).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import RowProblem, label, member, place_of, reading, text

_NO_NAME = re.compile(
    r"an?|the|his|her|their|its|my|your|our|(?:an)?other|young|old|mrs?|ms|miss|dr|doctor|prof(?:essor)?|sgt|sergeant|"
    r"lt|lieutenant|capt(?:ain)?|col(?:onel)?|maj(?:or)?|gen(?:eral)?|ens(?:ign)?|pvt|private|cpl|corporal|officer|"
    r"detective|chief|judge|sir|lady|lord|king|queen|prince|princess|father|mother|sister|brother|uncle|aunt|rev(?:erend)?"
)
# What follows these in a role says where its bearer is, not who: "Girl at Cafe Waving at Irving".
_ASIDE = re.compile(r"\b(?:of|at|with|in|on|to|from|for|by|as|who|that|next|near|outside)\b.*", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:['’.-][^\W_]+)*['’]?")


@dataclass(frozen=True)
class ShortName:
    """An actor's entry: `name` is the actor's, `role` as a film database prints it, `short` as descriptions say it."""

    name: str
    role: str
    short: str


@dataclass(frozen=True)
class ShortNames:
    """Actor's id to entry, and one line for each entry that could not be read."""

    actors: Mapping[str, ShortName]
    problems: tuple[str, ...]


def read(path: Path) -> ShortNames:
    """A file with at least one readable entry, else `BadInput`; a bad entry is named by its actor's id."""
    content = read_json(path, foreign=True)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: not short names; it must be an object from actor's id to name, role and char_in_ad")
    actors: dict[str, ShortName] = {}
    problems: list[str] = []
    for actor, record in content.items():
        try:
            if not actor.isprintable():
                raise RowProblem("its key cannot be printed")
            role, short = (text(member(record, key), key) for key in ("role", "char_in_ad"))
            actors[actor] = ShortName(label(record.get("name")), role, short)
        except RowProblem as problem:
            problems.append(f"{path.name}:{place_of(actor)}: {problem}; left out")
    return ShortNames(actors, reading(path, list(actors), problems).problems)


def write(path: Path, actors: Mapping[str, ShortName]) -> None:
    write_json(
        path, {key: {"name": each.name, "role": each.role, "char_in_ad": each.short} for key, each in actors.items()}
    )


def shortened(roles: Sequence[tuple[str, str]], short: Mapping[str, ShortName]) -> list[str]:
    """For each (actor's id, cleaned role) of one film the name that descriptions use, else the role.

    A short name is taken where it stands in this film's role as a name, and nobody else in the film would bear it;
    between two that would, it is the one's whose whole role it is.
    """
    wanted = [_usable(role, short[actor].short) if actor in short else None for actor, role in roles]
    # A role counts even where a shorter name is wanted: whoever falls back to it must not meet it as another's name.
    named = [{(want or role).casefold(), role.casefold()} for want, (_, role) in zip(wanted, roles, strict=True)]
    bearers = Counter(name for names in named for name in names)
    return [
        want if want is not None and bearers[want.casefold()] == 1 else role
        for want, (_, role) in zip(wanted, roles, strict=True)
    ]


def _usable(role: str, short: str) -> str | None:
    """The short name where it names the bearer of the role, else None."""
    said, words = _WORD.findall(_ASIDE.sub("", role)), _WORD.findall(short)
    lowered = {word.casefold() for word in words}
    proper = short[:1].isupper() and not all(_NO_NAME.fullmatch(word) for word in lowered)
    possessive = any(word.endswith(("'", "’", "'s", "’s")) for word in words)
    return short if proper and not possessive and lowered <= {word.casefold() for word in said} else None
