"""Rounded limbs in the picture: tapered, lit by the normal a round body would have there, many limbs at once.

A limb fills a few hundred pixels, and a call of numpy costs as much as its work on them: so all limbs of a figure are
one row of pixels, and what is hidden behind an opaque part is never given a colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from corpora.studio.camera import Light

Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (share along 0-1, side -1..1), both (n,) -> colours (n, 3)


@dataclass(frozen=True)
class Area:
    """A rectangle of the frame, pixels; its own pixels are counted from its upper left corner, row by row."""

    left: int
    top: int
    width: int
    height: int

    def windows(self, bounds_k4: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """First and end column, first and end row (k,) of what rectangles x1 y1 x2 y2 of the frame cover of the area;
        where one covers nothing, both are equal."""
        first = np.maximum(bounds_k4[:, :2].astype(np.intp) - (self.left, self.top), 0)
        end = np.ceil(bounds_k4[:, 2:]).astype(np.intp) - (self.left - 1, self.top - 1)
        end = np.minimum(end, (self.width, self.height))
        end = np.where((first < end).all(1, keepdims=True), end, first)
        return first[:, 0], end[:, 0], first[:, 1], end[:, 1]


@dataclass(frozen=True)
class Solid:
    """A limb: from `start` to `end` (pixels), half widths there and in the middle (pixels), round ends.

    `flat_start`, `flat_end`: how many times flatter than round an end is. `fold` is the strength of drawn creases.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    widths: tuple[float, float, float]
    colour: np.ndarray
    texture: Texture | None = None
    flat_start: float = 1.0
    flat_end: float = 1.0
    fold: float = 0.0

    def bounds(self) -> tuple[float, float, float, float]:
        reach = max(self.widths) + 1.5
        (ax, ay), (bx, by) = self.start, self.end
        return min(ax, bx) - reach, min(ay, by) - reach, max(ax, bx) + reach, max(ay, by) + reach


class Limbs:
    """The pixels that solids cover in an area, solid by solid in the given order; n (solid, pixel) pairs.

    `solid` (n,) counts the solids, `pixel` (n,) the area's pixels, `alpha` (n,) float32 above 0.
    """

    def __init__(self, solids: Sequence[Solid], bounds_k4: np.ndarray, area: Area) -> None:
        self._solids = solids
        left, right, top, bottom = area.windows(bounds_k4)
        ends = np.array([(*solid.start, *solid.end) for solid in solids], np.float64).reshape(-1, 4)
        x_start, y_start = ((area.left + 0.5, area.top + 0.5) - ends[:, :2]).astype(np.float32).T
        dx, dy = (ends[:, 2:] - ends[:, :2]).astype(np.float32).T
        length = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
        self._ux, self._uy = ux, uy = dx / length, dy / length
        first, middle, last = np.array([solid.widths for solid in solids], np.float32).reshape(-1, 3).T
        # A run is what one row of a solid's window has of the strip in which the solid lies.
        solid_r = np.repeat(np.arange(len(solids)), bottom - top)
        row_r = _counted(top, bottom)
        y_r = row_r.astype(np.float32) + y_start[solid_r]
        slope = np.where(np.abs(uy) < 1e-6, 1e-6, uy)
        half = (np.maximum.reduce((first, 2 * middle - (first + last) / 2, last)) + 0.6) / np.abs(slope)
        centre_r = y_r * (ux / slope)[solid_r] - x_start[solid_r]
        left_r = np.clip(centre_r - half[solid_r], left[solid_r], right[solid_r]).astype(np.intp)
        right_r = np.clip(centre_r + half[solid_r] + 1, left_r, right[solid_r]).astype(np.intp)
        width_r = right_r - left_r
        column = _counted(left_r, right_r)
        solid = np.repeat(solid_r, width_r)
        x = column.astype(np.float32) + x_start[solid]
        along = x * ux[solid] + np.repeat(y_r * uy[solid_r], width_r)
        side = np.repeat(y_r * ux[solid_r], width_r) - x * uy[solid]  # to the right of the way is negative
        t = np.clip(along / length[solid], 0, 1)
        beyond = along - t * length[solid]
        flat = np.array([(solid.flat_end, solid.flat_start) for solid in solids], np.float32).reshape(-1)
        beyond = beyond * flat[2 * solid + (beyond < 0)]
        width = first[solid] + t * (4 * middle - 3 * first - last)[solid]
        width += t * t * (2 * first + 2 * last - 4 * middle)[solid]
        width = np.maximum(width, np.float32(0.3))  # three widths far apart can bend the curve below nothing
        distance = np.sqrt(side * side + beyond * beyond)
        alpha = np.clip(width - distance + np.float32(0.5), 0, 1)
        self._covered = covered = np.flatnonzero(alpha > 0)
        self.solid, self.alpha = solid[covered], alpha[covered]
        self.pixel = (np.repeat(row_r * area.width, width_r) + column)[covered]
        self._geometry = t, along, side, beyond, width, distance

    def colours(self, chosen: np.ndarray, light: Light) -> np.ndarray:
        """Premultiplied RGBA (m, 4) float32 of `chosen` (m,) of the pairs, in rising order, under a light."""
        solid, alpha = self.solid[chosen], self.alpha[chosen]
        pairs = self._covered[chosen]
        t, along, side, beyond, width, distance = (values[pairs] for values in self._geometry)
        ux, uy = self._ux[solid], self._uy[solid]
        share = np.minimum(distance / width, 1)
        out_of_plane = np.sqrt(1 - share * share * np.float32(0.98))
        scale = share / (distance + np.float32(1e-4))
        normal_x = (beyond * ux - side * uy) * scale
        normal_y = -(beyond * uy + side * ux) * scale
        lx, ly, lz = light.unit
        facing = normal_x * lx + normal_y * ly + out_of_plane * lz
        colour = np.array([each.colour for each in self._solids], np.float32).reshape(-1, 3).take(solid, axis=0)
        edges = np.searchsorted(solid, np.arange(len(self._solids) + 1)).tolist()
        for each, low, high in zip(self._solids, edges, edges[1:], strict=False):
            if each.fold and low < high:
                crease = along[low:high] * np.float32(7.5 / max(each.widths)) + side[low:high] * 0.15
                facing[low:high] += np.float32(each.fold) * np.sin(crease)
            if each.texture is not None and low < high:
                colour[low:high] = each.texture(t[low:high], np.clip(side[low:high] / width[low:high], -1, 1))
        lit = np.clip((facing + np.float32(0.25)) / np.float32(1.25), 0, 1)
        # The rim of a round body turns away from every light: it also keeps like-coloured limbs apart.
        rim = 1 - np.float32(0.30) * share**6
        key, ambient = np.array(light.key, np.float32) * np.float32(0.85), np.array(light.ambient, np.float32)
        sky = np.float32(0.72) + np.float32(0.16) * out_of_plane + np.float32(0.16) * normal_y
        lit, sky = lit * rim, sky * rim
        rgba = np.empty((len(chosen), 4), np.float32)
        for channel in range(3):
            shade = lit * key[channel] + sky * ambient[channel]
            rgba[:, channel] = np.minimum(shade * colour[:, channel], np.float32(1)) * alpha
        rgba[:, 3] = alpha
        return rgba


def _counted(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """low[0] … high[0] - 1, low[1] … high[1] - 1, and so on, int32."""
    lengths = high - low
    before = (np.cumsum(lengths) - lengths - low).astype(np.int32)
    return np.arange(lengths.sum(), dtype=np.int32) - np.repeat(before, lengths)
