"""What a step sees: a function of seed, step and place; runs of one film; a batch that any processes share alike."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from models.training.draws import Draws, micro_batches

FILMS = st.lists(st.integers(1, 23), min_size=1, max_size=5).map(
    lambda sizes: [f"tt{film}" for film, size in enumerate(sizes) for _ in range(size)]
)


@given(films=FILMS, sequences=st.integers(1, 6), consecutive=st.integers(1, 16), seed=st.integers(0, 9))
def test_runs_are_of_one_film_in_time_order_and_an_epoch_holds_every_clip(
    films: list[str], sequences: int, consecutive: int, seed: int
) -> None:
    draws = Draws(films, seed=seed, sequences=sequences, consecutive=consecutive)
    drawn = [clip for step in range(draws.steps(1)) for clip in draws.batch(step)]
    for start in range(0, len(drawn), consecutive):
        run = drawn[start : start + consecutive]
        assert len({films[clip] for clip in run}) == 1
        begins_again = films.count(films[run[0]]) < consecutive
        for before, after in itertools.pairwise(run):
            assert after == before + 1 or (begins_again and after <= before)
    assert set(drawn) == set(range(len(films)))


def test_single_clips_come_again_only_when_all_were_there() -> None:
    draws = Draws(["a"] * 5 + ["b"] * 6, seed=0, sequences=4, consecutive=1)
    drawn = [clip for step in range(11) for clip in draws.batch(step)]
    for epoch in range(4):
        assert sorted(drawn[11 * epoch : 11 * epoch + 11]) == list(range(11))
    assert drawn[:11] != drawn[11:22]


def test_a_step_is_the_same_whatever_was_drawn_before() -> None:
    films = ["a"] * 20 + ["b"] * 9
    whole, late = (Draws(films, seed=3, sequences=2, consecutive=4) for _ in range(2))
    batches = [whole.batch(step) for step in range(12)]
    assert late.batch(11) == batches[11]
    assert late.batch(2) == batches[2]
    numbers = [draws.of_place(7, 3).random() for draws in (whole, late)]
    assert numbers[0] == numbers[1] != whole.of_place(7, 4).random()
    assert whole.of_piece(7, 0) == late.of_piece(7, 0) != whole.of_piece(8, 0)
    assert [Draws(films, seed=4, sequences=2, consecutive=4).batch(step) for step in range(12)] != batches


@given(count=st.integers(1, 64), processes=st.integers(1, 8), largest=st.none() | st.integers(1, 64))
def test_micro_batches_hold_every_place_once_and_are_as_many_for_every_process(
    count: int, processes: int, largest: int | None
) -> None:
    try:
        pieces = micro_batches(count, processes=processes, largest=largest)
    except BadInput as mistake:
        assert "cannot be shared" in str(mistake)
        return
    assert [place for piece in pieces for place in piece] == list(range(count))
    assert len(pieces) % processes == 0
    assert all(0 < len(piece) <= (largest or count) for piece in pieces)


def test_the_micro_batches_do_not_depend_on_the_number_of_processes() -> None:
    assert micro_batches(128, processes=1, largest=16) == micro_batches(128, processes=4, largest=16)
    assert len(micro_batches(32, processes=1, largest=None)) == 1
    with pytest.raises(BadInput, match="5 clips a step cannot be shared by 8 micro-batches"):
        micro_batches(5, processes=4, largest=1)


def test_epochs_are_counted_in_runs() -> None:
    draws = Draws(["a"] * 33, seed=0, sequences=2, consecutive=16)  # three runs, the last overlapping
    assert len(draws.runs) == 3 and draws.steps(1) == 2 and draws.steps(4) == 6
    assert Counter(np.concatenate(draws.runs).tolist()).total() == 48
