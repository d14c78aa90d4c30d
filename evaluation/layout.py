"""A table of cells laid out as people read it: a line a row, a column a metric; for terminal, Markdown, LaTeX, HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evaluation.notes import part_notes
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
    over_films: str = ""
    run: str = ""
    """The run behind the number, the first of several seeds'."""


@dataclass(frozen=True)
class Origin:
    """Where a row's numbers come from."""

    runs: tuple[str, ...]
    versions: tuple[str, ...]
    seeds: int
    clips: int
    no_run: str = ""
    """Why there is no run, where there is none."""


@dataclass
class Grid:
    """One benchmark's part of a table."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    """By the row's title."""

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
            records = lines.to_dict("records")
            by_metric = {line["metric"]: line for line in records}
            title = _SETTINGS.get(str(row), str(row))
            grid.rows.append((title, [_cell(by_metric.get(metric), notes) for metric in metrics]))
            grid.origins[title] = _origin(records)
        grids.append(grid)
    return Page(grids, notes)


def metric_title(metric: str) -> str:
    return f"{metric} ↓" if metric in LOWER_IS_BETTER else metric


def _cell(line: Mapping[Hashable, Any] | None, notes: list[str]) -> Cell:
    if line is None:
        return Cell(_NONE, _NONE, "")
    marks = []
    for note in part_notes(str(line["note"] or "")):
        if note not in notes:
            notes.append(note)
        marks.append(notes.index(note) + 1)
    reproduced = _number(line["reproduced"])
    return Cell(
        _number(line["published"]),
        reproduced,
        _bounds(line["low"], line["high"]),
        tuple(sorted(marks)),
        _bounds(line["low_films"], line["high_films"]),
        str(line["run_id"]).split(" ")[0] if reproduced != _NONE else "",
    )


def _origin(lines: Sequence[Mapping[Hashable, Any]]) -> Origin:
    runs = dict.fromkeys(run for line in lines for run in str(line["run_id"]).split())
    versions = dict.fromkeys(version for line in lines for version in str(line["data_version"]).split())
    seeds, clips = (max(int(line[name]) for line in lines) for name in ("seeds", "clips"))
    reasons = dict.fromkeys(str(line["no_run"]) for line in lines if line["no_run"])
    return Origin(tuple(runs), tuple(versions), seeds, clips, "; ".join(reasons))


def _bounds(low: object, high: object) -> str:
    shown = _number(low), _number(high)
    return f"{shown[0]} to {shown[1]}" if _NONE not in shown else ""


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


def as_latex(table: pd.DataFrame, *, title: str = "") -> str:
    """A `table` a benchmark for a document with the package booktabs, the notes below each."""
    page = lay_out(table)
    lines = ["% \\usepackage{booktabs}"]
    for grid in page.grids:
        sides = 2 if grid.published else 1
        heads = [
            f"\\multicolumn{{2}}{{c}}{{{_tex(column)}}}" if grid.published else _tex(column) for column in grid.columns
        ]
        lines += ["\\begin{table}", "\\centering", f"\\begin{{tabular}}{{l{'r' * sides * len(grid.columns)}}}"]
        lines += ["\\toprule", " & ".join([_tex(grid.title), *heads]) + " \\\\"]
        if grid.published:
            lines.append(" & ".join(["", *["paper", "here"] * len(grid.columns)]) + " \\\\")
        lines.append("\\midrule")
        for name, cells in grid.rows:
            shown = [part for cell in cells for part in _tex_cell(cell, grid.published)]
            lines.append(" & ".join([_tex(name), *shown]) + " \\\\")
        lines += ["\\bottomrule", "\\end{tabular}"]
        used = sorted({mark for _, cells in grid.rows for cell in cells for mark in cell.marks})
        notes = [f"$^{{{mark}}}${_tex(page.notes[mark - 1])}." for mark in used]
        caption = f"{_tex(title)}. {_tex(grid.title)}." if title else f"{_tex(grid.title)}."
        lines += [f"\\caption{{{' '.join([caption, *notes])}}}", "\\end{table}", ""]
    return "\n".join(lines)


_TEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "–": "--",
    "↓": "$\\downarrow$",
}


def _tex(text: str) -> str:
    return re.sub(r"[\\~^–↓&%$#_{}]", lambda found: _TEX.get(found.group(), f"\\{found.group()}"), text)


def _tex_cell(cell: Cell, published: bool) -> list[str]:
    interval = f" {{\\scriptsize [{cell.interval.replace(' to ', ', ')}]}}" if cell.interval else ""
    marks = f"$^{{{','.join(map(str, cell.marks))}}}$" if cell.marks else ""
    here = f"{_tex(cell.reproduced)}{interval}{marks}"
    return [_tex(cell.published), here] if published else [here]


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
