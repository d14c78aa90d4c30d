"""Slots never touch dialogue, are neither too short nor too long, and lose little that could be described."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from corpora.subtitles import Subtitle
from narration.settings import NarrationSettings
from narration.slots import find_slots, pauses

SETTINGS = NarrationSettings()
TIMES = st.floats(0, 60).map(lambda t: round(t, 3))


@st.composite
def dialogue(draw) -> list[Subtitle]:
    spans = draw(st.lists(st.tuples(TIMES, st.floats(0.1, 5)), max_size=12))
    return [Subtitle(start, start + length, "words") for start, length in spans]


@given(dialogue(), st.lists(TIMES, max_size=8))
def test_no_slot_touches_dialogue_or_leaves_the_film(lines, cuts):
    for slot in find_slots(lines, 60.0, SETTINGS, cuts=cuts):
        assert slot.start >= 0 and slot.end <= 60.0
        for line in lines:
            gap = max(line.start - slot.end, slot.start - line.end)
            assert gap >= SETTINGS.margin - 1e-6


@given(dialogue(), st.lists(TIMES, max_size=8))
def test_slots_keep_to_their_lengths_and_follow_each_other(lines, cuts):
    slots = find_slots(lines, 60.0, SETTINGS, cuts=cuts)
    assert all(SETTINGS.shortest_slot - 1e-9 <= s.seconds <= SETTINGS.longest_slot + 1e-6 for s in slots)
    assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(slots))


def test_a_long_pause_is_cut_at_the_shots():
    slots = find_slots([], 8.0, SETTINGS, cuts=[3.0, 6.0])
    assert [(s.start, s.end) for s in slots] == [(0.0, 3.0), (3.0, 6.0), (6.0, 8.0)]


def test_a_cut_that_would_leave_a_sliver_is_passed_over():
    slots = find_slots([], 6.0, SETTINGS, cuts=[0.7, 3.0, 5.3])
    assert [(s.start, s.end) for s in slots] == [(0.0, 3.0), (3.0, 6.0)]


def test_a_film_that_is_all_dialogue_has_no_slot():
    assert find_slots([Subtitle(0.0, 10.0, "talk")], 10.0, SETTINGS) == []


def test_pauses_of_overlapping_lines_are_what_both_leave_free():
    free = pauses([Subtitle(1, 4, "a"), Subtitle(2, 3, "b")], 6.0, margin=0.5)
    assert [(p.start, p.end) for p in free] == [(0.0, 0.5), (4.5, 6.0)]


def test_a_pause_that_reaches_a_little_into_another_shot_ends_at_the_cut():
    talk = [Subtitle(4.2, 6.7, "x"), Subtitle(11.1, 12.0, "y")]
    found = find_slots(talk, 12.0, NarrationSettings(), cuts=[4.0, 7.0, 9.0])
    assert [(slot.start, slot.end) for slot in found] == [(0.0, 4.0), (7.0, 11.0)]
    short = find_slots([Subtitle(1.3, 12.0, "x")], 12.0, NarrationSettings(), cuts=[0.4])
    assert [(slot.start, slot.end) for slot in short] == [(0.0, 1.3 - 0.1)], "it is not cut where nothing would be left"
