"""Connectors (section 3.3): from the frozen tower's features to tokens of the language model's width.

A region's path is the paper's: MLP per frame, temporal token merge (equation 8), MLP. (The released code merges
before its only MLP.) Shapes: n regions, f frames, m merged tokens, d channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.captioner.token_merge import merge_tokens_batched
from models.captioner.vision import first_seen_box

# Answers and positions are small numbers beside unit-variance features; unscaled, they are found late (objects: 46 % of
# words right against 78 %).
REGION_ANSWER_SCALE = 3.0
SCENE_ANSWER_SCALE = 4.0
BOX_SCALE = 3.0
STEP_SCALE = 6.0


def mlp(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, GELU, Linear."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs))


class SceneConnector(nn.Module):
    """(b, s, scene size) -> (b, s, d). The first `channels` entries of a feature are hidden units, the rest answers."""

    def __init__(self, *, size: int, channels: int, width: int) -> None:
        super().__init__()
        self.channels = channels
        self.layers = mlp(size, width)

    def forward(self, scene: Tensor) -> Tensor:
        hidden, answers = scene[..., : self.channels], scene[..., self.channels :]
        return self.layers(torch.cat([hidden, answers * SCENE_ANSWER_SCALE], -1))


class RegionConnector(nn.Module):
    """Region features over time as at most `tokens` tokens."""

    def __init__(self, *, size: int, channels: int, width: int, frames: int, tokens: int) -> None:
        super().__init__()
        self.channels, self.tokens = channels, tokens
        self.per_frame = mlp(size + 8, width)
        self.when = nn.Embedding(frames, width)
        nn.init.normal_(self.when.weight, std=0.1)
        self.per_token = nn.Sequential(nn.LayerNorm(width), mlp(width, width))

    def forward(self, features: Tensor, boxes: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, f, size), boxes (n, f, 4), seen (n, f) -> tokens (n, m, d) and which of them exist (n, m)."""
        steps = (boxes - first_seen_box(boxes, seen)) * seen[..., None]
        hidden, answers = features[..., : self.channels], features[..., self.channels :]
        inputs = [hidden, answers * REGION_ANSWER_SCALE, boxes * BOX_SCALE, steps * STEP_SCALE]
        tokens = self.per_frame(torch.cat(inputs, -1)) + self.when.weight
        merged, exists = merge_tokens_batched(tokens, seen, self.tokens)
        return self.per_token(merged), exists
