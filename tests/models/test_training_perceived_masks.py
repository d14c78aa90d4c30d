"""Masks made like perceived ones: smaller, never elsewhere, the same from the same numbers."""

import numpy as np
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from models.training.perceived_masks import as_perceived


def figure() -> np.ndarray:
    """Four frames of a body 20 wide and 100 tall with an arm stretched far to the right and one above the head."""
    masks = np.zeros((4, 140, 160), bool)
    masks[:, 30:130, 70:90] = True
    masks[:, 60:66, 90:150] = True
    masks[:, 5:60, 88:92] = True
    return masks


@effort(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_perceived_mask_keeps_to_the_figure_and_its_rim(seed: int) -> None:
    found = as_perceived(figure(), np.random.default_rng(seed))
    assert found.shape == figure().shape
    assert found.any((1, 2)).all()
    rim = np.zeros_like(figure())
    for down in range(-2, 3):
        for right in range(-2, 3):
            rim |= np.roll(figure(), (down, right), (1, 2))
    assert not (found & ~rim).any()
    np.testing.assert_array_equal(found, as_perceived(figure(), np.random.default_rng(seed)))


def test_most_lose_the_stretched_arm_and_some_are_whole() -> None:
    tried = [as_perceived(figure(), np.random.default_rng(seed)) for seed in range(200)]
    without_hand = np.mean([not mask[:, :, 130:].any() for mask in tried])
    whole = np.mean([(mask == figure()).all() for mask in tried])
    assert 0.7 < without_hand < 0.95
    assert 0.05 < whole < 0.3


def test_nobody_stays_nobody() -> None:
    nobody = np.zeros((2, 30, 40), bool)
    assert not as_perceived(nobody, np.random.default_rng(0)).any()
