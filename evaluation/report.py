"""One HTML page with the tables, the figures and what the numbers mean; no request leaves it, a keyboard suffices."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common.files import write_text
from evaluation.compare import Difference, Order, unchecked
from evaluation.figures import Example, draw_boxes, png_bytes
from evaluation.layout import Page, lay_out, metric_title
from evaluation.published import BENCHMARK_TITLES
from evaluation.reproducibility import ITEMS

if TYPE_CHECKING:
    import pandas as pd

REPORT_FILE = "report.html"


@dataclass(frozen=True)
class Size:
    """How much something was measured on: "90 clips", of what, and what the paper has."""

    amount: str
    what: str
    beside: str = ""


@dataclass(frozen=True)
class About:
    """What the page says of itself."""

    title: str
    world: str
    """One or two sentences: what films these numbers are of, and what may be concluded from them."""
    orders: Sequence[Order] = ()
    """What `evaluation.compare.check_orders` found; claims that it could not check are named below the table."""
    identities: Mapping[str, str] = field(default_factory=dict)
    """Metric to what its number depends on (`Scores.identities`)."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Name to value: the data version of the scores of every unit. No times and no paths."""
    sizes: Sequence[Size] = ()
    cautions: Sequence[str] = ()
    """What a reader must know before reading on: too few clips, one seed."""
    differences: Sequence[Difference] = ()
    """What `evaluation.compare.differences` found, all against one row."""
    runs_address: str = "http://127.0.0.1:5000"
    """Where MLflow shows the runs: `<address>/#/runs/<id>`."""


@dataclass(frozen=True)
class Table:
    """A table of the page, in the long form of `evaluation.tables`."""

    title: str
    table: pd.DataFrame
    about: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture of the page: PNG bytes or the text of an SVG, and the words that stand for it."""

    title: str
    picture: bytes | str
    alternative: str
    """What a reader who does not see it should know; an SVG of `figure_7` carries its numbers itself."""
    about: str = ""


def write_report(
    folder: Path, tables: Sequence[Table], figures: Sequence[Figure], examples: Sequence[Example], about: About
) -> Path:
    """Writes `report.html` into `folder` and returns its path. The same input is the same bytes."""
    import jinja2

    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        about=about,
        unchecked=unchecked(about.orders),
        tables=[_laid_out(number, table) for number, table in enumerate(tables, start=1)],
        figures=[_shown(figure) for figure in figures],
        examples=[_told(example) for example in examples],
        differences=_by_row(about.differences),
        titles={one.metric: metric_title(one.metric) for one in about.differences},
        open=ITEMS,
    )
    path = folder / REPORT_FILE
    write_text(path, page)
    return path


def _by_row(differences: Sequence[Difference]) -> dict[tuple[str, str], dict[str, Difference]]:
    found: dict[tuple[str, str], dict[str, Difference]] = {}
    for one in differences:
        benchmark = BENCHMARK_TITLES.get(one.benchmark, one.benchmark)
        found.setdefault((one.row, benchmark), {})[one.metric] = one
    return found


def _laid_out(number: int, table: Table) -> dict[str, object]:
    page: Page = lay_out(table.table)
    return {"id": f"table-{number}", "title": table.title, "about": table.about, "page": page}


def _shown(figure: Figure) -> dict[str, object]:
    vector = isinstance(figure.picture, str)
    return {
        "title": figure.title,
        "about": figure.about,
        "alternative": figure.alternative,
        "svg": figure.picture if vector else "",
        "png": "" if isinstance(figure.picture, str) else _data(figure.picture),
    }


def _told(example: Example) -> dict[str, object]:
    picture = draw_boxes(example.frame, example.boxes)
    names = ", ".join(example.names) or "nobody recognised"
    return {
        "example": example,
        "png": _data(png_bytes(picture)),
        "width": picture.width,
        "height": picture.height,
        "names": names,
        "alternative": f"A frame of clip {example.clip_id} of {example.film}. Boxes: {names}.",
    }


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
