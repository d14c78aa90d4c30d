"""Key frames of studio films with everybody's true masks, shot by shot, as a small SAM 2 learns from them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from common.errors import BadInput
from corpora.film import Film, read_film
from corpora.video import read_frames
from models.perception.person_mask import LIKELY, shape_prior
from models.perception.regions import box_of, decode_mask
from models.perception.settings import ShotSettings
from models.perception.shots import find_shots, shot_of

log = logging.getLogger(__name__)

STORED = 256  # side of the squashed frames that are kept; training cuts smaller ones out of them
TRUTH = ["name", "yaw", "face_visible", "mask", "face_x1", "face_y1", "face_x2", "face_y2"]
MOST_TURNED = 70.0  # degrees; a face turned farther is not found, so it is no prompt


@dataclass(frozen=True)
class FilmMasks:
    """Key frames of several films, one behind the other.

    `frames_nhwc` uint8 RGB, squashed to STORED; `people_nhw` uint8: 0 nobody, else who; `faces`, `bodies`: per frame,
    who to the box x1 y1 x2 y2 of a face that can be found, and of the body that the prior expects below it, as shares
    of the frame; `shots`: runs of frame numbers without a cut, neighbours a key frame apart.
    """

    frames_nhwc: np.ndarray
    people_nhw: np.ndarray
    faces: tuple[dict[int, np.ndarray], ...]
    bodies: tuple[dict[int, np.ndarray], ...]
    shots: tuple[np.ndarray, ...]


def read_film_masks(folders: Sequence[Path], *, stride: int, feet: float) -> FilmMasks:
    """The films in `folders`; BadInput for one without truth, or if there is no face in any."""
    parts = []
    for number, folder in enumerate(folders):
        parts.append(_read(read_film(folder), stride=stride, feet=feet))
        log.info("masks: %s read (%d of %d)", folder.name, number + 1, len(folders))
    counts = [len(part.frames_nhwc) for part in parts]
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    whole = FilmMasks(
        np.concatenate([part.frames_nhwc for part in parts]),
        np.concatenate([part.people_nhw for part in parts]),
        tuple(each for part in parts for each in part.faces),
        tuple(each for part in parts for each in part.bodies),
        tuple(shot + first for part, first in zip(parts, firsts, strict=True) for shot in part.shots),
    )
    if not any(whole.faces):
        raise BadInput(f"{folders[0]}: no visible face in the truth of {len(folders)} film(s); name others")
    return whole


def _read(film: Film, *, stride: int, feet: float) -> FilmMasks:
    path = film.folder / "truth" / "tracks.parquet"
    if not path.is_file():
        raise BadInput(f"{path}: no truth beside this film; only the studio's films have masks to learn from")
    truth = pd.read_parquet(path)
    who = {name: number + 1 for number, name in enumerate(sorted(truth["name"].unique()))}
    shots = find_shots(film.video, ShotSettings())
    numbers = list(range(0, film.frames, stride))
    frames = [frame for _, frame in read_frames(film.video, numbers, size=(STORED, STORED))]
    of_frame = dict(iter(truth.groupby("frame")))
    people, faces, bodies = [], [], []
    for number in numbers[: len(frames)]:
        drawn = np.zeros((film.height, film.width), np.uint8)
        here: dict[int, np.ndarray] = {}
        for name, yaw, visible, mask, *face in of_frame.get(number, truth.iloc[:0])[TRUTH].to_numpy():
            drawn[decode_mask(mask, height=film.height, width=film.width)] = who[name]
            if visible and abs(yaw) <= MOST_TURNED:
                here[who[name]] = np.array(face, float)
        people.append(cv2.resize(drawn, (STORED, STORED), interpolation=cv2.INTER_NEAREST))
        whole = np.array([film.width, film.height] * 2, float)
        faces.append({person: box / whole for person, box in here.items()})
        bodies.append({person: _body(box, film, feet) / whole for person, box in here.items()})
    shot_of_frame = np.array([shot_of(shots, number) for number in numbers[: len(frames)]])
    runs = tuple(np.flatnonzero(shot_of_frame == shot) for shot in np.unique(shot_of_frame))
    return FilmMasks(np.stack(frames), np.stack(people), tuple(faces), tuple(bodies), runs)


def _body(face: np.ndarray, film: Film, feet: float) -> np.ndarray:
    """The box that asks for a body, as the backend makes it of a face."""
    return np.array(box_of(shape_prior(face, height=film.height, width=film.width, feet=feet) > LIKELY))


@dataclass(frozen=True)
class CutOut:
    """A part of the frame, seen a little closer or farther, mirrored or not, in other colours: one for a sequence."""

    window: tuple[float, float, float, float]  # left, top, width, height as shares of the frame; may reach beyond it
    mirrored: bool
    channels: tuple[int, ...]
    gain: np.ndarray
    shift: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator) -> CutOut:
        share = 1 / rng.uniform(0.85, 1.35)
        left, top = rng.uniform(-0.05, 1.05 - share, 2) if share < 1 else rng.uniform(1 - share, 0, 2)
        swapped = rng.random() < 0.25  # other clothes and rooms than the few of the films
        return cls(
            (float(left), float(top), float(share), float(share)),
            bool(rng.random() < 0.5),
            tuple(rng.permutation(3).tolist()) if swapped else (0, 1, 2),
            rng.uniform(0.7, 1.3) * rng.uniform(0.85, 1.15, 3),
            rng.uniform(-25, 25) + rng.uniform(-10, 10, 3),
        )

    def frame(self, frame_hwc: np.ndarray, side: int) -> np.ndarray:
        """The cut-out of a frame, uint8 (side, side, 3)."""
        seen = cv2.warpAffine(frame_hwc, self._matrix(side), (side, side), borderMode=cv2.BORDER_REPLICATE)
        return np.clip(seen[..., list(self.channels)] * self.gain + self.shift, 0, 255).astype(np.uint8)

    def people(self, people_hw: np.ndarray, side: int) -> np.ndarray:
        """The same of a picture of who is where."""
        return cv2.warpAffine(people_hw, self._matrix(side), (side, side), flags=cv2.INTER_NEAREST)

    def box(self, box: np.ndarray) -> np.ndarray:
        """A box in shares of the cut-out, clipped to it."""
        left, top, width, height = self.window
        x1, y1, x2, y2 = (box - [left, top, left, top]) / [width, height, width, height]
        if self.mirrored:
            x1, x2 = 1 - x2, 1 - x1
        return np.clip([x1, y1, x2, y2], 0, 1)

    def _matrix(self, side: int) -> np.ndarray:
        left, top, width, height = self.window
        across, down = side / (STORED * width), side / (STORED * height)
        if self.mirrored:
            return np.array([[-across, 0, side * (1 + left / width) - 1], [0, down, -side * top / height]], np.float32)
        return np.array([[across, 0, -side * left / width], [0, down, -side * top / height]], np.float32)
