"""Soft prompt (section 3.2): vectors that are learnt instead of written, at the head of the instruction.

The paper states neither number nor place nor initial value, so all three are parameters (`captioner.soft_prompt`). It
is an embedding of its own rather than a library's prompt tuning, which cannot be combined with generation from
embeddings.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

SPREAD = 0.05  # of the vectors that a base model is built with


class SoftPrompt(nn.Module):
    """`tokens` trainable vectors of the language model's width; `spread` is the standard deviation they start with."""

    def __init__(self, tokens: int, width: int, *, spread: float = SPREAD) -> None:
        super().__init__()
        self.vectors = nn.Embedding(tokens, width)
        nn.init.normal_(self.vectors.weight, std=spread)

    def start_at_random(self, tokens: int, *, spread: float, seed: int) -> None:
        """Starts at `tokens` vectors: the untrained ones that are there, then further ones drawn from `seed`, all of
        standard deviation `spread`. So prompts of different lengths share their first vectors."""
        own = self().detach()
        drawn = np.random.default_rng([seed, 1]).standard_normal((max(0, tokens - len(own)), own.shape[1]))
        further = torch.from_numpy(drawn * SPREAD).to(own)
        self.hold(torch.cat([own[:tokens], further]) * (spread / SPREAD))

    def start_from(self, embeddings_nd: Tensor, *, tokens: int) -> None:
        """Starts at the embeddings of words, repeated or cut to `tokens` vectors."""
        rows = torch.arange(tokens, device=embeddings_nd.device) % len(embeddings_nd)
        self.hold(embeddings_nd[rows])

    def hold(self, vectors_nd: Tensor) -> None:
        """Takes these vectors, however many, in the place of its own; no random number is drawn."""
        self.vectors = nn.Embedding.from_pretrained(vectors_nd.detach().to(self.vectors.weight).clone(), freeze=False)

    def forward(self) -> Tensor:
        """(tokens, width)."""
        return self.vectors.weight
