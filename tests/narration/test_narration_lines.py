"""What the rules are told about a slot: who may be named, what was spoken around it, where the recognised stand."""

import math
from pathlib import Path

import pandas as pd
import pytest

from corpora.film import Description, Film
from corpora.subtitles import Subtitle
from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions
from narration.lines import boxes_of, dialogue_around, named_so_far, nearest
from narration.script import Box
from narration.settings import NarrationSettings

SUBTITLES = [Subtitle(1, 2, "Hello, Anna."), Subtitle(10, 11, "Walter!"), Subtitle(50, 51, "Late.")]
NAN = math.nan


def film(*, delay: float = 0.0) -> Film:
    return Film("f", "F", "none", "video", 10.0, 30, 64, 36, 3.0, (), (), (), (), Path("nowhere"), delay)


def regions(rows: list[dict[str, object]]) -> Regions:
    track = {"clip": 1, "track": 0, "shot": 0, "name_best": "Anna", "distance_best": 0.3}
    tracks = pd.DataFrame([{**track, "name_actor": "", "distance_actor": NAN}], columns=list(TRACK_COLUMNS))
    return Regions("f", 64, 36, tracks, pd.DataFrame(rows, columns=list(REGION_COLUMNS)), 1)


@pytest.mark.parametrize(
    ("names", "at", "allowed"),
    [
        ("introduced", 1, ()),
        ("introduced", 5, ("Anna",)),
        ("introduced", 20, ("Anna", "Walter")),
        ("recognised", 0, None),
        ("never", 20, ()),
    ],
)
def test_the_setting_says_who_may_be_named(names, at, allowed):
    settings = NarrationSettings(names=names)
    assert named_so_far({"Anna": 1, "Walter": 10}, at=at, settings=settings) == allowed


def test_without_subtitles_nobody_waits_to_be_introduced():
    assert named_so_far(None, at=5, settings=NarrationSettings()) is None


def test_the_dialogue_around_a_slot_ends_with_what_follows_it():
    near = dialogue_around(SUBTITLES, Description(1, 12.0, 14.0, ""), NarrationSettings(dialogue_seconds=5))
    assert near == ("Walter!", "Late.")


def test_boxes_are_those_of_the_middle_key_frame_on_the_files_clock():
    box = {"clip": 1, "track": 0, "x1": 1, "y1": 2, "x2": 30, "y2": 36}
    face = {"face_x1": 5, "face_y1": 4, "face_x2": 9, "face_y2": 8}
    rows = [{**box, **face, "frame": 5}, {**box, **dict.fromkeys(face, NAN), "frame": 10}]
    record = {"clip_id": 1, "key_frames": [0, 5, 10], "characters": {"best query": [{"name": "Anna", "track": 0}]}}
    found = boxes_of(film(delay=0.5), record, regions(rows))
    assert (found.frame, found.time, found.width, found.height) == (5, 1.0, 64, 36)
    assert found.characters == (Box("Anna", (1, 2, 30, 36), (5, 4, 9, 8)),)
    carried = boxes_of(film(), {**record, "key_frames": [5, 10, 15]}, regions(rows))
    assert carried.characters[0].face is None
    assert boxes_of(film(), {**record, "key_frames": [15]}, regions(rows)).characters == ()


def test_the_nearest_distance_of_a_name_is_told_and_none_where_it_was_not_seen():
    assert nearest(regions([]), 1, "Anna") == 0.3
    assert math.isnan(nearest(regions([]), 1, "Walter"))
