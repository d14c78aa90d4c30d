"""People: the same number is the same person, looks change what they may, and a face detector finds them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from corpora.studio.casting import FIRST_PORTRAIT, PORTRAIT_SIZE, portraits_of, portraits_of_strangers
from corpora.studio.people import PORTRAIT_JITTER, alternative_look, film_look, is_woman, portrait_look, pronoun_of
from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay
from corpora.studio.takes import Take

SETTINGS = StudioSettings(seconds=30.0)
CHANGES_WITH_STORY = {"style", "beard", "glasses", "smile"}
CHANGES_WITH_PORTRAIT = CHANGES_WITH_STORY | {"hair", "hairline", "makeup", "tan"} | set(PORTRAIT_JITTER)


def _different(a: object, b: object) -> set[str]:
    return {f.name for f in dataclasses.fields(a) if getattr(a, f.name) != getattr(b, f.name)}  # type: ignore[arg-type]


def test_looks_follow_from_the_number() -> None:
    assert film_look(17) == film_look(17) and portrait_look(17, 1) == portrait_look(17, 1)
    assert len({film_look(n).eye_x for n in range(40)}) == 40


def test_later_in_the_story_bones_and_colours_stay() -> None:
    for person in range(30):
        changed = _different(film_look(person), alternative_look(person))
        assert "style" in changed and changed <= CHANGES_WITH_STORY


def test_portraits_differ_from_the_film_but_keep_the_face() -> None:
    differences = [_different(film_look(p), portrait_look(p, take)) for p in range(30) for take in (0, 1)]
    assert all(d <= CHANGES_WITH_PORTRAIT for d in differences)
    # Hair style, colour and beard are drawn anew: most portraits change at least the hair's colour.
    assert np.mean(["hair" in d for d in differences]) > 0.7
    assert all(abs(film_look(p).cheek - portrait_look(p, 0).cheek) <= 0.03 for p in range(30))


def test_pronouns_follow_the_looks() -> None:
    assert {pronoun_of(p) for p in range(20)} == {"he", "she"}
    assert all((pronoun_of(p) == "she") == is_woman(p) == film_look(p).woman for p in range(50))
    assert all(film_look(p).beard == "none" for p in range(50) if is_woman(p))


def test_portraits_of_a_cast_are_pictures_of_different_people() -> None:
    cast = write_screenplay("tt9000001", "train", SETTINGS).cast[:2]
    pictures = [portraits_of(member) for member in cast]
    for both in pictures:
        assert [p.shape for p in both] == [(PORTRAIT_SIZE[1], PORTRAIT_SIZE[0], 3)] * 2
        assert all(p.dtype == np.uint8 for p in both)
    assert np.abs(pictures[0][0].astype(int) - pictures[1][0]).mean() > 5
    assert np.array_equal(portraits_of(cast[0])[0], pictures[0][0])


def test_strangers_can_be_rendered_in_pieces() -> None:
    settings = StudioSettings(strangers=4)
    whole = list(portraits_of_strangers(settings, start=1, count=2))
    piece = list(portraits_of_strangers(settings, start=2, count=1))
    assert [f.person for f in piece] == [whole[-1].person] * len(piece)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(whole[-len(piece) :], piece, strict=True))
    assert {f.look >= FIRST_PORTRAIT for f in piece} == {True, False}
    assert all(f.image.ndim == 3 and f.image.shape[0] == f.image.shape[1] for f in piece)


@pytest.fixture(scope="module")
def wide_frames() -> list:
    """Frames of a film's wide and medium shots with somebody's face turned less than 40 degrees."""
    from corpora.studio.production import member_as_person

    screenplay = write_screenplay("tt9000002", "train", StudioSettings(seconds=60.0))
    people = {member.name: member_as_person(member) for member in screenplay.cast}
    shots = [s for s in screenplay.shots if s.size != "close" and len(s.people) > 1 and s.event is None][:6]
    frames = []
    for shot in shots:
        quiet = dataclasses.replace(shot, action=None)
        frames.append(Take(quiet, people, width=480, height=270).frame(shot.start + 1.0))
    return frames


def test_mtcnn_finds_the_faces_that_the_truth_calls_visible(wide_frames: list) -> None:
    import torch
    from facenet_pytorch import MTCNN

    torch.set_num_threads(1)
    detector = MTCNN(keep_all=True, min_face_size=20)
    found, asked, spurious, overlaps = 0, 0, 0, []
    boxes, scores = detector.detect([frame.picture for frame in wide_frames])
    for frame, of_frame, score in zip(wide_frames, boxes, scores, strict=True):
        detected = [] if of_frame is None else [b for b, s in zip(of_frame, score, strict=True) if s > 0.9]
        faces = [p.face for p in frame.people() if p.face_visible and abs(p.yaw) < 40]
        anybody = [p.face for p in frame.people() if p.face is not None]
        for face in faces:
            shared = [_iou(face, box) for box in detected]
            asked += 1
            if shared and max(shared) > 0.3:
                found += 1
                overlaps.append(max(shared))
        spurious += sum(all(_iou(face, box) < 0.1 for face in anybody) for box in detected)
    assert asked >= 8
    assert found / asked >= 0.9
    assert spurious <= 1
    assert np.mean(overlaps) > 0.65  # the true boxes are where the detector's are


def _iou(a: tuple[float, ...], b: np.ndarray) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))
