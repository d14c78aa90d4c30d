"""The craft's rules: names, pace, repetition; of several candidates the one that keeps them, with its reasons."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from models.captioner.choice import word_budget
from narration.names import mentions
from narration.rules import Candidate, Moment, choose, judge, recent
from narration.settings import NarrationSettings
from narration.trim import words_in

SETTINGS = NarrationSettings()
CAST = ("Anna", "WALTER", "Noah")
FREE = Moment(seconds=4.0, cast=CAST, recognised=("Anna", "WALTER"))


def said(*texts: str, moment: Moment = FREE) -> str | None:
    line = choose([Candidate(text, -0.2 - at / 10) for at, text in enumerate(texts)], moment, SETTINGS).line
    return line.text if line else None


def test_a_line_that_keeps_all_rules_is_said_as_drafted_without_doubts():
    line = choose([Candidate("Anna hugs Walter.", -0.2)], FREE, SETTINGS).line
    assert line is not None and line.text == line.drafted == "Anna hugs Walter." and line.doubts == ()
    assert line.doubt == round(1 - math.exp(-0.2), 4)


def test_with_nobody_recognised_nobody_is_named_and_a_person_is_asked_to_look():
    crowd = Moment(seconds=4.0, cast=CAST)
    line = choose([Candidate("Anna raises an arm and points at Anna.", -0.2)], crowd, SETTINGS).line
    assert line is not None and line.text == "Someone raises an arm and points at someone else."
    assert any("not recognised" in why for why in line.doubts) and any("same person" in why for why in line.doubts)


def test_a_candidate_without_a_wrong_name_goes_before_one_that_had_to_be_mended():
    assert said("Noah waves at Anna.", "Anna waves at Walter.") == "Anna waves at Walter."


def test_whom_the_film_has_not_named_is_someone():
    moment = Moment(seconds=4.0, cast=CAST, recognised=("Anna", "WALTER"), named=("Anna",))
    assert said("Walter hugs Anna.", moment=moment) == "Someone hugs Anna."


def test_a_line_is_not_said_again_nor_what_was_spoken():
    moment = Moment(4.0, CAST, ("Anna",), said=("Anna sits on the old chair.",), dialogue=("The lights go out!",))
    choice = choose(
        [Candidate("Anna sits on the chair.", -0.1), Candidate("The lights go out.", -0.2)], moment, SETTINGS
    )
    assert choice.line is None and "repeats" in choice.why
    assert [other.refused[:7] for other in choice.others] == ["repeats", "repeats"]
    assert said("Anna sits on the chair.", "Anna closes the door.", moment=moment) == "Anna closes the door."


def test_after_a_while_a_line_may_be_echoed():
    lines = [(10.0, "It rains."), (50.0, "Anna sits.")]
    assert recent(lines, 56.0, 45.0) == ("Anna sits.",)


def test_a_line_that_cannot_be_said_in_time_is_trimmed_else_said_fast_else_not_at_all():
    short = Moment(seconds=1.9, cast=CAST, recognised=("Anna",))  # 5 words, 6 at most
    line = judge(Candidate("Anna takes the bag and walks to the door.", -0.1), short, SETTINGS)
    assert line.text == "Anna takes the bag." and "trimmed" in line.doubts[0]
    line = judge(Candidate("Anna kneels on the kitchen floor.", -0.1), short, SETTINGS)
    assert not line.refused and "fast" in line.doubts[0]
    line = judge(Candidate("Anna kneels on the dark kitchen floor.", -0.1), short, SETTINGS)
    assert "7 words" in line.refused


def test_a_narrow_recognition_an_unknown_name_and_a_stammer_are_to_be_checked():
    moment = Moment(4.0, CAST, ("Anna",), narrow=("Anna",))
    doubts = judge(Candidate("Anna waves at Zelda and waves at her.", -0.1), moment, SETTINGS).doubts
    assert [any(word in why for why in doubts) for word in ("only just", "Zelda", "twice")] == [True] * 3
    assert "twice" in judge(Candidate("He waves at Ada and waves at Bo.", -0.1), moment, SETTINGS).doubts[0]
    assert "twice over" in judge(Candidate("He points at someone at someone.", -0.1), moment, SETTINGS).refused
    assert judge(Candidate("They wave.", -0.1), moment, SETTINGS).doubts == ()


def test_nothing_to_say_is_silence_with_its_reason():
    assert choose([], FREE, SETTINGS).line is None
    choice = choose([Candidate(" . ", -0.1)], FREE, SETTINGS)
    assert choice.line is None and "says nothing" in choice.why


def test_the_same_words_are_offered_once():
    choice = choose([Candidate("Noah waves.", -0.1), Candidate("Someone waves.", -0.2)], FREE, SETTINGS)
    assert choice.line is not None and choice.line.text == "Someone waves." and choice.others == ()


SAID = "Anna Walter Noah Noah's and takes the bag waves at , . while they someone 's"
WORDS = st.sampled_from(SAID.split())
NAMES = st.sets(st.sampled_from(CAST))
TEXTS = st.lists(WORDS, max_size=16).map(" ".join)


@settings(deadline=None)  # whatever else the machine does
@given(st.lists(TEXTS, max_size=5), st.floats(0.5, 6), NAMES, NAMES)
def test_whatever_the_model_says_no_wrong_name_and_no_word_too_many_is_spoken(texts, seconds, seen, named):
    moment = Moment(seconds, CAST, tuple(seen), named=tuple(named), said=("Anna takes the bag.",))
    choice = choose([Candidate(text, -0.1 * at) for at, text in enumerate(texts)], moment, SETTINGS)
    if choice.line is None:
        return
    assert all(mention.means(seen & named) for mention in mentions(choice.line.text, CAST))
    count = words_in(choice.line.text)
    assert 0 < count <= math.floor(seconds * SETTINGS.fastest_words_per_second + 1e-9)
    if count > word_budget(seconds, SETTINGS.words_per_second):
        assert any("fast" in why for why in choice.line.doubts)


@settings(deadline=None)  # whatever else the machine does
@given(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
def test_every_candidate_is_the_line_or_an_alternative_or_says_the_same(texts):
    choice = choose([Candidate(text, -0.1 * at) for at, text in enumerate(texts)], FREE, SETTINGS)
    everything = [*([choice.line] if choice.line else []), *choice.others]
    offered = {each.text.casefold() for each in everything}
    assert all(judge(Candidate(t, 0.0), FREE, SETTINGS).text.casefold() in offered for t in texts)


def test_a_stumble_is_not_said_and_the_same_person_twice_at_once_is_checked():
    moment = Moment(5.0, ("Anna",), recognised=("Anna",))
    for stumble in ("Anna walks walks to the door.", "The the door opens."):
        assert "says" in judge(Candidate(stumble, -0.1), moment, SETTINGS).refused
    for fine in ("Anna runs very very fast.", "Knock, knock.", "The mama and a man wait."):
        assert not judge(Candidate(fine, -0.1), moment, SETTINGS).refused
    twice = judge(Candidate("Anna dances as Anna stands nearby.", -0.1), moment, SETTINGS)
    assert any("two things at once" in why for why in twice.doubts)
    assert not judge(Candidate("Anna waits and Anna leaves.", -0.1), moment, SETTINGS).doubts
