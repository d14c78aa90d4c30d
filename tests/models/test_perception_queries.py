"""Equations 1 to 3: worked by hand, and what must hold for any faces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.perception import queries
from models.perception.encoders import unit_rows
from models.perception.queries import (
    EPSILON,
    best_queries,
    candidates,
    drop_outliers,
    inter_distance,
    intra_distance,
    objective,
    pairwise,
)

RIGHT, UP, LEFT = (np.array(v, np.float32) for v in ((1, 0), (0, 1), (-1, 0)))
TRIMS = (0.0, 0.25)


def test_equations_1_to_3_worked_by_hand() -> None:
    faces_right = np.stack([RIGHT, UP])  # distances to the query RIGHT: 0 and the square root of 2
    faces_left = np.stack([LEFT, LEFT])
    queries = np.stack([RIGHT, LEFT])
    assert intra_distance(faces_right, RIGHT) == pytest.approx(np.sqrt(2) / 2)
    assert intra_distance(faces_left, LEFT) == 0
    assert inter_distance(queries, 0) == inter_distance(queries, 1) == 2
    expected = 2 / (np.sqrt(2) / 2 + EPSILON) + 2 / EPSILON
    assert objective(queries, [faces_right, faces_left]) == pytest.approx(expected)


def test_the_nearest_other_query_is_what_counts() -> None:
    assert inter_distance(np.stack([RIGHT, UP, LEFT]), 0) == pytest.approx(np.sqrt(2))


def test_one_character_has_no_other_and_still_a_query() -> None:
    assert np.isnan(inter_distance(RIGHT[None], 0))
    faces = unit_rows(np.array([[1, 0.1], [1, -0.1], [1, 0]]))
    assert best_queries({"Ada": faces}, trims=TRIMS)["Ada"] == pytest.approx([1, 0], abs=1e-2)


def test_no_faces_no_queries() -> None:
    assert best_queries({}, trims=TRIMS) == {}


def test_outliers_are_the_faces_far_from_the_medoid() -> None:
    faces = unit_rows(np.array([[1, 0.0], [1, 0.1], [1, -0.1], [-1, 0.2], [1, 0.05]]))
    assert drop_outliers(faces, 0.2).tolist() == [0, 1, 2, 4]
    assert drop_outliers(faces, 0.1).tolist() == [0, 1, 2, 3, 4]  # a tenth of five is no whole face


collections = st.lists(st.integers(2, 7), min_size=2, max_size=4)


@settings(max_examples=30, deadline=None)
@given(collections, st.integers(0, 10_000))
def test_the_search_never_does_worse_than_plain_centroids(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces = {f"c{i}": unit_rows(rng.normal(size=(size, 8))) for i, size in enumerate(sizes)}
    plain = np.stack([unit_rows(rows.mean(0)) for _, rows in sorted(faces.items())])
    best = best_queries(faces, trims=TRIMS)
    rows = [faces[name] for name in sorted(faces)]
    found = np.stack([best[name] for name in sorted(faces)])
    assert objective(found, rows) >= objective(plain, rows) - 1e-6
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(found)), abs=1e-5)
    for name, query in best.items():
        assert any(np.allclose(query, option) for option in candidates(faces[name], TRIMS))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(0, 1000))
def test_pairwise_distances_agree_with_their_definition(count: int, seed: int) -> None:
    rows = unit_rows(np.random.default_rng(seed).normal(size=(count, 5)))
    expected = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    assert pairwise(rows) == pytest.approx(expected, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
def test_distances_from_the_medoid_come_block_by_block_as_at_once(count: int, rows: int, seed: int) -> None:
    faces_nd = unit_rows(np.random.default_rng(seed).standard_normal((count, 4)))
    whole = pairwise(faces_nd)
    before, queries.ROWS = queries.ROWS, rows
    try:
        found = queries.distances_from_medoid(faces_nd)
    finally:
        queries.ROWS = before
    np.testing.assert_allclose(np.sort(found), np.sort(whole[whole.mean(1).argmin()]), atol=1e-6)


def test_the_faces_of_hours_are_compared_without_a_square_of_them() -> None:
    import tracemalloc

    faces_nd = unit_rows(np.random.default_rng(0).standard_normal((6000, 8))).astype(np.float32)
    tracemalloc.start()
    queries.drop_outliers(faces_nd, 0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 8 / 2, "less than half of one matrix of distances"
