"""Triplet loss over a batch (FaceNet): the objective behind the paper's face embedding (equation 4)."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def triplet_loss(embeddings_nd: torch.Tensor, people_n: torch.Tensor, *, margin: float) -> torch.Tensor:
    """Mean of relu(d(a, p) - d(a, n) + margin) over the batch's violated triplets, d squared L2.

    All violated triplets count alike, semi-hard and hard. Of what was tried on held-out strangers this told film faces
    from portraits best; one semi-hard negative per pair was a little worse, hardest negatives alone collapsed.
    """
    squared_nn = 2 - 2 * embeddings_nd @ embeddings_nd.T
    same_nn = people_n[:, None] == people_n[None, :]
    itself_nn = torch.eye(len(people_n), dtype=torch.bool, device=people_n.device)
    anchors, positives = torch.where(same_nn & ~itself_nn)
    excess_pn = squared_nn[anchors, positives][:, None] - squared_nn[anchors] + margin
    violated_pn = F.relu(excess_pn) * ~same_nn[anchors]
    return violated_pn.sum() / (violated_pn > 0).sum().clamp(min=1)
