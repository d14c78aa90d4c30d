"""Storyboard20K: times from file names, boxes by the longer side, and bad storyboards put aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import storyboard20k
from corpora.film import LabelledBox
from corpora.lsmdc import ClipId
from corpora.reading import RowProblem
from corpora.storyboard20k import PersonBox, Storyboard

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=8)
SHARES = st.floats(-0.1, 1.0)
PERSONS = st.builds(PersonBox, NAMES, st.tuples(SHARES, SHARES, SHARES, SHARES), st.floats(0, 1))


@st.composite
def storyboards(draw: st.DrawFn, row: int = 1) -> Storyboard:
    start, length = draw(st.integers(0, 9_999_999)), draw(st.integers(0, 20_000))
    clip = ClipId("0001_A_Film", start / 1000, (start + length) / 1000)
    count = draw(st.integers(1, 4))
    return Storyboard(
        movie_id="tt0000001",
        global_id=draw(st.integers(0, 99999)),
        flag="train",
        title=draw(NAMES),
        resolution=draw(st.tuples(st.integers(1, 900), st.integers(1, 1900))),
        key_frames=tuple(f"frames/{clip}_{k}.jpg" for k in range(count)),
        synopses=(tuple(draw(st.lists(NAMES, min_size=1, max_size=3))),),
        persons=tuple(tuple(draw(st.lists(PERSONS, max_size=3))) for _ in range(count)),
        row=row,
    )


@settings(max_examples=60, deadline=None)
@given(storyboard=storyboards())
def test_a_storyboard_comes_back(storyboard: Storyboard, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("board") / "storyboard20k.json"
    storyboard20k.write(path, [storyboard])
    read = storyboard20k.read(path)
    assert read.rows == (storyboard,) and read.problems == ()


@settings(max_examples=100, deadline=None)
@given(storyboard=storyboards())
def test_boxes_stay_in_the_picture(storyboard: Storyboard) -> None:
    for box in storyboard20k.labelled_boxes([storyboard], fps=10, frames=100_000, size=(480, 270)):
        x1, y1, x2, y2 = box.box
        assert 0 <= x1 < x2 <= 480 and 0 <= y1 < y2 <= 270
        assert box.confidence >= storyboard20k.LEAST_CONFIDENCE


def board(**changes: object) -> dict[str, object]:
    """A storyboard of one clip, 2 to 5 s, with three key frames at 480x270 (unit: 480)."""
    clip = "1005_Signs_00.00.02.000-00.00.05.000"
    record: dict[str, object] = {
        "movie_id": "tt0286106",
        "global_id": 3,
        "key_frames": [f"frames/train/{clip}_{k}.jpg" for k in range(3)],
        "resolution": [270, 480],
        "synopses": [["GRAHAM walks in.", "GRAHAM enters."]],
        "bboxes_person": [[{"GRAHAM": [0.1, -0.02, 0.3, 0.5, 0.9]}], [], [{"BO": [0.1, 0.1, 0.2, 0.2, 0.05]}]],
    }
    record.update(changes)
    return record


def read(tmp_path: Path, *records: object) -> storyboard20k.Reading[Storyboard]:
    path = tmp_path / "storyboard20k.json"
    path.write_text(json.dumps(records))
    return storyboard20k.read(path)


def test_times_come_from_the_file_names(tmp_path: Path) -> None:
    (storyboard,) = read(tmp_path, board()).rows
    (slot,) = storyboard20k.slots([storyboard], "s.json")
    assert (slot.start, slot.end, slot.text, slot.where) == (2.0, 5.0, "GRAHAM walks in.", "s.json:1")
    assert storyboard20k.key_frame_numbers(storyboard.clips[0], 3, fps=10) == (25, 35, 45)


def test_boxes_are_scaled_clamped_and_filtered(tmp_path: Path) -> None:
    rows = read(tmp_path, board()).rows
    boxes = storyboard20k.labelled_boxes(rows, fps=10, frames=100, size=(480, 270))
    assert boxes == [LabelledBox(25, "GRAHAM", (48.0, 0.0, 144.0, 240.0), 0.9)]  # BO's .05 is under the filter
    half = storyboard20k.labelled_boxes(rows, fps=10, frames=100, size=(240, 135))
    assert half[0].box == (24.0, 0.0, 72.0, 120.0)
    assert storyboard20k.labelled_boxes(rows, fps=10, frames=20, size=(480, 270)) == []


def test_shot_by_shot_and_condensed_synopses(tmp_path: Path) -> None:
    two = [f"1_F_00.00.0{s}.000-00.00.0{s + 2}.000_0.jpg" for s in (1, 5)]
    frames = {"key_frames": two, "bboxes_person": [[], []]}
    rows = read(tmp_path, board(**frames, synopses=[["A."], ["B."]]), board(**frames, synopses=[["All."]])).rows
    slots = storyboard20k.slots(rows, "s.json")
    assert [(slot.start, slot.end, slot.text) for slot in slots] == [(1, 3, "A."), (5, 7, "B."), (1, 7, "All.")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key_frames": ["tt1/shot_0001_img_0.jpg"] * 3}, "not a clip id"),
        ({"key_frames": ["1_F_00.00.05.000-00.00.02.000_0.jpg"]}, r"ends \(2\) before it starts \(5\)"),
        ({"key_frames": []}, "key_frames is not a list"),
        ({"synopses": []}, "no synopses"),
        ({"synopses": [["A."], ["B."]]}, "2 synopses for 1 clips"),
        ({"resolution": [270]}, "resolution is not"),
        ({"resolution": [0, 480]}, "resolution is not"),
        ({"bboxes_person": [[]]}, "each of the 3 key frames"),
        ({"bboxes_person": [[{"BO": [0.1, 0.2]}], [], []]}, "the box of BO is not"),
        ({"bboxes_person": [[{"BO": [0.1, 0.2, "x", 1, 1]}], [], []]}, "the box of BO is not a number"),
        ({"bboxes_person": [["BO"], [], []]}, "not an object"),
    ],
)
def test_a_bad_storyboard_is_put_aside_by_its_number(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    found = read(tmp_path, board(), board(**changes), board())
    assert [row.row for row in found.rows] == [1, 3]
    (problem,) = found.problems
    assert problem.startswith("storyboard20k.json:2: ")
    with pytest.raises(BadInput, match=told):
        read(tmp_path, board(**changes))


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "storyboard20k.json"
    path.write_text("{}")
    with pytest.raises(BadInput, match="must be a list of storyboards"):
        storyboard20k.read(path)
    path.write_text('[{"a": 1},\n}')
    with pytest.raises(BadInput, match=r"storyboard20k\.json:2: not valid JSON"):
        storyboard20k.read(path)
    with pytest.raises(RowProblem):
        storyboard20k.clip_of("frames/nothing.jpg")
