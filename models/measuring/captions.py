"""What the captioner's published predictions get right on studio films, against their truth.

    python -m models.measuring.captions [--data data] [--page docs/RESULTS.md]

A report on the mini world, where the truth is known; nothing in the pipeline reads it. Prints the figures, or with
`--page` writes them as Markdown with JSON beside it.
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
from models.measuring.captions_page import about_rows, page
from models.measuring.captions_rows import Unit, data_version, judged, published_units, without
from models.measuring.captions_sections import CLIPS, COMPARED, PAPER, difference, frozen_pairs, sections
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
        units = published_units(given.data)
        rows = without(judged(given.data, units), given.leave_out)
        found = sections(rows, units)
        told = figures(rows, units, found)
        if given.page:
            command = "python -m models.measuring.captions " + shlex.join(arguments)
            about = about_rows(
                rows,
                command=command,
                profile=given.profile,
                versions=versions(given.data, units),
                left_out=given.leave_out,
            )
            write_text(given.page, page(found, about))
            write_json(given.page.with_suffix(".json"), told)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    if not given.page:
        print(canonical_json(told) if given.json else _table(found))
    return 0


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
    """All figures without their intervals, to print."""
    parts = []
    for section in found:
        table = pd.DataFrame({of: {c: f.value for c, f in line.items()} for of, line in section.lines.items()}).T
        parts.append(f"{section.title or section.key}\n{table.round(3).to_string()}" if len(table) else "")
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    raise SystemExit(main())
