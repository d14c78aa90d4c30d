"""Stock clips and sound: labelled as the screenplay says, the same whenever asked for."""

from __future__ import annotations

import numpy as np
import pytest

from corpora.studio.people import CAST_PEOPLE, STOCK_PEOPLE
from corpora.studio.settings import StudioSettings
from corpora.studio.sound import RATE, sound_of
from corpora.studio.stock import FRAMES, StockClip, render_stock
from corpora.studio.stories import write_screenplay, write_stock_scene

SETTINGS = StudioSettings(stock_people=6)


@pytest.fixture(scope="module")
def clips() -> list[StockClip]:
    return list(render_stock(SETTINGS, start=0, count=10))


def test_a_number_is_always_the_same_clip(clips: list[StockClip]) -> None:
    (again,) = render_stock(SETTINGS, start=3, count=1)
    assert again.index == clips[3].index == 3
    assert np.array_equal(again.frames_thw3, clips[3].frames_thw3)
    assert again.described == clips[3].described and again.previous == clips[3].previous
    assert not np.array_equal(clips[3].frames_thw3, clips[4].frames_thw3)


def test_shapes_and_labels(clips: list[StockClip]) -> None:
    for clip in clips:
        assert clip.frames_thw3.shape == (FRAMES, 270, 480, 3) and clip.frames_thw3.dtype == np.uint8
        for per_person in (clip.masks, clip.boxes, clip.faces, clip.acts, clip.directions):
            assert list(per_person) == list(clip.masks)
        assert set(clip.masks) <= set(clip.cast_names)
        assert set(clip.directions.values()) <= {"left", "none", "right"}
        assert all(member.person in STOCK_PEOPLE and member.person not in CAST_PEOPLE for member in clip.cast)


def test_boxes_hold_their_masks(clips: list[StockClip]) -> None:
    for clip in clips:
        for name, mask_thw in clip.masks.items():
            for mask, box in zip(mask_thw, clip.boxes[name], strict=True):
                ys, xs = np.nonzero(mask)
                assert np.isnan(box).all() if not len(ys) else box.tolist() == [
                    xs.min(), ys.min(), xs.max() + 1, ys.max() + 1,
                ]  # fmt: skip


def test_acts_agree_with_the_description(clips: list[StockClip]) -> None:
    for clip in clips:
        subject = clip.described.subject
        if subject is not None and subject in clip.acts:
            assert clip.acts[subject] == clip.described.verb
        assert sum(act not in ("idle", "partner") for act in clip.acts.values()) <= 1
        if clip.described.type == 2:
            assert subject is not None and not clip.faces[subject].any()
        if clip.described.type == 0:
            assert not clip.masks


def test_walkers_move_where_they_are_said_to() -> None:
    scenes = ((index, write_stock_scene(index, SETTINGS)[0].action) for index in range(200))
    walks = [index for index, action in scenes if action is not None and action.verb in ("walk", "run")][:3]
    assert len(walks) == 3
    for index in walks:
        (clip,) = render_stock(SETTINGS, start=index, count=1)
        (name,) = [name for name, act in clip.acts.items() if act in ("walk", "run")]
        middle = np.nanmean(clip.boxes[name][:, [0, 2]], axis=1)
        assert clip.directions[name] == ("right" if middle[-1] > middle[0] else "left")


def test_sound_lasts_as_long_as_the_film_and_rises_where_they_talk() -> None:
    screenplay = write_screenplay("tt9000001", "train", StudioSettings(seconds=30.0))
    samples = sound_of(screenplay)
    assert samples.dtype == np.float32 and len(samples) == 30 * RATE and np.abs(samples).max() <= 1
    talking = np.zeros(len(samples), bool)
    for line in screenplay.lines:
        talking[round(line.start * RATE) : round(line.end * RATE)] = True
    assert talking.any()
    assert np.square(samples[talking]).mean() > 9 * np.square(samples[~talking]).mean()
    assert np.array_equal(samples, sound_of(screenplay))
