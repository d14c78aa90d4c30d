"""What surely breaks a sentence is found; no sentence of the studio's, and none that only looks odd, is refused."""

import pytest
from narration_english import FINE

from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay
from narration.grammar import fault, verbless
from narration.rules import Candidate, Moment, choose, judge
from narration.settings import NarrationSettings

SETTINGS = NarrationSettings()
BROKEN = {
    "Walter reaches out and opens the others watch.": "in one clause",
    "Rafael leaves of them wait in the kitchen.": "in one clause",
    "Clara gives the cup to Clara watches.": "in one clause",
    "Uma falls to the sand lies still.": "in one clause",
    "Mona carries a box hands the station.": "in one clause",
    "It grows dark in the kitchen goes dark.": "in one clause",
    "Leaves blow over the two people stand in the street.": "in one clause",
    "Walter raises an arm and points at three people wait.": "in one clause",
    "Tom hugs the and they hold each other.": "the and",
    "Holt talks on the a call.": "the a",
    "Holt talks on the in the library.": "the in the",
    "Nina falls to the floor he the others watch.": "without a verb",
    "There is reading a book in the library.": "not who",
    "Opens the door.": "no subject",
    "Them wait in the park.": 'begins with "them"',
    "Yusuf stretches each other.": "of one",
    "Jonas stretches each other.": "of one",
    "Someone holds a ball in both arms in both arms.": "twice over",
    "Boris picks up the picks up the floor.": "twice over",
    "Anna walks to the.": "breaks off",
    "Anna sits down and.": "breaks off",
    "Anna waits. Tom hugs the and leaves.": "the and",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_breaks_a_sentence_is_told(text):
    assert BROKEN[text] in fault(text)


@pytest.mark.parametrize("text", FINE)
def test_a_sentence_that_only_looks_odd_is_left_alone(text):
    assert fault(text) == "" and not verbless(text)


def test_no_sentence_of_any_film_of_the_studio_is_refused():
    settings = StudioSettings()
    texts = {
        text
        for film in settings.film_ids()
        for described in write_screenplay(film, settings.split_of(film), settings).descriptions
        for text in (described.text, *described.alternatives)
    }
    assert len(texts) > 500
    assert [(text, fault(text)) for text in sorted(texts) if fault(text) or verbless(text)] == []


def test_a_broken_candidate_is_not_said_and_another_is():
    moment = Moment(4.0, ("Walter",), recognised=("Walter",))
    broken, whole = Candidate("Walter opens the others watch.", -0.1), Candidate("Walter opens the door.", -0.9)
    choice = choose([broken, whole], moment, SETTINGS)
    assert choice.line is not None and choice.line.text == "Walter opens the door."
    assert "in one clause" in choice.why and "in one clause" in choice.others[0].refused
    assert choose([broken], moment, SETTINGS).line is None


@pytest.mark.parametrize("text", ["The station.", "In the kitchen.", "Someone in the library.", "Side in the street."])
def test_a_sentence_without_a_verb_may_be_said_and_is_to_be_checked(text):
    line = judge(Candidate(text, -0.1), Moment(4.0), SETTINGS)
    assert not line.refused and line.doubts == ("has no verb",)
