"""AutoAD-II character banks: for each film the cast in credit order, with the actor's id, name and role.

Roles are as a film database prints them: nicknames in quotes, notes in brackets glued to the name, titles in front,
several roles of one actor with strokes between them, remarks after a dash. The banks of CMD-AD and TV-AD, whose keys
are IMDb ids of films and of episodes, have the same layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora import short_names
from corpora.cast import CastEntry, portraits_named
from corpora.reading import RowProblem, label, member, place_of, text

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_DEEPEST_NOTE = 20
_TITLE = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sgt|Sergeant|Lt|Lieutenant|Capt|Captain|Col|Colonel|Maj|Major|Gen|General|"
    r"Pvt|Private|Cpl|Corporal|Officer|Detective|Sir|Lady|Lord|Father|Rev|Reverend)\.?\s+)+(?=\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class BankEntry:
    """One credit: the actor's `id` (nm...) and `name`, and the `role` as it was printed."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class CharacterBank:
    """Film key to its credits, and one line for each credit that could not be read."""

    films: Mapping[str, tuple[BankEntry, ...]]
    problems: tuple[str, ...]


def clean_role(role: str, *, titles: bool = False) -> str:
    """A role as a describer would write it: without notes, quotes and surplus spaces; "" where nothing is left.

    Of several roles ("Zeke / The Cowardly Lion") it is the first; a remark ("Ellen - His Wife") goes.
    With `titles` also without a title in front ("Mr. Tyree" is "Tyree"), unless the title is all there is.
    """
    for _ in range(_DEEPEST_NOTE):  # notes may lie in notes
        before, role = role, _NOTE.sub(" ", role)
        if role == before:
            break
    role = next((part for part in re.split(r"\s+[/–—-]+\s+", role) if part.strip()), "")
    bare = " ".join(re.sub(r"[\"“”„]|(?<!\w)['‘’`]|['‘’`](?!\w)|\(.*$", " ", role).split()).strip(" ,;-/")
    return (_TITLE.sub("", bare) or bare) if titles else bare


def read(path: Path) -> CharacterBank:
    """A bank with at least one readable credit, else `BadInput`."""
    content = read_json(path, foreign=True)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: not a character bank; it must be an object from film key to a list of credits")
    films: dict[str, tuple[BankEntry, ...]] = {}
    problems: list[str] = []
    for film, credits in content.items():
        if not film.isprintable():
            problems.append(f"{path.name}: {place_of(film)}: its key cannot be printed; left out")
            continue
        entries = []
        for position, credit in enumerate(credits if isinstance(credits, list) else [credits], 1):
            try:
                entries.append(_entry(credit))
            except RowProblem as problem:
                problems.append(f"{path.name}: {place_of(film)}, credit {position}: {problem}; left out")
        films[film] = tuple(entries)
    if not any(films.values()):
        raise BadInput(f"{path}: no credit can be read ({problems[0] if problems else 'it is empty'})")
    return CharacterBank(films, tuple(problems))


def write(path: Path, films: Mapping[str, Iterable[BankEntry]]) -> None:
    write_json(
        path,
        {film: [{"id": entry.id, "name": entry.name, "role": entry.role} for entry in films[film]] for film in films},
    )


def cast_of(folder: Path, keys: Sequence[str]) -> tuple[tuple[CastEntry, ...], list[str]]:
    """The cast of a film folder: its `charbank.json` with pictures from `portraits/`, and what is wrong with them.

    `keys` are the film's possible keys (id, IMDb id, movie name); a bank of one film needs no key. Names are the roles,
    cleaned only of notes and quotes, so that they match the sentences; or the short names of a `chars_mapping.json`
    there. Pictures may bear either.
    """
    path = folder / "charbank.json"
    bank = read(path)
    key = next((key for key in keys if key in bank.films), None)
    if key is None:
        if len(bank.films) != 1:
            raise BadInput(
                f"{path}: has none of {', '.join(keys)} among its {len(bank.films)} films; add that film's credits"
            )
        key = next(iter(bank.films))
    entries = bank.films[key]
    if not entries:
        raise BadInput(f"{path}: lists nobody for {key}; add that film's credits")
    roles = [clean_role(entry.role) for entry in entries]
    names, problems = _names(folder, entries, roles)
    pictures = portraits_named(folder / "portraits", [*roles, *names])
    cast = tuple(
        CastEntry(
            name,
            entry.name,
            entry.id,
            tuple(dict.fromkeys((*pictures.get(name, ()), *pictures.get(role, ())))),
            f"{path.name}: {place_of(key)}, credit {position}",
        )
        for position, (name, role, entry) in enumerate(zip(names, roles, entries, strict=True), 1)
    )
    return cast, [*(problem for problem in bank.problems if f" {place_of(key)}, " in problem), *problems]


def _names(folder: Path, entries: Sequence[BankEntry], roles: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    path = folder / "chars_mapping.json"
    if not path.is_file():
        return roles, ()
    short = short_names.read(path)
    pairs = [(entry.id, role) for entry, role in zip(entries, roles, strict=True)]
    return short_names.shortened(pairs, short.actors), short.problems


def _entry(credit: Any) -> BankEntry:
    role = text(member(credit, "role"), "role")
    if not clean_role(role):
        raise RowProblem(f"the role {role!r} holds no name")
    return BankEntry(label(credit.get("id")), label(credit.get("name")), role)
