"""An estimate is made from what was done, not before, and says no more than it knows."""

import logging

import pytest

from narration.progress import Progress, counted, quiet, spoken


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


def test_what_is_made_ready_for_many_does_not_stand_for_each_of_them():
    """A model that takes 30 s to load, features of 8 slots at a time in 10 s, and a second for a line."""
    clock = Clock()
    progress = Progress("lines", "slots", 16, clock=clock)
    with progress.preparing(0):
        clock.now += 30
    guesses = []
    for number in range(16):
        if number % 8 == 0:
            with progress.preparing(8):
                clock.now += 10
        clock.now += 1
        progress.add()
        guesses.append(progress.left())
    truth = [15 - number + (10 if number < 8 else 0) for number in range(16)]
    assert guesses[0] is None and guesses[1:-1] == pytest.approx(truth[1:-1]) and guesses[-1] is None


def test_a_line_that_was_said_before_says_nothing_about_the_pace(caplog):
    clock = Clock()
    progress = Progress("lines", "slots", 8, clock=clock)
    with caplog.at_level(logging.INFO):
        for number in range(6):
            if number < 4:
                progress.known()
            else:
                clock.now += 5
            progress.add(always=True)
    assert progress.left() == pytest.approx(10.0)
    assert caplog.messages[0] == "lines: going on where it was" and "left" not in "".join(caplog.messages[1:5])


def test_lines_of_the_lineage_are_counted_or_not_heard_and_its_warnings_are(caplog):
    work, clock = logging.getLogger("models.toy.work"), Clock()
    progress = Progress("regions", "slots", 3, clock=clock)
    with caplog.at_level(logging.INFO), quiet("models"):
        with counted("models.toy.work", "regions:", progress):
            work.info("regions: %s clip 1", "film")
            work.info("regions: %s clip 2", "film")
        work.info("regions: film clip 3")
        work.warning("a portrait without a face")
    assert progress.done == 2 and caplog.messages == ["a portrait without a face"]
    with caplog.at_level(logging.INFO):
        work.info("heard again")
    assert caplog.messages[-1] == "heard again"


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
