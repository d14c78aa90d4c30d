"""Slots never touch dialogue, are neither too short nor too long, and lose little that could be described."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from corpora.subtitles import Subtitle
from narration.settings import NarrationSettings
from narration.slots import MINUTE, Slot, find_slots, pauses, thinned

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


@given(dialogue(), st.lists(TIMES, max_size=8), st.floats(0.1, 2.0))
def test_two_lines_of_one_pause_are_as_far_apart_as_the_setting_says(lines, cuts, spacing):
    settings = NarrationSettings(spacing=spacing)
    found = find_slots(lines, 60.0, settings, cuts=cuts)
    assert all(b.start - a.end >= spacing - 1e-6 for a, b in itertools.pairwise(found) if not _between(lines, a, b))
    assert all(settings.shortest_slot - 1e-9 <= slot.seconds <= settings.longest_slot + 1e-6 for slot in found)


def _between(lines: list[Subtitle], before: Slot, after: Slot) -> bool:
    return any(line.start < after.start and line.end > before.end for line in lines)


def test_a_line_begins_with_its_shot_and_ends_before_the_next():
    found = find_slots([], 8.0, NarrationSettings(spacing=0.5), cuts=[3.0, 6.0])
    assert [(s.start, s.end) for s in found] == [(0.0, 2.5), (3.0, 5.5), (6.0, 8.0)]


@given(dialogue(), st.lists(TIMES, max_size=20), st.integers(1, 14))
def test_no_minute_has_more_lines_than_the_setting_says_and_none_is_lost(lines, cuts, most):
    slots = find_slots(lines, 60.0, SETTINGS, cuts=cuts)
    slots += [Slot(slot.start + 60, slot.end + 60) for slot in slots]
    kept, silent = thinned(slots, most)
    assert sorted((*kept, *silent), key=lambda slot: slot.start) == slots
    for slot in kept:
        assert sum(slot.start - MINUTE < other.start <= slot.start for other in kept) <= most
    assert len(slots) <= most or kept


def test_the_shortest_pause_stays_silent_of_equals_the_later():
    slots = [Slot(0, 3), Slot(10, 12), Slot(20, 22), Slot(30, 34), Slot(95, 96.5)]
    kept, silent = thinned(slots, 3)
    assert silent == [Slot(20, 22)] and len(kept) == 4
    assert thinned(slots, 4) == (slots, [])
