"""Percentile bootstrap over clips: how far a number would move with other clips of the same kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluation.settings import IntervalSettings

_CELLS_AT_ONCE = 4_000_000


def resamples(clips: int, settings: IntervalSettings) -> np.ndarray:
    """(draws, clips) indices drawn with replacement.

    They depend on the number of clips and the seed only, so two rows over the same clips get the same draws and their
    difference can be resampled in pairs.
    """
    generator = np.random.default_rng([settings.seed, clips])
    return generator.integers(0, clips, size=(settings.draws, clips), dtype=np.int32)


def mean_interval(values_n: np.ndarray, settings: IntervalSettings) -> tuple[float, float] | None:
    """Of the mean of the values that are there (NaN = undefined for that clip); None without draws or values."""
    return interval(values_n, _mean_of_defined, settings)


def interval(
    items: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], settings: IntervalSettings
) -> tuple[float, float] | None:
    """Of `statistic`, which maps resampled items (draws, n, ...) to (draws,) values."""
    clips = len(items)
    if settings.draws == 0 or clips == 0 or (items.ndim == 1 and np.isnan(items).all()):
        return None
    drawn = resamples(clips, settings)
    at_once = max(1, _CELLS_AT_ONCE // max(1, items[0].size * clips))
    pieces = [statistic(items[drawn[start : start + at_once]]) for start in range(0, settings.draws, at_once)]
    tail = (1 - settings.level) / 2 * 100
    low, high = np.nanpercentile(np.concatenate(pieces), [tail, 100 - tail])
    return float(low), float(high)


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    there = ~np.isnan(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
