"""Things that stand in a place or lie in a hand, painted once per size and light.

Small things are drawn one and a half times their natural size: at film resolution a true cup is five pixels wide, and
neither a viewer nor a network can name it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from corpora.studio.camera import Light
from corpora.studio.canvas import Canvas

SMALL_SCALE = 1.5

WOOD, DARK_WOOD, STEEL = np.array((0.52, 0.34, 0.20)), np.array((0.36, 0.23, 0.14)), np.array((0.30, 0.31, 0.34))
PAPER, GLASS = np.array((0.95, 0.93, 0.87)), np.array((0.62, 0.80, 0.94))

Lit = Callable[[np.ndarray | tuple[float, ...]], np.ndarray]  # a colour under the shot's light
Painter = Callable[[Canvas, Lit, float, bool], None]


def _cup(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    red = np.array((0.86, 0.22, 0.16))
    c.disc(0.42, 0.35, 0.24, on(red * 0.8))
    c.disc(0.42, 0.35, 0.13, on((0.25, 0.2, 0.2)))
    c.poly([(-0.34, 0.75), (0.34, 0.75), (0.26, 0.0), (-0.26, 0.0)], on(red))
    c.poly([(-0.34, 0.75), (-0.12, 0.75), (-0.10, 0.0), (-0.26, 0.0)], on(red * 1.25))
    c.disc(0, 0.75, 0.34, on(PAPER), squash=0.22)
    c.disc(0, 0.75, 0.27, on((0.30, 0.16, 0.08)), squash=0.22)


def _book(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    cover = np.array((0.16, 0.30, 0.66))
    if held:
        for s in (-1, 1):
            c.poly([(0, 0.05), (s * 0.95, 0.20), (s * 0.95, 1.30), (0, 1.12)], on(cover * (1 if s < 0 else 0.8)))
            c.poly([(0, 0.16), (s * 0.86, 0.28), (s * 0.86, 1.24), (0, 1.06)], on(PAPER * (1 if s < 0 else 0.9)))
            for row in range(4):
                y = 0.42 + row * 0.18
                c.line(s * 0.14, y - 0.02, s * 0.74, y + 0.05, 0.045, on((0.5, 0.5, 0.5)))
        return
    c.rect(-0.75, 0.0, 0.75, 0.34, on(cover))
    c.rect(-0.70, 0.07, 0.78, 0.27, on(PAPER))
    c.rect(-0.78, 0.0, -0.62, 0.34, on(cover * 1.2))


def _phone(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    if held:
        c.rect(-0.22, -0.45, 0.22, 0.50, on((0.07, 0.07, 0.09)))
        c.rect(-0.15, -0.30, 0.15, 0.42, on((0.30, 0.62, 0.85)))
        return
    c.rect(-0.5, 0.0, 0.5, 0.16, on((0.07, 0.07, 0.09)))
    c.rect(-0.44, 0.10, 0.44, 0.20, (0.45, 0.85, 1.0))


def _flower(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    c.line(0, -0.1, 0.05, 0.95, 0.10, on((0.16, 0.46, 0.18)))
    c.poly([(0.02, 0.3), (0.42, 0.55), (0.15, 0.25)], on((0.22, 0.58, 0.22)))
    for k in range(6):
        a = k * np.pi / 3
        c.disc(0.05 + 0.26 * np.cos(a), 1.1 + 0.26 * np.sin(a), 0.21, on((0.95, 0.36, 0.62)))
    c.disc(0.05, 1.1, 0.17, on((0.98, 0.84, 0.25)))


def _letter(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    low, high = (-0.1, 0.75) if held else (0.0, 0.5)
    c.rect(-0.6, low, 0.6, high, on(PAPER))
    c.line(-0.6, high, 0, (low + high) / 2, 0.06, on((0.60, 0.57, 0.50)))
    c.line(0.6, high, 0, (low + high) / 2, 0.06, on((0.60, 0.57, 0.50)))
    c.disc(0, (low + high) / 2, 0.11, on((0.80, 0.12, 0.14)))


def _box(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    card = np.array((0.68, 0.48, 0.28))
    c.poly([(-0.85, 0.95), (-0.6, 1.2), (1.05, 1.2), (0.8, 0.95)], on(card * 1.2))
    c.poly([(0.8, 0.0), (1.05, 0.25), (1.05, 1.2), (0.8, 0.95)], on(card * 0.7))
    c.rect(-0.85, 0.0, 0.8, 0.95, on(card))
    c.rect(-0.14, 0.0, 0.10, 0.95, on((0.87, 0.77, 0.55)))


def _ball(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    c.disc(0, 0.45, 0.45, on((0.95, 0.55, 0.10)))
    c.disc(-0.12, 0.58, 0.22, on((1.0, 0.70, 0.30)))
    c.line(-0.44, 0.42, 0.44, 0.48, 0.06, on((0.25, 0.12, 0.05)))
    c.line(0.0, 0.0, 0.02, 0.9, 0.06, on((0.25, 0.12, 0.05)))


def _bag(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    leather = np.array((0.22, 0.42, 0.34))
    for x in (-0.32, 0.32):
        c.line(x, 0.7, x * 0.55, 1.15, 0.09, on(leather * 0.6))
    c.line(-0.2, 1.13, 0.2, 1.13, 0.09, on(leather * 0.6))
    c.poly([(-0.75, 0.0), (0.75, 0.0), (0.6, 0.78), (-0.6, 0.78)], on(leather))
    c.poly([(-0.62, 0.5), (0.62, 0.5), (0.6, 0.78), (-0.6, 0.78)], on(leather * 1.3))
    c.rect(-0.10, 0.40, 0.10, 0.56, on((0.90, 0.78, 0.35)))


def _door(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    c.panel(-2.1, 0, 2.1, 12.3, on((0.40, 0.27, 0.18)), edge=0.14)
    c.rect(-1.65, 0, 1.65, 11.9, on((0.07, 0.06, 0.08)))
    c.poly([(-1.65, 0), (1.65, 0), (0.9, 2.2), (-1.2, 2.2)], on((0.16, 0.13, 0.12)))
    leaf = 3.3 * (1 - 0.72 * opened)
    right, rise = -1.65 + leaf, 0.45 * opened
    wood = np.array((0.56, 0.33, 0.19))
    c.poly([(-1.65, 0), (right, rise), (right, 11.9 - rise), (-1.65, 11.9)], on(wood * (1 - 0.2 * opened)))
    for low, high in ((1.0, 5.2), (6.4, 11.0)):
        for inset, tone in ((0.0, 0.72), (0.18, 1.10)):
            x0, x1 = -1.65 + leaf * (0.16 + inset / 4), -1.65 + leaf * (0.84 - inset / 4)
            c.poly([(x0, low + inset), (x1, low + inset), (x1, high - inset), (x0, high - inset)], on(wood * tone))
    c.disc(right - 0.30 * (1 - 0.6 * opened), 5.8, 0.20, on((0.95, 0.84, 0.45)))


def _window(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    white = np.array((0.90, 0.88, 0.84))
    c.panel(-2.5, 5.7, 2.5, 13.3, on(white), edge=0.14)
    c.rect(-2.1, 6.2, 2.1, 12.9, (0.56, 0.76, 0.93))
    c.rect(-2.1, 6.2, 2.1, 8.2, (0.52, 0.70, 0.52))
    c.disc(1.0, 11.3, 0.7, (0.93, 0.96, 0.99), squash=0.45)
    wing = 2.1 * (1 - 0.72 * opened)
    for s in (-1, 1):
        inner = s * (2.1 - wing)
        rise = 0.4 * opened
        c.poly([(s * 2.1, 6.2), (inner, 6.2 - rise), (inner, 12.9 + rise * 0.3), (s * 2.1, 12.9)], on(white))
        x0, x1 = s * 2.1 - s * 0.2, inner + s * 0.2
        for low, high in ((6.45, 9.4), (9.65, 12.65)):
            c.poly([(x0, low), (x1, low), (x1, high), (x0, high)], (0.70, 0.85, 0.96))
            c.poly([(x0, low + 0.5), (x0, high), (x0 + (x1 - x0) * 0.5, high)], (0.80, 0.91, 0.98))
    c.panel(-2.8, 5.35, 2.8, 5.8, on(white), edge=0.10)


def _table(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    for x in (-2.55, 2.25):
        c.panel(x, 0, x + 0.34, 4.3, on(DARK_WOOD), edge=0.08)
    c.rect(-2.6, 3.6, 2.6, 4.2, on(DARK_WOOD * 1.1))
    c.poly([(-3.1, 4.2), (3.1, 4.2), (2.6, 5.0), (-2.6, 5.0)], on(WOOD * 1.2))
    c.rect(-3.1, 4.0, 3.1, 4.25, on(WOOD * 0.85))


def _chair(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    for x in (-1.15, 0.9):
        c.rect(x, 0, x + 0.26, 2.8, on(DARK_WOOD))
        c.rect(x, 3.0, x + 0.26, 6.9, on(DARK_WOOD * 1.15))
    for y in (3.7, 4.8, 5.9):
        c.panel(-1.1, y, 1.1, y + 0.7, on(WOOD), edge=0.09)
    c.poly([(-1.4, 2.6), (1.4, 2.6), (1.15, 3.3), (-1.15, 3.3)], on(np.array((0.72, 0.26, 0.20))))
    c.rect(-1.4, 2.35, 1.4, 2.65, on(DARK_WOOD))


def _bench(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    for x in (-2.9, 2.5):
        c.rect(x, 0, x + 0.4, 5.9, on(STEEL))
        c.rect(x - 0.15, 0, x + 0.55, 0.22, on(STEEL * 0.8))
    for y in (3.9, 4.75, 5.6):
        c.panel(-3.4, y, 3.4, y + 0.6, on(WOOD * 1.05), edge=0.09)
    c.poly([(-3.5, 2.5), (3.5, 2.5), (3.2, 3.3), (-3.2, 3.3)], on(WOOD * 1.25))
    c.rect(-3.5, 2.3, 3.5, 2.55, on(WOOD * 0.7))


def _car(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    red = np.array((0.72, 0.12, 0.13))
    c.poly([(-3.3, 3.4), (-2.3, 6.0), (1.9, 6.0), (3.3, 3.4)], on(red * 0.85))
    c.poly([(-2.8, 3.5), (-2.0, 5.6), (-0.3, 5.6), (-0.3, 3.5)], on(GLASS * 0.8))
    c.poly([(0.0, 3.5), (0.0, 5.6), (1.7, 5.6), (2.8, 3.5)], on(GLASS * 0.8))
    c.poly([(-2.4, 4.4), (-2.0, 5.5), (-1.2, 5.5)], on(GLASS))
    c.poly([(-5.2, 1.2), (-5.3, 2.9), (-4.6, 3.6), (4.7, 3.6), (5.3, 2.6), (5.3, 1.2)], on(red))
    c.poly([(-5.2, 2.9), (-4.6, 3.6), (4.7, 3.6), (5.1, 3.0)], on(np.minimum(red * 1.4, 1)))
    c.rect(-5.3, 1.1, 5.3, 1.5, on((0.14, 0.14, 0.15)))
    c.line(-0.15, 1.6, -0.15, 3.4, 0.07, on(red * 0.55))
    c.rect(-0.9, 2.7, -0.4, 2.85, on((0.85, 0.85, 0.85)))
    c.disc(5.0, 2.5, 0.30, (1.0, 0.96, 0.72))
    for x in (-3.2, 3.2):
        c.disc(x, 1.15, 1.15, on((0.08, 0.08, 0.09)))
        c.disc(x, 1.15, 0.62, on((0.62, 0.63, 0.66)))
        c.disc(x, 1.15, 0.22, on((0.25, 0.25, 0.27)))


def _tree(c: Canvas, on: Lit, opened: float, held: bool) -> None:
    rng = np.random.default_rng([31, 4])
    bark = np.array((0.36, 0.25, 0.16))
    c.poly([(-0.9, 0), (0.9, 0), (0.5, 3), (0.4, 8.5), (-0.4, 8.5), (-0.5, 3)], on(bark))
    c.poly([(-0.9, 0), (-0.3, 0), (-0.1, 8.5), (-0.4, 8.5), (-0.5, 3)], on(bark * 1.3))
    c.line(0.2, 6.0, 1.8, 8.2, 0.3, on(bark))
    for layer, tone in enumerate((0.62, 0.8, 1.0, 1.2)):
        for _ in range(11):
            a, r = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2.6 - 0.25 * layer)
            x, y = 1.15 * r * np.cos(a) - 0.2 * layer, 10.6 + 0.8 * r * np.sin(a) + 0.35 * layer
            c.disc(x, y, rng.uniform(0.7, 1.35) - 0.12 * layer, on(np.array((0.22, 0.47, 0.17)) * tone))


# Painter and the rectangle it paints in: left, bottom, right, top.
PAINTERS: dict[str, tuple[Painter, tuple[float, float, float, float]]] = {
    "cup": (_cup, (-0.8, -0.2, 0.9, 1.1)),
    "book": (_book, (-1.1, -0.1, 1.1, 1.5)),
    "phone": (_phone, (-0.7, -0.6, 0.7, 0.7)),
    "flower": (_flower, (-0.7, -0.2, 0.8, 1.7)),
    "letter": (_letter, (-0.8, -0.3, 0.8, 1.0)),
    "box": (_box, (-1.0, -0.1, 1.2, 1.4)),
    "ball": (_ball, (-0.6, -0.1, 0.6, 1.0)),
    "bag": (_bag, (-0.9, -0.1, 0.9, 1.3)),
    "door": (_door, (-2.3, -0.1, 2.3, 12.5)),
    "window": (_window, (-3.0, 5.2, 3.0, 13.6)),
    "table": (_table, (-3.3, -0.1, 3.3, 5.2)),
    "chair": (_chair, (-1.6, -0.1, 1.6, 7.1)),
    "bench": (_bench, (-3.7, -0.1, 3.7, 6.4)),
    "car": (_car, (-5.6, -0.1, 5.6, 6.3)),
    "tree": (_tree, (-4.6, -0.1, 4.6, 14.6)),
}
SMALL = ("cup", "book", "phone", "flower", "letter", "box", "ball", "bag")
# How much taller the middle of a held thing is than its foot, natural units; hands hold it there.
GRIP = {"box": 0.5, "book": 0.55, "letter": 0.3, "flower": 0.2, "ball": 0.45, "bag": 1.05, "cup": 0.38, "phone": 0.0}


@functools.lru_cache(maxsize=512)
def prop_sprite(
    kind: str, *, scale: float, light: Light, held: bool = False, opened: float = 0.0
) -> tuple[np.ndarray, tuple[float, float]]:
    """A thing's premultiplied RGBA sprite and the way from its anchor to the sprite's middle, pixels.

    The anchor is the foot of a standing thing and the grip of a held one. `scale` is pixels per world unit.
    """
    painter, (left, bottom, right, top) = PAINTERS[kind]
    size = scale * SMALL_SCALE if kind in SMALL else scale
    canvas = Canvas(left, bottom, right, top, size, fine=4 if kind in SMALL else 3)
    painter(canvas, light.on, opened, held)
    anchor = GRIP.get(kind, 0.0) if held else 0.0
    return canvas.rgba(), ((left + right) / 2 * size, -((top + bottom) / 2 - anchor) * size)
