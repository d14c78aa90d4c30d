"""Training curves and scores by kind of clip, as SVG written by hand, like those of `evaluation.chart`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from evaluation.chart import axis_of, framed
from evaluation.layout import metric_title

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FLOOR = 250, 200, 42, 14, 34, 168


def curves(panels: Mapping[str, Mapping[str, Sequence[float]]], *, title: str, across: str) -> str:
    """A panel a training, all on one scale: the loss, smoothed, against the step, a line a seed.

    `panels` maps a panel's title to its lines by name. The text alternative tells the first and last tenth's mean.
    """
    smooth = {panel: {name: _smoothed(line) for name, line in lines.items()} for panel, lines in panels.items()}
    values = [value for lines in smooth.values() for line in lines.values() for value in line if math.isfinite(value)]
    longest = max((len(line) for lines in smooth.values() for line in lines.values()), default=1)
    scale = axis_of(values)
    columns = min(4, max(1, len(smooth)))
    body = "".join(
        f'<g transform="translate({number % columns * _WIDTH},{number // columns * _HEIGHT})">'
        f"{_curve_panel(panel, lines, scale, longest, across)}</g>"
        for number, (panel, lines) in enumerate(smooth.items())
    )
    told = ". ".join(
        f"{panel}, {name}: {_told(line)}" for panel, lines in panels.items() for name, line in lines.items()
    )
    rows = math.ceil(len(smooth) / columns)
    return framed("curves", title, told, body, width=columns * _WIDTH, height=max(1, rows) * _HEIGHT)


def _smoothed(line: Sequence[float]) -> np.ndarray:
    """The mean of the steps around each, a twentieth of the training wide."""
    values = np.array(line, dtype=float)
    half = len(values) // 40
    return np.array([values[max(0, n - half) : n + half + 1].mean() for n in range(len(values))])


def _told(line: Sequence[float]) -> str:
    tenth = max(1, len(line) // 10)
    return f"{np.mean(line[:tenth]):.2f} at first, {np.mean(line[-tenth:]):.2f} at last, {len(line)} steps"


def _curve_panel(
    title: str, lines: Mapping[str, np.ndarray], scale: tuple[float, float, float], longest: int, across: str
) -> str:
    bottom, top, step = scale
    parts = [f'<text x="{_LEFT}" y="20" font-weight="600" fill="currentColor">{escape(title)}</text>']
    for tick in np.arange(bottom, top + step / 2, step):
        y = round(_FLOOR - (_FLOOR - _TOP) * (float(tick) - bottom) / (top - bottom), 2)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="var(--faint)"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end" fill="currentColor">{tick:g}</text>')
    for line in lines.values():
        points = [
            f"{_LEFT + (_WIDTH - _RIGHT - _LEFT) * n / max(1, longest - 1):.1f} "
            f"{_FLOOR - (_FLOOR - _TOP) * (value - bottom) / (top - bottom):.1f}"
            for n, value in enumerate(line.tolist())
            if math.isfinite(value)
        ]
        if points:
            parts.append(f'<path d="M{" ".join(points)}" fill="none" stroke="var(--mark)" stroke-width="1.6"/>')
    for number, anchor, x in ((1, "start", _LEFT), (longest, "end", _WIDTH - _RIGHT)):
        parts.append(
            f'<text x="{x}" y="{_FLOOR + 16}" text-anchor="{anchor}" font-size="10" fill="currentColor">{number}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_FLOOR + 16}" text-anchor="middle" fill="currentColor">{escape(across)}</text>'
    )
    return "".join(parts)


_LINE, _LABELS, _PANEL = 24, 330, 190


def bars(table: pd.DataFrame, *, title: str) -> str:
    """A line a row, a panel a metric: the value as a dot, its interval over clips as a whisker.

    `table` is in the long form of `evaluation.tables`, of one benchmark.
    """
    rows, metrics = list(dict.fromkeys(table["row"])), list(dict.fromkeys(table["metric"]))
    found = {(line["row"], line["metric"]): line for line in table.to_dict("records")}
    height = 46 + _LINE * len(rows) + 24
    parts = [
        f'<text x="0" y="{46 + _LINE * number + 4}" fill="currentColor">{escape(str(row))}</text>'
        for number, row in enumerate(rows)
    ]
    for place, metric in enumerate(metrics):
        parts.append(_dots(metric, [found.get((row, metric)) for row in rows], _LABELS + place * _PANEL, height))
    told = ". ".join(
        f"{row}: "
        + ", ".join(f"{metric} {found[row, metric]['reproduced']:.1f}" for metric in metrics if (row, metric) in found)
        for row in rows
    )
    return framed("kinds", title, told, "".join(parts), width=_LABELS + _PANEL * len(metrics), height=height)


def _dots(metric: str, lines: Sequence[Mapping[object, object] | None], left: float, height: float) -> str:
    bounds = [
        float(line[name])  # type: ignore[arg-type]
        for line in lines
        if line
        for name in ("reproduced", "low", "high")
        if not math.isnan(float(line[name]))  # type: ignore[arg-type]
    ]
    bottom, top, step = axis_of(bounds)
    inner = _PANEL - 40

    def across(value: float) -> float:
        return round(left + 12 + inner * (value - bottom) / (top - bottom), 1)

    parts = [
        f'<text x="{left + 12}" y="20" font-weight="600" fill="currentColor">{escape(metric_title(metric))}</text>'
    ]
    for tick in np.arange(bottom, top + step / 2, step):
        x = across(float(tick))
        parts.append(f'<line x1="{x}" x2="{x}" y1="30" y2="{height - 24}" stroke="var(--faint)"/>')
        parts.append(
            f'<text x="{x}" y="{height - 8}" text-anchor="middle" font-size="10" fill="currentColor">{tick:g}</text>'
        )
    for number, line in enumerate(lines):
        if not line:
            continue
        y = 46 + _LINE * number
        value, low, high = (float(line[name]) for name in ("reproduced", "low", "high"))  # type: ignore[arg-type]
        if not math.isnan(low):
            parts.append(
                f'<path d="M{across(low)} {y}H{across(high)}" stroke="var(--mark)" stroke-width="2" opacity=".55"/>'
            )
        parts.append(f'<circle cx="{across(value)}" cy="{y}" r="4" fill="var(--mark)"/>')
    return "".join(parts)
