"""An estimate is made from what was done, not before, and says no more than it knows."""

import logging

import pytest

from narration.progress import Progress, spoken


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_the_rest_at_the_pace_so_far():
    clock = Clock()
    progress = Progress("faces", "key frames", 100, clock=clock)
    assert progress.left() is None
    clock.now = 1.0
    progress.add(4)
    assert progress.left() is None  # a twentieth is too little to tell
    clock.now = 10.0
    progress.add(16)
    assert progress.left() == pytest.approx(40.0)
    progress.add(80)
    assert progress.left() is None


def test_it_speaks_now_and_then(caplog):
    clock = Clock()

    progress = Progress("faces", "key frames", 40, clock=clock)
    with caplog.at_level(logging.INFO):
        for _ in range(4):
            clock.now += 3.0
            progress.add(10)
    assert caplog.messages == ["faces: 20 of 40 key frames, about 5 s left", "faces: 40 of 40 key frames"]


def test_what_an_earlier_run_did_says_nothing_about_the_pace(caplog):
    clock = Clock()
    with caplog.at_level(logging.INFO):
        progress = Progress("faces", "key frames", 100, clock=clock)
        for _ in range(5):
            progress.skip(10)
        clock.now = 10.0
        progress.add(10)
    assert progress.left() == pytest.approx(40.0)
    assert caplog.messages[0] == "faces: going on where it was"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "less than 5 s"),
        (41, "about 40 s"),
        (170, "about 3 min"),
        (4900, "about 82 min"),
        (6000, "about 1 h 40 min"),
    ],
)
def test_a_guess_is_rounded(seconds, said):
    assert spoken(seconds) == said
