"""LSMDC annotation tables, and the clip ids that other corpora borrow from them.

A table is named .csv but is tab separated, without header and without quoting: clip id, aligned start and end,
extracted start and end, sentence. Clip ids read `{movie}_{start}-{end}` with times hh.mm.ss.mmm on the film's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.files import write_text
from corpora.reading import Reading, RowProblem, check_order, content_of, decoded, reading, text

_CLOCK = r"(\d{2,3})\.([0-5]\d)\.([0-5]\d)\.(\d{3})"
_CLIP_ID = re.compile(rf"(.+)_{_CLOCK}-{_CLOCK}")
_LEAST_CLIP = 2.0  # seconds: LSMDC widens shorter clips to this, on both sides


@dataclass(frozen=True)
class ClipId:
    """Times in seconds."""

    movie: str
    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.movie}_{format_clock(self.start)}-{format_clock(self.end)}"


@dataclass(frozen=True)
class LsmdcRow:
    """One clip; `start`, `end`: the aligned times, `clip_start`, `clip_end`: those of its file, in seconds."""

    clip: ClipId
    start: float
    end: float
    clip_start: float
    clip_end: float
    sentence: str
    row: int


def parse_clock(value: str) -> float:
    """Seconds from hh.mm.ss.mmm; otherwise `RowProblem`."""
    match = re.fullmatch(_CLOCK, value.strip())
    if match is None:
        raise RowProblem(f"not a time hh.mm.ss.mmm ({value!r})")
    return _seconds(match.groups())


def format_clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}.{minutes:02d}.{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def parse_clip_id(value: str) -> ClipId:
    """A clip id taken apart; otherwise `RowProblem`."""
    match = _CLIP_ID.fullmatch(value.strip())
    if match is None:
        raise RowProblem(f"not a clip id movie_hh.mm.ss.mmm-hh.mm.ss.mmm ({value!r})")
    movie, *clocks = match.groups()
    clip = ClipId(movie, _seconds(clocks[:4]), _seconds(clocks[4:]))
    check_order(clip.start, clip.end)
    return clip


def widened(start: float, end: float) -> tuple[float, float]:
    """The times of the extracted clip: at least two seconds, widened to both sides."""
    lack = _LEAST_CLIP - (end - start)
    return (max(0.0, start - lack / 2), end + lack / 2) if lack > 0 else (start, end)


def read(path: Path) -> Reading[LsmdcRow]:
    """The rows of an annotation table that has sentences (training, validation and public test sets)."""
    rows: list[LsmdcRow] = []
    problems: list[str] = []
    for line_number, line in enumerate(decoded(content_of(path)).split("\n"), 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            continue
        try:
            if len(cells) < 6:
                raise RowProblem(f"has {len(cells)} columns separated by tabs, not 6")
            start, end, clip_start, clip_end = (parse_clock(cell) for cell in cells[1:5])
            check_order(start, end)
            sentence = text(cells[5], "the sentence")
            rows.append(LsmdcRow(parse_clip_id(cells[0]), start, end, clip_start, clip_end, sentence, line_number))
        except RowProblem as problem:
            problems.append(f"{path.name}:{line_number}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, rows: Iterable[LsmdcRow]) -> None:
    lines = []
    for row in rows:
        times = (format_clock(time) for time in (row.start, row.end, row.clip_start, row.clip_end))
        lines.append("\t".join([str(row.clip), *times, " ".join(row.sentence.split())]) + "\n")
    write_text(path, "".join(lines))


def _seconds(groups: Iterable[str]) -> float:
    hours, minutes, seconds, milliseconds = (int(group) for group in groups)
    return (hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + milliseconds) / 1000
