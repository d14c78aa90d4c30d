"""Transcripts: words have their own times where they were aligned, and never leave their segment or their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import cinepile
from corpora.cinepile import SceneLine
from corpora.transcript import Segment, Word, read_transcript, timed_words, tokens, write_transcript

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=8)
SPANS = st.tuples(st.floats(0, 50), st.floats(0, 50)).map(lambda pair: (min(pair), max(pair)))
WORDS = st.builds(Word, TEXTS, st.none() | SPANS)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    words = tuple(draw(st.lists(WORDS, max_size=5)))
    said = " ".join(word.text for word in words) or draw(TEXTS)
    return Segment(*draw(SPANS), said, words)


@settings(max_examples=60, deadline=None)
@given(told=st.lists(segments(), min_size=1, max_size=4))
def test_a_transcript_comes_back(told: list[Segment], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "transcript.json"
    write_transcript(path, told)
    read = read_transcript(path)
    assert list(read.rows) == sorted(told, key=lambda each: (each.start, each.end)) and read.problems == ()


@settings(max_examples=200, deadline=None)
@given(segments())
def test_words_stay_in_order_and_in_their_segment(segment: Segment) -> None:
    timed = timed_words(segment)
    said = [token for word in segment.words for token in tokens(word.text)]
    assert [word for word, _ in timed] == (said or tokens(segment.text))
    reached = segment.start
    for _, (start, end) in timed:
        assert reached - 1e-9 <= start <= end + 1e-9 and end <= segment.end + 1e-9
        reached = end


def test_aligned_words_have_their_own_times() -> None:
    words = (Word(" Yes,", (1.0, 1.2)), Word("in", None), Word("1999", None), Word("I-did.", (8.0, 9.0)))
    timed = dict(timed_words(Segment(0.5, 9.5, "Yes, in 1999 I-did.", words)))
    assert timed["yes"] == (1.0, 1.2)
    assert timed["in"] == pytest.approx((1.2, 1.2 + 6.8 * 2 / 6)) and timed["1999"][1] == 8.0
    assert timed["i"] == (8.0, 8.25) and timed["did"] == (8.25, 9.0)


def test_without_words_letters_divide_the_segment() -> None:
    assert timed_words(Segment(0.0, 4.0, "No, never!")) == [
        ("no", (0.0, pytest.approx(4 * 2 / 7))),
        ("never", (pytest.approx(4 * 2 / 7), 4.0)),
    ]


def test_a_pause_inside_a_segment_is_found_by_its_words() -> None:
    told = [SceneLine("subtitle", "Hello there.", 1), SceneLine("description", "Anna waits.", 2)]
    told.append(SceneLine("subtitle", "We must go.", 3))
    spans = {"Hello": (0.0, 0.4), "there.": (0.4, 0.9), "We": (5.0, 5.2), "must": None, "go.": (5.5, 6.0)}
    words = tuple(Word(word, span) for word, span in spans.items())
    whole = Segment(0.0, 6.0, "Hello there. We must go.", words)
    (slot,), problems = cinepile.slots(told, [whole], duration=7.0, name="c.json")
    assert (slot.start, slot.end) == (0.9, 5.0) and problems == []
    slots, problems = cinepile.slots(told, [Segment(0.0, 6.0, whole.text)], duration=7.0, name="c.json")
    assert slots == [] and len(problems) == 1  # without words' times there is no pause to be seen


def test_unusable_words_cost_their_times_and_not_the_segment(tmp_path: Path) -> None:
    path = tmp_path / "transcript.json"
    words = [
        {"word": "a", "start": 1.0, "end": 1.5, "score": 0.9},
        {"word": "2"},
        {"word": "b", "start": 9.0, "end": 2.0},
        {"word": "c", "start": "soon", "end": None},
        {"word": " "},
        {"start": 1.0, "end": 2.0},
        7,
    ]
    segments = [
        {"start": 1, "end": 3, "text": "a 2 b c", "words": words},
        {"start": 4, "end": 5, "text": "d", "words": 5},
    ]
    path.write_text(json.dumps({"segments": segments, "word_segments": []}))
    first, second = read_transcript(path).rows
    assert [(word.text, word.span) for word in first.words] == [
        ("a", (1.0, 1.5)),
        ("2", None),
        ("b", None),
        ("c", None),
    ]
    assert second == Segment(4.0, 5.0, "d")


def test_a_transcript_keeps_its_good_segments(tmp_path: Path) -> None:
    path = tmp_path / "transcript.json"
    bad = [{"start": 3, "end": 2, "text": "b"}, {"start": None, "end": 2, "text": "b"}, {"start": 1, "end": 2}]
    path.write_text(json.dumps({"segments": [{"start": 1, "end": 2.5, "text": " a "}, *bad]}))
    read = read_transcript(path)
    assert read.rows == (Segment(1.0, 2.5, "a"),)
    assert [problem.split(": ")[0] for problem in read.problems] == [f"transcript.json:{row}" for row in (2, 3, 4)]
    write_transcript(path, read.rows)
    assert read_transcript(path).rows == read.rows
    path.write_text("[]")
    with pytest.raises(BadInput, match="not a transcript"):
        read_transcript(path)
