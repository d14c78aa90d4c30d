"""Regions as data, GrabCut's masks, and masks carried both ways along a shot and never across a cut."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from common.errors import BadInput
from common.tables import table
from corpora.film import Character, Clip, Film
from corpora.video import write_video
from models.perception.bank_files import Banks
from models.perception.perceive import character_regions
from models.perception.person_mask import SMALL_PART, SURE_BACKGROUND, _figure, clean, person_mask, shape_prior
from models.perception.propagation import Anchor, ShotFlow, carry_masks
from models.perception.regions import (
    REGION_COLUMNS,
    TRACK_COLUMNS,
    Regions,
    box_of,
    decode_mask,
    encode_mask,
    read_regions,
    write_regions,
)
from models.perception.settings import PerceptionSettings, RegionSettings
from models.perception.shots import Shot

HEIGHT, WIDTH = 134, 240
SKIN, SHIRT = (220, 170, 140), (190, 30, 40)
RNG = np.random.default_rng(0)
ROOM = cv2.GaussianBlur(RNG.integers(60, 190, (HEIGHT, WIDTH, 3)).astype(np.uint8), (0, 0), 3) // 2 + (20, 60, 80)
STREET = ROOM[::-1, ::-1, ::-1]


def figure(background: np.ndarray, x: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture with a person of plain colours at `x`: the picture, the person's mask, the face box."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (x, 30), (8, 11), 0, 0, 360, 1, -1)
    cv2.rectangle(mask, (x - 15, 40), (x + 15, 80), 2, -1)
    cv2.rectangle(mask, (x - 11, 80), (x + 11, HEIGHT), 2, -1)
    picture = background.astype(np.uint8).copy()
    picture[mask == 1], picture[mask == 2] = SKIN, SHIRT
    return picture, mask > 0, np.array([x - 7, 20, x + 7, 38], np.float32)


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_run_lengths_round_trip(mask: np.ndarray) -> None:
    counts = encode_mask(mask)
    assert isinstance(counts, str)
    assert (decode_mask(counts, height=mask.shape[0], width=mask.shape[1]) == mask).all()


def test_the_box_around_a_mask_ends_after_its_last_pixel() -> None:
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3] = True
    assert box_of(mask) == (3, 2, 4, 4)
    assert box_of(np.zeros((6, 8), bool)) == (0, 0, 0, 0)


def test_the_prior_is_a_body_below_its_face() -> None:
    prior = shape_prior(np.array([113, 20, 127, 38], np.float32), height=HEIGHT, width=WIDTH)
    assert prior[29, 120] > 0.9 and prior[70, 120] > 0.8  # face, chest
    assert prior[5, 20] < 0.01 and prior[29, 160] < 0.01  # far away; beside the head
    assert prior.min() >= 0 and prior.max() <= 1


@pytest.mark.parametrize("feet", [3.0, 5.8, 12.0])
def test_the_prior_is_left_out_only_where_it_is_surely_background(feet: float) -> None:
    box = np.array([230, 60, 252, 90], np.float32)
    prior = shape_prior(box, height=270, width=480, feet=feet)
    u = ((np.arange(480, dtype=np.float32) + 0.5 - 241) / 30)[None, :]
    v = ((np.arange(270, dtype=np.float32) + 0.5 - 75) / 30)[:, None]
    everywhere = _figure(u, v, feet)
    left_out = prior != everywhere
    assert left_out.any() and (prior[left_out] == 0).all()
    assert everywhere[left_out].max() < SURE_BACKGROUND


def test_a_mask_is_cleaned_as_in_the_whole_picture() -> None:
    draw = np.random.default_rng(0)
    for _ in range(50):
        mask = np.zeros(draw.integers(1, 60, 2), bool)
        for _ in range(draw.integers(0, 4)):
            y, x = (draw.integers(0, size) for size in mask.shape)
            mask[y : y + draw.integers(1, 30), x : x + draw.integers(1, 30)] = True
        mask &= draw.random(mask.shape) > 0.01
        opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA]
        large = [piece for piece in range(1, count) if areas[piece - 1] > SMALL_PART * areas.max()]
        assert np.array_equal(clean(mask), np.isin(labels, large))


def test_a_persons_mask_follows_their_colours() -> None:
    picture, true, box = figure(ROOM, 120)
    mask, models = person_mask(picture, box, [], iterations=3)
    assert iou(mask, true) > 0.85 and models is not None


def test_the_same_picture_gives_the_same_mask() -> None:
    picture, _, box = figure(ROOM, 120)
    first, _ = person_mask(picture, box, [], iterations=3)
    cv2.setRNGSeed(12345)
    again, _ = person_mask(picture, box, [], iterations=3)
    assert (first == again).all()


def test_a_neighbours_body_is_not_taken() -> None:
    picture, _, box = figure(ROOM, 100)
    picture, neighbour, other = figure(picture, 150)
    mask, _ = person_mask(picture, box, [other], iterations=3)
    assert (mask & neighbour).sum() < 0.1 * neighbour.sum()


@pytest.mark.parametrize("start", [0, 10, 20])
def test_a_moving_person_is_carried_both_ways(start: int) -> None:
    shown = {frame: figure(ROOM, 60 + 3 * frame) for frame in range(21)}
    mask, models = person_mask(shown[start][0], shown[start][2], [], iterations=3)
    flow = ShotFlow({frame: picture for frame, (picture, _, _) in shown.items()})
    wanted = range(0, 21, 5)
    carried = carry_masks(flow, {start: Anchor(mask, models)}, wanted, {}, fps=10, settings=RegionSettings())
    assert set(carried) == set(wanted) - {start}
    for frame, result in carried.items():
        assert iou(result.mask, shown[frame][1]) > 0.7
        assert 0.45 <= result.confidence <= 1


def test_a_person_who_is_gone_is_not_guessed() -> None:
    pictures = {0: figure(ROOM, 120)[0], **{frame: ROOM.astype(np.uint8) for frame in range(1, 11)}}
    mask, models = person_mask(pictures[0], figure(ROOM, 120)[2], [], iterations=3)
    carried = carry_masks(ShotFlow(pictures), {0: Anchor(mask, models)}, [5, 10], {}, fps=10, settings=RegionSettings())
    assert carried == {}


def test_a_mask_is_carried_no_longer_than_asked() -> None:
    pictures = {frame: figure(ROOM, 120)[0] for frame in range(31)}
    mask, models = person_mask(pictures[0], figure(ROOM, 120)[2], [], iterations=3)
    settings = RegionSettings(longest=1.0)
    carried = carry_masks(ShotFlow(pictures), {0: Anchor(mask, models)}, range(0, 31, 5), {}, fps=10, settings=settings)
    assert set(carried) == {5, 10}


@pytest.fixture
def cut_film(tmp_path: Path) -> Film:
    """Frames 0-14 in a room, 15-29 in a street, the same person in the same place."""
    frames = [figure(ROOM if frame < 15 else STREET, 100 + frame)[0] for frame in range(30)]
    write_video(tmp_path / "film.mp4", frames, fps=10)
    cast = (Character("Ada", "Ann Actor", "nm1", ()),)
    return Film("tt1", "Toy", "none", "folder", 10.0, 30, WIDTH, HEIGHT, 3.0, cast, (), (), (), tmp_path)


def faces_at(*frames: int) -> pd.DataFrame:
    rows = []
    for frame in frames:
        box = figure(ROOM, 100 + frame)[2]
        rows.append((frame, int(frame >= 15), *box, 0.99, np.array([1, 0], np.float32)))
    return pd.DataFrame(rows, columns=["frame", "shot", "x1", "y1", "x2", "y2", "confidence", "embedding"])


SHOTS = (Shot(0, 0, 14), Shot(1, 15, 29))
BANKS = Banks("toy", 0.5, {"Ada": np.array([1, 0], np.float32)}, {})
CLIP = Clip("tt1", 1, 0.0, 3.0, 0, 29)


def test_regions_cover_the_shot_of_the_recognised_face_and_no_other(cut_film: Film) -> None:
    found = character_regions(cut_film, faces_at(5), SHOTS, BANKS, [CLIP], PerceptionSettings())
    assert found.tracks[["clip", "track", "shot", "name_best", "name_actor"]].values.tolist() == [[1, 0, 0, "Ada", ""]]
    assert found.regions[["frame", "source"]].values.tolist() == [
        [0, "propagated"],
        [5, "recognised"],
        [10, "propagated"],
    ]
    for frame, mask in found.regions[["frame", "mask"]].to_numpy():
        assert iou(found.mask(mask), figure(ROOM, 100 + frame)[1]) > 0.7
    assert found.regions["face_x1"].notna().tolist() == [False, True, False]


def test_both_shots_have_tracks_of_their_own(cut_film: Film) -> None:
    found = character_regions(cut_film, faces_at(5, 20), SHOTS, BANKS, [CLIP], PerceptionSettings())
    assert found.tracks["shot"].tolist() == [0, 1]
    assert found.regions.groupby("track")["frame"].apply(list).tolist() == [[0, 5, 10], [15, 20, 25]]


def test_an_unknown_face_is_listed_without_regions(cut_film: Film) -> None:
    strangers = Banks("toy", 0.5, {"Ada": np.array([-1, 0], np.float32)}, {})
    found = character_regions(cut_film, faces_at(5), SHOTS, strangers, [CLIP], PerceptionSettings())
    assert found.tracks["name_best"].tolist() == [""] and not len(found.regions)


def test_what_is_written_is_read(cut_film: Film, tmp_path: Path) -> None:
    found = character_regions(cut_film, faces_at(5), SHOTS, BANKS, [CLIP], PerceptionSettings())
    write_regions(found, tmp_path / "regions")
    first = (tmp_path / "regions" / "regions.parquet").read_bytes()
    again = read_regions(tmp_path / "regions")
    pd.testing.assert_frame_equal(again.regions, found.regions, check_dtype=False)
    write_regions(found, tmp_path / "again")
    assert (tmp_path / "again" / "regions.parquet").read_bytes() == first


def test_a_film_without_regions_is_written_and_read(tmp_path: Path) -> None:
    write_regions(Regions("tt1", WIDTH, HEIGHT, table([], TRACK_COLUMNS), table([], REGION_COLUMNS)), tmp_path)
    assert list(read_regions(tmp_path).regions.columns) == list(REGION_COLUMNS)


def test_a_table_without_a_column_is_told(tmp_path: Path) -> None:
    write_regions(Regions("tt1", WIDTH, HEIGHT, table([], TRACK_COLUMNS), table([], REGION_COLUMNS)), tmp_path)
    pd.DataFrame({"clip": [1]}).to_parquet(tmp_path / "tracks.parquet")
    with pytest.raises(BadInput, match=r"tracks\.parquet: .*column track is missing"):
        read_regions(tmp_path)
