"""Events that change the whole picture: rain, snow, fog, leaves, lightning, the light going out, fire."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from corpora.studio.poses import ease

Picture = np.ndarray


def _scaled(picture: Picture, factor: float, lift: float = 0.0) -> Picture:
    return cv2.convertScaleAbs(picture, alpha=factor, beta=lift)


def _rain(picture: Picture, seconds: float, length: float) -> Picture:
    height, width = picture.shape[:2]
    k = height / 270
    out = _scaled(picture, 0.80)
    rng = np.random.default_rng([51])
    x, y, speed = rng.uniform(-60, width, 190), rng.uniform(0, height, 190), rng.uniform(520, 760, 190) * k
    y = (y + speed * seconds) % (height + 30) - 15
    streaks = np.zeros((height, width), np.uint8)
    for x0, y0, s in zip(x, y, speed, strict=True):
        tip = (int(x0 + y0 * 0.12), int(y0))
        cv2.line(streaks, tip, (tip[0] - int(2 * k), tip[1] - int(s * 0.026)), 150, 1, cv2.LINE_AA)
    return cv2.add(out, cv2.merge([streaks // 2, streaks // 2 + streaks // 16, streaks // 2 + streaks // 8]))


def _snow(picture: Picture, seconds: float, length: float) -> Picture:
    height, width = picture.shape[:2]
    k = height / 270
    out = _scaled(picture, 0.88, 14)
    rng = np.random.default_rng([52])
    count = 150
    size, x, y = rng.uniform(0.9, 2.6, count) * k, rng.uniform(0, width, count), rng.uniform(0, height, count)
    drift = rng.uniform(0, 6.28, count)
    y = (y + (26 + 18 * size / k) * k * seconds) % (height + 8) - 4
    x = (x + 9 * k * np.sin(seconds * 1.3 + drift) + 6 * k * seconds) % width
    for x0, y0, s in zip(x, y, size, strict=True):
        cv2.circle(out, (int(x0 * 16), int(y0 * 16)), int(s * 16), (246, 248, 252), -1, cv2.LINE_AA, 4)
    return out


def _fog(picture: Picture, seconds: float, length: float) -> Picture:
    share = 0.30 + 0.36 * ease(seconds / max(length * 0.6, 1.0))
    return _scaled(picture, 1 - share, 226 * share)


def _leaves(picture: Picture, seconds: float, length: float) -> Picture:
    height, width = picture.shape[:2]
    k = height / 270
    out = picture.copy()
    rng = np.random.default_rng([53])
    for _ in range(64):
        x, y, turn, speed = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, 6.28), rng.uniform(34, 60) * k
        tone = ((206, 120, 34), (222, 166, 44), (176, 70, 34))[int(rng.integers(3))]
        y = (y + speed * seconds) % (height + 20) - 10
        x = (x + 26 * k * np.sin(seconds * 1.7 + turn) - 10 * k * seconds) % width
        axes = (max(2, int(6.4 * k)), max(1, int(3.4 * k * (0.35 + abs(np.sin(seconds * 3 + turn))))))
        cv2.ellipse(out, (int(x), int(y)), axes, np.rad2deg(turn + seconds * 2.4), 0, 360, tone, -1, cv2.LINE_AA)
    return out


def _lightning(picture: Picture, seconds: float, length: float) -> Picture:
    """A dark sky, and two flashes with a bolt that fade over half a second."""
    height, width = picture.shape[:2]
    flash = 0.0
    for start in (0.22 * length, 0.55 * length):
        after = seconds - start
        if after >= 0:
            flash = max(flash, float(np.exp(-after / 0.28)))
    out = _scaled(picture, 0.50 + 0.55 * flash, 150 * flash * flash)
    if flash > 0.25:
        rng = np.random.default_rng([54, int(seconds > 0.5 * length)])
        x, points = rng.uniform(0.25, 0.75) * width, []
        for step in range(9):
            points.append((int(x), int(step * height * 0.055)))
            x += rng.uniform(-0.03, 0.03) * width
        cv2.polylines(
            out, [np.array(points, np.int32)], False, (250, 250, 255), max(1, round(height / 110)), cv2.LINE_AA
        )
    return out


def _dark(picture: Picture, seconds: float, length: float) -> Picture:
    return _scaled(picture, 1 - 0.80 * ease(seconds / 1.0))


def _fire(picture: Picture, seconds: float, length: float) -> Picture:
    height, width = picture.shape[:2]
    k, start = height / 270, ease(seconds / 0.8)
    flicker = 0.72 + 0.18 * np.sin(seconds * 11) + 0.10 * np.sin(seconds * 27.3)
    rise = np.linspace(0.12, 1.0, height, dtype=np.float32)[:, None, None] ** 1.6
    glow = rise * np.array([150, 62, 4], np.float32) * np.float32(flicker * start)
    out = cv2.add(_scaled(picture, 1 - 0.30 * start), np.broadcast_to(glow, picture.shape).astype(np.uint8))
    rng = np.random.default_rng([55])
    for _ in range(34):  # tongues of flame along the lower edge
        x, size, beat = rng.uniform(0, width), rng.uniform(8, 22) * k, rng.uniform(0, 6.28)
        tall = size * (1.5 + 0.7 * np.sin(seconds * 9 + beat)) * start
        for share, tone in ((1.0, (226, 84, 16)), (0.62, (250, 168, 40)), (0.3, (255, 232, 140))):
            tip = (int(x + 3 * k * np.sin(seconds * 7 + beat)), int(height - tall * share))
            base = [(int(x - size * 0.42 * share), height), (int(x + size * 0.42 * share), height)]
            cv2.fillConvexPoly(out, np.array([tip, *base], np.int32), tone, cv2.LINE_AA)
    return out


EVENTS: dict[str, Callable[[Picture, float, float], Picture]] = {
    "rain": _rain, "snow": _snow, "fog": _fog, "leaves": _leaves, "lightning": _lightning, "dark": _dark, "fire": _fire,
}  # fmt: skip


def with_event(picture: Picture, event: str, *, seconds: float, length: float) -> Picture:
    """The picture (h, w, 3) uint8 under an event, `seconds` into a shot of `length` seconds."""
    return EVENTS[event](picture, seconds, length)
