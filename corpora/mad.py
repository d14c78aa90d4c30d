"""MAD annotations: 384,000 described moments of 650 films, an object from annotation id to movie, times and sentence.

The movie is an AudioVault number ("10142") or an LSMDC name ("1005_Signs"). The times are `ext_timestamps`, which MAD's
own loader reads, or `timestamps` where a file has only those; they reach over the film's ends and may stand the wrong
way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import Reading, RowProblem, member, number, place_of, reading, span, text


@dataclass(frozen=True)
class MadRow:
    """One moment; times in seconds on the film's clock, within [0, movie_duration]; `id` is its key in the file."""

    id: str
    movie: str
    movie_duration: float
    start: float
    end: float
    sentence: str


def is_mad(content: dict[str, Any]) -> bool:
    """Whether a JSON object looks like MAD's: its first annotation has a movie and times."""
    first = next(iter(content.values()), None)
    return isinstance(first, dict) and "movie" in first and bool({"timestamps", "ext_timestamps"} & first.keys())


def read(path: Path) -> Reading[MadRow]:
    """The moments in the order of their ids. A bad one is named by its id: "file:id: what is wrong; left out"."""
    content = read_json(path, foreign=True)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: not MAD; it must be an object from annotation id to annotation")
    rows: list[MadRow] = []
    problems: list[str] = []
    for key in sorted(content, key=lambda key: (not key.isdecimal(), len(key) * key.isdecimal(), key)):
        try:
            rows.append(_row(key, content[key]))
        except RowProblem as problem:
            problems.append(f"{path.name}:{place_of(key)}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, rows: Iterable[MadRow]) -> None:
    """Writes both kinds of times, which are then the same."""
    write_json(
        path,
        {
            row.id: {
                "movie": row.movie,
                "movie_duration": row.movie_duration,
                "timestamps": [row.start, row.end],
                "ext_timestamps": [row.start, row.end],
                "sentence": row.sentence,
            }
            for row in rows
        },
    )


def _row(key: str, record: Any) -> MadRow:
    if not key.isprintable():
        raise RowProblem("its id cannot be printed")
    movie = text(member(record, "movie"), "movie")
    duration = number(member(record, "movie_duration"), "movie_duration")
    name = "timestamps" if "ext_timestamps" not in record else "ext_timestamps"
    start, end = span(member(record, name), name)
    start, end = max(start, 0.0), min(end, duration)
    if end <= start:
        raise RowProblem(f"lasts no time within the film's {duration:g} s ({start:g} to {end:g})")
    return MadRow(key, movie, duration, start, end, text(member(record, "sentence"), "sentence"))
