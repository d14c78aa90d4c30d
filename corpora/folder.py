"""A film in a plain folder, as a describer hands it over: with cast and portraits, perhaps subtitles and descriptions.

    film.mp4   cast.json   portraits/   [subtitles.srt]   [descriptions.csv]

`cast.json` is a list of {"id", "name", "role", "portrait"}: the actor's id and name, the role as it is to be spoken,
and the path of one picture (or a list of paths) inside the folder. `descriptions.csv` has the columns start, end
(seconds) and text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import inside, read_json
from corpora.cast import CastEntry, portraits_named
from corpora.reading import RowProblem, check_order, label, member, number, reading, table_rows, text
from corpora.slots import Slot

_LONGEST_PART = 255  # bytes of a file's name


def read_cast(folder: Path) -> tuple[tuple[CastEntry, ...], list[str]]:
    """The cast of `cast.json`, and what is wrong with entries left out.

    Without "portrait" the pictures are `portraits/ROLE.png`, `ROLE_2.png`, ... Raises `BadInput` for an empty cast, and
    for a portrait path that leads outside the folder.
    """
    path = folder / "cast.json"
    content = read_json(path, foreign=True)
    if not isinstance(content, list) or not content:
        raise BadInput(f'{path}: not a cast; it must be a list of {{"id", "name", "role", "portrait"}}')
    entries: list[CastEntry] = []
    problems: list[str] = []
    for row, record in enumerate(content, 1):
        try:
            entries.append(_entry(folder, record, f"{path.name}:{row}"))
        except RowProblem as problem:
            problems.append(f"{path.name}:{row}: {problem}; left out")
    if not entries:
        raise BadInput(f"{path}: no character can be read ({problems[0]})")
    return tuple(entries), problems


def read_descriptions(path: Path) -> tuple[list[Slot], list[str]]:
    """The slots of a `descriptions.csv`, and the reasons of rows left out; `BadInput` where no row is left."""
    slots: list[Slot] = []
    problems: list[str] = []
    for line, cells in table_rows(path, ("start", "end", "text")):
        where = f"{path.name}:{line}"
        try:
            start, end = number(cells["start"], "start"), number(cells["end"], "end")
            check_order(start, end)
            slots.append(Slot(start, end, text(cells["text"], "the text"), where))
        except RowProblem as problem:
            problems.append(f"{where}: {problem}; left out")
    reading(path, slots, problems)
    return slots, problems


def _entry(folder: Path, record: Any, where: str) -> CastEntry:
    role = text(member(record, "role"), "role")
    given = record.get("portrait")
    if given is None:
        portraits = portraits_named(folder / "portraits", [role])[role]
    else:
        paths = given if isinstance(given, list) else [given]
        if not all(isinstance(path, str) and path for path in paths):
            raise RowProblem(f"portrait is not a path or a list of paths ({given!r})")
        portraits = tuple(_portrait(folder, path, where) for path in paths)
    return CastEntry(role, label(record.get("name")), label(record.get("id")), portraits, where)


def _portrait(folder: Path, path: str, where: str) -> Path:
    if "\x00" in path or max(len(part.encode(errors="replace")) for part in path.split("/")) > _LONGEST_PART:
        raise RowProblem(f"portrait cannot be a path ({path[:40]!r})")
    try:
        return inside(folder, path)
    except BadInput as error:
        raise BadInput(f"{folder.name}/{where}: portrait {error}") from None
