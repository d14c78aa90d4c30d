"""What the stage draws: every verb can be told from standing, nobody faceless shows a face, every event is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.studio.camera import LIGHTS, camera_of
from corpora.studio.figures import Person
from corpora.studio.people import film_look
from corpora.studio.places import backdrop
from corpora.studio.props import prop_sprite
from corpora.studio.screenplay import EVENTS, PLACES, PROPS, VERB_NAMES, Action, Placed, Prop, Shot
from corpora.studio.takes import Frame, Take
from corpora.studio.wardrobe import dress

TARGETS = {
    "walk": 5.0,
    "run": 5.0,
    "pick": -1.0,
    "open": -0.2,
    "knock": -0.2,
    "wave": 1.0,
    "point": 1.0,
    "hug": 1.0,
    "give": 1.0,
}
OBJECTS = {
    "sit": "chair",
    "pick": "ball",
    "open": "door",
    "knock": "door",
    "drink": "cup",
    "read": "book",
    "phone": "phone",
    "carry": "box",
    "give": "letter",
}
WITH_SECOND = ("wave", "point", "hug", "give")


def _person(number: int, top: tuple[float, float, float]) -> Person:
    look = film_look(number)
    return Person(look, dress(number, top, (0.2, 0.2, 0.3), (0.1, 0.1, 0.1), look.skin), 1.0, detail=144)


@pytest.fixture(scope="module")
def people() -> dict[str, Person]:
    return {"Anna": _person(3, (0.8, 0.3, 0.2)), "Ben": _person(4, (0.2, 0.4, 0.8))}


def _shot(verb: str | None, *, faceless: bool = False, event: str | None = None) -> Shot:
    kind = OBJECTS.get(verb or "")
    large = kind in ("chair", "door")
    x = TARGETS.get(verb or "", -3.0)
    props = (Prop(kind, x),) if kind and (large or verb == "pick") else ()
    action = None
    if verb is not None:
        second = "Ben" if verb in WITH_SECOND else None
        action = Action("Anna", verb, second, kind, TARGETS.get(verb), faceless)
    placed = (Placed("Anna", -3.0, 0.2, 180.0 if faceless else 12.0), Placed("Ben", 1.0, 0.6, -15.0))
    return Shot("park", 0, "day", "wide", 0.0, 10.0, 13.5, placed, props, action, None, event)


def _frames(shot: Shot, people: dict[str, Person], seconds: tuple[float, ...]) -> list[Frame]:
    take = Take(shot, people, width=240, height=134)
    return [take.frame(shot.start + s) for s in seconds]


def _change(frame: Frame, still: Frame) -> float:
    """Share of the subject's pixels, in either frame, that look different in the other."""
    subject = (frame.owners == 1) | (still.owners == 1)
    apart = np.abs(frame.picture.astype(int) - still.picture).max(-1) > 24
    return float((apart & subject).sum() / subject.sum())


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_a_verb_is_not_mistaken_for_standing(verb: str, people: dict[str, Person]) -> None:
    acting = _frames(_shot(verb), people, (1.2, 2.1))
    standing = _frames(_shot(None), people, (1.2, 2.1))
    assert max(_change(a, s) for a, s in zip(acting, standing, strict=True)) > 0.2
    if verb == "turn":
        assert not acting[1].people()[0].face_visible and standing[1].people()[0].face_visible


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_faceless_subjects_never_show_their_face(verb: str, people: dict[str, Person]) -> None:
    for frame in _frames(_shot(verb, faceless=verb != "turn"), people, (0.0, 0.5, 1.5, 3.4)):
        subject = frame.people()[0]
        if verb != "turn":
            assert 139 <= abs(subject.yaw) <= 180 and not subject.face_visible


def test_second_person_turns_to_the_first(people: dict[str, Person]) -> None:
    before, after = _frames(_shot("wave"), people, (0.0, 2.0))
    # Anna stands to the left of Ben, so he turns towards negative yaw.
    assert after.people()[1].yaw < before.people()[1].yaw - 8


@pytest.mark.parametrize("event", EVENTS)
def test_events_change_the_picture_and_go_on_alike(event: str, people: dict[str, Person]) -> None:
    (quiet,) = _frames(_shot(None), people, (2.0,))
    first, again = _frames(_shot(None, event=event), people, (2.0, 2.0))
    assert np.abs(first.picture.astype(int) - quiet.picture).mean() > 0.5
    assert np.array_equal(first.picture, again.picture)
    assert np.array_equal(first.owners, quiet.owners)


def test_a_speaker_opens_the_mouth(people: dict[str, Person]) -> None:
    take = Take(_shot(None), people, width=480, height=270)
    closed, opened = take.frame(11.0), take.frame(11.0, speaking={"Anna"})
    ys, xs = np.nonzero(np.any(closed.picture != opened.picture, -1))
    x1, y1, x2, y2 = closed.people()[0].face or (0, 0, 0, 0)
    assert len(ys) and x1 <= xs.min() and xs.max() <= x2 and (y1 + y2) / 2 <= ys.min() and ys.max() <= y2 + 3


def test_door_opens_and_stays_open(people: dict[str, Person]) -> None:
    shot = replace(_shot("open"), people=(Placed("Anna", -3.0, 0.2, 12.0),))
    shut, opened, still_open = _frames(shot, people, (0.2, 2.6, 3.4))
    at = slice(40, 100), slice(120, 134)  # the leaf's free side
    free = (shut.owners[at] + opened.owners[at] + still_open.owners[at]) == 0
    changed = np.abs(shut.picture[at].astype(int) - opened.picture[at]).max(-1) > 24
    assert changed[free].mean() > 0.5
    assert (opened.picture[at] == still_open.picture[at]).all(-1)[free].mean() > 0.9  # but for Anna's soft edges


@pytest.mark.parametrize("name", PLACES)
def test_places_are_painted_whole_and_vary(name: str) -> None:
    first, second = backdrop(name, 0), backdrop(name, 1)
    assert first.shape == (480, 1200, 3) and first.dtype == np.uint8
    assert (first.reshape(-1, 3).sum(1) == 0).mean() < 0.01
    assert np.abs(first.astype(int) - second).mean() > 1


@pytest.mark.parametrize("kind", PROPS)
def test_props_can_be_seen(kind: str) -> None:
    sprite, _ = prop_sprite(kind, scale=16.4, light=LIGHTS["day"])
    assert (sprite[..., 3] > 0.5).sum() > 25
    assert (sprite[..., :3] <= sprite[..., 3:] + 0.02).all()


@given(st.floats(-20, 20), st.floats(-3, 20), st.sampled_from(["wide", "medium", "close"]))
def test_camera_keeps_left_and_up(x: float, y: float, size: str) -> None:
    camera = camera_of(size, 2.0, width=480, height=270)
    here, there = camera(x, y), camera(x + 1, y + 1)
    assert there[0] - here[0] == pytest.approx(camera.scale) and here[1] - there[1] == pytest.approx(camera.scale)
