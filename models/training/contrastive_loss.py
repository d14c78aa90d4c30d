"""Supervised contrastive loss over a batch: what trains the face embedding (equation 4) of the studio's encoder."""

from __future__ import annotations

import torch

FAR = -1e9  # a similarity that no softmax sees


def contrastive_loss(embeddings_nd: torch.Tensor, people_n: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Mean over faces of -log of the softmax share of the same person's other faces (Khosla et al. 2020, L_out).

    `embeddings_nd`: unit rows; similarities are divided by `temperature`. A face that is alone of its person pulls
    nothing and adds 0. A triplet loss (FaceNet) was the first choice: with equal data and steps it told film faces from
    portraits worse (docs/LOG.md), since each of its terms sees one other person where this sees them all.
    """
    itself_nn = torch.eye(len(people_n), dtype=torch.bool, device=people_n.device)
    same_nn = (people_n[:, None] == people_n[None]) & ~itself_nn
    similarity_nn = (embeddings_nd @ embeddings_nd.T / temperature).masked_fill(itself_nn, FAR)
    share_nn = similarity_nn.log_softmax(1)
    return -((share_nn * same_nn).sum(1) / same_nn.sum(1).clamp(min=1)).mean()
