"""All faces of a film: one pass over the pictures that finds cuts, detects faces on key frames and encodes them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import write_json
from common.tables import read_table, write_table
from corpora.film import Film
from corpora.video import read_frames
from models.perception.detection import Face, FaceDetector
from models.perception.encoders import FaceEncoder
from models.perception.settings import PerceptionSettings
from models.perception.shots import Shot, ShotFinder, read_shots, shot_of

log = logging.getLogger(__name__)

FACE_COLUMNS = {
    "frame": "int64",
    "shot": "int64",
    **dict.fromkeys(("x1", "y1", "x2", "y2", "confidence"), "float32"),
    "embedding": "vector",
}


class _Faces:
    """Collects key frames into batches and their faces into crops, so that only a batch of frames is ever held."""

    def __init__(self, detector: FaceDetector, encoder: FaceEncoder, batch: int) -> None:
        self._detector, self._encoder, self._batch = detector, encoder, batch
        self._waiting: list[tuple[int, np.ndarray]] = []
        self._found: list[tuple[int, Face]] = []
        self._crops: list[np.ndarray] = []
        self._embeddings: list[np.ndarray] = []

    def push(self, number: int, frame_hwc: np.ndarray) -> None:
        self._waiting.append((number, frame_hwc))
        if len(self._waiting) >= self._batch:
            self._detect()

    def _detect(self) -> None:
        faces_per_frame = self._detector.detect([frame for _, frame in self._waiting])
        for (number, frame), faces in zip(self._waiting, faces_per_frame, strict=True):
            for face in faces:
                self._found.append((number, face))
                self._crops.append(self._encoder.crop(frame, face.box))
        self._waiting = []
        if len(self._crops) >= 256:
            self._encode()

    def _encode(self) -> None:
        self._embeddings.append(self._encoder.encode(self._crops))
        self._crops = []

    def table(self, shots: tuple[Shot, ...]) -> pd.DataFrame:
        if self._waiting:
            self._detect()
        self._encode()
        embeddings_nd = np.concatenate(self._embeddings)
        boxes_n4 = np.array([face.box for _, face in self._found], np.float32).reshape(-1, 4)
        frames = [number for number, _ in self._found]
        columns = {
            "frame": np.array(frames, np.int64),
            "shot": np.array([shot_of(shots, frame) for frame in frames], np.int64),
            **{name: boxes_n4[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))},
            "confidence": np.array([face.confidence for _, face in self._found], np.float32),
            "embedding": pd.Series(list(embeddings_nd), dtype=object),
        }
        return pd.DataFrame(columns)


def survey(
    film: Film, detector: FaceDetector, encoder: FaceEncoder, settings: PerceptionSettings
) -> tuple[pd.DataFrame, tuple[Shot, ...]]:
    """The faces on every key frame (multiples of the stride) and the film's shots, from one decoding of the film.

    The table has FACE_COLUMNS, a row per face, by frame and then largest first: boxes in pixels, probability 0-1,
    embedding a float32 unit vector. Raises `BadInput` where the film is damaged.
    """
    return survey_frames(read_frames(film.video), detector, encoder, settings)


def survey_frames(
    frames: Iterable[tuple[int, np.ndarray]],
    detector: FaceDetector,
    encoder: FaceEncoder,
    settings: PerceptionSettings,
) -> tuple[pd.DataFrame, tuple[Shot, ...]]:
    """`survey` of any stream of (frame number, uint8 RGB picture), numbered from 0 without gaps."""
    cuts = ShotFinder(settings.shots)
    faces = _Faces(detector, encoder, settings.detector.batch)
    for number, frame in frames:
        cuts.push(frame)
        if number % settings.key_frame_stride == 0:
            faces.push(number, frame)
    shots = cuts.shots()
    return faces.table(shots), shots


def find_faces(film: Film, detector: FaceDetector, encoder: FaceEncoder, settings: PerceptionSettings) -> pd.DataFrame:
    """The table of `survey` alone."""
    return survey(film, detector, encoder, settings)[0]


def write_faces(faces: pd.DataFrame, shots: Iterable[Shot], folder: Path) -> None:
    """`faces.parquet` and `shots.json`: what a film shows, so that nothing is detected twice."""
    write_table(faces, folder / "faces.parquet")
    write_json(folder / "shots.json", [asdict(shot) for shot in shots])


def read_faces(folder: Path) -> tuple[pd.DataFrame, tuple[Shot, ...]]:
    """What `write_faces` wrote."""
    faces = read_table(folder / "faces.parquet", FACE_COLUMNS, advice="run the stage query_banks again")
    return faces, read_shots(folder / "shots.json")
