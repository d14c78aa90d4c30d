"""Tables 1 and 2 with the published number beside the reproduced one, and for each cell why it is as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.notes import join_notes
from evaluation.published import FOCUSEDAD, NOT_RUN, PUBLISHED, PublishedCell

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.score import Scores

COLUMNS = (
    *("row", "benchmark", "metric", "published", "reproduced"),
    *("low", "high", "low_films", "high_films"),  # intervals over clips, and over films drawn whole
    *("seeds", "seed_low", "seed_high", "clips"),
    *("note", "run_id", "no_run", "data_version"),
)
PAPER = ("SPICE", "METEOR", "BertScore", "R")
FURTHER = ("R", "CIDEr", "ROUGE_L", "BLEU_4", "R@5/16", "R@1/5")
"""What the field reports beside the paper's metrics."""
DELIVERY = ("CRITIC", "name precision", "name recall", "words/s", "too fast", "repetition", "words")
"""Who is spoken of, and how it would sound."""


@dataclass(frozen=True)
class Measured:
    """The scores of one row on one benchmark; several of the same row and benchmark are its seeds."""

    row: str
    benchmark: str
    scores: Scores
    run_id: str = ""
    data_version: str = ""
    about: str = ""
    """What a reader must know of how this row was made; it stands among the notes of its cells."""
    unit: str = ""
    """The experiment's folder, which names row, benchmark and seed."""
    no_run: str = ""
    """Why there is no training run behind it, where there is none."""


def build_tables(
    measured: Sequence[Measured],
    published: Sequence[PublishedCell] = PUBLISHED,
    *,
    world: str = "",
    not_run: Mapping[str, str] = NOT_RUN,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(Table 1, Table 2) in the paper's order, one line a cell, with the columns `COLUMNS`.

    Row C2 is also FocusedAD in Table 2. `published`, `reproduced` and the bounds are NaN where there is none; `note`
    then says what is missing. `world` is put before the note of every reproduced number ("mini world: ...").
    """
    by_cell = _group(measured)
    first = [_line(cell, by_cell, world, not_run) for cell in published if cell.table == 1]
    second = [_line(cell, by_cell, world, not_run) for cell in published if cell.table == 2]
    return _frame(first), _frame(second)


def past_the_paper(measured: Sequence[Measured], published: Sequence[PublishedCell] = PUBLISHED) -> list[Measured]:
    """Of the rows that were run those that no table of the paper has."""
    known = {cell.row for cell in published}
    return [one for one in measured if one.row not in known]


def build_further_table(
    measured: Sequence[Measured], *, world: str = "", metrics: Sequence[str] = FURTHER
) -> pd.DataFrame:
    """What the paper does not report of the rows that were run; the same columns, `published` empty."""
    by_cell = _group(measured)
    lines = [
        _line(PublishedCell(0, row, benchmark, metric, None), by_cell, world, {})
        for row, benchmark in by_cell
        for metric in metrics
        if any(metric in one.scores.summary for one in by_cell[row, benchmark])
    ]
    return _frame(lines)


def _group(measured: Iterable[Measured]) -> dict[tuple[str, str], list[Measured]]:
    by_cell: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        by_cell.setdefault((one.row, one.benchmark), []).append(one)
    return by_cell


def _line(
    cell: PublishedCell,
    by_cell: Mapping[tuple[str, str], list[Measured]],
    world: str,
    not_run: Mapping[str, str],
) -> dict[str, object]:
    ran = by_cell.get((cell.row, cell.benchmark), [])
    if not ran and cell.row == FOCUSEDAD:
        ran = by_cell.get(("C2", cell.benchmark), [])
    values = [value for one in ran if (value := one.scores.summary.get(cell.metric)) is not None]
    low, high = _mean_bounds([one.scores.intervals.get(cell.metric) for one in ran], len(values))
    low_films, high_films = _mean_bounds([one.scores.film_intervals.get(cell.metric) for one in ran], len(values))
    return {
        "row": cell.row,
        "benchmark": cell.benchmark,
        "metric": cell.metric,
        "published": np.nan if cell.value is None else cell.value,
        "reproduced": float(np.mean(values)) if values else np.nan,
        "low": low,
        "high": high,
        "low_films": low_films,
        "high_films": high_films,
        "seeds": len(values),
        "seed_low": min(values, default=np.nan),
        "seed_high": max(values, default=np.nan),
        "clips": max((one.scores.counts.get("clips", 0) for one in ran), default=0),
        "note": join_notes([cell.note, *_notes(cell, ran, values, world, not_run)]),
        "run_id": " ".join(dict.fromkeys(one.run_id for one in ran if one.run_id)),
        "no_run": reasons_without_run(ran) if values else "",
        "data_version": " ".join(dict.fromkeys(one.data_version for one in ran if one.data_version)),
    }


def reasons_without_run(ran: Sequence[Measured]) -> str:
    """Why some of these rows have no training run; empty where all have one."""
    return join_notes(dict.fromkeys(one.no_run for one in ran if not one.run_id))


def _mean_bounds(bounds: Sequence[tuple[float, float] | None], seeds: int) -> tuple[float, float]:
    """The seeds' bounds on average; NaN unless every seed has some."""
    there = [each for each in bounds if each is not None]
    if not there or len(there) != seeds:
        return np.nan, np.nan
    return float(np.mean([low for low, _ in there])), float(np.mean([high for _, high in there]))


def _notes(
    cell: PublishedCell, ran: list[Measured], values: list[float], world: str, not_run: Mapping[str, str]
) -> list[str]:
    if not ran:
        return [not_run.get(cell.row, "not run yet")]
    if not values:
        reasons = dict.fromkeys(
            one.scores.missing.get(cell.metric, "this metric was not asked for (evaluation.metrics)") for one in ran
        )
        return [f"missing: {reason}" for reason in reasons]
    seeds = f"mean of {len(values)} seeds, {min(values):.1f} to {max(values):.1f}" if len(values) > 1 else ""
    return [world, *dict.fromkeys(one.about for one in ran), seeds]


def _frame(lines: list[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(lines, columns=list(COLUMNS))
