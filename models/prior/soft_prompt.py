"""Soft prompt (section 3.2): vectors that are learnt instead of written, at the head of the instruction.

The paper states neither number nor length nor initial value. It is an embedding of its own rather than a library's
prompt tuning, which cannot be combined with generation from embeddings.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SoftPrompt(nn.Module):
    """`tokens` trainable vectors of the language model's width; `spread` is the standard deviation they start with."""

    def __init__(self, tokens: int, width: int, *, spread: float = 0.05) -> None:
        super().__init__()
        self.vectors = nn.Embedding(tokens, width)
        nn.init.normal_(self.vectors.weight, std=spread)

    @torch.no_grad()
    def start_from(self, embeddings_nd: Tensor) -> None:
        """Starts at the embeddings of words, repeated or cut to the prompt's length."""
        count = self.vectors.num_embeddings
        rows = torch.arange(count, device=embeddings_nd.device) % len(embeddings_nd)
        self.vectors.weight.copy_(embeddings_nd[rows])

    def forward(self) -> Tensor:
        """(tokens, width)."""
        return self.vectors.weight
