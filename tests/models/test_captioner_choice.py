"""Choosing between candidates: probability alone, or less what was just said; and how many words a slot holds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.captioner.choice import likeness, likeness_to, most_distinct, word_budget, words_of


@dataclass(frozen=True)
class Candidate:
    text: str
    score: float


WORDS = ["Anna", "Ben", "walks", "waves", "to", "the", "door", "park", "."]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
CANDIDATES = st.lists(st.builds(Candidate, TEXTS, st.floats(-5, 0)), min_size=1, max_size=5)
FOUND = [Candidate("Anna walks to the door.", -0.2), Candidate("Anna goes out.", -0.6), Candidate("It rains.", -3.0)]


@given(CANDIDATES, st.lists(TEXTS, max_size=4))
def test_without_weight_the_most_probable_is_taken_whatever_was_said(found: list[Candidate], said: list[str]) -> None:
    assert most_distinct(found, said, weight=0.0).score == max(each.score for each in found)


@given(CANDIDATES, st.floats(0, 5))
def test_with_nothing_said_before_the_most_probable_is_taken(found: list[Candidate], weight: float) -> None:
    assert most_distinct(found, [], weight=weight).score == max(each.score for each in found)


@given(CANDIDATES, st.lists(TEXTS, max_size=4), st.floats(0, 2), st.floats(0, 2))
def test_more_weight_never_takes_what_is_more_alike(
    found: list[Candidate], said: list[str], one: float, other: float
) -> None:
    less, more = sorted((one, other))
    chosen = [likeness_to(most_distinct(found, said, weight=weight).text, said) for weight in (less, more)]
    assert chosen[1] <= chosen[0] + 1e-9


def test_identical_neighbours_get_different_sentences_while_there_are_alternatives() -> None:
    said: list[str] = []
    for _ in range(3):
        said.append(most_distinct(FOUND, said, weight=5.0).text)
    assert sorted(said) == sorted(each.text for each in FOUND)
    assert most_distinct(FOUND[:1], [FOUND[0].text], weight=5.0) == FOUND[0], "the only sentence is said again"


def test_what_is_far_less_probable_is_not_worth_being_different() -> None:
    assert most_distinct([FOUND[0], FOUND[2]], [FOUND[0].text], weight=0.5) == FOUND[0]
    assert most_distinct(FOUND, [FOUND[0].text], weight=0.6) == FOUND[1]


def test_likeness_is_of_words_whatever_their_case_and_points() -> None:
    assert likeness(words_of("Anna waves!"), words_of("anna waves")) == 1.0
    assert likeness(["a", "b"], ["b", "c"]) == pytest.approx(0.5)
    assert likeness([], []) == likeness_to("Anna.", []) == 0.0


@pytest.mark.parametrize(("seconds", "pace", "words"), [(3.0, 2.0, 6), (2.99, 2.0, 5), (0.2, 2.67, 0), (0.3, 10.0, 3)])
def test_a_slot_holds_whole_words(seconds: float, pace: float, words: int) -> None:
    assert word_budget(seconds, pace) == words
