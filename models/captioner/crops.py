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
CROP_SIZE = (40, 56)  # of the region net's input
CROP_MARGIN = (3, 4)  # kept around it on each side, for shifts while training
SHOWN_AROUND_BOX = 1.12
SMALLEST_REGION = 12  # pixels at the working size; less is noise


@dataclass(frozen=True)
class RegionPixels:
    """One region over a clip: crops (t, 64, 46, 3) uint8, masks (t, 64, 46) bool, boxes (t, 4), seen (t,)."""

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
    boxes = np.zeros((len(frames), 4), np.float32)
    for index, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        small = cv2.resize(mask.astype(np.uint8), WORKING_SIZE, interpolation=cv2.INTER_AREA)
        rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
        if int(small.sum()) < SMALLEST_REGION:
            continue
        left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        boxes[index] = (
            (left + right) / 2 / WORKING_SIZE[0],
            (top + bottom) / 2 / WORKING_SIZE[1],
            (right - left) / WORKING_SIZE[0],
            (bottom - top) / WORKING_SIZE[1],
        )
        to_crop = _to_crop((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, width, height)
        crops[index] = cv2.warpAffine(frame, to_crop, (width, height), borderMode=cv2.BORDER_REPLICATE)
        inside[index] = cv2.warpAffine(small, to_crop, (width, height), flags=cv2.INTER_NEAREST) > 0
    return RegionPixels(crops, inside, boxes, boxes[:, 2] > 0)


def _to_crop(x: float, y: float, box_width: float, box_height: float, width: int, height: int) -> np.ndarray:
    """The affine map of a box, with surroundings and never narrower than the net's shape, onto a crop with margins."""
    shown = max(box_height * SHOWN_AROUND_BOX, box_width * SHOWN_AROUND_BOX * CROP_SIZE[1] / CROP_SIZE[0])
    scale = CROP_SIZE[1] / shown
    return np.array([[scale, 0, width / 2 - x * scale], [0, scale, height / 2 - y * scale]], np.float32)
