"""Masks carried along a shot, both ways, from frames where a face was recognised to key frames where none was found.

The paper carries them with SAM 2's memory (sam2_carrier); here dense optical flow moves the mask and GrabCut, with the
colours of the recognised frame, puts its edge right. What comes out unlike the recognised region is dropped rather than
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.perception.carriers import Carried, ShotView
from models.perception.person_mask import ColourModels, clean, grab_cut, person_mask
from models.perception.settings import RegionSettings

FLOW_SCALE = 0.5  # flow at half size is as good as at full size, for a quarter of the time
FLOW_RATE = 12.0  # frames per second that flow steps through; slower loses walkers, faster adds nothing
KEPT = 0.3  # GrabCut that leaves less than this share of the carried mask has lost the person
UNSURE = 0.8  # below this likeness the recognised frame's own place is tried as well
BETTER = 0.05  # and taken if it is more alike by so much: people who are hidden for a moment stand still
COLOURS = 8  # histogram bins per channel


@dataclass(frozen=True)
class Anchor:
    """A recognised frame: the person's mask (H, W) bool and colours."""

    mask: np.ndarray
    models: ColourModels | None


@dataclass
class ShotFlow:
    """The frames of one shot (frame number to uint8 RGB) and the flows between them, computed once for all people."""

    frames: Mapping[int, np.ndarray]
    _grey: dict[int, np.ndarray] = field(default_factory=dict)
    _flows: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def grey(self, frame: int) -> np.ndarray:
        """The frame in grey, at flow size."""
        if frame not in self._grey:
            grey = cv2.cvtColor(self.frames[frame], cv2.COLOR_RGB2GRAY)
            self._grey[frame] = cv2.resize(grey, None, fx=FLOW_SCALE, fy=FLOW_SCALE, interpolation=cv2.INTER_AREA)
        return self._grey[frame]

    def warp(self, mask_hw: np.ndarray, source: int, target: int) -> np.ndarray:
        """A soft mask (H, W) float32 moved from frame `source` to frame `target` (backward warping)."""
        if (source, target) not in self._flows:
            self._flows[source, target] = _flow(self.grey(target), self.grey(source))
        flow_hw2 = self._flows[source, target]
        height, width = mask_hw.shape
        flow_hw2 = np.float32(1 / FLOW_SCALE) * cv2.resize(flow_hw2, (width, height), interpolation=cv2.INTER_LINEAR)
        grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        map_x: np.ndarray = grid_x + flow_hw2[..., 0]
        map_y: np.ndarray = grid_y + flow_hw2[..., 1]
        return cv2.remap(mask_hw, map_x, map_y, cv2.INTER_LINEAR, borderValue=0)


def _flow(first_hw: np.ndarray, second_hw: np.ndarray) -> np.ndarray:
    """Dense flow (H, W, 2) in pixels from the first grey picture to the second."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    start_hw2 = np.zeros((*first_hw.shape, 2), np.float32)
    return np.asarray(search.calc(first_hw, second_hw, start_hw2))


class FlowCarrier:
    """The classical recipe: no weights, an IoU of .8 on the studio's films. Confidence is the likeness of colours."""

    every_frame = True

    def __init__(self, settings: RegionSettings) -> None:
        self._settings = settings

    def carry(self, shot: ShotView) -> dict[int, dict[int, Carried]]:
        settings = self._settings
        anchors = {person: self._anchors(shot, person) for person in shot.people}
        flow = ShotFlow(shot.frames)
        found: dict[int, dict[int, Carried]] = {}
        for person, own in anchors.items():
            taken = _taken(anchors, person)
            carried = carry_masks(flow, own, shot.key_frames, taken, fps=shot.fps, settings=settings)
            found[person] = {frame: Carried(anchor.mask, 1.0) for frame, anchor in own.items()} | carried
        return found

    def _anchors(self, shot: ShotView, person: int) -> dict[int, Anchor]:
        settings = self._settings
        anchors = {}
        for frame in shot.people[person]:
            others = shot.others(person, frame)
            mask, models = person_mask(
                shot.frames[frame],
                shot.box(person, frame),
                others,
                iterations=settings.iterations,
                feet=settings.feet,
            )
            anchors[frame] = Anchor(mask, models)
        return anchors


def _taken(anchors: Mapping[int, Mapping[int, Anchor]], person: int) -> dict[int, np.ndarray]:
    """Per key frame, the pixels of the other people's recognised masks."""
    taken: dict[int, np.ndarray] = {}
    for other, found in anchors.items():
        if other != person:
            for frame, anchor in found.items():
                taken[frame] = taken[frame] | anchor.mask if frame in taken else anchor.mask
    return taken


def carry_masks(
    flow: ShotFlow,
    anchors: Mapping[int, Anchor],
    wanted: Sequence[int],
    taken: Mapping[int, np.ndarray],
    *,
    fps: float,
    settings: RegionSettings,
) -> dict[int, Carried]:
    """Masks on the `wanted` key frames of one person, from the nearest anchors before and after within the shot.

    `flow.frames` are frames of one shot only, so nothing crosses a cut; `taken`: pixels per key frame that belong to
    other recognised people. Where both directions reach a frame, the more alike mask wins. Doubtful ones are left out.
    """
    best: dict[int, Carried] = {}
    missing = sorted(set(wanted) - set(anchors))
    for start in sorted(anchors):
        for direction in (1, -1):
            stops = _stops(start, direction, missing, sorted(anchors), round(settings.longest * fps))
            for frame, carried in _run(flow, anchors[start], start, stops, taken, fps=fps, settings=settings):
                if frame not in best or carried.confidence > best[frame].confidence:
                    best[frame] = carried
    return {frame: best[frame] for frame in sorted(best) if best[frame].confidence >= settings.doubtful}


def _stops(start: int, direction: int, missing: Sequence[int], anchors: Sequence[int], reach: int) -> list[int]:
    """Missing key frames from `start` in `direction` up to the next anchor, in the order in which they are met."""
    ahead = [frame for frame in anchors if (frame - start) * direction > 0]
    limit = min((abs(frame - start) for frame in ahead), default=reach + 1)
    stops = [frame for frame in missing if 0 < (frame - start) * direction < min(limit, reach + 1)]
    return sorted(stops, key=lambda frame: abs(frame - start))


def _run(
    flow: ShotFlow,
    anchor: Anchor,
    start: int,
    stops: Sequence[int],
    taken: Mapping[int, np.ndarray],
    *,
    fps: float,
    settings: RegionSettings,
) -> list[tuple[int, Carried]]:
    """The anchor's mask at each of `stops`, carried step by step."""
    carried: list[tuple[int, Carried]] = []
    colours = histogram(flow.frames[start], anchor.mask)
    soft, here = anchor.mask.astype(np.float32), start
    for stop in stops:
        for following in _steps(here, stop, max(1, round(fps / FLOW_RATE))):
            soft, here = flow.warp(soft, here, following), following
        mask, confidence = _settle(flow.frames[stop], soft > 0.5, anchor, colours, taken.get(stop), settings)
        carried.append((stop, Carried(mask, confidence)))
        soft = mask.astype(np.float32) if confidence >= settings.doubtful else soft
    return carried


def _steps(start: int, stop: int, step: int) -> list[int]:
    """Frames from `start` (excluded) to `stop` (included) in steps of at most `step`."""
    direction = 1 if stop > start else -1
    return [*range(start + direction * step, stop, direction * step), stop]


def _settle(
    frame_hwc: np.ndarray,
    warped_hw: np.ndarray,
    anchor: Anchor,
    colours: np.ndarray | None,
    taken_hw: np.ndarray | None,
    settings: RegionSettings,
) -> tuple[np.ndarray, float]:
    """The warped mask with its edge put right, or the anchor's own place if that is clearly more alike."""
    mask = _refine(frame_hwc, warped_hw, anchor.models, taken_hw, settings.band)
    likeness = _likeness(frame_hwc, mask, anchor.mask, colours)
    if likeness < UNSURE:
        stayed = _refine(frame_hwc, anchor.mask, anchor.models, taken_hw, settings.band)
        other = _likeness(frame_hwc, stayed, anchor.mask, colours)
        if other > likeness + BETTER:
            return stayed, other
    return mask, likeness


def _refine(
    frame_hwc: np.ndarray, mask_hw: np.ndarray, models: ColourModels | None, taken_hw: np.ndarray | None, band: int
) -> np.ndarray:
    """GrabCut with the recognised frame's colours, frozen: re-estimated ones drift away from fast people."""
    if taken_hw is not None:
        mask_hw = mask_hw & ~taken_hw
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    trimap = np.full(mask_hw.shape, cv2.GC_BGD, np.uint8)
    trimap[cv2.dilate(mask_hw.astype(np.uint8), kernel) > 0] = cv2.GC_PR_BGD
    trimap[mask_hw] = cv2.GC_PR_FGD
    if taken_hw is not None:
        trimap[taken_hw] = cv2.GC_BGD
    if models is None:
        return clean(mask_hw)
    found, _ = grab_cut(frame_hwc, trimap, iterations=1, models=models)
    found = clean(found)
    return found if found.sum() > KEPT * mask_hw.sum() else clean(mask_hw)


def histogram(frame_hwc: np.ndarray, mask_hw: np.ndarray) -> np.ndarray | None:
    """Joint colour histogram of a region, summing to 1; None for a region too small to tell."""
    pixels_n3 = frame_hwc[mask_hw] // (256 // COLOURS)
    if len(pixels_n3) < 20:
        return None
    index = (pixels_n3[:, 0].astype(int) * COLOURS + pixels_n3[:, 1]) * COLOURS + pixels_n3[:, 2]
    counts = np.bincount(index, minlength=COLOURS**3).astype(float)
    return counts / counts.sum()


def _likeness(frame_hwc: np.ndarray, mask_hw: np.ndarray, anchor_hw: np.ndarray, colours: np.ndarray | None) -> float:
    """Bhattacharyya coefficient of the colours, less where much of the person is gone."""
    here = histogram(frame_hwc, mask_hw)
    if here is None or colours is None:
        return 0.0
    remaining = min(1.0, 1.5 * mask_hw.sum() / max(1, anchor_hw.sum()))
    return float(np.sqrt(here * colours).sum() * remaining)
