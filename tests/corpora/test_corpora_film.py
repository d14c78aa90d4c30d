"""The normal form: what is written comes back, and frames belong to slots as the clock says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.film import Character, Clip, Description, Film, LabelledBox, frames_of, read_film, write_film
from corpora.slots import Slot, descriptions


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(
        id="tt1",
        title="The Lantern",
        split="train",
        source="storyboard20k",
        fps=10,
        frames=40,
        width=64,
        height=48,
        duration=4.0,
        cast=(Character("Anna", "A. Actor", "nm1", ("portraits/Anna.png",)), Character("BEN", "", "", ())),
        descriptions=(Description(1, 0.5, 1.5, "Anna walks."), Description(2, 1.2, 1.25, "Ben sits.")),
        labelled_boxes=(LabelledBox(5, "Anna", (1.0, 2.0, 3.5, 4.0), 0.9),),
        put_aside=("a.csv:3: ends (1) before it starts (2); left out",),
        folder=tmp_path,
        delay=0.25,
    )


def test_a_film_comes_back_as_written(film: Film) -> None:
    write_film(film, film.folder)
    assert read_film(film.folder) == film
    assert str(film.folder) not in (film.folder / "film.json").read_text()


def test_a_foreign_film_json_is_refused(film: Film) -> None:
    write_film(film, film.folder)
    path = film.folder / "film.json"
    value = read_json(path)
    for broken in (
        {**value, "colour": 1},
        {key: value[key] for key in value if key != "fps"},
        [value],
        {**value, "cast": [{}]},
    ):
        write_json(path, broken)
        with pytest.raises(BadInput, match=r"film\.json: not a film in normal form"):
            read_film(film.folder)


def test_names_are_matched_without_regard_to_case(film: Film) -> None:
    assert film.character(" anna").name == "Anna"
    assert film.portrait_paths("ANNA") == (film.folder.resolve() / "portraits/Anna.png",)
    with pytest.raises(KeyError):
        film.character("Carl")


def test_a_film_without_subtitles_is_silent(film: Film) -> None:
    assert film.subtitles() == []


def test_clips_follow_the_descriptions(film: Film) -> None:
    first, second = film.clips()
    assert (first.id, first.first_frame, first.last_frame) == (1, 5, 14)
    assert (second.first_frame, second.last_frame) == (12, 12)  # shorter than a frame: the frame on screen
    assert first.key_frames(5) == (5, 10)
    assert first.key_frames(50) == (9,)  # none falls inside: the middle frame
    assert Clip("f", 1, 0, 1, 0, 9).key_frames(5) == (0, 5)


@settings(max_examples=200, deadline=None)
@given(
    start=st.floats(0, 20),
    length=st.floats(0, 30),
    fps=st.sampled_from([10, 23.976, 25, 29.97]),
    frames=st.integers(1, 500),
)
def test_a_clip_lies_in_the_film_and_in_its_slot(start: float, length: float, fps: float, frames: int) -> None:
    first, last = frames_of(start, start + length, fps=fps, frames=frames)
    assert 0 <= first <= last < frames
    if start + length < (frames - 1) / fps and length > 2 / fps:
        assert first / fps >= start - 0.002 and last / fps < start + length
        assert (first - 1) / fps < start and (last + 1) / fps >= start + length - 0.002


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 15), st.floats(-5, 15)), max_size=8), st.floats(0, 2))
def test_slots_are_clamped_ordered_and_none_is_lost_unsaid(times: list[tuple[float, float]], delay: float) -> None:
    slots = [Slot(start, end, "x", f"a.csv:{row}") for row, (start, end) in enumerate(times, 2)]
    kept, problems = descriptions(slots, duration=10.0, delay=delay)
    assert len(kept) + len(problems) == len(slots)
    assert [each.id for each in kept] == list(range(1, len(kept) + 1))
    assert all(0 <= each.start < each.end <= 10 for each in kept)
    assert [each.start for each in kept] == sorted(each.start for each in kept)


def test_overlapping_and_tiny_slots_are_kept() -> None:
    slots = [Slot(1.0, 3.0, "a", ""), Slot(2.0, 2.1, "b", ""), Slot(2.05, 4.0, "c", "")]
    kept, problems = descriptions(slots, duration=10.0)
    assert [each.text for each in kept] == ["a", "b", "c"] and problems == []
