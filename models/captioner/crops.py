"""From frames and masks to what the tower looks at: a crop around each region, and small whole frames.

Everything is brought to one working size first, so that films and rendered stock clips look alike.
Shapes: t frames, h by w pixels. Boxes here are shares of the frame: centre x, centre y, width, height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

WORKING_SIZE = (240, 135)  # width, height
SCENE_SIZE = (192, 108)
CROP_SIZE = (48, 64)  # of the region net's input
CROP_MARGIN = (3, 4)  # kept around it on each side, for shifts while training
# A perceived mask often ends where a raised or stretched arm begins, or at the hip, and limbs tell what is done.
# So a crop hangs on the head and shows as much below and around it as the figure is tall on most frames.
SHOWN_OF_FIGURE = 1.35  # height of what is shown, in the figure's own
ABOVE_HEAD = 0.2  # how much of it is above the head's top, the same
WIDE_FIGURE = 0.9  # who lies is as tall as this share of the width
MOST_FRAMES = 0.8  # quantile over frames that is taken for the figure's size
SMALLEST_REGION = 12  # pixels at the working size; less is noise


@dataclass(frozen=True)
class RegionPixels:
    """One region over a clip: crops (t, 72, 54, 3) uint8, masks (t, 72, 54) bool, boxes (t, 4), seen (t,)."""

    crops: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class ClipPixels:
    """A clip as the tower takes it: whole frames (s, 108, 192, 3) uint8 and its regions in the caller's order."""

    scene: np.ndarray
    regions: tuple[RegionPixels, ...]


def spread(available: int, wanted: int) -> list[int]:
    """`wanted` indices into `available` frames, in order; a short clip repeats its frames in place, so neighbours stay
    neighbours (the released code repeats cyclically, which breaks the token merge)."""
    if available < 1:
        raise ValueError("a clip needs at least one frame")
    return [(2 * index + 1) * available // (2 * wanted) for index in range(wanted)]


def clip_pixels(
    frames_thw3: np.ndarray, masks: Sequence[np.ndarray], *, frames: int = 8, scene_frames: int = 4
) -> ClipPixels:
    """Frames (t, h, w, 3) uint8 and one (t, h, w) bool mask per region, sampled to fixed numbers of frames."""
    chosen = spread(len(frames_thw3), frames)
    small = {index: cv2.resize(frames_thw3[index], WORKING_SIZE, interpolation=cv2.INTER_AREA) for index in set(chosen)}
    regions = tuple(_region([small[index] for index in chosen], [mask[index] for index in chosen]) for mask in masks)
    whole = [chosen[index] for index in spread(frames, scene_frames)]
    scene = [cv2.resize(small[index], SCENE_SIZE, interpolation=cv2.INTER_AREA) for index in whole]
    return ClipPixels(np.stack(scene), regions)


def mirrored(clip: ClipPixels) -> ClipPixels:
    """The clip as a mirror shows it; boxes move along."""
    regions = []
    for region in clip.regions:
        boxes = region.boxes.copy()
        boxes[:, 0] = np.where(region.seen, 1 - boxes[:, 0], 0)
        regions.append(RegionPixels(region.crops[:, :, ::-1], region.masks[:, :, ::-1], boxes, region.seen))
    return ClipPixels(clip.scene[:, :, ::-1], tuple(regions))


def _region(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> RegionPixels:
    width, height = CROP_SIZE[0] + 2 * CROP_MARGIN[0], CROP_SIZE[1] + 2 * CROP_MARGIN[1]
    crops = np.zeros((len(frames), height, width, 3), np.uint8)
    inside = np.zeros((len(frames), height, width), bool)
    small = [cv2.resize(mask.view(np.uint8), WORKING_SIZE, interpolation=cv2.INTER_AREA) for mask in masks]
    corners = np.array([_corners(mask) for mask in small], np.float32)
    seen = corners[:, 2] > 0
    size = _figure_size(corners[seen])
    for index in np.flatnonzero(seen).tolist():
        to_crop = _to_crop(*_head_top(small[index]), size, width, height)
        crops[index] = cv2.warpAffine(frames[index], to_crop, (width, height), borderMode=cv2.BORDER_REPLICATE)
        inside[index] = cv2.warpAffine(small[index], to_crop, (width, height), flags=cv2.INTER_NEAREST) > 0
    (left, top, right, bottom), (across, down) = corners.T, WORKING_SIZE
    middles_and_sizes = [(left + right) / 2 / across, (top + bottom) / 2 / down, (right - left) / across]
    return RegionPixels(crops, inside, np.stack([*middles_and_sizes, (bottom - top) / down], 1), seen)


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask (h, w) bool or uint8, in pixels; zeros where it is empty."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return left, top, left + width, top + height


def middle_column(mask: np.ndarray) -> float:
    """The median of the columns of a mask's pixels; it has one at least."""
    filled = np.cumsum(np.count_nonzero(mask, axis=0))
    middle = (filled[-1] - 1) // 2, filled[-1] // 2
    return float(np.searchsorted(filled, middle, side="right").sum()) / 2


def _corners(mask: np.ndarray) -> tuple[int, int, int, int]:
    """`extent`; zeros too where the mask is too small to be somebody."""
    return extent(mask) if cv2.countNonZero(mask) >= SMALLEST_REGION else (0, 0, 0, 0)


def _figure_size(corners_t4: np.ndarray) -> float:
    """How tall a figure is on most of its frames, in pixels; one for all, since some masks hold half the body only."""
    if not len(corners_t4):
        return 1.0
    heights, widths = corners_t4[:, 3] - corners_t4[:, 1], corners_t4[:, 2] - corners_t4[:, 0]
    return float(np.quantile(np.maximum(heights, WIDE_FIGURE * widths), MOST_FRAMES))


def _head_top(mask: np.ndarray) -> tuple[float, float]:
    """Column and row in which a figure's middle begins: its head, whatever its arms do."""
    left, top, right, bottom = extent(mask)
    body = mask[top:bottom, left:right] > 0
    x = left + middle_column(body)
    near = np.abs(np.arange(left, right) - x) <= max(0.1 * (bottom - 1 - top), 1.0)
    return x, float(top + np.argmax(body[:, near].any(1)))


def _to_crop(x: float, top: float, size: float, width: int, height: int) -> np.ndarray:
    """The affine map that brings the head's top to its place in a crop with margins."""
    scale = CROP_SIZE[1] / (size * SHOWN_OF_FIGURE)
    above = CROP_MARGIN[1] + ABOVE_HEAD / SHOWN_OF_FIGURE * CROP_SIZE[1]
    return np.array([[scale, 0, width / 2 - x * scale], [0, scale, above - top * scale]], np.float32)
