"""Figure 7: scores against the recognition threshold, as SVG written by hand.

It is small, the same bytes every time, follows the page's light or dark colours, and a screen reader finds its numbers
in the description.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from evaluation.layout import metric_title

if TYPE_CHECKING:
    import pandas as pd

_PANEL_WIDTH, _PANEL_HEIGHT, _MARGIN = 250, 190, 46


def figure_7(
    points: pd.DataFrame,
    *,
    chosen: float,
    title: str = "Scores against the recognition threshold",
    axis: str = "threshold u",
) -> str:
    """SVG with a panel a metric. `points` has a column `threshold` and a column a metric (values times 100).

    Optional columns `<metric> low` and `<metric> high` are drawn as whiskers; `chosen` is the threshold in use, marked;
    `axis` names what the thresholds are.
    Values that are not there (NaN) leave a gap.
    """
    points = points.sort_values("threshold")
    metrics = [
        str(name) for name in points.columns if name != "threshold" and not str(name).endswith((" low", " high"))
    ]
    thresholds = points["threshold"].tolist()
    panels = "".join(
        f'<g transform="translate({index * _PANEL_WIDTH},0)">{_panel(points, metric, chosen, axis)}</g>'
        for index, metric in enumerate(metrics)
    )
    told = ". ".join(
        f"{metric}: "
        + ", ".join(f"{t:g}: {_told(v)}" for t, v in zip(thresholds, points[metric].tolist(), strict=True))
        for metric in metrics
    )
    width, height = max(1, len(metrics)) * _PANEL_WIDTH, _PANEL_HEIGHT + 2 * _MARGIN - 20
    return framed("figure-7", title, f"{told}. In use: {chosen:g}", panels, width=width, height=height)


def framed(name: str, title: str, told: str, body: str, *, width: float, height: float) -> str:
    """An SVG with its title and, for who does not see it, its numbers; `name` must be its own on a page.

    It is drawn in `currentColor`, `var(--mark)` and `var(--faint)`, which follow the reader's light or dark.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" class="{name}" '
        f'aria-labelledby="{name}-title {name}-told" font-family="system-ui, sans-serif" font-size="12">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-told">{escape(told)}.</desc>'
        f"<style>.{name}{{color:#1b1b1f;--mark:#0b62c4;--faint:#8886}}"
        f"@media(prefers-color-scheme:dark){{.{name}{{color:#e6e6ea;--mark:#7db8ff}}}}</style>"
        f"{body}</svg>\n"
    )


def _panel(points: pd.DataFrame, metric: str, chosen: float, axis: str) -> str:
    thresholds, values = points["threshold"].tolist(), points[metric].tolist()
    lows = points.get(f"{metric} low", points[metric]).tolist()
    highs = points.get(f"{metric} high", points[metric]).tolist()
    there = [value for value in (*values, *lows, *highs) if not math.isnan(value)]
    bottom, top, step = axis_of(there)
    left, right, floor, ceiling = _MARGIN, _PANEL_WIDTH - 14, _PANEL_HEIGHT + 20, 34

    def across(threshold: float) -> float:
        first, last = min(*thresholds, chosen), max(*thresholds, chosen)
        inner = (right - left) - 24
        return round(left + 12 + (inner / 2 if first == last else inner * (threshold - first) / (last - first)), 2)

    def upward(value: float) -> float:
        return round(floor - (floor - ceiling) * (value - bottom) / (top - bottom), 2)

    parts = [f'<text x="{left}" y="20" font-weight="600" fill="currentColor">{escape(metric_title(metric))}</text>']
    parts.append(
        f'<line x1="{across(chosen)}" x2="{across(chosen)}" y1="{ceiling}" y2="{floor}" stroke="var(--mark)" '
        f'stroke-dasharray="3 3"/>'
    )
    for tick in np.arange(bottom, top + step / 2, step):
        y = upward(float(tick))
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="var(--faint)"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end" fill="currentColor">{tick:g}</text>')
    labelled = -math.inf
    for threshold in thresholds:
        x = across(threshold)
        if x - labelled < 20:
            continue  # it would run into the one before
        labelled = x
        where = f'x="{x}" y="{floor + 18}" text-anchor="middle" font-size="10"'
        parts.append(f'<text {where} fill="currentColor">{threshold:g}</text>')
    route = ""
    for threshold, value, low, high in zip(thresholds, values, lows, highs, strict=True):
        if math.isnan(value):
            route += " "
            continue
        x, y = across(threshold), upward(value)
        route += f"{'M' if not route or route.endswith(' ') else 'L'}{x} {y}"
        if not math.isnan(low) and high > low:
            parts.append(f'<path d="M{x} {upward(low)}V{upward(high)}" stroke="var(--mark)" opacity=".45"/>')
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="var(--mark)"/>')
    parts.append(f'<path d="{route.strip() or "M0 0"}" fill="none" stroke="var(--mark)" stroke-width="2"/>')
    middle = f'x="{(left + right) / 2}" y="{floor + 38}" text-anchor="middle" fill="currentColor"'
    parts.append(f"<text {middle}>{escape(axis)}</text>")
    return "".join(parts)


def axis_of(values: Sequence[float]) -> tuple[float, float, float]:
    """Bottom, top and step of an axis of three to six round numbers around the values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    spread = max(high - low, 0.5)
    power = 10 ** math.floor(math.log10(spread / 3))
    step = next(power * factor for factor in (1, 2, 5, 10) if spread / (power * factor) <= 5)
    return math.floor(low / step) * step, math.ceil(high / step) * step if high > low else low + step, step


def _told(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1f}"
