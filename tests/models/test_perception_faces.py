"""The real detector on drawn faces and on a real film; both stages from film to regions, on a small drawn film."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from common.errors import BadInput
from corpora.film import Character, Film
from corpora.studio.casting import FIRST_PORTRAIT, portraits_of_strangers
from corpora.studio.settings import StudioSettings
from models.perception.detection import Face, MTCNNDetector, pool_by_slices
from models.perception.encoders import write_pretrained
from models.perception.faces import read_faces, survey_frames, write_faces
from models.perception.query_bank import embed_portraits
from models.perception.settings import DetectorSettings, PerceptionSettings

REAL = Path(os.environ.get("FOCUSEDAD_REAL_CLIP", Path(__file__).parents[2].parent / "shared" / "real" / "hamilton"))


@pytest.fixture(scope="module")
def detector() -> MTCNNDetector:
    return MTCNNDetector(DetectorSettings())


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Film-like pictures of a few strangers, without their portraits."""
    faces = portraits_of_strangers(StudioSettings(), count=2)
    return [face.image for face in faces if face.look < FIRST_PORTRAIT]


def test_drawn_faces_are_found(detector: MTCNNDetector, drawn: list[np.ndarray]) -> None:
    found = [len(faces) for faces in detector.detect(drawn)]
    assert np.mean([count >= 1 for count in found]) >= 0.8
    assert max(found) <= 2


def test_boxes_are_float32_pixels_with_a_probability(detector: MTCNNDetector, drawn: list[np.ndarray]) -> None:
    faces = [face for faces in detector.detect(drawn[:3]) for face in faces]
    assert faces
    for face in faces:
        assert face.box.dtype == np.float32 and face.box.shape == (4,)
        assert face.box[2] > face.box[0] and face.box[3] > face.box[1]
        assert 0.9 <= face.confidence <= 1


def test_pictures_without_faces_alone_and_among_others(detector: MTCNNDetector, drawn: list[np.ndarray]) -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    assert detector.detect([black]) == [[]] and detector.detect([]) == []
    alone, empty = detector.detect([drawn[0], np.zeros_like(drawn[0])])
    assert len(alone) == len(detector.detect([drawn[0]])[0]) and empty == []


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("channels_last", [False, True])
def test_pooling_by_slices_gives_the_same_numbers_in_the_same_layout(kernel: int, channels_last: bool) -> None:
    import torch

    net = torch.nn.Sequential(torch.nn.MaxPool2d(kernel, 2, ceil_mode=True))
    draw = torch.Generator().manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    for height, width in [(3, 3), (4, 7), (9, 12), (10, 5)]:
        maps = torch.randn(2, 6, height, width, generator=draw).contiguous(memory_format=layout)
        expected, before = torch.nn.functional.max_pool2d(maps, kernel, 2, ceil_mode=True), maps.clone()
        pool_by_slices(net)
        found = net(maps)
        assert torch.equal(found, expected)
        assert torch.equal(maps, before), "the input stays"
        assert found.is_contiguous(memory_format=layout)


def test_a_picture_smaller_than_any_face_is_no_error(detector: MTCNNDetector) -> None:
    assert detector.detect([np.zeros((12, 200, 3), np.uint8)]) == [[]]


class Squares:
    """Finds white squares; embeds a crop by its mean colour."""

    name, size, threshold, portrait_threshold = "squares", 3, 0.5, 0.5

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        found = []
        for frame in frames:
            rows, columns = np.nonzero(frame.min(2) > 250)
            box = np.array([columns.min(), rows.min(), columns.max(), rows.max()], np.float32) if len(rows) else None
            found.append([Face(box, 0.99)] if box is not None else [])
        return found

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        return frame_hwc[:4, :4]

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return np.array([crop.mean((0, 1)) + 1 for crop in crops], np.float32).reshape(-1, 3)


def film_of_squares() -> list[tuple[int, np.ndarray]]:
    frames = [np.full((60, 80, 3), 20 if i < 10 else 120, np.uint8) for i in range(20)]
    for frame in (frames[5], frames[15]):
        frame[20:30, 30:40] = 255
    return list(enumerate(frames))


def test_faces_are_looked_for_on_key_frames_and_know_their_shot(tmp_path: Path) -> None:
    faces, shots = survey_frames(film_of_squares(), Squares(), Squares(), PerceptionSettings())
    assert faces[["frame", "shot"]].values.tolist() == [[5, 0], [15, 1]]
    assert [shot.first for shot in shots] == [0, 10]
    write_faces(faces, shots, tmp_path)
    again, shots_again = read_faces(tmp_path)
    assert shots_again == shots and np.allclose(np.stack(again["embedding"]), np.stack(faces["embedding"]))


def test_a_film_without_faces_has_an_empty_table(tmp_path: Path) -> None:
    faces, shots = survey_frames(film_of_squares()[:4], Squares(), Squares(), PerceptionSettings())
    write_faces(faces, shots, tmp_path)
    assert len(read_faces(tmp_path)[0]) == 0


def test_a_missing_portrait_names_its_file_and_character(tmp_path: Path) -> None:
    cast = (Character("Ada", "", "", ("portraits/Ada.png",)),)
    film = Film("tt1", "Toy", "none", "folder", 10.0, 9, 80, 60, 0.9, cast, (), (), (), tmp_path)
    with pytest.raises(BadInput, match=r"portraits/Ada\.png: Ada's portrait"):
        embed_portraits(film, Squares(), Squares())


@pytest.mark.skipif(not (REAL / "film.mp4").is_file(), reason="the real clip is not here; set FOCUSEDAD_REAL_CLIP")
@pytest.mark.skipif(importlib.util.find_spec("dlib") is None, reason="dlib is not installed; run `make dlib`")
def test_on_a_real_film_the_singer_is_named_and_the_audience_is_not(tmp_path: Path) -> None:
    from corpora.ingest import ingest
    from models.perception.encoders import load_encoder
    from models.perception.perceive import make_query_banks, name_faces

    film = ingest(REAL, tmp_path / "film", film_id="hamilton")
    settings = PerceptionSettings(key_frame_stride=15)
    write_pretrained("dlib", tmp_path / "encoder")
    encoder = load_encoder(tmp_path / "encoder")
    banks = make_query_banks(film, tmp_path / "banks", MTCNNDetector(settings.detector), encoder, settings)
    faces, shots = read_faces(tmp_path / "banks")
    assert [shot.first for shot in shots] == [0, 20, 82, 211]
    tracks, best, _ = name_faces(faces, banks, settings)
    names = {shot: set() for shot in range(4)}
    for track, shot in zip(tracks, faces["shot"], strict=True):
        names[int(shot)].add(best[int(track)].name)
    assert "LIN-MANUEL" in names[2]
    assert names[3] <= {""}
