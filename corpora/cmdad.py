"""CMD-AD: 7,316 descriptions over 591 scenes of 98 films, as one comma CSV in two published layouts.

Each row has two clocks: `start`, `end` are the whole film's, `scaled_start`, `scaled_end` those of the scene on YouTube
(`cmd_filename`, "year/video id"), widened to two seconds. One layout leaves the sentences out and counts their words
instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.files import write_text
from corpora.reading import Reading, RowProblem, check_order, number, one_line, reading, table_rows, text, whole_number

SCENES = (
    "start",
    "end",
    "movie",
    "scaled_start",
    "scaled_end",
    "cmd_filename",
    "imdbid",
    "movie_title",
    "cmd_clip_idx",
)
COUNTS = ("duration", "num_words", "num_string")


@dataclass(frozen=True)
class CmdadRow:
    """One description; times in seconds on the film's clock (`start`, `end`) and the scene's (`scene_*`).

    `text` is "" in the layout without sentences, `words` and `letters` None in the layout without counts; `row` is the
    line in the file.
    """

    text: str
    start: float
    end: float
    movie: str
    scene_start: float
    scene_end: float
    scene: str
    imdb: str
    title: str
    scene_number: int
    words: int | None
    letters: int | None
    row: int

    @property
    def video(self) -> str:
        """The scene's YouTube id."""
        return self.scene.rpartition("/")[2]


def read(path: Path) -> Reading[CmdadRow]:
    """The rows of either layout (or of one with both sentences and counts)."""
    rows: list[CmdadRow] = []
    problems: list[str] = []
    for line, cells in table_rows(path, SCENES):
        try:
            rows.append(_row(cells, line))
        except RowProblem as problem:
            problems.append(f"{path.name}:{line}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, rows: Iterable[CmdadRow]) -> None:
    """Writes the layout that the rows came in: with sentences if there is one, with counts if there is one."""
    rows = list(rows)
    told, counted = any(row.text for row in rows), any(row.words is not None or row.letters is not None for row in rows)
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*(["text"] if told else []), *SCENES, *(COUNTS if counted else [])])
    table.writerows([*([row.text] if told else []), *_scene(row), *(_counts(row) if counted else [])] for row in rows)
    write_text(path, out.getvalue())


def _scene(row: CmdadRow) -> Sequence[object]:
    times = (row.start, row.end, row.movie, row.scene_start, row.scene_end)
    return (*times, row.scene, row.imdb, row.title, row.scene_number)


def _counts(row: CmdadRow) -> Sequence[object]:
    return (
        row.scene_end - row.scene_start,
        "" if row.words is None else row.words,
        "" if row.letters is None else row.letters,
    )


def _row(cells: dict[str, str], line: int) -> CmdadRow:
    start, end, scene_start, scene_end = (
        number(cells[name], name) for name in ("start", "end", "scaled_start", "scaled_end")
    )
    check_order(start, end)
    check_order(scene_start, scene_end)
    words, letters = (whole_number(cells[name], name) if cells.get(name) else None for name in COUNTS[1:])
    return CmdadRow(
        text(cells["text"], "text") if "text" in cells else "",
        start,
        end,
        one_line(cells["movie"]),
        scene_start,
        scene_end,
        text(cells["cmd_filename"], "cmd_filename"),
        text(cells["imdbid"], "imdbid"),
        one_line(cells["movie_title"]),
        whole_number(cells["cmd_clip_idx"], "cmd_clip_idx"),
        words,
        letters,
        line,
    )
