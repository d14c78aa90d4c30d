"""What is told can be drawn, in words of one closed list; and a world of text keeps the studio's rules."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.studio import language, sentences
from corpora.studio.dialogue import ACTS, Exchange, say
from corpora.studio.dice import Dice
from corpora.studio.facts_text import CUES, STYLES, TextSample, TextWorld
from corpora.studio.language import PLACES, PROPS, VERBS, all_words, tokens, word_count
from corpora.studio.screenplay import EVENTS, VERB_NAMES
from corpora.studio.screenplay import PLACES as PLACE_NAMES
from corpora.studio.sentences import Facts, tell
from corpora.studio.staging import possible_objects
from corpora.studio.troupe import MENS_NAMES, NAMES, SURNAMES, WOMENS_NAMES

WORDS = frozenset(all_words())


def known(text: str) -> bool:
    return all(token in WORDS or token.capitalize() in NAMES for token in tokens(text))


@st.composite
def facts_of_any_kind(draw: st.DrawFn) -> Facts:
    place = draw(st.sampled_from(PLACE_NAMES))
    verb = draw(st.sampled_from([v for v in VERB_NAMES if not VERBS[v].objects or possible_objects(VERBS[v], place)]))
    kind = VERBS[verb]
    return Facts(
        subject="Anna",
        pronoun=draw(st.sampled_from(("he", "she"))),
        verb=verb,
        place=place,
        object=draw(st.sampled_from(possible_objects(kind, place))) if kind.objects else None,
        second="Ben" if kind.needs_second else None,
        second_pronoun=draw(st.sampled_from(("he", "she"))),
        faceless=kind.faceless and draw(st.booleans()),
        near=draw(st.sampled_from((None, "tree", "table"))),
        others=draw(st.sampled_from(((), ("Clara",), ("Clara", "David")))),
        watching=draw(st.booleans()),
        alone=draw(st.booleans()),
    )


def test_the_verbs_are_those_that_the_stage_can_draw() -> None:
    assert set(VERBS) == set(VERB_NAMES) and len(VERBS) >= 20
    assert set(PLACES) == set(PLACE_NAMES)
    assert set(language.EVENT_PHRASES) == set(EVENTS)
    assert all(thing in PROPS for verb in VERBS.values() for thing in verb.objects)
    assert all(any(possible_objects(verb, place) for place in PLACES) for verb in VERBS.values() if verb.objects)


def test_every_action_is_told_in_the_present_tense_and_in_several_ways() -> None:
    for verb in VERBS.values():
        assert len(verb.phrases) >= 3 and len(set(verb.phrases)) == len(verb.phrases)
        assert all(re.match(r"(does|[a-z]+s) ?", phrase) for phrase in verb.phrases)
        assert all("{b}" in phrase for phrase in verb.phrases) == verb.needs_second
        assert all(doing.split()[0].endswith("ing") for doing in verb.doing)
        if verb.faceless:
            assert any("{his}" not in phrase for phrase in verb.phrases)


def test_the_vocabulary_is_closed_small_and_free_of_names() -> None:
    words = all_words()
    assert list(words) == sorted(set(words)) and 250 <= len(words) <= 450
    assert not {name.lower() for name in NAMES} & WORDS
    assert len(set(NAMES)) == len(NAMES) and len(WOMENS_NAMES + MENS_NAMES) >= 60 and len(SURNAMES) >= 40


@given(facts_of_any_kind(), st.floats(2.5, 4.5), st.integers(0, 10_000))
def test_a_sentence_is_made_of_known_words_and_names_who_acts(facts: Facts, seconds: float, seed: int) -> None:
    text = tell(facts, Dice(seed), seconds=seconds)
    assert "{" not in text and known(text) and text.endswith(".") and text[0].isupper()
    assert text == " ".join(text.split()) and " ," not in text and ",," not in text and ",." not in text
    words = tokens(text)
    assert "anna" in words and (facts.second is None or "ben" in words)


@given(facts_of_any_kind(), st.floats(2.5, 4.5), st.integers(0, 10_000))
def test_a_sentence_fits_its_slot(facts: Facts, seconds: float, seed: int) -> None:
    words = word_count(tell(facts, Dice(seed), seconds=seconds))
    longest = max(word_count(phrase) for phrase in VERBS[facts.verb].phrases) + 2
    # 3.3 words per second is as fast as a description may be spoken.
    assert words <= max(seconds * 3.3, longest)


@given(facts_of_any_kind(), st.integers(0, 10_000))
def test_a_faceless_subject_gets_no_pronoun(facts: Facts, seed: int) -> None:
    lone = dataclasses.replace(facts, faceless=True)
    if VERBS[facts.verb].faceless and facts.second is None:
        assert not {"he", "she", "his", "her", "him"} & set(tokens(tell(lone, Dice(seed), seconds=4)))


def test_a_whole_sentence_can_do_without_a_name() -> None:
    facts = Facts(
        subject="Anna", pronoun="she", verb="sit", place="park", object="bench", others=("Ben",), watching=True
    )
    for seed in range(50):
        words = tokens(tell(facts, Dice(seed), seconds=4, he_or_she=True))
        assert "she" in words and not {"anna", "ben"} & set(words)


def test_captions_name_nobody() -> None:
    facts = Facts(subject="Anna", pronoun="she", verb="wave", place="beach", second="Ben")
    for seed in range(30):
        text = sentences.caption(facts, Dice(seed))
        assert text.endswith("is waving at someone on the beach.") and known(text)


@given(st.sampled_from(EVENTS), st.sampled_from(PLACE_NAMES), st.integers(0, 3), st.integers(0, 999))
def test_views_without_an_action_are_told_in_known_words(event: str, place: str, people: int, seed: int) -> None:
    dice = Dice(seed)
    texts = [sentences.tell_event(event, place, dice, seconds=4.0, people=people)]
    texts.append(sentences.tell_empty(place, dice, seconds=3.0, prop="chair"))
    texts.append(sentences.tell_group(max(people, 2), place, dice, seconds=3.0, facing=people == 2))
    assert all(known(text) and "{" not in text for text in texts)


@given(st.integers(0, 3), st.floats(1.5, 4), st.integers(0, 999), st.booleans())
def test_dialogue_is_spoken_in_known_words_and_not_twice(act: int, seconds: float, seed: int, third: bool) -> None:
    said: set[str] = set()
    exchange = Exchange("Anna", "Ben" if third else None, "letter", "in the park")
    lines = [say(exchange, act=act, seconds=seconds, said=said, dice=Dice(seed, n)) for n in range(5)]
    assert all(known(line) and "{" not in line for line in lines) and len(set(lines)) == len(lines)
    assert third or not any("Ben" in line for line in lines)
    assert len(ACTS) == 4


def test_tokens_keep_tags_whole_and_punctuation_apart() -> None:
    assert tokens("<subtitle> Anna, wait!") == ["<subtitle>", "anna", ",", "wait", "!"]
    assert word_count("Anna, wait!") == 2


def samples(count: int, seed: int = 5) -> list[TextSample]:
    world = TextWorld(seed, NAMES)
    return [world.sample() for _ in range(count)]


def test_a_text_world_repeats_itself_from_its_seed_only() -> None:
    assert samples(50) == samples(50) != samples(50, seed=6)


def test_a_text_world_needs_names() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        TextWorld(0, ("Anna", "Ben", "Clara"))


def test_samples_are_made_of_the_closed_vocabulary() -> None:
    for sample in samples(600):
        facts = [word for _, words in sample.people for word in words]
        assert all(known(text) for text in (sample.target, *sample.previous, *sample.cue, *sample.scene_words, *facts))
        assert len(sample.scene_words) == 4 and all(len(words) == 4 for _, words in sample.people)
        assert [piece["kind"] for piece in sample.prior].count("description") <= 3
        assert all(piece["text"][0].isupper() for piece in sample.prior)


def test_descriptions_follow_from_the_facts() -> None:
    world = TextWorld(11, NAMES)
    seen = {1: 0, 2: 0, 3: 0, 0: 0}
    for sample in (world.sample("description") for _ in range(1500)):
        seen[sample.type] += 1
        names = [name for name, _ in sample.people]
        spoken = tokens(sample.target)
        if sample.type in (1, 2):
            assert sample.subject is not None and sample.subject.lower() in spoken
            assert sample.second is None or sample.second.lower() in spoken
        else:
            assert not any(name.lower() in spoken for name in NAMES)
        if sample.type == 1:
            actors = [name for name, words in sample.people if set(words) & set(VERB_NAMES)]
            assert actors == [sample.subject]
        if sample.type == 2:
            last = [piece["text"] for piece in sample.prior if piece["kind"] == "description"][-1]
            assert sample.subject not in names and sample.subject is not None and sample.subject in last
        if sample.type == 0:
            assert not names
        if sample.type == 1 and sample.second:
            words = dict(sample.people)[sample.subject or ""]
            step = 1 if "right" in words else -1
            assert names[names.index(sample.subject or "") + step] == sample.second
    assert min(seen.values()) > 50


def test_columns_run_from_left_to_right() -> None:
    for sample in samples(400):
        columns = [next(word for word in words if word in language.COLUMNS) for _, words in sample.people]
        assert columns == sorted(set(columns))


def test_styles_answer_what_they_are_asked() -> None:
    world = TextWorld(3, NAMES)
    for _ in range(300):
        who, count = world.sample("who"), world.sample("count")
        assert [name for name, _ in who.people] == [n for n in re.findall(r"\w+", who.target) if n in NAMES]
        faces = len(count.people) + (count.type == 2)
        number = ("nobody", "one", "two", "three", "four")[faces]
        assert tokens(count.target)[0] == number
        assert not any(name in re.findall(r"\w+", world.sample("caption").target) for name in NAMES)


def test_half_of_the_samples_announce_their_style() -> None:
    drawn = samples(1000)
    cued = [sample for sample in drawn if sample.cue]
    assert 0.42 < len(cued) / 1000 < 0.58
    assert all(sample.cue == CUES[sample.style] for sample in cued)
    assert {sample.style for sample in drawn} == set(STYLES)
    assert 0.15 < sum(any("<subtitle>" in line for line in sample.previous) for sample in drawn) / 1000 < 0.4
