"""True masks made like perceived ones, so that what learns on stock clips is not lost on films.

Perception grows a mask from a face: it finds the body below, and loses what reaches far from it, above all arms that
are raised or stretched. A net that learnt on exact masks named 60 % of the acts right on a film's exact masks and 28 %
on its perceived ones.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.captioner.crops import extent, middle_column

EXACT = 0.15  # share of the people whose mask stays whole
REACH = (0.10, 0.32)  # how far from the body's middle a mask reaches, as a share of the figure's height
MIDDLE = 0.06  # half the width of the column in which the head's top is looked for, the same share
HALF = 0.15  # share of the masks that end somewhere on the way down
HALO = 0.35  # share of the people whose mask takes in a rim of what is behind them


def as_perceived(masks_thw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One person's masks over a clip, (t, h, w) bool, without what reaches far from the body, or above the head."""
    whole, reach = rng.random() < EXACT, rng.uniform(*REACH)
    halo = int(rng.integers(1, 3)) if rng.random() < HALO else 0
    extents = [extent(mask) for mask in masks_thw]
    heights = [bottom - top for _, top, _, bottom in extents if bottom]
    if whole or not heights:
        return masks_thw
    height = float(np.median(heights))
    cut = [_core(mask, reach * height, max(MIDDLE * height, 1.0)) for mask in masks_thw]
    cut = [_upper(mask, rng.uniform(0.3, 0.8)) if rng.random() < HALF else mask for mask in cut]
    if halo:
        kernel = np.ones((2 * halo + 1, 2 * halo + 1), np.uint8)
        cut = [cv2.dilate(mask.astype(np.uint8), kernel) > 0 for mask in cut]
    return np.stack(cut)


def _core(mask_hw: np.ndarray, reach: float, middle: float) -> np.ndarray:
    """The mask within `reach` pixels of its middle, from the head's top down."""
    left, top, right, bottom = extent(mask_hw)
    if not bottom:
        return mask_hw
    body = mask_hw[top:bottom, left:right]
    away = np.abs(np.arange(right - left) - middle_column(body))
    head = int(np.argmax(body[:, away <= middle].any(1)))  # 0 where nothing is in the middle
    core = np.zeros_like(mask_hw)
    core[top + head : bottom, left:right] = body[head:] & (away <= reach)
    return core


def _upper(mask_hw: np.ndarray, share: float) -> np.ndarray:
    """The upper `share` of the mask's rows."""
    _, top, _, bottom = extent(mask_hw)
    upper = mask_hw.copy()
    if bottom:
        upper[top + max(1, round(share * np.count_nonzero(mask_hw.any(1)))) :] = False
    return upper
