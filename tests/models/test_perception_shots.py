"""Cuts are found; fades, flashes and movement are no cuts."""

import numpy as np
import pytest

from models.perception.settings import ShotSettings
from models.perception.shots import Shot, ShotFinder, shot_of, shots_of_frames

RNG = np.random.default_rng(3)
ROOM = RNG.integers(0, 120, (9, 16, 3)).repeat(20, 0).repeat(20, 1).astype(np.uint8)
STREET = RNG.integers(60, 255, (9, 16, 3)).repeat(20, 0).repeat(20, 1).astype(np.uint8)
SETTINGS = ShotSettings()


def moving(picture: np.ndarray, count: int) -> list[np.ndarray]:
    """A square walks through the picture."""
    frames = []
    for i in range(count):
        frame = picture.copy()
        frame[60:140, 10 + 8 * i : 60 + 8 * i] = (200, 40, 40)
        frames.append(frame)
    return frames


def spans(frames: list[np.ndarray]) -> list[tuple[int, int]]:
    return [(shot.first, shot.last) for shot in shots_of_frames(frames, SETTINGS)]


def test_a_cut_is_found_at_its_frame_among_movement() -> None:
    assert spans(moving(ROOM, 12) + moving(STREET, 20)) == [(0, 11), (12, 31)]


def test_a_dark_rooms_cut_is_found() -> None:
    dark, other = np.full_like(ROOM, 8), np.full_like(ROOM, 8)
    dark[:, 200:], other[90:, :] = 40, 40
    assert spans([dark] * 10 + [other] * 10) == [(0, 9), (10, 19)]


def test_a_fade_is_no_cut() -> None:
    fade = [(ROOM * (1 - t) + STREET * t).astype(np.uint8) for t in np.linspace(0, 1, 14)]
    assert spans([ROOM] * 8 + fade + [STREET] * 8) == [(0, 29)]


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_of_light_is_no_cut(length: int) -> None:
    bright = np.full_like(ROOM, 250)
    assert spans([ROOM] * 10 + [bright] * length + [ROOM] * 10) == [(0, 19 + length)]


def test_shots_cover_every_frame_once() -> None:
    frames = moving(ROOM, 9) + moving(STREET, 9) + moving(ROOM, 9)
    shots = shots_of_frames(frames, SETTINGS)
    covered = [frame for shot in shots for frame in range(shot.first, shot.last + 1)]
    assert covered == list(range(27)) and [shot.id for shot in shots] == [0, 1, 2]


def test_no_frames_no_shots_and_one_frame_one_shot() -> None:
    assert shots_of_frames([], SETTINGS) == ()
    assert shots_of_frames([ROOM], SETTINGS) == (Shot(0, 0, 0),)


def test_memory_does_not_grow_with_the_film() -> None:
    finder = ShotFinder(SETTINGS)
    for _ in range(50):
        finder.push(ROOM)
    assert len(finder._recent) <= 2 * SETTINGS.shortest + 1


def test_a_frames_shot() -> None:
    shots = (Shot(0, 0, 9), Shot(1, 10, 19))
    assert [shot_of(shots, frame) for frame in (0, 9, 10, 19, 25)] == [0, 0, 1, 1, 1]
