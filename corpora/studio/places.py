"""The places films are set in, painted once per film: a wide backdrop that every shot cuts its picture from."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np

from corpora.studio.camera import PLACE_TINT, Camera
from corpora.studio.canvas import Canvas
from corpora.studio.screenplay import PLACES

LEFT, RIGHT, BOTTOM, TOP = -30.0, 30.0, -3.0, 21.0  # the painted world, units
SCALE = 20.0  # pixels per unit of the backdrop


class Backdrop:
    """A backdrop in the making: a gradient to begin with, flat painting over it, then grain and light."""

    def __init__(self, name: str, variant: int) -> None:
        self.rng = np.random.default_rng([41, PLACES.index(name), variant])
        self.canvas = Canvas(LEFT, BOTTOM, RIGHT, TOP, SCALE, fine=2)
        y = TOP - (np.arange(self.canvas.height, dtype=np.float32) + 0.5) / SCALE
        self.y = y[:, None, None]
        self.base = np.zeros((self.canvas.height, 1, 3), np.float32)

    def jitter(self, colour: object, size: float = 0.05) -> np.ndarray:
        return np.clip(np.asarray(colour, np.float32) + self.rng.uniform(-size, size, 3).astype(np.float32), 0, 1)

    def choose(self, *colours: tuple[float, float, float]) -> np.ndarray:
        return np.array(colours[int(self.rng.integers(len(colours)))], np.float32)

    def fill(self, low: float, high: float, bottom: object, top: object) -> None:
        """A gradient between two heights, from the colour below to the colour above."""
        share = np.clip((self.y - low) / (high - low), 0, 1)
        rows = (self.y[:, 0, 0] >= low) & (self.y[:, 0, 0] < high)
        b, t = np.asarray(bottom, np.float32), np.asarray(top, np.float32)
        self.base[rows] = (b * (1 - share) + t * share)[rows]

    def finished(self) -> np.ndarray:
        """(h, w, 3) float32 0-1."""
        *colours, cover = cv2.split(self.canvas.rgba())
        bare = 1 - cover
        picture = cv2.merge([self.base[..., channel] * bare + colour for channel, colour in enumerate(colours)])
        grain = self.rng.standard_normal((self.canvas.height, self.canvas.width), np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), 1.1) * 0.030 + cv2.GaussianBlur(grain, (0, 0), 9) * 0.25
        return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7) * cv2.merge([1 + grain] * 3), 0, 1)


def _room(b: Backdrop, wall: object, floor: object, *, skirting: bool = True) -> None:
    wall_colour, floor_colour = np.asarray(wall, np.float32), np.asarray(floor, np.float32)
    b.fill(1.6, TOP + 1, wall_colour * 0.80, wall_colour * 1.02)
    b.fill(BOTTOM, 1.6, floor_colour * 1.12, floor_colour * 0.74)
    if skirting:
        b.canvas.rect(LEFT, 1.5, RIGHT, 2.1, wall_colour * 0.62)
        b.canvas.rect(LEFT, 1.98, RIGHT, 2.1, wall_colour * 0.95)


def _boards(b: Backdrop, floor: np.ndarray) -> None:
    """Floorboards that run towards the viewer: lines that fan out from a point high above the horizon."""
    for x in np.arange(-60, 60, 2.2):
        b.canvas.line(x * 0.55, 1.5, x, BOTTOM, 0.07, floor * 0.66)


def _framed(b: Backdrop, x: float, y: float, w: float, h: float) -> None:
    """A painting on the wall: frame, mount, a small landscape."""
    c = b.canvas
    c.panel(x, y, x + w, y + h, (0.36, 0.25, 0.14), edge=0.10)
    c.rect(x + 0.25, y + 0.25, x + w - 0.25, y + h - 0.25, b.jitter((0.66, 0.76, 0.80), 0.12))
    c.rect(x + 0.25, y + 0.25, x + w - 0.25, y + h * 0.45, b.jitter((0.40, 0.52, 0.34), 0.12))
    c.disc(x + w * 0.65, y + h * 0.68, h * 0.10, (0.98, 0.92, 0.70))


def _kitchen(b: Backdrop) -> None:
    wall, floor = b.jitter((0.82, 0.77, 0.64)), b.jitter((0.58, 0.46, 0.34))
    _room(b, wall, floor, skirting=False)
    c = b.canvas
    for row in np.arange(6.4, 12.8, 0.8):  # tiles between worktop and cupboards
        for x in np.arange(LEFT, RIGHT, 1.2):
            c.rect(x + 0.04 + 0.6 * (int(row * 10) % 16 == 0), row, x + 1.16, row + 0.74, b.jitter(wall * 1.08, 0.012))
    front = b.choose((0.55, 0.66, 0.60), (0.66, 0.47, 0.30), (0.72, 0.70, 0.64))
    for x in np.arange(LEFT, RIGHT, 4.0):
        c.panel(x + 0.08, 12.9, x + 3.92, 19.5, b.jitter(front, 0.015), edge=0.12)
        c.panel(x + 0.5, 13.5, x + 3.5, 18.9, front * 0.95, edge=0.08)
        c.disc(x + 3.3, 13.9, 0.13, (0.90, 0.88, 0.80))
        c.panel(x + 0.08, 1.2, x + 3.92, 5.6, b.jitter(front * 0.86, 0.015), edge=0.12)
        c.rect(x + 1.4, 4.7, x + 2.6, 4.9, (0.82, 0.80, 0.74))
    c.rect(LEFT, 0.9, RIGHT, 1.3, (0.20, 0.17, 0.15))
    c.rect(LEFT, 5.6, RIGHT, 6.3, (0.80, 0.79, 0.77))
    c.rect(LEFT, 5.5, RIGHT, 5.7, (0.45, 0.44, 0.42))
    for x in b.rng.uniform(LEFT + 2, RIGHT - 2, 9):  # jars and pots
        tone = b.jitter(b.choose((0.75, 0.35, 0.25), (0.85, 0.75, 0.45), (0.35, 0.50, 0.55)))
        c.rect(x, 6.3, x + 0.8, 7.4 + b.rng.random(), tone)
        c.rect(x + 0.1, 7.4, x + 0.3, 8.2, np.minimum(tone * 1.3, 1))
    for x in np.arange(-26.0, 30, 19.0):
        _cooker(b, x)
        _shelf(b, x + 6.6)


def _cooker(b: Backdrop, x: float) -> None:
    """An oven with its hood, and the refrigerator beside it."""
    c = b.canvas
    c.poly([(x - 0.6, 12.9), (x + 4.6, 12.9), (x + 3.0, 15.5), (x + 1.0, 15.5)], (0.62, 0.64, 0.66))
    c.rect(x - 0.6, 12.5, x + 4.6, 12.95, (0.76, 0.78, 0.80))
    c.panel(x, 1.2, x + 4.0, 6.2, (0.30, 0.31, 0.33), edge=0.12)
    c.rect(x + 0.5, 2.2, x + 3.5, 4.6, (0.12, 0.12, 0.14))
    c.rect(x + 0.4, 4.9, x + 3.6, 5.1, (0.75, 0.75, 0.76))
    for k in range(4):
        c.disc(x + 0.8 + 0.8 * k, 5.6, 0.17, (0.85, 0.84, 0.80))
    c.rect(x + 0.9, 6.3, x + 2.6, 7.4, (0.72, 0.22, 0.18))  # a pot
    c.rect(x + 0.7, 7.3, x + 2.8, 7.5, (0.55, 0.15, 0.13))
    c.disc(x + 1.75, 7.65, 0.2, (0.2, 0.2, 0.2))
    white = b.jitter((0.88, 0.90, 0.90), 0.03)
    c.panel(x - 5.2, 1.1, x - 1.0, 12.6, white, edge=0.14)
    c.rect(x - 5.2, 8.3, x - 1.0, 8.45, white * 0.7)
    for y in (6.2, 9.0):
        c.rect(x - 4.8, y, x - 4.55, y + 1.6, (0.55, 0.57, 0.60))


def _shelf(b: Backdrop, x: float) -> None:
    """A board with plates, and spoons on hooks below it."""
    c = b.canvas
    c.rect(x, 10.1, x + 6.0, 10.4, (0.46, 0.31, 0.20))
    for k in range(4):
        c.disc(x + 0.9 + 1.4 * k, 11.05, 0.66, b.jitter((0.88, 0.90, 0.92), 0.04))
        c.disc(x + 0.9 + 1.4 * k, 11.05, 0.42, b.jitter((0.52, 0.66, 0.78), 0.06))
        c.line(x + 0.8 + 1.4 * k, 10.1, x + 0.8 + 1.4 * k, 8.7, 0.10, (0.45, 0.46, 0.48))
        c.disc(x + 0.8 + 1.4 * k, 8.5, 0.26, (0.52, 0.53, 0.55), squash=1.3)


def _office(b: Backdrop) -> None:
    wall, floor = b.jitter((0.66, 0.71, 0.76)), b.jitter((0.36, 0.38, 0.43))
    _room(b, wall, floor)
    c = b.canvas
    for x in np.arange(-28.5, 30, 11.4):
        c.panel(x, 7.2, x + 7.6, 17.6, (0.28, 0.31, 0.35), edge=0.14)
        c.rect(x + 0.4, 7.6, x + 7.2, 17.2, b.jitter((0.68, 0.82, 0.93), 0.03))
        for tower in range(6):  # a city beyond the glass
            left, high = x + 0.4 + tower * 1.13, 9.0 + b.rng.uniform(0, 5.0)
            c.rect(left, 7.6, left + 1.05, high, b.jitter((0.52, 0.60, 0.70), 0.05))
            for y in np.arange(8.2, high - 0.4, 0.7):
                c.rect(left + 0.2, y, left + 0.45, y + 0.3, (0.82, 0.86, 0.80))
        c.rect(x + 3.65, 7.4, x + 3.95, 17.4, (0.28, 0.31, 0.35))
        c.rect(x - 0.2, 6.8, x + 7.8, 7.3, (0.78, 0.80, 0.82))
        low = x + 8.3
        c.panel(low, 1.6, low + 2.4, 6.6, (0.46, 0.49, 0.53), edge=0.10)
        for y in (2.0, 3.6, 5.2):
            c.panel(low + 0.2, y, low + 2.2, y + 1.3, (0.55, 0.58, 0.62), edge=0.08)
            c.rect(low + 0.9, y + 0.8, low + 1.5, y + 0.95, (0.22, 0.24, 0.26))
    c.rect(LEFT, 19.4, RIGHT, 19.9, (0.93, 0.95, 0.97))


def _bedroom(b: Backdrop) -> None:
    wall, floor = (
        b.jitter(b.choose((0.74, 0.62, 0.64), (0.60, 0.68, 0.74), (0.76, 0.70, 0.58))),
        b.jitter((0.52, 0.39, 0.28)),
    )
    _room(b, wall, floor)
    _boards(b, floor)
    c = b.canvas
    for x in np.arange(LEFT, RIGHT, 1.5):
        c.rect(x, 2.1, x + 0.5, TOP, wall * (0.86 + 0.02 * (x % 3)))
    cover = b.choose((0.72, 0.30, 0.36), (0.28, 0.42, 0.62), (0.40, 0.55, 0.38))
    for x in (-25.0, 10.5):
        c.panel(x, 1.4, x + 1.0, 9.2, (0.38, 0.24, 0.15), edge=0.12)
        c.panel(x + 13.4, 1.4, x + 14.2, 6.2, (0.38, 0.24, 0.15), edge=0.12)
        c.poly([(x + 1, 1.6), (x + 13.4, 1.6), (x + 13.4, 4.9), (x + 1, 5.3)], cover)
        c.poly([(x + 4.5, 4.6), (x + 13.4, 4.3), (x + 13.4, 4.9), (x + 4.5, 5.4)], np.minimum(cover * 1.35, 1))
        c.poly([(x + 1, 5.0), (x + 4.6, 5.0), (x + 4.2, 6.9), (x + 1.2, 6.9)], (0.94, 0.92, 0.90))
        c.rect(x + 1, 1.2, x + 13.4, 1.8, (0.30, 0.19, 0.12))
        _framed(b, x + 5.0, 10.6, 4.6, 3.6)
        c.panel(x + 15.0, 1.4, x + 17.6, 5.0, (0.44, 0.29, 0.18), edge=0.10)
        c.line(x + 16.3, 5.0, x + 16.3, 7.4, 0.22, (0.35, 0.3, 0.28))
        c.poly([(x + 15.2, 7.2), (x + 17.4, 7.2), (x + 16.9, 9.2), (x + 15.7, 9.2)], (0.98, 0.88, 0.62))
    _framed(b, 3.4, 9.0, 4.2, 4.8)
    _framed(b, -28.5, 10.2, 3.8, 3.2)
    c.panel(-7.0, 6.0, -1.0, 15.2, (0.92, 0.90, 0.86), edge=0.14)
    c.rect(-6.6, 6.4, -1.4, 14.8, (0.62, 0.78, 0.92))
    for s, x in ((1, -8.4), (-1, 0.4)):
        c.rect(min(x, x + s * 2.1), 3.6, max(x, x + s * 2.1), 16.2, cover * 0.75)
        for fold in range(4):
            c.poly([(x + s * fold * 0.55, 3.6), (x + s * (fold * 0.55 + 0.5), 3.6), (x + s * (fold * 0.5 + 0.5), 16.2),
                    (x + s * fold * 0.5, 16.2)], cover * (0.75 + 0.12 * (fold % 3)))  # fmt: skip
    c.rect(-9.2, 16.0, 1.2, 16.5, (0.35, 0.23, 0.15))


def _library(b: Backdrop) -> None:
    wood, floor = b.jitter((0.40, 0.27, 0.17), 0.03), b.jitter((0.34, 0.21, 0.15))
    _room(b, wood * 0.75, floor)
    _boards(b, floor)
    c = b.canvas
    spines = (
        (0.52, 0.16, 0.13),
        (0.16, 0.32, 0.26),
        (0.20, 0.24, 0.42),
        (0.62, 0.52, 0.32),
        (0.36, 0.22, 0.13),
        (0.55, 0.42, 0.38),
    )
    for y in np.arange(2.3, 20, 3.0):
        c.rect(LEFT, y, RIGHT, y + 3.0, wood * 0.42)
        x = LEFT
        while x < RIGHT:
            w, h = b.rng.uniform(0.34, 0.72), b.rng.uniform(1.7, 2.45)
            if b.rng.random() < 0.06:
                x += w * 2
                continue
            spine = b.jitter(spines[int(b.rng.integers(6))], 0.05)
            c.rect(x, y + 0.25, x + w * 0.94, y + 0.25 + h, spine)
            c.rect(x, y + 0.25, x + w * 0.25, y + 0.25 + h, np.minimum(spine * 1.25, 1))
            c.rect(x, y + 0.25 + h * 0.7, x + w * 0.94, y + 0.25 + h * 0.78, (0.80, 0.68, 0.40))
            x += w
        c.panel(LEFT, y - 0.12, RIGHT, y + 0.26, wood, edge=0.08)
    for x in np.arange(-27.5, 30, 9.2):
        c.panel(x, 1.6, x + 0.8, TOP, wood * 1.15, edge=0.12)


def _station(b: Backdrop) -> None:
    wall, floor = b.jitter((0.56, 0.58, 0.58), 0.03), b.jitter((0.40, 0.40, 0.41), 0.02)
    _room(b, wall, floor, skirting=False)
    c = b.canvas
    for y in np.arange(2.0, 13.0, 1.0):
        for x in np.arange(LEFT, RIGHT, 2.0):
            c.rect(x + 0.04 + (y % 2) * 1.0, y, x + 1.96 + (y % 2) * 1.0, y + 0.93, b.jitter(wall * 1.08, 0.012))
    band = b.choose((0.16, 0.26, 0.48), (0.55, 0.18, 0.16), (0.18, 0.42, 0.30))
    c.rect(LEFT, 13.0, RIGHT, 15.0, band)
    c.rect(LEFT, 12.8, RIGHT, 13.05, band * 0.6)
    for x in np.arange(-27, 30, 13.5):
        c.panel(x, 13.3, x + 5.4, 14.7, (0.94, 0.94, 0.90), edge=0.06)
        for k in range(5):
            c.rect(x + 0.6 + k * 0.85, 13.7, x + 1.2 + k * 0.85, 14.3, (0.2, 0.2, 0.22))
        c.panel(x + 7.2, 6.4, x + 11.4, 11.8, (0.25, 0.26, 0.28), edge=0.14)  # a poster
        c.rect(
            x + 7.5,
            6.7,
            x + 11.1,
            11.5,
            b.jitter(b.choose((0.86, 0.55, 0.30), (0.35, 0.58, 0.66), (0.80, 0.76, 0.50)), 0.08),
        )
        c.disc(x + 9.3, 9.6, 1.15, b.jitter((0.92, 0.88, 0.78), 0.06))
        c.rect(x + 7.9, 7.1, x + 10.7, 7.6, (0.18, 0.18, 0.2))
        for s, tone in ((0.0, 0.66), (0.45, 1.05), (1.1, 0.78)):
            c.rect(x - 2.4 + s, 1.2, x - 2.4 + s + 0.5, TOP, np.array((0.48, 0.52, 0.54)) * tone)
    c.rect(LEFT, -0.35, RIGHT, 0.0, (0.88, 0.76, 0.25))  # the line at the platform's edge
    c.disc(4.2, 17.6, 1.6, (0.18, 0.19, 0.2))
    c.disc(4.2, 17.6, 1.35, (0.96, 0.96, 0.93))
    c.line(4.2, 17.6, 4.2, 18.6, 0.14, (0.1, 0.1, 0.1))
    c.line(4.2, 17.6, 4.9, 17.2, 0.14, (0.1, 0.1, 0.1))


INDOORS: dict[str, Callable[[Backdrop], None]] = {
    "kitchen": _kitchen, "office": _office, "bedroom": _bedroom, "library": _library, "station": _station,
}  # fmt: skip


@functools.lru_cache(maxsize=27)
def backdrop(name: str, variant: int) -> np.ndarray:
    """The painted place (480, 1200, 3) uint8; the caller must not write into it."""
    from corpora.studio.landscapes import OUTDOORS

    painted = Backdrop(name, variant)
    {**INDOORS, **OUTDOORS}[name](painted)
    return np.round(painted.finished() * 255).astype(np.uint8)


def view_of(name: str, variant: int, light: str, camera: Camera, *, blur: float | None = None) -> np.ndarray:
    """The place as a shot's camera sees it, (height, width, 3) uint8; softer where the lens is long.

    `blur`: pixels of softness; by default what the shot's size gives.
    """
    s = camera.scale / SCALE
    x, y = (camera.middle_x - LEFT) * SCALE, (TOP - camera.middle_y) * SCALE
    shift = np.array([[s, 0, camera.width / 2 - x * s], [0, s, camera.height / 2 - y * s]], np.float32)
    picture = cv2.warpAffine(
        backdrop(name, variant), shift, (camera.width, camera.height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    if blur is None:
        blur = 0.9 * max(0.0, camera.scale / camera.height * 16.5 - 1.0) * camera.height / 270
    if blur > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    return np.clip(picture * _lens(light, camera.width, camera.height), 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=8)
def _lens(light: str, width: int, height: int) -> np.ndarray:
    """Corners a little darker than the middle, as a lens has it, and the light's colour over all; (h, w, 3)."""
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return (1.02 - 0.10 * (u * u + v * v))[..., None] * np.array(PLACE_TINT[light], np.float32)
