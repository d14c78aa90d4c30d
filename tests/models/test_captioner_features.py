"""Frozen features of a film: every clip and track, read back as written, from one pass over the film."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from captioner_toys import LABELS, SHAPE, toy_features
from pycocotools import mask as coco_mask

from common.errors import BadInput
from corpora.film import Clip, Film
from corpora.video import write_video
from models.captioner.features import extract, read_features, shots_around
from models.captioner.tower import Tower


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("tt9000001")
    frames = [np.full((90, 160, 3), 20 + 3 * number, np.uint8) for number in range(60)]
    for number, frame in enumerate(frames):
        frame[20:70, number : number + 20] = (200, 60, 60)
    write_video(folder / "film.mp4", frames, fps=10)
    return Film(
        id="tt9000001", title="", split="train", source="", fps=10.0, frames=60, width=160, height=90, duration=6.0,
        cast=(), descriptions=(), labelled_boxes=(), put_aside=(), folder=folder,
    )  # fmt: skip


CLIPS = [
    Clip("tt9000001", 1, 0.0, 2.5, 0, 24),
    Clip("tt9000001", 2, 2.0, 5.0, 20, 49),
    Clip("tt9000001", 3, 5.0, 5.9, 50, 58),
]


@dataclass(frozen=True)
class Shot:
    first: int
    last: int


SHOTS = [Shot(0, 14), Shot(15, 19), Shot(20, 49), Shot(50, 59)]


@pytest.fixture(scope="module")
def regions() -> pd.DataFrame:
    rows = []
    for clip, track, frames in ((1, 7, range(0, 25, 5)), (2, 0, range(20, 50, 5)), (2, 4, [25])):
        for frame in frames:
            mask = np.zeros((90, 160), np.uint8, order="F")
            mask[20:70, frame : frame + 20] = 1
            rows.append(
                {"clip": clip, "track": track, "frame": frame, "mask": coco_mask.encode(mask)["counts"].decode()}
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def tower() -> Tower:
    torch.manual_seed(0)
    return Tower(LABELS, SHAPE)


def test_every_clip_and_track_has_features(film: Film, regions: pd.DataFrame, tower: Tower) -> None:
    features = extract(film, CLIPS, regions, tower, batch=2)
    views, rows = features.clip(2)
    assert rows == {0: 0, 4: 1}
    assert len(views) == 2
    assert views[0].seen.sum(1).tolist() == [8, 2]  # one of six key frames, and a repeat of it in place
    assert (np.diff(views[0].boxes[0, :, 0]) >= 0).all()
    np.testing.assert_allclose(views[1].boxes[0, :, 0], 1 - views[0].boxes[0, :, 0], atol=1e-6)
    assert features.clip(3)[1] == {}
    assert features.clip(3)[0][0].regions.shape == (0, 8, tower.region_size)
    assert not np.array_equal(features.scene[0, 0], features.scene[0, 1])


def test_batches_and_order_of_clips_do_not_matter(film: Film, regions: pd.DataFrame, tower: Tower) -> None:
    forward, backward = extract(film, CLIPS, regions, tower), extract(film, CLIPS[::-1], regions, tower, batch=1)
    for clip in (1, 2, 3):
        (one, rows_one), (other, rows_other) = forward.clip(clip), backward.clip(clip)
        assert rows_one == rows_other
        np.testing.assert_allclose(one[0].scene, other[0].scene, atol=1e-5)
        np.testing.assert_allclose(one[1].regions, other[1].regions, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "last", "around"),
    [(0, 14, (-1, 1)), (0, 24, (-1, 3)), (16, 18, (0, 2)), (20, 49, (1, 3)), (50, 59, (2, -1)), (0, 59, (-1, -1))],
)
def test_the_shots_around_a_clip_are_those_it_does_not_touch(first: int, last: int, around: tuple[int, int]) -> None:
    assert shots_around(Clip("f", 1, 0, 0, first, last), SHOTS) == around


def test_the_shots_around_are_what_the_tower_sees_in_them(film: Film, regions: pd.DataFrame, tower: Tower) -> None:
    features = extract(film, CLIPS, regions, tower, shots=SHOTS)
    plain = extract(film, CLIPS, regions, tower)
    alone = [Clip(film.id, 9, 0, 0, 15, 19), Clip(film.id, 10, 0, 0, 50, 59)]
    seen = extract(film, alone, pd.DataFrame(columns=["clip", "track", "frame", "mask"]), tower)
    for view in range(2):
        around = features.clip(2, around=True)[0][view].around  # frames 20 to 49
        assert around is not None
        np.testing.assert_allclose(around, [seen.scene[view, 0], seen.scene[view, 1]], atol=1e-5)
        assert not features.clip(1, around=True)[0][view].around[0].any(), "nothing comes before the film"  # type: ignore[index]
    assert features.index == plain.index
    for name in ("scene", "regions", "boxes", "seen"):
        np.testing.assert_allclose(getattr(features, name), getattr(plain, name), atol=1e-5)
    assert features.clip(2)[0][0].around is None


def test_a_shot_that_a_clip_shows_is_not_looked_at_again(film: Film, regions: pd.DataFrame, tower: Tower) -> None:
    looked: list[int] = []

    class Counting(Tower):
        def encode(self, clips, *, batch=64):  # type: ignore[no-untyped-def]
            looked.append(len(clips))
            return super().encode(clips, batch=batch)

    counting = Counting(LABELS, SHAPE)
    extract(film, CLIPS, regions, counting, shots=SHOTS, mirror=False)
    assert sum(looked) == len(CLIPS) + 1, "of the shots around only frames 15 to 19 are no clip's"


def test_shots_are_read_back_as_written(film: Film, regions: pd.DataFrame, tower: Tower, tmp_path: Path) -> None:
    features = extract(film, CLIPS, regions, tower, shots=SHOTS)
    features.write(tmp_path)
    again = read_features(tmp_path)
    assert again.around == features.around
    np.testing.assert_allclose(again.shots, features.shots, atol=5e-3)


def test_features_without_shots_say_so_where_a_variant_wants_them() -> None:
    with pytest.raises(BadInput, match="clip 1: features without the shots around it; make clip_features again"):
        toy_features().clip(1, around=True)


def test_a_film_without_any_region_keeps_its_scenes(film: Film, tower: Tower) -> None:
    features = extract(film, CLIPS, pd.DataFrame(columns=["clip", "track", "frame", "mask"]), tower, mirror=False)
    assert features.scene.shape[:2] == (1, 3)
    assert features.regions.shape[1] == 0


def test_features_are_read_back_as_written_and_the_same_bytes_again(tmp_path: Path) -> None:
    features = toy_features()
    for name in ("a", "b"):
        features.write(tmp_path / name)
    again = read_features(tmp_path / "a")
    assert again.index == features.index
    np.testing.assert_allclose(again.regions, features.regions, atol=2e-3)  # half precision
    np.testing.assert_array_equal(again.seen, features.seen)
    for file in ("features.safetensors", "index.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_frame_that_the_film_lacks_is_named(film: Film, tower: Tower, regions: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="frame"):
        extract(film, [Clip("tt9000001", 1, 8.0, 9.0, 80, 89)], regions, tower)
