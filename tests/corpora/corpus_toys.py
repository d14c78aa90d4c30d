"""Frames and portraits for the corpora's tests, small enough to make on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

FPS, FRAMES, WIDTH, HEIGHT = 10, 40, 64, 48


def numbered_frames(count: int = FRAMES) -> Iterator[np.ndarray]:
    """Frame i is grey 6 i: its number can be read off the decoded picture."""
    for number in range(count):
        yield np.full((HEIGHT, WIDTH, 3), 6 * number, np.uint8)


def noisy_frames(count: int = FRAMES) -> Iterator[np.ndarray]:
    """Frames that take some kilobytes each, so that a hole in the file hits one."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def put_portrait(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((20, 16, 3), 90, np.uint8)
    encoded, content = cv2.imencode(path.suffix, picture)
    assert encoded
    path.write_bytes(content.tobytes())
