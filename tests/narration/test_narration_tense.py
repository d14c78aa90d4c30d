"""What is told in the past is not said; what only looks like the past, or tells of an earlier time, is left alone."""

import pytest
from narration_english import FINE

from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay
from narration.rules import Candidate, Moment, choose, judge
from narration.settings import NarrationSettings
from narration.tense import doubtful_tense, past

NAMES = ("anna", "walter", "noah")
MOMENT = Moment(9.0, ("Anna", "Walter", "Noah"), recognised=("Anna", "Walter", "Noah"))
PAST = {
    "Anna walked to the door.": "walked",
    "Anna slowly walked to the door.": "walked",
    "She hesitated.": "hesitated",
    "Walter put the bag on the table.": "put",
    "He sat down on the bench.": "sat",
    "It rained.": "rained",
    "Anna and Walter watched the train.": "watched",
    "Anna raised her hands.": "raised",
    "Walter was waiting by the door.": "was",
    "There were two people in the park.": "were",
    "The man went out.": "went",
    "A woman in a red coat ran past.": "ran",
    "Children ran across the yard.": "ran",
    "Walter didn't move.": "didn't",
    "Someone took the bag and left.": "took",
    "Anna waits. Then she left.": "left",
    "As Anna came in, Walter fell.": "came",
    "He'd left the room.": "He'd",
    "Noah, out of breath, stopped. He had run.": "had",
}
MIXED = ("Anna walked in and sits down.", "Anna opens the door and the man fell.", "Walter waves and Anna smiled.")
PERHAPS = ("The door opened.", "A car parked by the road.", "Two men waited.", "A woman sat at a table.")
PRESENT = (
    "A man dressed in black waits.",
    "Anna, exhausted, sits down.",
    "Walter, dressed in black, enters.",
    "Anna is helped up by Walter.",
    "The wounded man groans.",
    "The letter she wrote lies on the floor.",
    "The man who fell gets up.",
    "Anna looks at the place where Walter stood.",
    "The masked figure raises a gun.",
    "She has had enough.",
    "All she had is gone.",
    "Anna lies surrounded by flowers.",
    "Walter, followed by Noah, leaves.",
    "Anna reads the note: “I was here.”",
    'A sign says "It ended."',
    "Anna needs a bed.",
    "A hundred people wait.",
    "Walter looks as if he were asleep.",
    "When the light went out nobody moved.",
    "A man held by two others struggles.",
    "Anna and Walter put the bags on the table.",
    "Anna sits with her eyes closed.",
    "A table set for two.",
    "Walls covered in moss.",
    "Anna dressed as a queen.",
    "Two people armed with guns.",
    "An abandoned house.",
    "Walter remembers what he lost.",
    "Anna lets Walter put on the coat.",
    "She gets dressed.",
    "Anna finds the box Walter hid.",
    "Red leaves fall on the frozen lake.",
    "Ted smiles.",
    "Drew and Rose wait in the park.",
)


@pytest.mark.parametrize("text", PAST)
def test_a_line_told_in_the_past_is_known_by_its_verb(text):
    assert past(text, NAMES) == PAST[text]


@pytest.mark.parametrize("text", MIXED)
def test_a_line_that_changes_into_the_past_is_to_be_checked(text):
    assert past(text, NAMES) == "" and "changes into the past" in doubtful_tense(text, NAMES)


@pytest.mark.parametrize("text", PERHAPS)
def test_a_line_that_may_be_told_in_the_past_is_to_be_checked(text):
    assert past(text, NAMES) == "" and "may be told in the past" in doubtful_tense(text, NAMES)


@pytest.mark.parametrize("text", [*PRESENT, *FINE])
def test_what_only_looks_like_the_past_is_left_alone(text):
    assert (past(text, NAMES), doubtful_tense(text, NAMES)) == ("", "")


def test_no_sentence_of_any_film_of_the_studio_is_in_the_past():
    settings = StudioSettings()
    wrong = set()
    for film in settings.film_ids():
        play = write_screenplay(film, settings.split_of(film), settings)
        names = tuple(member.name.casefold() for member in play.cast)
        for described in play.descriptions:
            for text in (described.text, *described.alternatives):
                wrong |= {(text, told) for told in (past(text, names), doubtful_tense(text, names)) if told}
    assert wrong == set()


def test_a_candidate_in_the_past_is_not_said_and_one_that_may_be_is_said_last():
    said, told = Candidate("Anna opened the door.", -0.1), Candidate("Anna opens the door.", -0.9)
    choice = choose([said, told], MOMENT, NarrationSettings())
    assert choice.line is not None and choice.line.text == "Anna opens the door."
    assert 'is told in the past ("opened")' in choice.why and choice.others[0].refused
    assert choose([said], MOMENT, NarrationSettings()).line is None
    perhaps = Candidate("The door opened.", -0.7)
    line = judge(perhaps, MOMENT, NarrationSettings())
    assert not line.refused and line.doubts == ('may be told in the past ("opened")',)
    again = choose([perhaps, told], MOMENT, NarrationSettings()).line
    assert again is not None and again.text == "Anna opens the door."
