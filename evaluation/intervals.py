"""Percentile bootstrap over clips, and over films: how far a number would move with others of the same kind.

Clips of a film share its people, places and light. Drawing clips alone takes them for independent and is somewhat too
sure; drawing films whole keeps them together, but is coarse where films are few. So both are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def film_interval(values_n: np.ndarray, films: Sequence[str], settings: IntervalSettings) -> tuple[float, float] | None:
    """As `mean_interval`, but films are drawn, each with all its clips; None with fewer than two films."""
    there = ~np.isnan(values_n)
    counted_n2 = np.stack([np.where(there, values_n, 0.0), there.astype(float)], axis=1)
    sums_f2 = film_sums(counted_n2, films)
    sums_f2 = sums_f2[sums_f2[:, 1] > 0]
    if len(sums_f2) < 2:
        return None
    return interval(sums_f2, lambda drawn: drawn[..., 0].sum(axis=1) / drawn[..., 1].sum(axis=1), settings)


def film_sums(items_nk: np.ndarray, films: Sequence[str]) -> np.ndarray:
    """(films, k) sums over each film's clips, the films in the order of their names."""
    names = sorted(set(films))
    sums_fk = np.zeros((len(names), items_nk.shape[1]))
    np.add.at(sums_fk, np.searchsorted(names, list(films)), items_nk)
    return sums_fk


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
