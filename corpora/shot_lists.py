"""Shot lists that go with CMD-AD and MAD-eval-Named: one row a scene or film, its shots as a Python list in a cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from common.files import write_text
from corpora.reading import Reading, RowProblem, number, one_line, reading, table_rows, text

SCENE_COLUMNS = ("cmd_filename", "imdbid", "movie", "movie_title", "shot_list")
FILM_COLUMNS = ("imdbid", "shot_list")
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_SHOT = re.compile(rf"\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)")


@dataclass(frozen=True)
class ShotList:
    """Shots as (start, end) in seconds, in time order; none is possible. `scene`, `movie`, `title` are "" for films."""

    imdb: str
    shots: tuple[tuple[float, float], ...]
    scene: str
    movie: str
    title: str
    row: int


def parse_shots(value: str) -> tuple[tuple[float, float], ...]:
    """Shots from a cell such as `[(0.01, 7.5), (7.52, 9.8)]`, which is matched and not evaluated; else `RowProblem`."""
    cell = value.strip()
    if not (cell.startswith("[") and cell.endswith("]")):
        raise RowProblem(f"shot_list is not a list of (start, end) ({cell[:40]!r})")
    inner = cell[1:-1]
    rest = [part.strip() for part in _SHOT.sub("\0", inner).split(",")]
    if rest[-1] == "":
        rest.pop()  # an empty list, or a comma at the end
    if any(part != "\0" for part in rest):
        raise RowProblem(f"shot_list is not a list of (start, end) ({cell[:40]!r})")
    shots = tuple((number(start, "a shot's start"), number(end, "a shot's end")) for start, end in _SHOT.findall(inner))
    if any(end < start for start, end in shots) or any(later[0] < earlier[0] for earlier, later in pairwise(shots)):
        raise RowProblem("shot_list is not in time order")
    return shots


def read(path: Path) -> Reading[ShotList]:
    """The rows of `cmdad_shot_info.csv` or `madeval_shot_info.csv`."""
    rows: list[ShotList] = []
    problems: list[str] = []
    for line, cells in table_rows(path, FILM_COLUMNS):
        try:
            scene, movie, title = (one_line(cells.get(name) or "") for name in ("cmd_filename", "movie", "movie_title"))
            shots = parse_shots(cells["shot_list"])
            rows.append(ShotList(text(cells["imdbid"], "imdbid"), shots, scene, movie, title, line))
        except RowProblem as problem:
            problems.append(f"{path.name}:{line}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, rows: Iterable[ShotList]) -> None:
    """Writes the columns of scenes where a row has a scene, else those of films."""
    rows = list(rows)
    scenes = any(row.scene for row in rows)
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(SCENE_COLUMNS if scenes else FILM_COLUMNS)
    for row in rows:
        place = (row.scene, row.imdb, row.movie, row.title) if scenes else (row.imdb,)
        table.writerow([*place, str(list(row.shots))])
    write_text(path, out.getvalue())
