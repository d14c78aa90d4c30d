"""Sanity rows: texts that look at no picture, and the ceiling that reads the truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from models.baselines import sanity
from models.baselines.settings import ABOUT, BASELINES


def record(film: str, clip: int, text: str = "") -> dict[str, object]:
    return {"film": film, "clip_id": clip, "text": text or f"{film} {clip}"}


def test_a_neighbour_is_of_the_same_film_and_never_the_clip_itself() -> None:
    records = [record("b", 2), record("a", 1), record("b", 1), record("a", 3), record("a", 2)]
    assert sanity.neighbour(records) == ["b 1", "a 2", "b 2", "a 2", "a 1"]


def test_a_film_with_one_clip_has_no_neighbour() -> None:
    with pytest.raises(BadInput, match=r"^c: one described clip has no neighbour; leave the row out"):
        sanity.neighbour([record("a", 1), record("a", 2), record("c", 1)])


def test_the_constant_is_the_most_frequent_sentence_of_training_and_the_first_among_equals() -> None:
    training = [record("t", n, text) for n, text in enumerate(("It rains.", "Anna waits.", "It rains.", "Anna waits."))]
    assert sanity.constant([record("a", 1), record("a", 2)], training) == ["Anna waits."] * 2
    assert sanity.constant([record("a", 1)], training[:3]) == ["It rains."]
    with pytest.raises(BadInput, match="no training sentence"):
        sanity.constant([record("a", 1)], [])


@given(st.integers(2, 40), st.integers(0, 5))
def test_a_shuffle_keeps_every_reference_and_leaves_none_in_its_place(count: int, seed: int) -> None:
    records = [record("a", clip) for clip in range(count)]
    said = sanity.shuffled(records, seed=seed)
    assert sorted(said) == sorted(str(each["text"]) for each in records)
    assert all(text != each["text"] for text, each in zip(said, records, strict=True))
    assert said == sanity.shuffled(records, seed=seed)


def test_one_clip_cannot_be_shuffled() -> None:
    with pytest.raises(BadInput, match="a single clip"):
        sanity.shuffled([record("a", 1)], seed=0)


def test_the_ceiling_is_another_phrasing_than_the_reference() -> None:
    truth = {"a": [{"id": 1, "alternatives": ["It rains.", "Rain falls."]}, {"id": 2, "alternatives": []}]}
    assert sanity.second_phrasing([record("a", 1, "It rains.")], truth) == ["Rain falls."]
    for clip in (2, 3):
        with pytest.raises(BadInput, match=f"^a:{clip}: the studio tells it in one way only"):
            sanity.second_phrasing([record("a", clip)], truth)


def test_every_row_says_what_it_is_in_one_note() -> None:
    assert set(BASELINES) <= set(ABOUT)
    assert not [row for row, about in ABOUT.items() if "; " in about], "a semicolon would make two notes of it"
