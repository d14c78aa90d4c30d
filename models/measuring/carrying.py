"""Masks carried from a single face, where the truth and a detected face say how well: the harder test of a carrier.

In the pipeline every detected face anchors its mask anew, so what is carried there is only what no face was found for:
few frames, people turned away or hidden. Here each track of a shot keeps one face, in its middle, and is carried from
there to all the other key frames on which its face was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd

from corpora.film import Film
from models.measuring.truth import Perceived, match_heads
from models.perception.carriers import ShotView, load_carrier
from models.perception.perceive import shot_views
from models.perception.regions import decode_mask
from models.perception.settings import PerceptionSettings
from models.perception.tracks import link_tracks

COLUMNS = ("film", "clip", "track", "frame", "way", "iou", "confidence")


def observe_carrying(perceived: Perceived, truth: pd.DataFrame, settings: PerceptionSettings) -> pd.DataFrame:
    """A row per key frame that a mask could have reached (COLUMNS); a mask left out as doubtful has IoU nan.

    `way`: forward or backward in time from the face that was kept.
    """
    film, faces = perceived.film, perceived.faces
    carrier = load_carrier(settings.regions)
    stride = settings.key_frame_stride
    tracks = link_tracks(faces, threshold=perceived.banks.threshold, stride=stride, settings=settings.recognition)
    heads = match_heads(faces, truth)
    person_of = {
        (int(track), int(frame)): int(head)
        for track, frame, head in zip(tracks, faces["frame"], heads, strict=True)
        if head >= 0
    }
    rows: list[tuple[object, ...]] = []
    views = shot_views(film, faces, perceived.shots, tracks, film.clips(), settings, every_frame=carrier.every_frame)
    for clip, view in views:
        kept = {track: middle(own) for track, own in view.people.items() if len(own) > 1}
        alone: ShotView = replace(
            view, people={track: {frame: view.people[track][frame]} for track, frame in kept.items()}
        )
        found = carrier.carry(alone) if kept else {}
        for track, frame in _to_be_reached(view, kept, person_of):
            carried = found.get(track, {}).get(frame)
            way = "forward" if frame > kept[track] else "backward"
            true = truth["mask"].iloc[person_of[track, frame]]
            judged = (np.nan, np.nan) if carried is None else (_iou(carried.mask, true, film), carried.confidence)
            rows.append((film.id, clip.id, track, frame, way, *judged))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _to_be_reached(
    view: ShotView, kept: Mapping[int, int], person_of: Mapping[tuple[int, int], int]
) -> Iterator[tuple[int, int]]:
    """Tracks and their other frames with a face. A false face, or one that is nobody's, at either end is left out:
    there is no truth to hold the mask against."""
    for track, anchor in kept.items():
        for frame in sorted(set(view.people[track]) - {anchor}):
            if (track, frame) in person_of and (track, anchor) in person_of:
                yield track, frame


def _iou(mask_hw: np.ndarray, true: str, film: Film) -> float:
    """Of a mask at working size and the true one (COCO run lengths) at the film's."""
    size = (film.width, film.height)
    ours = cv2.resize(mask_hw.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    theirs = decode_mask(true, height=film.height, width=film.width)
    return float((ours & theirs).sum() / max(1, (ours | theirs).sum()))


def middle(faces: Mapping[int, int]) -> int:
    """The frame in the middle of a track's faces; of two the earlier."""
    frames = sorted(faces)
    return frames[(len(frames) - 1) // 2]
