"""Recall@k within N neighbours: the published example by its answers, and the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluation.recall import pairs_needed, recall_within, window_recall, windows
from evaluation.settings import RecallWindow


def _alike(ranks: list[list[int]]) -> np.ndarray:
    """A window in which the own reference of row i is the ranks[i]-th most alike (from 0)."""
    size = len(ranks[0])
    rows = []
    for own, (rank, *_) in enumerate(ranks):
        row = [1.0 - 0.1 * place for place in range(size)]
        value = row.pop(rank)
        row.insert(own, value)
        rows.append(row)
    return np.array(rows)


def test_windows_step_by_half_and_drop_the_tail() -> None:
    assert [list(window) for window in windows(9, 4)] == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert [window.start for window in windows(18, 16)] == [0]
    assert [window.start for window in windows(9, 5)] == [0, 2, 4]
    assert windows(3, 4) == []


def test_the_published_example_in_its_ranks() -> None:
    """AutoAD-II's example: nine descriptions, N = 4, three windows of four rows; R@1/4 = .667 and R@3/4 = .917.

    Its likeness came from another model; eight of twelve rows at rank 0 and eleven below rank 3 are what it says.
    """
    ranks = [[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 2, 3]]
    found = {k: [window_recall(_alike([[rank] * 4 for rank in window]), k) for window in ranks] for k in (1, 3)}
    assert round(float(np.mean(found[1])), 3) == 0.667
    assert round(float(np.mean(found[3])), 3) == 0.917


@given(st.integers(2, 7), st.data())
def test_recall_grows_with_k_and_is_whole_when_all_are_own(size: int, data: st.DataObject) -> None:
    values = st.lists(st.floats(0.01, 1), min_size=size * size, max_size=size * size)
    alike = np.array(data.draw(values)).reshape(size, size)
    found = [window_recall(alike, k) for k in range(1, size + 1)]
    assert found == sorted(found)
    assert found[-1] == 1.0
    assert window_recall(alike + 2 * np.eye(size), 1) == 1.0


def test_of_equal_references_the_earlier_counts_as_closer() -> None:
    assert window_recall(np.full((2, 2), 0.5), 1) == 0.5


def test_an_empty_prediction_misses() -> None:
    assert window_recall(np.zeros((2, 2)), 1) == 0.0


def test_films_are_windowed_alone_and_averaged() -> None:
    films = ["a"] * 4 + ["b"] * 2 + ["c"]
    window = RecallWindow(k=1, neighbours=2)
    needed = set(pairs_needed(films, [window]))
    assert (0, 4) not in needed and (3, 4) not in needed and (6, 6) in needed
    alike = {(i, j): 1.0 if i == j and i < 4 else 0.5 for i, j in needed}
    # Film a is right in its three windows, b is a tie in its one (one of two rows), c is too short to count.
    assert recall_within(films, alike, window) == pytest.approx((1.0 + 0.5) / 2)
    assert recall_within(["c"], {(0, 0): 1.0}, window) is None


def test_a_k_that_always_succeeds_is_refused() -> None:
    with pytest.raises(ValidationError, match="take a smaller k"):
        RecallWindow(k=5, neighbours=5)
