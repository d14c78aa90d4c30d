"""Query banks of a film (paper, sections 3.1 and 4.1): whose faces are whose, by labels or by clusters and portraits.

Two ways in. Training films carry named person boxes at some frames (Storyboard20K): the faces inside them are the
collections. Other films carry none: their faces are clustered, and the clusters go to the cast's portraits one to one.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from common.errors import BadInput
from corpora.film import Film, LabelledBox
from models.perception.bank_files import Banks
from models.perception.detection import FaceDetector
from models.perception.encoders import FaceEncoder, unit_rows
from models.perception.face_clusters import names_from_clusters
from models.perception.queries import best_queries, drop_outliers, intra_distance
from models.perception.settings import PerceptionSettings
from models.perception.tracks import embeddings_of, link_tracks

log = logging.getLogger(__name__)
FAR = 4.0  # squared L2 of opposite unit vectors: the largest there is
HEAD_AT = 0.12  # a head's centre stands so far below the top of its person's box, in box heights


def embed_portraits(film: Film, detector: FaceDetector, encoder: FaceEncoder) -> dict[str, np.ndarray]:
    """The largest face of every portrait, per character (n, d); a character without a found face is left out.

    Raises `BadInput` for a portrait file that is missing or no picture.
    """
    found: dict[str, np.ndarray] = {}
    for character in film.cast:
        crops = []
        for path in film.portrait_paths(character.name):
            picture = read_portrait(path, character.name)
            faces = detector.detect([picture])[0]
            if not faces:
                log.warning("banks: %s no face found in portrait %s", film.id, path.name)
                continue
            if len(faces) > 1:
                log.warning(
                    "banks: %s %d faces in portrait %s; the largest is taken for %s",
                    *(film.id, len(faces), path.name, character.name),
                )
            largest = max(faces, key=lambda face: float(np.prod(face.box[2:] - face.box[:2])))
            crops.append(encoder.crop(picture, largest.box))
        if crops:
            found[character.name] = encoder.encode(crops)
    return found


def read_portrait(path: Path, name: str) -> np.ndarray:
    """The portrait as uint8 RGB (H, W, 3); `BadInput` where the file is missing or no picture."""
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if picture is None:
        raise BadInput(f"{path}: {name}'s portrait is missing or no picture; give a PNG or JPEG")
    return np.ascontiguousarray(picture[:, :, ::-1])


def build_banks(
    film: Film,
    faces: pd.DataFrame,
    portraits: Mapping[str, np.ndarray],
    settings: PerceptionSettings,
    *,
    encoder: str,
    threshold: float,
    actor_threshold: float | None = None,
) -> Banks:
    """Best and actor query per character of `film`.

    `faces`: `find_faces`' table of the whole film; `portraits`: `embed_portraits`' result; `threshold` and
    `actor_threshold`: the encoder's between faces of films and to portraits (none: the same), squared L2. The actor
    query is the mean of a character's portraits: what the best query is measured against.
    """
    tracks = link_tracks(faces, threshold=threshold, stride=settings.key_frame_stride, settings=settings.recognition)
    actor = {name: unit_rows(rows.mean(0)) for name, rows in sorted(portraits.items())}
    if film.labelled_boxes:
        way = "labelled boxes"
        names = names_from_labels(film.labelled_boxes, faces, tracks, settings)
    else:
        way = "clusters"
        names = names_from_clusters(
            faces,
            tracks,
            actor,
            settings.bank,
            threshold=threshold,
            portrait_threshold=actor_threshold or threshold,
        )
    known = {character.name for character in film.cast}
    embeddings_nd = embeddings_of(faces)
    collections: dict[str, np.ndarray] = {}
    for name in sorted(set(names) & known):
        rows_nd = embeddings_nd[[i for i, given in enumerate(names) if given == name]]
        collections[name] = rows_nd[drop_outliers(rows_nd, settings.bank.outlier_share)]
    best = best_queries(collections, trims=settings.bank.trims)
    facts = {c.name: _facts(c.name, way, collections, best, actor) for c in film.cast}
    log.info("banks: %s %d of %d characters from %s", film.id, len(best), len(film.cast), way)
    return Banks(encoder, threshold, best, actor, facts, tuple(names), actor_threshold)


def _facts(
    name: str,
    way: str,
    collections: Mapping[str, np.ndarray],
    best: Mapping[str, np.ndarray],
    actor: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """What bank.json tells of a character: where the query comes from, of how many faces, how tight, how far off."""
    facts: dict[str, Any] = {"from": way if name in best else "", "faces": len(collections.get(name, ()))}
    if name in best:
        facts["intra_distance"] = round(intra_distance(collections[name], best[name]), 6)
        if name in actor:
            facts["actor_distance"] = round(float(np.linalg.norm(best[name] - actor[name])), 6)
    if name not in actor:
        facts["note"] = "no face in its portraits"
    return facts


# ---- labelled boxes


def names_from_labels(
    boxes: Sequence[LabelledBox], faces: pd.DataFrame, tracks: np.ndarray, settings: PerceptionSettings
) -> list[str]:
    """A name or "" for each face: labelled boxes name the face inside them, and a face names its track (majority)."""
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    by_frame: dict[int, list[LabelledBox]] = defaultdict(list)
    frames = faces["frame"].to_numpy()
    for box in boxes:
        if box.confidence >= settings.bank.label_confidence and len(frames):
            nearest = int(frames[np.abs(frames - box.frame).argmin()])
            # The label may stand between two key frames; half a stride away a head has hardly moved.
            if abs(nearest - box.frame) <= (settings.key_frame_stride + 1) // 2:
                by_frame[nearest].append(box)
    face_boxes_n4 = faces[["x1", "y1", "x2", "y2"]].to_numpy(np.float64)
    for frame in sorted(by_frame):
        rows = np.flatnonzero(frames == frame)
        for row, name in _faces_in_boxes(rows, face_boxes_n4, by_frame[frame]):
            votes[int(tracks[row])][name] += 1
    # Equal votes: the earlier name in the alphabet, so that the result does not depend on the order of the labels.
    chosen = {track: min(count, key=lambda name: (-count[name], name)) for track, count in votes.items()}
    return [chosen.get(int(track), "") for track in tracks]


def _faces_in_boxes(rows: np.ndarray, boxes_n4: np.ndarray, labelled: Sequence[LabelledBox]) -> list[tuple[int, str]]:
    """Faces and person boxes of one frame, one to one: the face nearest to where the person's head should be."""
    cost = np.full((len(rows), len(labelled)), FAR)
    for i, row in enumerate(rows):
        x1, y1, x2, y2 = boxes_n4[row]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        for j, label in enumerate(labelled):
            left, top, right, bottom = label.box
            if left <= x <= right and top <= y <= bottom:
                # Heads are at the top; sideways they may lean. Boxes of part of a body put the head lower.
                width, height = max(1.0, right - left), max(1.0, bottom - top)
                head = min(HEAD_AT * height, 0.6 * (y2 - y1)) + top
                cost[i, j] = min(abs(x - (left + right) / 2) / width + abs(y - head) / height, FAR / 2)
    matched = zip(*linear_sum_assignment(cost), strict=True)
    return [(int(rows[i]), labelled[j].name) for i, j in matched if cost[i, j] < FAR]


def picture_of_clusters(faces: pd.DataFrame, banks: Banks, path: Path) -> None:
    """Figure 6 for this film; see `clusters_picture`."""
    from models.perception.clusters_picture import draw_clusters

    draw_clusters(embeddings_of(faces), banks, path)
