"""The page `docs/perception.md`: figures as Markdown tables, each with what it means and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.measuring.figures import Figure, Section
from models.measuring.sections import goals

_TITLE = """# The perception, measured

The figures are of studio films, whose truth is known (`truth/` beside each film, read by nothing in the pipeline). They
say how well the recipe works on drawn people in drawn rooms, and where it fails; they are no figures of real films.
"""


@dataclass(frozen=True)
class About:
    """What the figures are of, and how they were made."""

    films: Sequence[str]
    command: str
    encoder: str
    backend: str  # what carried the masks


def page(found: Sequence[Section], about: About, *, further: Sequence[str] = ()) -> str:
    """Markdown. `further`: sections, ready made, that follow the tables."""
    films = f"{len(about.films)} film{'s' if len(about.films) > 1 else ''} ({', '.join(about.films)})"
    told = (
        f"{films}, face encoder `{about.encoder}`, masks carried by `{about.backend}`. In brackets: 95 % interval of "
        "the percentile bootstrap (1,000 draws) over the units that each table names, whose rows stay together: films "
        "where a mistake goes through a whole film, else shots or clips. A dash: no rows; no brackets: a single unit. "
        "Where every row is right, or every row wrong, the interval has no width, which says nothing of rarer cases."
    )
    parts = [
        _TITLE,
        "```\n" + about.command + "\n```\n",
        wrapped(told),
        _goals(found),
        *map(section_lines, found),
        *further,
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _goals(found: Sequence[Section]) -> str:
    rows = [[of, number(goal), cell(figure), _verdict(figure, met)] for of, goal, figure, met in goals(found)]
    about = "Mean IoU of masks carried from one face alone to frames on which the face was found too (`--carrying`)."
    return "\n".join(["## Goals", "", about, "", markdown_table(("masks", "goal", "measured", ""), rows)])


def _verdict(figure: Figure, met: bool) -> str:
    return "not measured" if np.isnan(figure.value) else "met" if met else "not met"


def section_lines(section: Section) -> str:
    """A section as Markdown."""
    columns = list(dict.fromkeys(column for line in section.lines.values() for column in line))
    rows = [[of, *(cell(line.get(column)) for column in columns), _count(line)] for of, line in section.lines.items()]
    about = wrapped(f"{section.about} Resampled: {section.resampled}.")
    return "\n".join([f"## {section.title}", "", about, markdown_table(("", *columns, "rows"), rows)])


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table and the line's end after it; a column may have no title."""
    written = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (head, *rows)]
    return "\n".join([written[0], f"|{' --- |' * len(head)}", *written[1:], ""])


def cell(figure: Figure | None) -> str:
    """A figure with its interval as the tables print it."""
    if figure is None or np.isnan(figure.value):
        return "-"
    bounds = "" if np.isnan(figure.low) else f" [{number(figure.low)}, {number(figure.high)}]"
    return number(figure.value) + bounds


def number(value: float) -> str:
    """Three places, without the zero before the point."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def _count(line: dict[str, Figure]) -> str:
    """How many rows stand behind a line, per column where they differ."""
    return " / ".join(dict.fromkeys(f"{figure.count:,}" for figure in line.values()))


def wrapped(text: str) -> str:
    """A paragraph in lines of the documents' width."""
    import textwrap

    return textwrap.fill(" ".join(text.split()), 124, break_long_words=False, break_on_hyphens=False) + "\n"
