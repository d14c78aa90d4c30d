"""Figures before they are laid over the frame: parts one over another, and what of the frame they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from corpora.studio.camera import Light
from corpora.studio.solids import Area, Limbs, Solid


@dataclass(frozen=True)
class Sprite:
    """A premultiplied picture (h, w, 4) around a place in the frame; `owned`: its pixels are the person's own."""

    rgba: np.ndarray
    x: float
    y: float
    owned: bool

    def bounds(self) -> tuple[float, float, float, float]:
        height, width = self.rgba.shape[:2]
        return self.x - width / 2, self.y - height / 2, self.x + width / 2, self.y + height / 2

    def inside(self, area: Area) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (n,) of the area that the sprite covers, and its RGBA (n, 4) there."""
        height, width = self.rgba.shape[:2]
        left, top = round(self.x - width / 2) - area.left, round(self.y - height / 2) - area.top
        rows = slice(max(-top, 0), max(min(height, area.height - top), 0))
        columns = slice(max(-left, 0), max(min(width, area.width - left), 0))
        part = self.rgba[rows, columns]
        covered = np.flatnonzero(part[..., 3] > 0)
        across = np.arange(left + columns.start, left + columns.start + part.shape[1])
        down = np.arange(top + rows.start, top + rows.start + part.shape[0])
        return (down[:, None] * area.width + across).reshape(-1)[covered], part.reshape(-1, 4).take(covered, axis=0)


@dataclass(frozen=True)
class Part:
    depth: float  # larger is nearer to the camera
    owner: int
    shape: Solid | Sprite


@dataclass(frozen=True)
class Patch:
    """What covers an area of the frame: n pixels that hide what is behind them, m that let it shine through.

    hiding (n,), soft (m,): numbers of the area's pixels, the soft ones may hide after all; colours (n, 3) uint8;
    rgba (m, 4) float32 premultiplied; owner (h, w) uint8: the person a pixel of the area belongs to, 0 for none.
    """

    area: Area
    hiding: np.ndarray
    colours: np.ndarray
    soft: np.ndarray
    rgba: np.ndarray
    owner: np.ndarray

    def over(self, picture: np.ndarray, owners: np.ndarray | None = None) -> None:
        """Lays the patch over a frame (h, w, 3) uint8; its owner takes the pixels of `owners` (h, w) uint8."""
        rows = slice(self.area.top, self.area.top + self.area.height)
        columns = slice(self.area.left, self.area.left + self.area.width)
        part = picture[rows, columns].reshape(-1, 3)
        mixed = part.take(self.soft, axis=0) * (1 - self.rgba[:, 3:]) + self.rgba[:, :3] * np.float32(255)
        part[self.hiding] = self.colours
        part[self.soft] = _bytes(mixed)
        picture[rows, columns] = part.reshape(self.area.height, self.area.width, 3)
        if owners is not None:
            np.copyto(owners[rows, columns], self.owner, where=self.owner > 0)


def _bytes(colours: np.ndarray) -> np.ndarray:
    return np.minimum(colours + np.float32(0.5), 255).astype(np.uint8)


def paint_parts(parts: Sequence[Part], light: Light, *, width: int, height: int) -> Patch:
    """Paints parts, far ones first, onto a patch just large enough and inside the frame."""
    parts = sorted(parts, key=lambda part: part.depth)
    bounds = np.array([part.shape.bounds() for part in parts])
    left, top = np.floor(np.maximum(bounds[:, :2].min(0), 0)).astype(int).tolist()
    right, bottom = np.ceil(np.minimum(bounds[:, 2:].max(0), (width, height))).astype(int).tolist()
    area = Area(left, top, max(right - left, 0), max(bottom - top, 0))
    # Places count the parts from the farthest on, 1; 0 is no part.
    solids = [(place, part.shape) for place, part in enumerate(parts, 1) if isinstance(part.shape, Solid)]
    limb_places = np.array([place for place, _ in solids], np.int16)
    limbs = Limbs([solid for _, solid in solids], bounds[limb_places - 1], area)
    sprites = [
        (place, part.shape.owned, *part.shape.inside(area))
        for place, part in enumerate(parts, 1)
        if isinstance(part.shape, Sprite)
    ]
    place = limb_places[limbs.solid]
    wall, owning = np.zeros((2, area.height * area.width), np.int16)  # the nearest part that hides, or owns, a pixel
    for nearest, chosen in ((wall, limbs.alpha == 1), (owning, limbs.alpha > 0.5)):
        chosen = np.flatnonzero(chosen)
        nearest[limbs.pixel[chosen]] = place[chosen]  # of several, the last stays
    for sprite_place, owned, pixel, rgba in sprites:
        for nearest, chosen in ((wall, rgba[:, 3] == 1), (owning, (rgba[:, 3] > 0.5) & owned)):
            nearest[pixel[chosen]] = np.maximum(nearest[pixel[chosen]], sprite_place)
    seen = np.flatnonzero(place >= wall[limbs.pixel])
    layers = [(place[seen], limbs.pixel[seen], limbs.colours(seen, light))]
    for sprite_place, _, pixel, rgba in sprites:
        seen = np.flatnonzero(wall[pixel] <= sprite_place)
        layers.append((np.full(len(seen), sprite_place, np.int16), pixel[seen], rgba.take(seen, axis=0)))
    place, pixel, rgba = (np.concatenate(arrays) for arrays in zip(*layers, strict=True))
    owner = np.array([0, *(part.owner for part in parts)], np.uint8)[owning].reshape(area.height, area.width)
    hiding, soft = np.flatnonzero(rgba[:, 3] == 1), np.flatnonzero(rgba[:, 3] < 1)
    soft = soft[np.argsort(place[soft], kind="stable")]
    hidden, walls = pixel[hiding], rgba.take(hiding, axis=0)
    mixed = _mixed(place[soft], pixel[soft], rgba.take(soft, axis=0), hidden, walls, len(wall))
    return Patch(area, hidden, _bytes(walls * np.float32(255))[:, :3], *mixed, owner)


def _mixed(
    place: np.ndarray, pixel: np.ndarray, rgba: np.ndarray, hiding: np.ndarray, walls: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (m,) with soft colours and their RGBA (m, 4): colours over each other, by rising place, and over `walls`
    (n, 4) at the pixels `hiding` (n,); there are `size` pixels."""
    number = np.zeros(size, np.intp)  # of a pixel's wall, from 1
    number[hiding] = np.arange(1, len(hiding) + 1)
    under = np.zeros(size, bool)
    under[pixel] = True
    soft = np.flatnonzero(under)
    mixed = np.concatenate([np.zeros((1, 4), np.float32), walls]).take(number[soft], axis=0)
    number[soft] = np.arange(len(soft))
    at = number[pixel]
    edges = np.flatnonzero(np.diff(place, prepend=-1, append=-1)).tolist()
    for low, high in pairwise(edges):
        one = at[low:high]
        mixed[one] = mixed.take(one, axis=0) * (1 - rgba[low:high, 3:]) + rgba[low:high]
    return soft, mixed
