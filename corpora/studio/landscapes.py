"""The places under the open sky: park, street, beach, forest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from corpora.studio.places import BOTTOM, LEFT, RIGHT, TOP, Backdrop


def _clouds(b: Backdrop, count: int, low: float, tone: object) -> None:
    for _ in range(count):
        x, y, size = b.rng.uniform(LEFT, RIGHT), b.rng.uniform(low, TOP - 1), b.rng.uniform(0.7, 1.5)
        for _ in range(7):
            b.canvas.disc(
                x + b.rng.uniform(-2.6, 2.6) * size, y + b.rng.uniform(-0.25, 0.35) * size,
                b.rng.uniform(0.6, 1.2) * size, b.jitter(tone, 0.015), squash=0.55,
            )  # fmt: skip


def _crown(b: Backdrop, x: float, y: float, width: float, height: float, green: object, leaves: int = 40) -> None:
    """Foliage: dark discs below, lighter ones above, as light from the sky leaves them."""
    places = b.rng.uniform(-1, 1, (leaves, 2))
    places = places[np.argsort(places[:, 1])]
    for u, v in places:
        squeeze = np.sqrt(max(1 - v * v, 0.15))
        tone = np.asarray(green, np.float32) * (0.85 + 0.32 * v + b.rng.uniform(-0.08, 0.08))
        b.canvas.disc(x + u * width * squeeze, y + v * height, b.rng.uniform(0.45, 0.95), tone)


def _grass(b: Backdrop, high: float, green: object, count: int) -> None:
    for _ in range(count):
        y = high - (high - BOTTOM) * b.rng.random() ** 1.5
        x, tall = b.rng.uniform(LEFT, RIGHT), 0.14 + 0.06 * (high - y)
        b.canvas.line(x, y, x + b.rng.uniform(-0.15, 0.15), y + tall, 0.07, b.jitter(np.asarray(green) * 0.85, 0.05))


def _park(b: Backdrop) -> None:
    b.fill(4.4, TOP + 1, (0.82, 0.90, 0.96), b.jitter((0.36, 0.60, 0.88), 0.03))
    green = b.jitter((0.36, 0.58, 0.26), 0.04)
    b.fill(BOTTOM, 4.4, green * 1.10, green * 0.72)
    _clouds(b, 6, 14.5, (0.95, 0.96, 0.98))
    for x in np.arange(LEFT, RIGHT, 3.2):  # the far edge of the park
        _crown(b, x + b.rng.uniform(-1, 1), 5.6, 2.4, 1.7, (0.34, 0.52, 0.40), 16)
    c = b.canvas
    sand = np.array((0.80, 0.72, 0.56), np.float32)
    c.poly([(LEFT, 1.9), (RIGHT, 1.2), (RIGHT, -0.4), (LEFT, 0.2)], sand)
    c.poly([(LEFT, 1.9), (RIGHT, 1.2), (RIGHT, 1.05), (LEFT, 1.7)], sand * 0.86)
    for x in np.arange(-27, 30, 8.5):
        x += b.rng.uniform(-2, 2)
        c.poly([(x - 0.55, 2.8), (x + 0.55, 2.8), (x + 0.3, 10), (x - 0.3, 10)], (0.36, 0.26, 0.17))
        c.poly([(x - 0.55, 2.8), (x - 0.15, 2.8), (x - 0.05, 10), (x - 0.3, 10)], (0.46, 0.34, 0.23))
        _crown(b, x, 11.6, 3.4, 2.6, b.jitter((0.24, 0.50, 0.19), 0.04), 46)
    _grass(b, 3.8, green, 500)
    for _ in range(70):
        x, y = b.rng.uniform(LEFT, RIGHT), b.rng.uniform(2.2, 3.6)
        c.disc(x, y, 0.12, b.choose((0.96, 0.90, 0.40), (0.95, 0.95, 0.95), (0.90, 0.45, 0.60)))


def _house(b: Backdrop, x: float, width: float) -> None:
    c = b.canvas
    high = b.rng.uniform(15.5, 20.5)
    wall = b.jitter(b.choose((0.60, 0.38, 0.30), (0.70, 0.63, 0.52), (0.52, 0.54, 0.58), (0.76, 0.68, 0.60)), 0.05)
    c.rect(x, 1.4, x + width, high, wall)
    c.rect(x, 1.4, x + 0.35, high, wall * 0.82)
    c.rect(x - 0.15, high, x + width + 0.15, high + 0.5, wall * 0.7)
    c.rect(x, 1.4, x + width, 5.9, wall * 0.62)
    awning = b.choose((0.70, 0.20, 0.18), (0.18, 0.42, 0.34), (0.22, 0.32, 0.58), (0.80, 0.62, 0.20))
    c.panel(x + 0.7, 1.5, x + width - 0.7, 5.0, (0.20, 0.18, 0.17), edge=0.12)
    c.rect(x + 1.0, 2.2, x + width - 1.0, 4.8, b.jitter((0.86, 0.78, 0.58), 0.06))
    c.rect(x + width * 0.55, 1.5, x + width * 0.55 + 0.25, 5.0, (0.20, 0.18, 0.17))
    stripes = np.linspace(x + 0.4, x + width - 0.4, 9)
    for k in range(8):
        tone = awning if k % 2 else np.array((0.93, 0.91, 0.86))
        c.poly([(stripes[k] - 0.1, 5.0), (stripes[k + 1] - 0.1, 5.0), (stripes[k + 1], 6.2), (stripes[k], 6.2)], tone)
    for y in np.arange(7.3, high - 2.6, 3.7):
        for left in np.arange(x + 0.9, x + width - 1.6, 2.5):
            c.rect(left - 0.15, y - 0.25, left + 1.55, y + 2.75, wall * 1.15)
            lit = b.rng.random() < 0.25
            c.rect(left, y, left + 1.4, y + 2.6, (0.98, 0.86, 0.55) if lit else b.jitter((0.34, 0.42, 0.52), 0.05))
            if not lit:
                c.poly([(left, y + 1.2), (left, y + 2.6), (left + 1.0, y + 2.6)], (0.50, 0.58, 0.68))
            c.rect(left + 0.62, y, left + 0.78, y + 2.6, wall * 1.2)


def _street(b: Backdrop) -> None:
    b.fill(1.0, TOP + 1, (0.86, 0.86, 0.84), b.jitter((0.55, 0.66, 0.80), 0.04))
    x = LEFT - 1
    while x < RIGHT:
        width = b.rng.uniform(6.5, 9.5)
        _house(b, x, width - 0.1)
        x += width
    c = b.canvas
    b.fill(BOTTOM, 1.5, (0.30, 0.30, 0.32), (0.30, 0.30, 0.32))
    c.rect(LEFT, -0.5, RIGHT, 1.5, (0.62, 0.61, 0.59))
    for x in np.arange(LEFT, RIGHT, 2.0):
        c.line(x, 1.5, x - 0.8, -0.5, 0.06, (0.50, 0.49, 0.48))
    c.rect(LEFT, 0.62, RIGHT, 0.68, (0.52, 0.51, 0.50))
    c.rect(LEFT, -0.8, RIGHT, -0.5, (0.74, 0.73, 0.70))
    c.rect(LEFT, -1.05, RIGHT, -0.8, (0.42, 0.42, 0.42))
    for x in np.arange(-24, 30, 15.0):
        c.line(x, 1.2, x, 13.5, 0.26, (0.16, 0.17, 0.18))
        c.line(x, 13.4, x + 1.6, 14.0, 0.18, (0.16, 0.17, 0.18))
        c.disc(x + 1.8, 13.8, 0.42, (1.0, 0.95, 0.78))
        c.disc(x, 1.2, 0.5, (0.14, 0.15, 0.16), squash=0.6)


def _beach(b: Backdrop) -> None:
    b.fill(8.0, TOP + 1, (0.97, 0.92, 0.84), b.jitter((0.30, 0.62, 0.90), 0.03))
    _clouds(b, 5, 13.0, (0.98, 0.97, 0.95))
    b.fill(3.4, 8.0, (0.30, 0.66, 0.72), (0.10, 0.36, 0.58))
    sand = b.jitter((0.90, 0.80, 0.60), 0.03)
    b.fill(BOTTOM, 3.4, sand * 1.03, sand * 0.86)
    c = b.canvas
    for _ in range(90):
        y = b.rng.uniform(3.9, 7.8)
        x, length = b.rng.uniform(LEFT, RIGHT), b.rng.uniform(0.6, 2.6) * (8.6 - y) / 3
        c.rect(x, y, x + length, y + 0.07, b.jitter((0.62, 0.82, 0.88), 0.05))
    edge = [(x, 3.45 + 0.22 * np.sin(x * 0.9) + 0.12 * np.sin(x * 2.3)) for x in np.arange(LEFT, RIGHT + 1, 0.8)]
    c.poly([*edge, (RIGHT, 3.05), (LEFT, 3.05)], (0.93, 0.97, 0.98))
    c.poly([(x, y - 0.30) for x, y in edge] + [(RIGHT, 2.75), (LEFT, 2.75)], sand * 0.78)
    for x in b.rng.uniform(LEFT, RIGHT, 3):  # sails
        c.poly([(x, 8.1), (x, 9.9), (x + 1.1, 8.3)], (0.97, 0.96, 0.93))
        c.poly([(x - 0.5, 8.0), (x + 1.0, 8.0), (x + 0.7, 7.75), (x - 0.2, 7.75)], (0.5, 0.25, 0.2))
    for x in np.arange(-22, 30, 17.0):  # a parasol
        x += b.rng.uniform(-3, 3)
        c.line(x, 2.2, x + 0.5, 9.8, 0.18, (0.92, 0.90, 0.86))
        tone = b.choose((0.86, 0.26, 0.24), (0.22, 0.50, 0.72), (0.92, 0.70, 0.22))
        for k in range(6):
            a0, a1 = np.pi * k / 6, np.pi * (k + 1) / 6
            fan = [(x + 0.5 + 3.4 * np.cos(a), 9.2 + 1.9 * np.sin(a)) for a in (a0, (a0 + a1) / 2, a1)]
            c.poly([(x + 0.5, 9.3), *fan], tone if k % 2 else np.array((0.96, 0.95, 0.92)))
        c.poly([(x - 1.8, 1.7), (x + 2.6, 1.7), (x + 2.0, 2.6), (x - 1.4, 2.6)], tone * 0.9)
    for _ in range(260):
        c.disc(b.rng.uniform(LEFT, RIGHT), b.rng.uniform(BOTTOM, 2.6), 0.06, b.jitter(sand * 0.82, 0.05), squash=0.6)


def _forest(b: Backdrop) -> None:
    glow = b.jitter((0.66, 0.78, 0.58), 0.04)
    b.fill(3.2, TOP + 1, glow, b.jitter((0.24, 0.38, 0.30), 0.03))
    c = b.canvas
    for layer, (count, mist, wide) in enumerate(((46, 0.62, 0.35), (26, 0.34, 0.6), (11, 0.0, 1.0))):
        for x in np.linspace(LEFT, RIGHT, count) + b.rng.uniform(-1.2, 1.2, count):
            bark = b.jitter((0.30, 0.22, 0.15), 0.03) * (1 - mist) + glow * mist
            w, foot = wide * b.rng.uniform(0.6, 1.1), 3.4 - 0.55 * layer
            c.poly([(x - w * 1.25, foot), (x + w * 1.25, foot), (x + w * 0.8, TOP), (x - w * 0.8, TOP)], bark)
            c.poly(
                [(x - w * 1.25, foot), (x - w * 0.5, foot), (x - w * 0.3, TOP), (x - w * 0.8, TOP)],
                np.minimum(bark * 1.25, 1),
            )
            if layer == 2:
                for y in np.arange(4, TOP, 1.3):
                    c.line(x - w * 0.2, y, x + w * 0.1, y + 0.7, 0.08, bark * 0.7)
        for x in np.arange(LEFT, RIGHT, 2.6):
            green = np.array((0.20, 0.36, 0.18)) * (1 - mist) + glow * mist * 0.9
            _crown(b, x + b.rng.uniform(-1, 1), 18.8 - 0.6 * layer, 2.2, 1.7, green, 10)
            _crown(b, x + b.rng.uniform(-1, 1), 3.3 - 0.3 * layer, 1.5, 0.8 - 0.1 * layer, green * 1.05, 7)
    earth = b.jitter((0.34, 0.32, 0.18), 0.03)
    c.poly([(LEFT, 2.5), (RIGHT, 2.7), (RIGHT, BOTTOM), (LEFT, BOTTOM)], earth)
    c.poly([(LEFT, 1.1), (RIGHT, 1.5), (RIGHT, 0.0), (LEFT, -0.5)], np.array((0.50, 0.42, 0.28)))
    _grass(b, 2.5, (0.34, 0.44, 0.20), 420)
    for _ in range(160):
        x, y = b.rng.uniform(LEFT, RIGHT), b.rng.uniform(BOTTOM, 2.4)
        c.disc(
            x, y, 0.13, b.jitter(b.choose((0.55, 0.36, 0.16), (0.62, 0.50, 0.20), (0.30, 0.36, 0.16)), 0.04), squash=0.5
        )


OUTDOORS: dict[str, Callable[[Backdrop], None]] = {
    "park": _park, "street": _street, "beach": _beach, "forest": _forest,
}  # fmt: skip
