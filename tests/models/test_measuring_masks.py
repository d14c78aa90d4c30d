"""Masks, appearances and carrying against the truth, on toy tables whose answers are known by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from measuring_toys import (
    ADA,
    BOB,
    HEIGHT,
    REGIONS,
    SETTINGS,
    WIDTH,
    face,
    head,
    perceived_in,
    region,
    truth_of,
)

from corpora.video import write_video
from models.measuring.carrying import middle, observe_carrying
from models.measuring.masks import direction, mask_iou, observe_appearances, observe_masks
from models.measuring.observed import most_confident, observe
from models.measuring.sections import sections
from models.perception.carriers import Carried, ShotView
from models.perception.shots import Shot


def test_masks_are_compared_with_their_tracks_person(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path)
    masks = observe_masks(perceived, truth_of(perceived))
    assert masks["iou"].round(4).tolist() == [1, 1, 0.6667, 0.3333, 1, 1, 1, 1]
    ways = "recognised recognised forward backward recognised forward recognised forward"
    assert masks["way"].tolist() == ways.split()
    assert masks["person"].tolist() == ["Ada"] * 6 + ["Bob"] * 2


def test_a_carried_mask_knows_how_good_the_mask_was_that_it_came_from(tmp_path: Path) -> None:
    regions = [region(0, 0, x=5, shift=5, face=True), *[region(0, frame, x=5, face=False) for frame in (5, 10)]]
    regions += [region(0, 15, x=5, shift=2, face=True), region(0, 20, x=5, face=True)]
    perceived = perceived_in(tmp_path, regions=regions)
    masks = observe_masks(perceived, truth_of(perceived))
    assert masks["anchor"].round(4).tolist() == [0.3333, 0.3333, 0.6667, 0.6667, 1]
    lines = {section.key: section.lines for section in sections(observe(perceived, SETTINGS))}["masks"]
    assert (lines["carried"]["IoU"].count, lines["carried from a mask of its person"]["IoU"].count) == (2, 1)


def test_a_mask_of_somebody_who_is_not_there_has_no_overlap(tmp_path: Path) -> None:
    regions = [*REGIONS, region(1, 20, x=40, face=False)]
    perceived = perceived_in(tmp_path, regions=regions)
    assert observe_masks(perceived, truth_of(perceived))["iou"].iloc[-1] == 0
    assert mask_iou(perceived.regions, REGIONS[0]["mask"], None) == 0


@pytest.mark.parametrize(
    ("frame", "recognised", "way"),
    [
        (10, [5, 20], "forward"),
        (10, [0, 15], "backward"),
        (10, [5, 15], "either"),
        (10, [5], "forward"),
        (10, [15], "backward"),
    ],
)
def test_a_mask_came_from_the_nearest_recognised_frame(frame: int, recognised: list[int], way: str) -> None:
    assert direction(frame, np.array(recognised)) == way


def test_the_surest_share_is_rounded_up() -> None:
    rows = pd.DataFrame({"confidence": [0.5, 0.9, 0.7, 0.8, 0.6], "iou": [0, 1, 2, 3, 4]})
    assert most_confident(rows, 0.8)["iou"].tolist() == [1, 3, 2, 4]
    assert len(most_confident(rows.head(2), 0.8)) == 2 and len(most_confident(rows.head(0), 0.8)) == 0


def test_an_appearance_is_known_by_its_face_or_by_carrying_alone(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path)
    truth = truth_of(perceived)
    rows = observe_appearances(perceived, truth, observe_masks(perceived, truth), SETTINGS)
    said = {name: dict(group[["frame", "best query"]].to_numpy()) for name, group in rows.groupby("name")}
    # At 15 Ada's mask has lost her; at 25 she is seen from behind.
    assert said["Ada"] == {0: "face", 5: "face", 10: "carried", 15: "none", 20: "face", 25: "carried"}
    assert said["Bob"] == {0: "face", 5: "carried"}
    by_portrait = dict(rows[rows["name"] == "Bob"][["frame", "actor"]].to_numpy())
    assert by_portrait == {0: "wrong", 5: "wrong"}


def test_who_turns_away_for_a_whole_shot_cannot_be_recognised(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path, regions=[], tracks=[], faces=[face(0, 5, ADA)])
    truth = truth_of(perceived)
    rows = observe_appearances(perceived, truth, observe_masks(perceived, truth), SETTINGS)
    assert set(rows["best query"][rows["name"] == "Ada"]) == {"none"}
    assert set(rows["best query"][rows["name"] == "Bob"]) == {"unseen"}
    cut = dataclasses.replace(perceived, shots=(Shot(0, 0, 4), Shot(1, 5, 39)))
    rows = observe_appearances(cut, truth, observe_masks(cut, truth), SETTINGS)
    ada = dict(rows[rows["name"] == "Ada"][["frame", "best query"]].to_numpy())
    assert ada == {0: "none", 5: "unseen", 10: "unseen", 15: "unseen", 20: "unseen", 25: "unseen"}


class Shifting:
    """Carries each person's true place, two columns off for every key frame that it is away; gives up after two."""

    every_frame = False

    def carry(self, shot: ShotView) -> dict[int, dict[int, Carried]]:
        found: dict[int, dict[int, Carried]] = {}
        for person, faces in shot.people.items():
            assert len(faces) == 1, "every track keeps one face alone"
            start, x = next((frame, round(shot.box(person, frame)[0])) for frame in faces)
            for frame in shot.key_frames:
                away = abs(frame - start) // 5
                mask = np.zeros((HEIGHT, WIDTH), bool)
                mask[15:35, x + 2 * away : x + 2 * away + 10] = True
                if away <= 2:
                    found.setdefault(person, {})[frame] = Carried(mask, 1 - 0.1 * away)
        return found


def test_masks_are_carried_from_the_middle_face_to_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.measuring.carrying.load_carrier", lambda settings: Shifting())
    truth = [*[head(frame, "Ada", 5) for frame in range(0, 26, 5)], head(0, "Bob", 40), head(5, "Bob", 40)]
    # Ada's face is found on five of six key frames, Bob's once; a lamp twice.
    faces = [face(frame, 5, ADA) for frame in (0, 5, 10, 20, 25)]
    faces += [face(0, 40, BOB), face(10, 25, (0, 0, 1)), face(15, 25, (0, 0, 1))]
    faces.sort(key=lambda row: row["frame"])  # type: ignore[arg-type, return-value]
    perceived = perceived_in(tmp_path, faces=faces, truth=truth)
    write_video(tmp_path / "film.mp4", [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 40, fps=10)
    rows = observe_carrying(perceived, truth_of(perceived), SETTINGS)
    found = {int(row.frame): (row.way, row.iou) for row in rows.itertuples()}
    assert found == {
        0: ("backward", pytest.approx(6 / 14)),
        5: ("backward", pytest.approx(8 / 12)),
        20: ("forward", pytest.approx(6 / 14)),
        25: ("forward", pytest.approx(np.nan, nan_ok=True)),
    }


@pytest.mark.parametrize(("frames", "kept"), [((5,), 5), ((5, 10), 5), ((5, 10, 30), 10), ((30, 0, 10, 5), 5)])
def test_the_middle_face_is_kept(frames: tuple[int, ...], kept: int) -> None:
    assert middle(dict.fromkeys(frames, 0)) == kept
