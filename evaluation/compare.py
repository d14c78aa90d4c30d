"""Does the reproduction order the rows as the paper does? The absolute numbers of a small world cannot say more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.breakdown import of_clips
from evaluation.intervals import film_interval, mean_interval
from evaluation.published import CLAIMS, LOWER_IS_BETTER, MAD, PUBLISHED, Claim
from evaluation.settings import IntervalSettings
from evaluation.tables import Measured


@dataclass(frozen=True)
class Order:
    """One claim on one metric: differences are better row minus worse row, signed so that positive agrees."""

    claim: Claim
    metric: str
    published: float
    here: float
    low: float
    high: float
    over_films: tuple[float, float] | None = None
    """The interval with films drawn whole, where there are two or more."""

    @property
    def verdict(self) -> str:
        if self.published == 0:
            return "the paper has a tie"
        if self.low == self.high == 0:
            return "no difference at all: both rows say the same"
        bounds = [(self.low, self.high), *([self.over_films] if self.over_films else [])]
        if not (all(low > 0 for low, _ in bounds) or all(high < 0 for _, high in bounds)):
            order, which = "same" if self.here > 0 else "other", "an" if len(bounds) > 1 else "the"
            return f"undecided ({order} order, but {which} interval holds 0)"
        return "the same order as the paper" if self.here > 0 else "the other order"

    def line(self) -> str:
        return (
            f"{self.claim.better} > {self.claim.worse} on {self.metric} ({self.claim.about}): paper "
            f"{self.published:+.1f}, here {self.here:+.1f} [{self.low:+.1f}, {self.high:+.1f}]: {self.verdict}"
        )


def check_orders(
    measured: Sequence[Measured], intervals: IntervalSettings, *, benchmark: str = MAD, claims: Sequence[Claim] = CLAIMS
) -> list[Order]:
    """Every claim of section 5.2 on every metric that was computed for both rows.

    The difference is the mean over clips of the difference on each clip (mean over seeds first) and its interval a
    paired bootstrap, so what both rows find hard does not widen it. METEOR's corpus score is no mean of clips, so there
    the difference of the two cells of Table 1 is another number.
    """
    orders = []
    published = {(cell.row, cell.metric): cell.value for cell in PUBLISHED if cell.table == 1}
    for claim in claims:
        better, worse = _of(measured, claim.better, benchmark), _of(measured, claim.worse, benchmark)
        for metric in ("SPICE", "METEOR", "BertScore"):
            first, second = published.get((claim.better, metric)), published.get((claim.worse, metric))
            values, films = _paired(better, worse, metric)
            if first is None or second is None or not len(values) or np.isnan(values).all():
                continue
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            bounds = mean_interval(sign * values, intervals) or (float("nan"), float("nan"))
            here = sign * float(np.nanmean(values))
            over_films = film_interval(sign * values, films, intervals)
            orders.append(Order(claim, metric, round(sign * (first - second), 6), here, *bounds, over_films))
    return orders


@dataclass(frozen=True)
class Difference:
    """A row minus the row it is held against, paired clip by clip; METEOR as the mean of clips."""

    row: str
    against: str
    benchmark: str
    metric: str
    here: float
    low: float
    high: float
    over_films: tuple[float, float] | None
    clips: int

    @property
    def verdict(self) -> str:
        """Decided only where neither interval holds 0."""
        bounds = [(self.low, self.high), *([self.over_films] if self.over_films else [])]
        if not (all(low > 0 for low, _ in bounds) or all(high < 0 for _, high in bounds)):
            return "undecided"
        return "better" if (self.here > 0) != (self.metric in LOWER_IS_BETTER) else "worse"


def differences(
    measured: Sequence[Measured],
    intervals: IntervalSettings,
    *,
    against: str = "C2",
    metrics: Sequence[str] = ("METEOR", "BertScore", "R", "CIDEr", "name recall"),
) -> list[Difference]:
    """Every other row against one, on every benchmark and metric that both have values per clip of."""
    found = []
    for row, benchmark in dict.fromkeys((one.row, one.benchmark) for one in measured if one.row != against):
        for metric in metrics:
            values, films = _paired(_of(measured, row, benchmark), _of(measured, against, benchmark), metric)
            bounds = mean_interval(values, intervals) if len(values) else None
            if bounds is not None:
                here, over_films = float(np.nanmean(values)), film_interval(values, films, intervals)
                found.append(Difference(row, against, benchmark, metric, here, *bounds, over_films, len(values)))
    return found


def order_lines(
    measured: Sequence[Measured], intervals: IntervalSettings, *, benchmark: str = MAD, claims: Sequence[Claim] = CLAIMS
) -> list[str]:
    """`check_orders` as text, one line a claim and metric; a claim whose rows were not run says so."""
    orders = check_orders(measured, intervals, benchmark=benchmark, claims=claims)
    return [*(order.line() for order in orders), *unchecked(orders, claims)]


def unchecked(orders: Sequence[Order], claims: Sequence[Claim] = CLAIMS) -> list[str]:
    """A line for each claim that no metric could check."""
    told = {order.claim for order in orders}
    return [
        f"{claim.better} > {claim.worse} ({claim.about}): not checked, a row or its metrics are missing"
        for claim in claims
        if claim not in told
    ]


def _of(measured: Sequence[Measured], row: str, benchmark: str) -> list[Measured]:
    return [one for one in measured if (one.row, one.benchmark) == (row, benchmark)]


def _paired(better: Sequence[Measured], worse: Sequence[Measured], metric: str) -> tuple[np.ndarray, list[str]]:
    """(n,) differences on the clips that both have, NaN where one has no value, and the clips' films."""
    first, second = of_clips(better, metric), of_clips(worse, metric)
    both = sorted(first.keys() & second.keys())
    return np.array([first[clip] - second[clip] for clip in both]), [film for film, _ in both]
