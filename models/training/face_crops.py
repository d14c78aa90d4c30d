"""What the face encoder learns from: crops of strangers' faces, rendered in several processes, boxed as in films."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from common.errors import BadInput
from common.workers import map_in_processes
from corpora.studio.settings import StudioSettings
from models.perception.settings import DetectorSettings, EncoderSettings

if TYPE_CHECKING:
    from models.perception.detection import FaceDetector

log = logging.getLogger(__name__)
PEOPLE_PER_PIECE = 6
# A stranger's picture shows one head over a third of it, so the detector's pyramid may begin high: it costs a fifth.
SMALLEST_SHARE = 0.3
JPEG_QUALITY = (20, 80)  # from and below; a still picture's way to lose what a film's codec loses


@dataclass(frozen=True)
class FaceCrops:
    """crops (n, side, side, 3) uint8 RGB, person (n,), portrait (n,) bool: an agency picture, not a film's."""

    crops: np.ndarray
    people: np.ndarray
    portrait: np.ndarray

    def of(self, people: np.ndarray) -> FaceCrops:
        chosen = np.isin(self.people, people)
        return FaceCrops(self.crops[chosen], self.people[chosen], self.portrait[chosen])


def render_crops(settings: EncoderSettings, studio: StudioSettings, *, jobs: int) -> FaceCrops:
    """Crops of all of the studio's strangers. Pictures without a found face are left out, as they are in a film."""
    starts = range(0, studio.strangers, PEOPLE_PER_PIECE)
    work = [(settings, studio, start, min(PEOPLE_PER_PIECE, studio.strangers - start)) for start in starts]
    parts: list[FaceCrops] = []
    for done, part in enumerate(map_in_processes(_render_piece, work, jobs=jobs), 1):
        parts.append(part)
        log.info("face_encoder: strangers rendered, %d of %d pieces", done, len(work))
    crops = FaceCrops(
        np.concatenate([part.crops for part in parts]),
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.portrait for part in parts]),
    )
    if len(np.unique(crops.people)) < 4:
        raise BadInput("studio.strangers: faces of fewer than 4 people were found; raise it")
    return crops


@functools.lru_cache(maxsize=16)
def _detector(smallest: int) -> FaceDetector:
    """One for each smallest face in a process: loading the nets costs as much as four pictures."""
    from models.perception.detection import MTCNNDetector

    return MTCNNDetector(DetectorSettings(min_face=smallest))


def _render_piece(work: tuple[EncoderSettings, StudioSettings, int, int]) -> FaceCrops:
    """The crops of a few people (runs in a worker process)."""
    settings, studio, start, count = work
    from corpora.studio.casting import portraits_of_strangers

    return crops_of(portraits_of_strangers(studio, start=start, count=count), settings)


def through_a_codec(picture_hwc: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A film's picture as it comes out of the film: compressed, its colours at half the resolution.

    What a codec leaves of a face of 30 pixels is another picture than what was drawn. An encoder that never saw that
    takes the small and the large faces of one character for two people.
    """
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*JPEG_QUALITY))]
    coded = cv2.imencode(".jpg", np.ascontiguousarray(picture_hwc[:, :, ::-1]), quality)[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[:, :, ::-1])


def crops_of(pictures: Iterator[tuple[int, int, np.ndarray]], settings: EncoderSettings) -> FaceCrops:
    """Crops of (person, look, picture), one face a picture, cut as `StudioEncoder` cuts them."""
    from corpora.studio.casting import FIRST_PORTRAIT
    from models.perception.encoders import STUDIO_MARGIN, square_crop

    crops, people, portrait = [], [], []
    for number, (person, look, picture) in enumerate(pictures):
        if look < FIRST_PORTRAIT:
            picture = through_a_codec(picture, np.random.default_rng([person, number]))
        smallest = max(20, int(SMALLEST_SHARE * min(picture.shape[:2])))
        faces = _detector(smallest).detect([picture])[0]
        if faces:
            crops.append(square_crop(picture, faces[0].box, side=settings.image_size, margin=STUDIO_MARGIN))
            people.append(person)
            portrait.append(look >= FIRST_PORTRAIT)
    side = settings.image_size
    return FaceCrops(
        np.array(crops, np.uint8).reshape(-1, side, side, 3), np.array(people, np.int64), np.array(portrait, bool)
    )
