"""What the captioner's published predictions get right on studio films, against their truth.

    python -m models.measuring.captions [--data data] [--page docs/RESULTS.md]

A report on the mini world, where the truth is known; nothing in the pipeline reads it. Prints the figures, and last
the goals and Table 1's order with their verdicts; with `--page` it writes all of it as Markdown with JSON beside it.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from common.errors import BadInput
from common.files import canonical_json, write_json, write_text
from models.measuring.captions_page import GOALS_HEAD, about_rows, goal_rows, order_rows, page
from models.measuring.captions_rows import Unit, data_version, judged, published_units, without
from models.measuring.captions_sections import BEST, CLIPS, COMPARED, PAPER, TABLE, difference, frozen_pairs, sections
from models.measuring.figures import Section
from models.measuring.sections import as_json, plain

log = logging.getLogger(__name__)


def figures(rows: pd.DataFrame, units: Sequence[Unit], found: Sequence[Section]) -> dict[str, Any]:
    """Every figure as plain values; `differences over clips` are Table 1's differences resampled by clips."""
    there = set(rows["row"])
    pairs = [pair for pair in (*PAPER, *frozen_pairs(units)) if set(pair) <= there]
    over_clips = {
        f"{b} over {a}": {name: plain(difference(rows, a, b, name, CLIPS)) for name in COMPARED} for a, b in pairs
    }
    return {**as_json(found), "differences over clips": over_clips}


def versions(data: Path, units: Sequence[Unit]) -> dict[str, str]:
    """The data versions of the base model and of every table of predictions."""
    base = data_version(data / "base_model")
    return ({"base_model": base} if base else {}) | {
        f"predictions/{unit.folder.name}": unit.version for unit in units if unit.version
    }


def main(arguments: list[str] | None = None) -> int:
    """Measures everything published under a data folder."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(arguments)
    try:
        print(_measured(given, command="python -m models.measuring.captions " + shlex.join(arguments)))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _measured(given: argparse.Namespace, *, command: str) -> str:
    """What is to be printed; the page is written where one is asked for."""
    units = published_units(given.data)
    rows = without(judged(given.data, units), given.leave_out)
    found = sections(rows, units)
    if given.page:
        about = about_rows(
            rows,
            command=command,
            profile=given.profile,
            versions=versions(given.data, units),
            left_out=given.leave_out,
        )
        write_text(given.page, page(found, about))
        write_json(given.page.with_suffix(".json"), figures(rows, units, found))
    if given.json:
        return canonical_json(figures(rows, units, found))
    if given.page:
        beside = given.page.with_suffix(".json")
        return f"{_verdicts(found)}\n\n{len(rows):,} predictions judged; written: {given.page}, {beside}"
    return f"{_table(found)}\n\n{_verdicts(found)}\n\n{len(rows):,} predictions judged; intervals: --page FILE, --json"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.measuring.captions", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the published data")
    parser.add_argument("--page", type=Path, help="write figures as Markdown here and as JSON beside it")
    parser.add_argument("--profile", default="mini-large", help="the profile that made the data, for the page")
    parser.add_argument(
        "--leave-out",
        type=lambda text: tuple(filter(None, text.split(","))),
        default=(),
        metavar="FILMS",
        help="test films that count in no figure, with commas between them: those looked at while a recipe was chosen",
    )
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    return parser


def _table(found: Sequence[Section]) -> str:
    """All figures without their intervals, to print; the goals' are among the verdicts."""
    parts = []
    for section in found:
        table = pd.DataFrame({of: {c: f.value for c, f in line.items()} for of, line in section.lines.items()}).T
        if section.title and len(table):
            parts.append(f"{section.title}\n{table.round(3).to_string(na_rep='-')}")
    return "\n\n".join(parts)


def _verdicts(found: Sequence[Section]) -> str:
    """The goals and the order of Table 1's rows, as the page judges them, to print."""
    told = {
        f"Goals, row {BEST}": (GOALS_HEAD, goal_rows(found)),
        f"Table 1's order, {TABLE}": (("", *COMPARED), order_rows(found)),
    }
    return "\n\n".join(f"{title}\n{_columns([head, *rows])}" for title, (head, rows) in told.items() if rows)


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
