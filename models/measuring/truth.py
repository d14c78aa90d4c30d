"""What was perceived beside what is true: the studio's truth of a film, and whose head each detected face is.

Nothing in the pipeline reads a truth; only the reports on the mini world do. This package stands outside
`models/perception` so that a change to a report makes no film's banks or regions stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from common.errors import BadInput
from corpora.film import Film
from models.perception.bank_files import Banks
from models.perception.regions import Regions
from models.perception.shots import Shot
from models.perception.tracks import box_iou

SAME_FACE = 0.3  # IoU of a detected box with the true one
YAW_EDGES = (0.0, 20.0, 50.0, 80.0, 181.0)  # degrees; beyond 80 the studio draws no face that could be seen
HEIGHT_EDGES = (0.0, 32.0, 48.0, 80.0, 10_000.0)  # pixels; the studio's wide, medium and close shots fall between


@dataclass(frozen=True)
class Perceived:
    """What the two perception stages made of a film."""

    film: Film
    faces: pd.DataFrame
    shots: tuple[Shot, ...]
    banks: Banks
    regions: Regions


def read_truth(film: Film, *, stride: int) -> pd.DataFrame:
    """Who is where on the key frames (multiples of `stride`), a row per frame and character.

    Columns: frame, name, yaw (degrees, without sign), height (of the face, pixels), face_visible, face_x1 to face_y2
    (nan where the head is outside), mask (COCO run lengths). BadInput where the film carries no truth.
    """
    path = film.folder / "truth" / "tracks.parquet"
    if not path.is_file():
        raise BadInput(f"{path}: no truth beside this film; only the studio's films can be measured")
    truth = pd.read_parquet(path)
    truth = truth[truth["frame"] % stride == 0]
    return truth.assign(yaw=truth["yaw"].abs(), height=truth["face_y2"] - truth["face_y1"]).reset_index(drop=True)


def match_heads(faces: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """For each detected face the row of `truth` whose head it is (position, from 0), -1 where it is nobody's.

    Within a frame pairs are taken by falling IoU, one to one, down to SAME_FACE: a second box on one head is false.
    """
    boxes_n4 = faces[["x1", "y1", "x2", "y2"]].to_numpy(float)
    heads_m4 = truth[["face_x1", "face_y1", "face_x2", "face_y2"]].to_numpy(float)
    rows_of: dict[int, list[int]] = {}
    for row, frame in enumerate(truth["frame"].tolist()):
        if not np.isnan(heads_m4[row]).any():
            rows_of.setdefault(frame, []).append(row)
    pairs = [
        (box_iou(boxes_n4[face], heads_m4[row]), face, row)
        for face, frame in enumerate(faces["frame"].tolist())
        for row in rows_of.get(frame, ())
    ]
    matched, used = np.full(len(faces), -1), set()
    for overlap, face, row in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if overlap >= SAME_FACE and matched[face] < 0 and row not in used:
            matched[face] = row
            used.add(row)
    return matched


def true_names(faces: pd.DataFrame, truth: pd.DataFrame) -> list[str]:
    """For each detected face the character whose head it is, "" where it is nobody's (a false face)."""
    names = truth["name"].tolist()
    return [str(names[row]) if row >= 0 else "" for row in match_heads(faces, truth)]


def bands(edges: Sequence[float], unit: str) -> list[str]:
    """The bands between `edges` in words; the last is open."""
    inner = [f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges[:-1])]
    return [*inner, f"above {edges[-2]:g} {unit}"]


def band_of(values: pd.Series, edges: Sequence[float], unit: str) -> pd.Series:
    """Each value's band, its upper edge included (a head at 80 degrees still shows its face), as in `bands`."""
    return pd.cut(values, list(edges), labels=bands(edges, unit), include_lowest=True).astype(object)
