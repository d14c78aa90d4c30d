"""Does the reproduction order the rows as the paper does? The absolute numbers of a small world cannot say more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.intervals import mean_interval
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

    @property
    def verdict(self) -> str:
        if self.published == 0:
            return "the paper has a tie"
        if self.low == self.high == 0:
            return "no difference at all: both rows say the same"
        if not (self.low > 0 or self.high < 0):
            return f"undecided ({'same' if self.here > 0 else 'other'} order, but the interval holds 0)"
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
            differences = _paired(better, worse, metric)
            if first is None or second is None or np.isnan(differences).all():
                continue
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            bounds = mean_interval(sign * differences, intervals) or (float("nan"), float("nan"))
            here = sign * float(np.nanmean(differences))
            orders.append(Order(claim, metric, round(sign * (first - second), 6), here, *bounds))
    return orders


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


def _paired(better: Sequence[Measured], worse: Sequence[Measured], metric: str) -> np.ndarray:
    """(n,) differences on the clips that both have, NaN where one has no value."""
    first, second = _by_clip(better, metric), _by_clip(worse, metric)
    return np.array([first[clip] - second[clip] for clip in sorted(first.keys() & second.keys())])


def _by_clip(seeds: Sequence[Measured], metric: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], list[float]] = {}
    for one in seeds:
        if metric in one.scores.per_clip:
            columns = (one.scores.per_clip[name].tolist() for name in ("film", "clip_id", metric))
            for film, clip, value in zip(*columns, strict=True):
                found.setdefault((str(film), str(clip)), []).append(float(value))
    return {clip: float(np.mean(values)) for clip, values in found.items()}
