"""Flat painting in world units: polygons, discs and lines, drawn large and averaged down for smooth edges."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

RGB = Sequence[float] | np.ndarray
_ROUND = np.linspace(0, 2 * np.pi, 25)[:-1]
CIRCLE = np.stack([np.cos(_ROUND), np.sin(_ROUND)], 1)


class Canvas:
    """A picture of a rectangle of the world, `scale` pixels per unit after averaging; colours 0-1, y up."""

    def __init__(self, left: float, bottom: float, right: float, top: float, scale: float, *, fine: int = 3) -> None:
        self.left, self.top, self.scale, self.fine = left, top, scale, fine
        self.width = max(1, round((right - left) * scale))
        self.height = max(1, round((top - bottom) * scale))
        self.painted = np.zeros((self.height * fine, self.width * fine, 4), np.uint8)

    def poly(self, points: Sequence[tuple[float, float]] | np.ndarray, colour: RGB) -> None:
        k = self.scale * self.fine * 16  # four fractional bits
        at = (np.asarray(points, np.float64) - (self.left, self.top)) * (k, -k)
        cv2.fillPoly(self.painted, [np.rint(at).astype(np.int32)], (*_bytes(colour), 255), shift=4)

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: RGB) -> None:
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def panel(self, x0: float, y0: float, x1: float, y1: float, colour: RGB, *, edge: float = 0.12) -> None:
        """A raised board: light upper and left edge, dark lower and right edge."""
        c = np.asarray(colour, np.float32)
        self.rect(x0, y0, x1, y1, c * 0.72)
        self.rect(x0, y0 + edge, x1 - edge, y1, np.minimum(c * 1.18, 1))
        self.rect(x0 + edge, y0 + edge, x1 - edge, y1 - edge, c)

    def disc(self, x: float, y: float, radius: float, colour: RGB, *, squash: float = 1.0) -> None:
        self.poly((x, y) + CIRCLE * (radius, radius * squash), colour)

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, colour: RGB) -> None:
        dx, dy = x1 - x0, y1 - y0
        length = float(np.hypot(dx, dy)) + 1e-6
        nx, ny = -dy / length * width / 2, dx / length * width / 2
        self.poly([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], colour)

    def rgba(self) -> np.ndarray:
        """Premultiplied RGBA (h, w, 4) float32: what was never painted is black, so averaging premultiplies."""
        small = cv2.resize(self.painted, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255


def _bytes(colour: RGB) -> tuple[int, int, int]:
    r, g, b = np.rint(np.minimum(np.maximum(np.asarray(colour, np.float32), 0), 1) * 255).tolist()
    return int(r), int(g), int(b)
