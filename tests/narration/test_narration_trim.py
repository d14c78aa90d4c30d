"""A line is shortened by whole sentences and clauses, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration.trim import is_clause, shortened, words_in

SAID = "Anna Walter waves takes the bag and , . while they at who is"
WORDS = st.sampled_from(SAID.split())


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("Anna waves. Walter leaves.", 3, "Anna waves."),
        ("Anna takes the bag and walks to the door.", 6, "Anna takes the bag."),
        ("Anna takes the bag while Walter sleeps in the chair.", 7, "Anna takes the bag."),
        ("Anna, who is tired, sits on the chair, and Walter leaves.", 9, "Anna, who is tired, sits on the chair."),
        ("They stand together as the rain falls.", 4, "They stand together."),
        ("Two people wait here and the light goes out.", 4, "Two people wait here."),
        ("It rains.", 2, "It rains."),
    ],
)
def test_what_is_left_is_a_sentence(text, most, left):
    assert shortened(text, most) == left


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("Anna takes the hat and the coat.", 5),  # what is joined is one object
        ("The old cats and dogs fight in the street.", 4),
        ("Anna, who is tired, sits on the chair.", 4),  # the aside is no sentence
        ("As Anna sits, Walter waves at the crowd.", 4),  # nor is what hangs on another
        ("Lightning lights up the library.", 4),
        ("Anna and Walter hug in the park.", 3),
    ],
)
def test_nothing_is_cut_in_mid_sentence(text, most):
    assert shortened(text, most) == ""


@given(st.lists(WORDS, max_size=20), st.integers(0, 12))
def test_never_over_the_limit_and_always_a_beginning_that_ends(words, most):
    text = " ".join(words).replace(" ,", ",").replace(" .", ".")
    left = shortened(text, most)
    assert words_in(left) <= most
    if left not in ("", text):
        assert left[-1] in ".?!" and text.startswith(left.rstrip("."))


def test_a_clause_has_its_subject_and_verb():
    assert is_clause("The man waves") and is_clause("Mary Ann Smith waves at Walter")
    assert not is_clause("The man") and not is_clause("Anna") and not is_clause("while Anna waves")
