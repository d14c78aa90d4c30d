"""Figure 6 of the paper: a film's faces on their two principal axes, coloured by cluster, with the queries named."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from common.files import write_bytes
from models.perception.bank_files import Banks


def principal_axes(rows_nd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and the two main directions (2, d); their signs are fixed so that the picture is always the same."""
    mean_d = rows_nd.mean(0)
    _, _, axes = np.linalg.svd(rows_nd - mean_d, full_matrices=False)
    axes_2d = np.zeros((2, rows_nd.shape[1]))
    axes_2d[: min(2, len(axes))] = axes[:2]
    signs = np.sign(axes_2d[np.arange(2), np.abs(axes_2d).argmax(1)])
    return mean_d, axes_2d * np.where(signs == 0, 1, signs)[:, None]


def draw_clusters(embeddings_nd: np.ndarray, banks: Banks, path: Path) -> None:
    """Writes a PNG: faces as points, best queries as stars with names, actor queries as crosses joined to them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5.5), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel("first principal axis of the faces")
    axes.set_ylabel("second principal axis")
    names = sorted(set(banks.best) | set(banks.actor))
    colours = {name: f"C{i % 10}" for i, name in enumerate(names)}
    rows = [embeddings_nd] if len(embeddings_nd) else []
    rows += [np.stack([bank[name] for name in sorted(bank)]) for bank in (banks.best, banks.actor) if bank]
    if rows:
        mean_d, axes_2d = principal_axes(np.concatenate(rows))
        _draw_faces(axes, (embeddings_nd - mean_d) @ axes_2d.T if len(embeddings_nd) else None, banks, colours)
        for name in names:
            _draw_query(axes, name, banks, mean_d, axes_2d, colours[name])
    else:
        axes.text(0.5, 0.5, "no faces", ha="center", transform=axes.transAxes)
    figure.tight_layout()
    buffer = io.BytesIO()
    canvas.print_figure(buffer, format="png", metadata={"Software": None})  # no version in the file: equal bytes
    write_bytes(path, buffer.getvalue())


def _draw_faces(axes: Any, points_n2: np.ndarray | None, banks: Banks, colours: dict[str, str]) -> None:
    if points_n2 is None:
        return
    given = np.array(banks.face_names if banks.face_names else [""] * len(points_n2))
    for name in sorted(set(given.tolist())):
        chosen = points_n2[given == name]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=12, c=colours.get(name, "0.75"), alpha=0.6, linewidths=0)


def _draw_query(axes: Any, name: str, banks: Banks, mean_d: np.ndarray, axes_2d: np.ndarray, colour: str) -> None:
    points = {
        kind: (bank[name] - mean_d) @ axes_2d.T
        for kind, bank in (("best", banks.best), ("actor", banks.actor))
        if name in bank
    }
    if len(points) == 2:
        (x1, y1), (x2, y2) = points["best"], points["actor"]
        axes.plot([x1, x2], [y1, y2], c=colour, lw=0.8, ls=":")
    if "actor" in points:
        axes.scatter(*points["actor"], marker="x", s=50, c=colour)
    if "best" in points:
        axes.scatter(*points["best"], marker="*", s=160, c=colour, edgecolors="black", linewidths=0.6)
    axes.annotate(name, points.get("best", points.get("actor")), fontsize=9, xytext=(5, 5), textcoords="offset points")
