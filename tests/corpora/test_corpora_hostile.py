"""Whatever a file holds, a reader reads it or says what is wrong in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import (
    character_bank,
    cinepile,
    cmdad,
    focusedad,
    folder,
    lsmdc,
    mad,
    mad_eval_named,
    movienet,
    movienet_boxes,
    short_names,
    shot_lists,
    storyboard20k,
)
from corpora.inspection import inspect
from corpora.transcript import read_transcript

CLIP = "1_F_00.00.01.000-00.00.02.000"
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("../x"))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
CAST = [{"id": "1", "name": "X", "role": "BO", "portrait": "b.png"}]
BOARD = {
    "movie_id": "tt1",
    "global_id": 1,
    "flag": "train",
    "title": "F",
    "key_frames": [f"{CLIP}_0.jpg"],
    "resolution": [270, 480],
    "synopses": [["A."]],
    "bboxes_person": [[{"BO": [0.1, 0.1, 0.2, 0.2, 0.9]}]],
}
TRIPLET = {
    "movie_id": "tt1",
    "global_id": 1,
    "type": 1,
    "resolution": [270, 480],
    "main characters": ["BO"],
    "synopses": "A.",
    "movie_clips": "1.mp4",
    "detect characters": [{"BO": [1, 2, 3, 4, 0.9, 5]}],
}
EVAL = {"id": 1, "movie": "1_F", "imdb": "tt1", "movie_duration": 9.0, "start": 1.0, "end": 2.0, "sentence": "A."}
MAD = {"0": {"movie": "1", "movie_duration": 9.0, "timestamps": [1, 2], "ext_timestamps": [1, 2], "sentence": "A."}}
MOVIENET = {
    "imdb_id": "tt1",
    "cast": [
        {
            "id": "1",
            "frame_idx": None,
            "resolution": [16, 9],
            "shot_idx": 0,
            "img_idx": 1,
            "body": {"type": "detected", "bbox": [1, 2, 3, 4]},
            "pid": "nm1",
            "possible_pids": ["nm1"],
        }
    ],
    "scene": [{"id": "1", "shot": [0, 1], "frame": [0, 9], "place_tag": ["bar"], "action_tag": None}],
    "story": [
        {
            "id": "1",
            "shot": [0, 1],
            "frame": [0, 9],
            "duration": [0.0, 0.9],
            "consistency": 0.9,
            "description": "A.",
            "subtitle": [{"shot": 0, "duration": [0.1, 0.2], "sentences": ["B."]}],
        }
    ],
}
READERS: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "storyboard20k.json": (storyboard20k.read, [BOARD]),
    "cinepile.json": (cinepile.read, {"movie_name": "F", "year": 1, "movie_scene": "<visual> A. <subtitle> B."}),
    "transcript.json": (
        read_transcript,
        {"segments": [{"start": 1, "end": 2, "text": "B.", "words": [{"word": "B", "start": 1, "end": 2}]}]},
    ),
    "charbank.json": (character_bank.read, {"tt1": [{"id": "nm1", "name": "X", "role": "BO"}]}),
    "cast.json": (
        lambda path: folder.read_cast(path.parent),
        [{"id": "1", "name": "X", "role": "BO", "portrait": "b.png"}],
    ),
    "v2.json": (focusedad.read_storyboard_v2, [TRIPLET]),
    "mad.json": (focusedad.read_mad_eval, [EVAL]),
    "pile.json": (focusedad.read_cinepile_ad, {"movie_name": "F", "narrations": [{"clip_id": "1", "content": "A."}]}),
    "moments.json": (mad.read, MAD),
    "movienet.json": (movienet.read, MOVIENET),
    "chars_mapping.json": (short_names.read, {"nm1": {"name": "X", "role": "Dr. BO", "char_in_ad": "BO"}}),
    "board.json": (inspect, [BOARD]),
    "moments2.json": (inspect, MAD),
    "movienet2.json": (inspect, MOVIENET),
}


def spoilt(content: Any, data: st.DataObject) -> Any:
    """The content with one value, at any depth, replaced or removed."""
    content = copy.deepcopy(content)
    place = content
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.integers(0, 3))):
            break
        place = inner
    if data.draw(st.integers(0, 4)):
        place[key] = data.draw(VALUES)
    else:
        del place[key]
    return content


def survive(read: Callable[[Path], Any], path: Path) -> None:
    try:
        read(path)
    except BadInput as error:
        assert "\n" not in str(error) and path.name in str(error)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", sorted(READERS))
def test_spoilt_json_is_read_or_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    read, content = READERS[name]
    path = tmp_path_factory.getbasetemp() / f"hostile_{name}" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    read(path)
    path.write_text(json.dumps(spoilt(content, data)))
    survive(read, path)


BEGINNINGS = (
    b"",
    b"start,end,text\n",
    b"movie,sentence,movie_duration,start,end\n",
    b"imdbid,shot_list\ntt1,[(1, ",
    ",".join(cmdad.SCENES).encode() + b"\n1,2,1,1,2,y/v,",
    CLIP.encode() + b"\t",
    b"0 48 12 24 36\n",
)
TABLES = (
    mad_eval_named.read,
    lsmdc.read,
    cmdad.read,
    shot_lists.read,
    movienet_boxes.read_shots,
    folder.read_descriptions,
    inspect,
)


@settings(max_examples=100, deadline=None)
@given(beginning=st.sampled_from(BEGINNINGS), content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    beginning: bytes, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(beginning + content)
    for read in TABLES:
        survive(read, path)
