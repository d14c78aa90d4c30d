"""The sweep over the recognition threshold as a section of the page: tables, and Figure 7 as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import write_text
from evaluation.chart import figure_7
from models.measuring.names import OUTCOMES
from models.measuring.page import cell, markdown_table, number, wrapped
from models.measuring.sections import plain
from models.measuring.sweep import SWEPT, Point, best, points

_ABOUT = """Right, wrong and Unknown: shares of the cast's detected faces, each with its track's mean embedding, for
thresholds u of equation 6 in multiples of the encoder's own, which is calibrated on strangers who play in no film.
Strangers named: each of the cast taken off the list in turn, the share of their faces that get somebody else's name;
they are as often in view as the cast, so these are the hardest strangers. Balance: the mean of the cast named rightly
and strangers left Unknown. Intervals over films."""

_PAPER = """The paper sweeps u by the scores of descriptions and takes 1.3 on another encoder's scale; the authors' code
compares plain L2. Section 5.2 has the directions the other way round ("an excessively high threshold would misclassify
main characters as other people"): by equation 6 a high u names everybody and mixes characters up, a low one leaves them
Unknown, and so do these figures."""


def sweep_section(swept: pd.DataFrame, thresholds: Mapping[str, Sequence[float]], *, pictures: str) -> str:
    """Markdown. `thresholds`: per bank the encoders' own squared thresholds; `pictures`: the folder of the SVGs."""
    parts = ["## The recognition threshold (Figure 7)\n", wrapped(_ABOUT), wrapped(_PAPER)]
    for bank in SWEPT:
        found = points(swept, bank)
        own = sorted(set(thresholds[bank]))
        parts += [
            f"### By the {bank}{'' if bank == 'best query' else ' query'}\n",
            f"![Names against the threshold, by the {bank}]({pictures}/{picture_name(bank)})\n",
            _table(found, own[0] if len(own) == 1 else None),
            wrapped(verdict(found)),
        ]
    return "\n".join(parts)


def picture_name(bank: str) -> str:
    """The file of a bank's picture."""
    return f"figure_7_{bank.replace(' ', '_')}.svg"


def write_pictures(swept: pd.DataFrame, folder: Path) -> None:
    """Figure 7 for each bank, one SVG."""
    for bank in SWEPT:
        write_text(folder / picture_name(bank), picture(points(swept, bank), bank))


def picture(found: Sequence[Point], bank: str) -> str:
    """A panel each for right, wrong, Unknown and strangers named, in percent, against multiples of u."""
    rows = []
    for point in found:
        row = {"threshold": point.multiple}
        for name, figure in (*point.outcomes.items(), ("strangers named", point.strangers_named)):
            row |= {name: 100 * figure.value, f"{name} low": 100 * figure.low, f"{name} high": 100 * figure.high}
        rows.append(row)
    title = f"Names by the {bank} against the recognition threshold, in percent of the faces"
    return figure_7(pd.DataFrame(rows), chosen=1.0, title=title, axis="u, in the encoder's thresholds")


def _table(found: Sequence[Point], own: float | None) -> str:
    columns = ["u", "squared L2", "plain L2", *OUTCOMES, "strangers named", "balance"]
    rows = []
    for point in found:
        squared = None if own is None else point.multiple * own
        told = ["-", "-"] if squared is None else [number(squared), number(math.sqrt(squared))]
        figures = [cell(point.outcomes[each]) for each in OUTCOMES]
        of = f"{point.multiple:g}" + (" (the encoder's)" if point.multiple == 1 else "")
        rows.append([of, *told, *figures, cell(point.strangers_named), number(point.balance)])
    return markdown_table(columns, rows)


def verdict(found: Sequence[Point]) -> str:
    """How the encoder's own threshold compares with the best of the swept ones, in words."""
    own = next((point for point in found if point.multiple == 1), None)
    most, even = best(found, strangers=False), best(found, strangers=True)
    told = (
        f"Most right names: {_times(most)}, {cell(most.outcomes['right'])}, with {cell(most.strangers_named)} of "
        "strangers named. "
    )
    if np.isnan(even.balance):
        return told + "No strangers to weigh against them."
    told += f"Best balance: {_times(even)}, {number(even.balance)}."
    if own is not None:
        told += (
            f" The encoder's own: right {cell(own.outcomes['right'])}, strangers named {cell(own.strangers_named)}, "
            f"balance {number(own.balance)}, {number(even.balance - own.balance)} below the best."
        )
    return told


def _times(point: Point) -> str:
    return f"{point.multiple:g} times the encoder's own"


def sweep_json(swept: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    """Per bank the points as plain values."""
    return {
        bank: [
            {
                "multiple": point.multiple,
                **{name: plain(figure) for name, figure in point.outcomes.items()},
                "strangers named": plain(point.strangers_named),
            }
            for point in points(swept, bank)
        ]
        for bank in SWEPT
    }
