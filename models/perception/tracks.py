"""Faces of one person through one shot: detections of neighbouring key frames joined into tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from models.perception.encoders import unit_rows
from models.perception.settings import RecognitionSettings

FORBIDDEN = 1e6  # cost of a pair that must not be matched
DRIFT = 1.5  # face heights a face may move from one key frame to the next and still be looked for


def box_iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes x1 y1 x2 y2."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return float(shared / (sum(areas) - shared))


def embeddings_of(faces: pd.DataFrame) -> np.ndarray:
    """The table's embeddings as an array (n, d) float32."""
    if not len(faces):
        return np.zeros((0, 1), np.float32)
    return np.stack([np.asarray(row, np.float32) for row in faces["embedding"]])


def link_tracks(faces: pd.DataFrame, *, threshold: float, stride: int, settings: RecognitionSettings) -> np.ndarray:
    """A track number for each row of `faces` (frame, shot, x1, y1, x2, y2, embedding; sorted by frame).

    A face joins the track whose last box it overlaps, or which is near and looks alike (squared L2 below `threshold`,
    the encoder's own). A track lost for up to `link_gap` key frames may be taken up again; none crosses a cut; two
    faces of one frame are two tracks. Numbers count from 0 in order of first appearance.
    """
    boxes_n4 = faces[["x1", "y1", "x2", "y2"]].to_numpy(np.float32)
    embeddings_nd = embeddings_of(faces)
    frames, shots = faces["frame"].to_numpy(), faces["shot"].to_numpy()
    tracks = np.full(len(faces), -1)
    live: dict[int, int] = {}  # track -> row of its last face
    count = 0
    for frame in np.unique(frames):
        rows = np.flatnonzero(frames == frame)
        live = {
            track: last
            for track, last in live.items()
            if shots[last] == shots[rows[0]] and frame - frames[last] <= settings.link_gap * stride
        }
        for row, track in _match(rows, live, boxes_n4, embeddings_nd, frames, stride, threshold, settings).items():
            tracks[row] = track
        for row in rows.tolist():
            if tracks[row] < 0:
                tracks[row] = count
                count += 1
            live[int(tracks[row])] = int(row)
    return tracks


def _match(
    rows: np.ndarray,
    live: dict[int, int],
    boxes_n4: np.ndarray,
    embeddings_nd: np.ndarray,
    frames: np.ndarray,
    stride: int,
    threshold: float,
    settings: RecognitionSettings,
) -> dict[int, int]:
    """Rows of one frame to live tracks, one to one, by overlap and likeness together."""
    if not live:
        return {}
    names = sorted(live)
    cost = np.full((len(rows), len(names)), FORBIDDEN)
    for i, row in enumerate(rows):
        for j, track in enumerate(names):
            last = live[track]
            steps = max(1, (frames[row] - frames[last]) // stride)
            overlap = box_iou(boxes_n4[row], boxes_n4[last])
            likeness = float(((embeddings_nd[row] - embeddings_nd[last]) ** 2).sum()) / threshold
            near = _distance_in_heights(boxes_n4[row], boxes_n4[last]) <= DRIFT * steps
            if (overlap >= settings.link_iou and steps == 1 and likeness < 2) or (near and likeness < 1):
                cost[i, j] = (1 - overlap) + likeness
    matched = zip(*linear_sum_assignment(cost), strict=True)
    return {int(rows[i]): names[j] for i, j in matched if cost[i, j] < FORBIDDEN}


def _distance_in_heights(first: np.ndarray, second: np.ndarray) -> float:
    centres = [np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]) for box in (first, second)]
    heights = [max(1.0, float(box[3] - box[1])) for box in (first, second)]
    if max(heights) > 2 * min(heights):
        return np.inf
    return float(np.linalg.norm(centres[0] - centres[1])) / max(heights)


def pooled(embeddings_nd: np.ndarray, groups: Sequence[int] | np.ndarray) -> dict[int, np.ndarray]:
    """Mean embedding of each group, brought back to length 1: the evidence of a whole track or cluster."""
    groups = np.asarray(groups)
    return {int(group): unit_rows(embeddings_nd[groups == group].mean(0)) for group in np.unique(groups)}
