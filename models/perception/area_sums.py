"""Pictures made smaller by the mean of the pixels below each new one, from sums over rectangles.

A detector looks at every frame in eight sizes and at a hundred windows of it. Summed up from its corner, a frame gives
the sum over any rectangle by four look-ups; pixels are whole numbers, so nothing is rounded before the division.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

Window = tuple[int, int, int, int]  # x1 y1 x2 y2 in pixels, ends exclusive


class AreaSums:
    """The sums of one uint8 RGB picture (height, width, 3)."""

    def __init__(self, picture_hwc: np.ndarray) -> None:
        # Numpy moves pixels of four numbers in one piece, but those of three number by number.
        self._sums: np.ndarray = cv2.integral(cv2.cvtColor(picture_hwc, cv2.COLOR_RGB2RGBA))

    def resized(self, height: int, width: int, window: Window | None = None) -> np.ndarray:
        """The picture, or a window of it, as float32 (height, width, 3).

        Each new pixel is the mean of all that it touches: torch's `interpolate(mode="area")`, to the bit.
        """
        sums = self._sums
        if window is not None:
            x1, y1, x2, y2 = window
            sums = sums[y1 : y2 + 1, x1 : x2 + 1]
        top, bottom, heights = _spans(sums.shape[0] - 1, height)
        left, right, widths = _spans(sums.shape[1] - 1, width)
        strips = sums.take(bottom, 0)
        strips -= sums.take(top, 0)
        found = strips.take(right, 1)
        found -= strips.take(left, 1)
        means = found[..., :3].astype(np.float32)
        means /= heights[:, None, :1]
        means /= widths
        return means


@lru_cache(maxsize=4096)
def _spans(size: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each of the `wanted` new pixels begins and ends among `size`, and how long it is, thrice (wanted, 3)."""
    places = np.arange(wanted)
    starts, ends = places * size // wanted, -(-(places + 1) * size // wanted)
    return starts, ends, np.repeat((ends - starts).astype(np.float32)[:, None], 3, axis=1)
