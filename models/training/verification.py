"""How well an embedding tells whether two faces are one person, and where the line between yes and no lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verification:
    """The threshold (squared L2) of the best balanced accuracy, that accuracy, and the area under the ROC curve."""

    threshold: float
    balanced_accuracy: float
    area: float


def verify(same_distances: np.ndarray, other_distances: np.ndarray) -> Verification:
    """From distances (squared L2) of pairs that are one person and of pairs that are two.

    Among equally good thresholds the middle of the first best stretch is taken: it is farthest from both kinds.
    """
    if not len(same_distances) or not len(other_distances):
        raise ValueError("verification needs pairs of one person and pairs of two")
    same, other = np.sort(same_distances), np.sort(other_distances)
    thresholds = np.linspace(0, 4, 801)
    accepted = np.searchsorted(same, thresholds, side="left") / len(same)
    refused = 1 - np.searchsorted(other, thresholds, side="left") / len(other)
    balanced = (accepted + refused) / 2
    best = int(balanced.argmax())
    end = best
    while end + 1 < len(balanced) and balanced[end + 1] >= balanced[best]:
        end += 1
    # P(same < other), ties counting half.
    below = np.searchsorted(same, other, side="left").sum() + np.searchsorted(same, other, side="right").sum()
    area = below / (2 * len(same) * len(other))
    return Verification(float(thresholds[(best + end) // 2]), float(balanced[best]), float(area))


def pair_distances(
    embeddings_nd: np.ndarray, people_n: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared L2 of all pairs with one face in `first` and one in `second` (bool masks): one person's, two people's."""
    squared_nn = np.maximum(2 - 2 * embeddings_nd @ embeddings_nd.T, 0)
    chosen = np.triu((first[:, None] & second[None]) | (second[:, None] & first[None]), 1)
    same_nn = people_n[:, None] == people_n[None]
    return squared_nn[chosen & same_nn], squared_nn[chosen & ~same_nn]
