"""A table of cells laid out as people read it: a line a row, a column a metric; for the terminal, Markdown and HTML."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evaluation.published import BENCHMARK_TITLES, EXPERIMENTS, LOWER_IS_BETTER

if TYPE_CHECKING:
    import pandas as pd

_NONE = "–"
_SETTINGS = {
    one.row: f"{one.row}: {one.bank}{', text' if one.text_prior else ''}{', soft prompt' if one.soft_prompt else ''}"
    f"{', regions' if one.region else ''}"
    for one in EXPERIMENTS
}


@dataclass(frozen=True)
class Cell:
    """One number as text: `published` and `reproduced` are "–" where there is none; `marks` number its notes."""

    published: str
    reproduced: str
    interval: str
    marks: tuple[int, ...] = ()


@dataclass
class Grid:
    """One benchmark's part of a table."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)

    @property
    def published(self) -> bool:
        """Whether the paper gives any of these numbers."""
        return any(cell.published != _NONE for _, cells in self.rows for cell in cells)


@dataclass
class Page:
    """The grids of a table and its numbered notes."""

    grids: list[Grid]
    notes: list[str]


def lay_out(table: pd.DataFrame) -> Page:
    """From the long form of `evaluation.tables` to one grid a benchmark, in the order of the table."""
    notes: list[str] = []
    grids = []
    for benchmark, part in table.groupby("benchmark", sort=False):
        metrics = list(dict.fromkeys(part["metric"]))
        grid = Grid(BENCHMARK_TITLES.get(str(benchmark), str(benchmark)), [metric_title(metric) for metric in metrics])
        for row, lines in part.groupby("row", sort=False):
            by_metric = {line["metric"]: line for line in lines.to_dict("records")}
            cells = [_cell(by_metric.get(metric), notes) for metric in metrics]
            grid.rows.append((_SETTINGS.get(str(row), str(row)), cells))
        grids.append(grid)
    return Page(grids, notes)


def metric_title(metric: str) -> str:
    return f"{metric} ↓" if metric in LOWER_IS_BETTER else metric


def _cell(line: Mapping[Hashable, object] | None, notes: list[str]) -> Cell:
    if line is None:
        return Cell(_NONE, _NONE, "")
    marks = []
    for note in str(line["note"]).split("; ") if line["note"] else []:
        if note not in notes:
            notes.append(note)
        marks.append(notes.index(note) + 1)
    low, high = _number(line["low"]), _number(line["high"])
    interval = f"{low} to {high}" if _NONE not in (low, high) else ""
    return Cell(_number(line["published"]), _number(line["reproduced"]), interval, tuple(sorted(marks)))


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) and not math.isnan(value) else _NONE


def as_text(table: pd.DataFrame, *, title: str = "") -> str:
    """For the terminal: aligned columns, the published number, then the reproduced one with its interval and notes."""
    page = lay_out(table)
    lines = [title] if title else []
    for grid in page.grids:
        heads = [f"{column}: published, here" if grid.published else column for column in grid.columns]
        body = [[name, *(_plain(cell, grid) for cell in cells)] for name, cells in grid.rows]
        lines += ["", *_aligned([[grid.title, *heads], *body])]
    lines += ["", *(f"({number}) {note}" for number, note in enumerate(page.notes, start=1))]
    return "\n".join(lines).strip("\n") + "\n"


def as_markdown(table: pd.DataFrame) -> str:
    """GitHub's Markdown, one table a benchmark, the notes as a numbered list."""
    page = lay_out(table)
    lines: list[str] = []
    for grid in page.grids:
        heads = [f"{c}: published | {c}: here" if grid.published else c for c in grid.columns]
        lines += [f"| {grid.title} | " + " | ".join(heads) + " |"]
        lines += ["| --- |" + (" ---: | ---: |" if grid.published else " ---: |") * len(grid.columns)]
        for name, cells in grid.rows:
            shown = [f"{c.published} | {_reproduced(c)}" if grid.published else _reproduced(c) for c in cells]
            lines.append(f"| {name} | {' | '.join(shown)} |")
        lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(page.notes, start=1)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _plain(cell: Cell, grid: Grid) -> str:
    return f"{cell.published:>5}  {_reproduced(cell)}" if grid.published else _reproduced(cell)


def _reproduced(cell: Cell) -> str:
    interval = f" [{cell.interval.replace(' to ', ', ')}]" if cell.interval else ""
    marks = f" ({','.join(map(str, cell.marks))})" if cell.marks else ""
    return f"{cell.reproduced}{interval}{marks}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
