"""From a face to the person's mask: a prior of where bodies are below faces; GrabCut finds the edge by colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# The prior, in face-box heights, origin at the face box's centre, y down; checked against the studio's figures. Heads
# and shoulders are in proportion to the face whoever it is; how far down the feet are is a setting.
HEAD = (0.56, 0.78, -0.15)  # half axes of the ellipse with the hair, and its centre's height
TORSO_TOP, TORSO_SHARE = 0.72, 0.56  # it begins below the chin and ends at this share of the way to the feet
TORSO = (0.84, 0.93, 0.34)  # half width with hanging arms, certainty, softness
LEGS = (0.46, 0.80, 0.34)  # people sit, and pictures end: less certain
NECK = 0.3  # half width
SURE_BACKGROUND, LIKELY, SURE = 0.03, 0.45, 0.93  # levels of the prior that make GrabCut's four kinds of pixels
REACH = 1.6  # at which the prior is below SURE_BACKGROUND: sideways, above the face, below the feet
SMALL_PART = 0.12  # pieces smaller than this share of the largest are noise
MARGIN = 6  # pixels of background around the prior that GrabCut sees, at least


@dataclass(frozen=True)
class ColourModels:
    """GrabCut's two mixtures, (1, 65) each: what this person and their surroundings look like."""

    background: np.ndarray
    foreground: np.ndarray


def shape_prior(box: np.ndarray, *, height: int, width: int, feet: float = 5.8) -> np.ndarray:
    """Probability (height, width) that a pixel belongs to the person with this face box, before looking at colours.

    `feet`: how many face-box heights below the face's centre a standing person ends. Farther from the figure than REACH
    it is 0.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    unit = max(2.0, y2 - y1)
    u = (np.arange(width, dtype=np.float32) + 0.5 - (x1 + x2) / 2) / unit
    v = (np.arange(height, dtype=np.float32) + 0.5 - (y1 + y2) / 2) / unit
    columns, rows = slice(*np.searchsorted(u, (-REACH, REACH))), slice(*np.searchsorted(v, (-REACH, feet + REACH)))
    prior_hw = np.zeros((height, width), np.float32)
    prior_hw[rows, columns] = _figure(u[None, columns], v[rows, None], feet)
    return prior_hw


def _figure(u: np.ndarray, v: np.ndarray, feet: float) -> np.ndarray:
    """The prior at places `u` (1, w) and `v` (h, 1), in face-box heights."""
    half_width, half_height, centre = HEAD
    radius = np.hypot(u / half_width, (v - centre) / half_height)
    prior = 0.98 * _soft((radius - 1) * half_width, 0.10)
    prior = np.maximum(prior, 0.95 * _soft(np.maximum(np.abs(u) - NECK, np.abs(v - 0.7) - 0.3), 0.10))
    hip = TORSO_TOP + TORSO_SHARE * (feet - TORSO_TOP)
    for (half, certainty, softness), top, bottom in ((TORSO, TORSO_TOP, hip), (LEGS, hip - 0.2, feet)):
        # Rounded shoulders: the part is narrower in its first half unit.
        shoulder = half - 0.4 * np.clip(1 - (v - top) / 0.5, 0, 1) ** 2
        outside = np.maximum(np.abs(u) - shoulder, np.maximum(top - v, v - bottom))
        prior = np.maximum(prior, certainty * _soft(outside, softness))
    return prior.astype(np.float32)


def _soft(outside: np.ndarray, softness: float) -> np.ndarray:
    """1 inside, 0 outside, .5 on the edge; `outside` is a signed distance in face heights."""
    return 1 / (1 + np.exp(np.clip(outside / (softness / 2), -30, 30)))


def clean(mask_hw: np.ndarray) -> np.ndarray:
    """Without specks: opened by 3 pixels, pieces of at least SMALL_PART of the largest."""
    cleaned = np.zeros(mask_hw.shape, bool)
    around = _around(mask_hw, margin=2)
    if around is None:
        return cleaned
    opened = cv2.morphologyEx(mask_hw[around].astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count > 1:
        cleaned[around] = np.concatenate([[False], areas > SMALL_PART * areas.max()])[labels]
    return cleaned


def _around(mask_hw: np.ndarray, margin: int) -> tuple[slice, slice] | None:
    """The part of a picture that holds the mask, and `margin` pixels on each side where there are any."""
    spans = []
    for axis, size in zip((1, 0), mask_hw.shape, strict=True):
        here = np.flatnonzero(mask_hw.any(axis))
        if not len(here):
            return None
        spans.append(slice(max(0, here[0] - margin), min(size, here[-1] + margin + 1)))
    return spans[0], spans[1]


def grab_cut(
    frame_hwc: np.ndarray,
    trimap_hw: np.ndarray,
    *,
    iterations: int,
    models: ColourModels | None = None,
) -> tuple[np.ndarray, ColourModels | None]:
    """GrabCut inside the box of everything that is not surely background; frozen colour models where given.

    The trimap's own guess comes back where one side is missing, or OpenCV finds too few colours to fit.
    """
    guess = (trimap_hw == cv2.GC_FGD) | (trimap_hw == cv2.GC_PR_FGD)
    region = _around(trimap_hw != cv2.GC_BGD, MARGIN)
    if not guess.any() or region is None:
        return guess, models
    labels = np.ascontiguousarray(trimap_hw[region])
    if not ((labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)).any():
        return guess, models
    background, foreground = (
        (np.zeros((1, 65)), np.zeros((1, 65)))
        if models is None
        else (models.background.copy(), models.foreground.copy())
    )
    mode = cv2.GC_INIT_WITH_MASK if models is None else cv2.GC_EVAL_FREEZE_MODEL
    cv2.setRNGSeed(0)  # its k-means draws from OpenCV's global generator
    try:
        whole = (0, 0, 0, 0)  # unused where a mask is given
        picture = np.ascontiguousarray(frame_hwc[region])
        cv2.grabCut(picture, labels, whole, background, foreground, iterations, mode)
    except cv2.error:
        return guess, models
    found = np.zeros_like(guess)
    found[region] = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return found, models or ColourModels(background, foreground)


def person_mask(
    frame_hwc: np.ndarray, box: np.ndarray, others: Sequence[np.ndarray], *, iterations: int, feet: float = 5.8
) -> tuple[np.ndarray, ColourModels | None]:
    """The mask (H, W) of the person with face box `box`, and the colours found.

    `others`: face boxes of the other people in the frame; what is more probably theirs is taken for background, and
    their faces are theirs for sure.
    """
    height, width = frame_hwc.shape[:2]
    prior = shape_prior(box, height=height, width=width, feet=feet)
    trimap = np.full((height, width), cv2.GC_BGD, np.uint8)
    trimap[prior > SURE_BACKGROUND] = cv2.GC_PR_BGD
    trimap[prior > LIKELY] = cv2.GC_PR_FGD
    trimap[prior > SURE] = cv2.GC_FGD
    for other in others:
        theirs = shape_prior(other, height=height, width=width, feet=feet)
        trimap[(theirs > prior) & (theirs > LIKELY)] = cv2.GC_BGD
        trimap[_inside(other, height, width)] = cv2.GC_BGD
    trimap[_inside(box, height, width)] = cv2.GC_FGD
    found, models = grab_cut(frame_hwc, trimap, iterations=iterations)
    mask = clean(found)
    if not mask.any():
        mask = prior > 0.5
    return mask, models


def _inside(box: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    return slice(max(0, y1), min(height, max(0, y2))), slice(max(0, x1), min(width, max(0, x2)))
