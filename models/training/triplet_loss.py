"""Triplet loss with mining inside the batch (FaceNet): the objective behind the paper's face embedding (equation 4)."""

from __future__ import annotations

import torch
from torch.nn import functional as F

BEYOND = 9.0  # larger than any squared L2 between unit vectors (4): marks a pair that does not count


def triplet_loss(
    embeddings_nd: torch.Tensor, people_n: torch.Tensor, *, margin: float, hard_share: float = 0.0
) -> torch.Tensor:
    """Mean over violated triplets of relu(d(a, p) - d(a, n) + margin), d squared L2, for every anchor-positive pair.

    The negative of a pair is semi-hard: the nearest one farther than the positive, or the farthest where there is none.
    `hard_share` of the loss (0-1) takes the nearest negative instead; from the start that would collapse the embedding.
    """
    squared_nn = 2 - 2 * embeddings_nd @ embeddings_nd.T
    same_nn = people_n[:, None] == people_n[None, :]
    itself_nn = torch.eye(len(people_n), dtype=torch.bool, device=people_n.device)
    anchors, positives = torch.where(same_nn & ~itself_nn)
    to_positive = squared_nn[anchors, positives]
    to_others = squared_nn[anchors]
    negative = ~same_nn[anchors]
    farther = negative & (to_others > to_positive[:, None])
    semi = to_others.masked_fill(~farther, BEYOND).amin(1)
    farthest = to_others.masked_fill(~negative, -BEYOND).amax(1)
    loss = _mean_violation(to_positive - torch.where(semi < BEYOND, semi, farthest) + margin)
    if hard_share:
        hardest = to_others.masked_fill(~negative, BEYOND).amin(1)
        loss = (1 - hard_share) * loss + hard_share * _mean_violation(to_positive - hardest + margin)
    return loss


def _mean_violation(excess: torch.Tensor) -> torch.Tensor:
    violated = F.relu(excess)
    return violated.sum() / (violated > 0).sum().clamp(min=1)
