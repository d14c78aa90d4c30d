"""MAD-eval-Named: 6,520 descriptions with names over ten films, as one comma CSV.

The published file is not valid UTF-8 (four single bytes of cp1252), neighbouring slots overlap 83 times, and slots run
from .1 to 30 seconds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.files import write_text
from corpora.lsmdc import ClipId, format_clock
from corpora.reading import Reading, RowProblem, check_order, number, one_line, reading, table_rows, text

COLUMNS = (
    "movie",
    "sentence",
    "movie_duration",
    "start",
    "end",
    "imdb",
    "lsmdc_filename",
    "start_hms",
    "end_hms",
)
_NEEDED = ("movie", "sentence", "movie_duration", "start", "end")


@dataclass(frozen=True)
class MadEvalRow:
    """One description; times in seconds on the film's clock; `row` is its line in the file."""

    movie: str
    sentence: str
    movie_duration: float
    start: float
    end: float
    imdb: str
    row: int


def read(path: Path) -> Reading[MadEvalRow]:
    """All rows; the column of IMDb ids may be called `imdb` or, as in a later release, `imdbid`."""
    rows: list[MadEvalRow] = []
    problems: list[str] = []
    for line, cells in table_rows(path, _NEEDED):
        try:
            start, end = number(cells["start"], "start"), number(cells["end"], "end")
            check_order(start, end)
            rows.append(
                MadEvalRow(
                    text(cells["movie"], "movie"),
                    text(cells["sentence"], "sentence"),
                    number(cells["movie_duration"], "movie_duration"),
                    start,
                    end,
                    one_line(cells.get("imdb") or cells.get("imdbid") or ""),
                    line,
                )
            )
        except RowProblem as problem:
            problems.append(f"{path.name}:{line}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, rows: Iterable[MadEvalRow]) -> None:
    """Writes the nine published columns, in UTF-8."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        clip = ClipId(row.movie, row.start, row.end)
        hms = [format_clock(row.start), format_clock(row.end)]
        table.writerow(
            [row.movie, row.sentence, row.movie_duration, row.start, row.end, row.imdb, str(clip), *hms],
        )
    write_text(path, out.getvalue())
