"""No name is spoken that may not be; what is left reads as a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.subtitles import Subtitle
from narration.names import introductions, mentions, without_names, without_second_mentions

CAST = ("ANNA", "Walter", "MARY ANN SMITH", "John Smith", "Dr. Will")


def named(text: str) -> list[tuple[str, ...]]:
    return [mention.owners for mention in mentions(text, CAST)]


def test_a_name_is_found_in_full_or_by_a_word_of_it_and_not_inside_other_words():
    assert named("Anna waves at Mary Ann Smith.") == [("ANNA",), ("MARY ANN SMITH",)]
    assert named("Mary waves. John's hat falls.") == [("MARY ANN SMITH",), ("John Smith",)]
    assert named("Savannah walters.") == []


def test_a_word_that_two_share_may_mean_either():
    assert named("Smith nods.") == [("MARY ANN SMITH", "John Smith")]


def test_a_name_written_small_is_a_word_and_a_title_is_nobody():
    assert named("They will wave at the Dr. and will go.") == []
    assert named("Will waves.") == [("Dr. Will",)]


def test_a_script_without_capitals_or_spaces_is_read_too():
    assert [m.owners for m in mentions("王力站在门口。", ["王力"])] == [("王力",)]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Anna hugs Walter.", "Someone hugs Walter."),
        ("Walter hugs Anna.", "Walter hugs someone."),
        ("Anna hugs John Smith.", "Someone hugs someone else."),
        ("Anna looks at the door. Anna leaves.", "Someone looks at the door. Someone leaves."),
        ("Anna hugs John and Anna waves.", "Someone hugs someone else and someone waves."),
        ("Anna and John stand together.", "Two people stand together."),
        ("Anna, John and Will stand with Walter.", "Three people stand with Walter."),
        ("Anna points at John and Will watches.", "Someone points at someone else and someone else watches."),
        ("Walter takes Anna's hat. Anna cries.", "Walter takes someone's hat. Someone cries."),
    ],
)
def test_whom_nobody_recognised_is_a_stranger(said, heard):
    assert without_names(said, CAST, keep=["Walter"])[0] == heard


def test_somebody_who_acts_on_himself_acts_on_someone():
    text, found = without_second_mentions("Anna raises an arm and points at Anna.", CAST)
    assert text == "Anna raises an arm and points at someone." and [m.owners for m in found] == [("ANNA",)]
    assert without_second_mentions("Anna sits and Anna cries.", CAST) == ("Anna sits and Anna cries.", ())


def test_the_film_has_named_whom_its_dialogue_called_before():
    lines = [
        Subtitle(1, 2, "WALTER: Come."),
        Subtitle(3, 4, "[Walter sighs] Hello, Anna!"),
        Subtitle(5, 6, "Smith is here."),
        Subtitle(9, 10, "Walter?"),
    ]
    assert introductions(lines[::-1], CAST) == {"ANNA": 3, "Walter": 9}


def test_a_transcript_without_capitals_names_people_too():
    assert introductions([Subtitle(0, 1, "hello anna")], CAST) == {"ANNA": 0}


PIECES = st.sampled_from(
    ["waves", "at", "and", ",", ".", "the", "'s", "Dr.", "Smith", "someone", *CAST, "Mary", "Ann", "Will"]
)


@given(st.lists(PIECES, max_size=12), st.sets(st.sampled_from(CAST)))
def test_no_name_survives_that_is_not_kept(pieces, keep):
    text, _ = without_names(" ".join(pieces), CAST, keep=keep)
    assert all(mention.means(keep) for mention in mentions(text, CAST))


@given(st.lists(PIECES, max_size=12))
def test_whoever_may_be_named_stays_as_written(pieces):
    text = " ".join(pieces)
    assert without_names(text, CAST, keep=CAST) == (text, ())
