"""CinePile: tolerant tags, and slots won back from the dialogue around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import cinepile
from corpora.cinepile import Scene, SceneLine
from corpora.transcript import Segment

WORDS = st.sampled_from(["walk", "talk", "door", "never", "lantern", "you", "me", "the", "we're", "gone", "home"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


def lines(*told: str) -> list[SceneLine]:
    """ "D text" is a description, "S text" a spoken line."""
    kinds = {"D": "description", "S": "subtitle"}
    return [SceneLine(kinds[each[0]], each[2:], row) for row, each in enumerate(told, 1)]  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(told=st.lists(st.tuples(st.sampled_from("DS"), SENTENCES), max_size=6), first=SENTENCES)
def test_a_scene_comes_back(told, first: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("pile") / "cinepile.json"
    scene = Scene("The Lantern", 2024, "At night", "link", tuple(lines(f"D {first}", *(f"{k} {t}" for k, t in told))))
    cinepile.write(path, scene)
    assert cinepile.read(path) == (scene, [])


def test_the_columns_are_the_data_sets(tmp_path: Path) -> None:
    scene = Scene("F", 0, "", "", tuple(lines("D Peter steps close to Edgar.", "S Talk.")))
    cinepile.write(tmp_path / "cinepile.json", scene)
    record = json.loads((tmp_path / "cinepile.json").read_text())
    assert record["movie_scene"] == "<visual descriptions> Peter steps close to Edgar.\n<subtitle> Talk."
    assert record["subtitles"] == "Talk."
    assert {"movie_name", "year", "genre", "yt_clip_title", "yt_clip_link", "question", "choices"} <= record.keys()


def test_tags_may_be_spelt_as_they_like() -> None:
    text = "< Visual Description >A.</visual description><SUBTITLES> B. <visual descriptions>\nC.\n<subtitle>"
    found, problems = cinepile.parse_scene(text)
    assert [(line.kind[0], line.text) for line in found] == [("d", "A."), ("s", "B."), ("d", "C.")]
    assert problems == ["line 4 has a tag and no text"]
    assert cinepile.parse_scene("Once. <subtitle> B.")[1] == ["text before the first tag ('Once.')"]


def test_a_description_stands_in_the_pause_around_it() -> None:
    transcript = [Segment(2.0, 3.0, "Hello there, Anna."), Segment(6.0, 7.0, "We must go.")]
    told = lines("D Anna waits.", "S Hello there, Anna!", "D Ben opens the door.", "S We must go.", "D They leave.")
    slots, problems = cinepile.slots(told, transcript, duration=10.0, name="c.json")
    assert [(slot.start, slot.end) for slot in slots] == [(0, 2), (3, 6), (7, 10)] and problems == []
    assert [slot.where for slot in slots] == ["c.json:1", "c.json:3", "c.json:5"]


def test_several_descriptions_share_a_pause_by_words() -> None:
    transcript = [Segment(0.0, 1.0, "Hello there Anna."), Segment(7.0, 8.0, "We must go now.")]
    told = lines("S Hello there Anna.", "D Ben sits.", "D Anna walks to the door.", "S We must go now.")
    # 2 and 5 words in 6 seconds
    slots, _ = cinepile.slots(told, transcript, duration=8.0, name="c")
    assert [slot.start for slot in slots] == [1.0, pytest.approx(1 + 6 * 2 / 7, abs=0.001)]
    assert slots[0].end == slots[1].start and slots[1].end == 7.0


def test_a_spoken_line_the_transcript_lacks_keeps_its_room() -> None:
    transcript = [Segment(0.0, 1.0, "Hello there Anna."), Segment(7.0, 8.0, "We must go now.")]
    told = lines("S Hello there Anna.", "D Ben sits.", "S Inaudible whisper.", "D Anna stands.", "S We must go now.")
    slots, _ = cinepile.slots(told, transcript, duration=8.0, name="c")
    assert [(slot.start, slot.end) for slot in slots] == [(1.0, 3.0), (5.0, 7.0)]


def test_one_segment_may_hold_several_lines() -> None:
    transcript = [Segment(1.0, 3.0, "Yes I will. But not tonight."), Segment(8.0, 9.0, "Good night then.")]
    told = lines("S Yes I will.", "S But not tonight.", "D Ben nods.", "S Good night then.")
    (slot,), _ = cinepile.slots(told, transcript, duration=10.0, name="c")
    assert (slot.start, slot.end) == (3.0, 8.0)


def test_no_pause_is_said() -> None:
    transcript = [Segment(0.0, 2.0, "Hello there Anna."), Segment(2.0, 4.0, "We must go now.")]
    told = lines("S Hello there Anna.", "D Ben sits.", "S We must go now.", "D He rises.")
    slots, problems = cinepile.slots(told, transcript, duration=9.0, name="c.json")
    assert [slot.text for slot in slots] == ["He rises."]
    assert problems == ["c.json:2: no pause between the spoken lines around it; left out"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_slots_never_overlap_and_stay_in_the_film(data: st.DataObject) -> None:
    told = data.draw(st.lists(st.tuples(st.sampled_from("DS"), SENTENCES), max_size=10))
    times = sorted(data.draw(st.lists(st.floats(0, 50), min_size=20, max_size=20)))
    spoken = [text for kind, text in told if kind == "S" and data.draw(st.booleans())]
    transcript = [Segment(times[2 * i], times[2 * i + 1], text) for i, text in enumerate(spoken)]
    scene = lines(*(f"{kind} {text}" for kind, text in told))
    slots, problems = cinepile.slots(scene, transcript, duration=50.0, name="c")
    assert len(slots) + len(problems) == sum(kind == "D" for kind, _ in told)
    ends = [0.0]
    for slot in slots:
        assert ends[-1] <= slot.start < slot.end <= 50.001
        ends.append(slot.end)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cinepile.json"
    for content, told in (
        ({"movie_scene": "<subtitle> Talk."}, "no <visual descriptions> line"),
        ({"movie_scene": ""}, "movie_scene is empty"),
        ({"title": "F"}, "no 'movie_scene'"),
        ([], "not an object"),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(BadInput, match=told):
            cinepile.read(path)
