"""Connectors (section 3.3): from the frozen tower's features to tokens of the language model's width.

The paper's path of a region is MLP per frame, temporal token merge (equation 8), MLP; the released code merges before
its only MLP, so its weights need that order. Shapes: n regions, f frames, m merged tokens, d channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.captioner.config import FocusedCaptionerConfig
from models.captioner.published.stc import StcConnector
from models.captioner.token_merge import merge_tokens_batched
from models.captioner.vision import first_seen_box

# Answers and positions are small numbers beside unit-variance features; unscaled, they are found late (objects: 46 % of
# words right against 78 %).
REGION_ANSWER_SCALE = 3.0
SCENE_ANSWER_SCALE = 4.0
BOX_SCALE = 3.0
STEP_SCALE = 6.0


def like(inputs: Tensor, layers: nn.Module) -> Tensor:
    """Inputs on the device and in the precision of a module's weights."""
    return inputs.to(next(layers.parameters()))


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


class FrameSceneConnector(nn.Module):
    """The paper's words: an MLP maps a global feature per key frame to a scene token; (b, t, p, c) patches are averaged
    first, (b, t, c) are taken as they are -> (b, t, d)."""

    def __init__(self, *, size: int, width: int) -> None:
        super().__init__()
        self.layers = mlp(size, width)

    def forward(self, scene: Tensor) -> Tensor:
        scene = like(scene, self.layers)
        return self.layers(scene.mean(2) if scene.dim() == 4 else scene)


class MergedRegionEncoder(nn.Module):
    """Mask-pooled features over time as at most `tokens` tokens, without boxes or time: the paper's order (`per_frame`
    before the merge) or the released one (no `per_frame`)."""

    def __init__(self, *, size: int, width: int, tokens: int, per_frame: bool) -> None:
        super().__init__()
        self.tokens = tokens
        self.per_frame = mlp(size, width) if per_frame else nn.Identity()
        self.per_token = mlp(width if per_frame else size, width)

    def forward(self, features: Tensor, boxes: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Like `RegionConnector`; neighbours are compared in full precision, as half of it makes ties."""
        inputs = self.per_frame(like(features, self.per_token))
        merged, exists = merge_tokens_batched(inputs.float(), seen.to(inputs.device), self.tokens)
        return self.per_token(like(merged, self.per_token)), exists


def scene_connector(config: FocusedCaptionerConfig, width: int) -> nn.Module:
    """The scene connector that the configuration states."""
    if config.scene_connector == "stc":
        return StcConnector(size=config.scene_size, width=width, depth=config.connector_depth)
    if config.scene_connector == "mlp":
        return FrameSceneConnector(size=config.scene_size, width=width)
    return SceneConnector(size=config.scene_size, channels=config.scene_channels, width=width)


def region_encoder(config: FocusedCaptionerConfig, width: int) -> nn.Module:
    """The region encoder that the configuration states."""
    if config.region_encoder == "timed":
        return RegionConnector(
            size=config.region_size,
            channels=config.region_channels,
            width=width,
            frames=config.frames,
            tokens=config.region_tokens,
        )
    return MergedRegionEncoder(
        size=config.region_size,
        width=width,
        tokens=config.region_tokens,
        per_frame=config.region_encoder == "mlp-merge-mlp",
    )
