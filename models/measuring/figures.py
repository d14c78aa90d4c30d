"""Rows of what was observed to shares and means, each with the interval of a bootstrap over films or clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.intervals import interval
from evaluation.settings import IntervalSettings


@dataclass(frozen=True)
class Figure:
    """A mean over `count` rows and its 95 % interval; nan where there are no rows, or fewer than two units."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Section:
    """A table of figures: `lines` maps what a line is of to its figure per column. A column may miss in a line."""

    key: str
    title: str
    about: str
    resampled: str  # what the bootstrap draws: "films", "shots" or "clips"
    lines: dict[str, dict[str, Figure]]


def mean_over(
    values: pd.Series | np.ndarray, units: pd.DataFrame | pd.Series, settings: IntervalSettings | None = None
) -> Figure:
    """The mean of `values` (numbers or booleans, a row each), resampled by `units` (its columns together name a unit).

    Rows of one unit stay together: faces of a shot, masks of a clip and names of a film share their luck.
    """
    values_n = np.asarray(values, float)
    if not len(values_n):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    numbers = _numbers(units)
    sums = np.bincount(numbers, weights=values_n)
    items_u2 = np.stack([sums, np.bincount(numbers).astype(float)], axis=1)
    bounds = interval(items_u2, _ratio, settings or IntervalSettings()) if len(items_u2) > 1 else None
    low, high = bounds or (float("nan"), float("nan"))
    return Figure(float(values_n.mean()), low, high, len(values_n))


def _numbers(units: pd.DataFrame | pd.Series) -> np.ndarray:
    """A number from 0 for each row's unit, in order of first appearance."""
    frame = units.to_frame() if isinstance(units, pd.Series) else units
    return frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()


def _ratio(items: np.ndarray) -> np.ndarray:
    """(draws, units, 2) sums and counts to (draws,) means."""
    totals = items.sum(axis=1)
    return np.asarray(totals[:, 0] / totals[:, 1])
