"""Rounded limbs in the picture: tapered, lit by the normal a round body would have there, composited over a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from corpora.studio.camera import Light

Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (share along 0-1, side -1..1) -> colours (h, w, 3)


@dataclass
class Patch:
    """A part of the picture that figures are drawn on before they are laid over the frame.

    rgba (h, w, 4) float32 premultiplied; owner (h, w) uint8, the number of the person a pixel belongs to, 0 for none;
    left, top: where the patch lies in the frame, pixels.
    """

    rgba: np.ndarray
    owner: np.ndarray
    left: int
    top: int

    @classmethod
    def empty(cls, left: int, top: int, right: int, bottom: int) -> Patch:
        shape = (max(bottom - top, 0), max(right - left, 0))
        return cls(np.zeros((*shape, 4), np.float32), np.zeros(shape, np.uint8), left, top)

    def window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice] | None:
        """Rows and columns of the patch that the frame's rectangle covers; None if it covers none."""
        height, width = self.owner.shape
        left, right = max(int(x0) - self.left, 0), min(int(np.ceil(x1)) - self.left + 1, width)
        top, bottom = max(int(y0) - self.top, 0), min(int(np.ceil(y1)) - self.top + 1, height)
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)

    def lay(self, rgba: np.ndarray, left: int, top: int, owner: int | None) -> None:
        """Lays a premultiplied picture at a frame position; owner None keeps whose pixels they were."""
        height, width = rgba.shape[:2]
        inside = self.window(left, top, left + width - 1, top + height - 1)
        if inside is None:
            return
        rows, columns = inside
        dy, dx = top - self.top, left - self.left
        part = rgba[rows.start - dy : rows.stop - dy, columns.start - dx : columns.stop - dx]
        under = self.rgba[rows, columns]
        under *= 1 - part[..., 3:]
        under += part
        if owner is not None:
            self.owner[rows, columns][part[..., 3] > 0.5] = owner


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

    def paint(self, patch: Patch, light: Light, owner: int) -> None:
        inside = patch.window(*self.bounds())
        if inside is None:
            return
        rows, columns = inside
        x = np.arange(columns.start, columns.stop, dtype=np.float32)[None] + np.float32(
            patch.left + 0.5 - self.start[0]
        )
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(patch.top + 0.5 - self.start[1])
        dx, dy = np.float32(self.end[0] - self.start[0]), np.float32(self.end[1] - self.start[1])
        length = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
        ux, uy = dx / length, dy / length
        along = x * ux + y * uy
        side = y * ux - x * uy  # to the right of the way from start to end is negative; see `texture`
        t = np.clip(along / length, 0, 1)
        beyond = along - t * length
        if self.flat_start != 1.0 or self.flat_end != 1.0:
            beyond = beyond * np.where(beyond < 0, np.float32(self.flat_start), np.float32(self.flat_end))
        first, middle, last = (np.float32(w) for w in self.widths)
        width = first + t * (4 * middle - 3 * first - last) + t * t * (2 * first + 2 * last - 4 * middle)
        width = np.maximum(width, np.float32(0.3))  # three widths far apart can bend the curve below nothing
        distance = np.sqrt(side * side + beyond * beyond)
        alpha = np.clip(width - distance + np.float32(0.5), 0, 1)
        share = np.minimum(distance / width, 1)
        out_of_plane = np.sqrt(1 - share * share * np.float32(0.98))
        scale = share / (distance + np.float32(1e-4))
        normal_x = (beyond * ux - side * uy) * scale
        normal_y = -(beyond * uy + side * ux) * scale
        lx, ly, lz = light.unit
        facing = normal_x * lx + normal_y * ly + out_of_plane * lz
        if self.fold:
            facing = facing + np.float32(self.fold) * np.sin(along * np.float32(7.5 / max(self.widths)) + side * 0.15)
        lit = np.clip((facing + np.float32(0.25)) / np.float32(1.25), 0, 1)
        # The rim of a round body turns away from every light: it also keeps like-coloured limbs apart.
        rim = 1 - np.float32(0.30) * share**6
        key, ambient = np.array(light.key, np.float32) * np.float32(0.85), np.array(light.ambient, np.float32)
        sky = np.float32(0.72) + np.float32(0.16) * out_of_plane + np.float32(0.16) * normal_y
        shade = (lit * rim)[..., None] * key + (sky * rim)[..., None] * ambient
        colour = self.colour if self.texture is None else self.texture(t, np.clip(side / width, -1, 1))
        painted = np.minimum(shade * colour, np.float32(1)) * alpha[..., None]
        under = patch.rgba[rows, columns]
        under *= (1 - alpha)[..., None]
        under[..., :3] += painted
        under[..., 3] += alpha
        patch.owner[rows, columns][alpha > 0.5] = owner
