"""The notes of a cell in one column of text: joined where tables are built, parted where they are laid out."""

from __future__ import annotations

from collections.abc import Iterable

_BETWEEN = "; "


def join_notes(notes: Iterable[str]) -> str:
    """One text of all notes but empty ones; one that holds the separator gets a colon in its place."""
    return _BETWEEN.join(note.replace(_BETWEEN, ": ") for note in notes if note)


def part_notes(joined: str) -> list[str]:
    """The notes that `join_notes` joined."""
    return joined.split(_BETWEEN) if joined else []
