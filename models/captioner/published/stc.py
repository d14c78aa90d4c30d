"""The spatio-temporal connector of VideoRefer's weights (`stc_connector_v35`): patches of frames to scene tokens.

A stage of RegNet blocks per frame, a convolution that halves time, height and width, a second stage, and a two-layer
MLP. The modules carry the names under which timm saves a RegStage, so that the published weights load by a key map
alone; timm itself is not needed. Shapes: b clips, t frames, g by g patches, c channels, d width of the language model.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor, nn

SQUEEZE = 0.25  # timm's RegNet blocks squeeze to a quarter of their input's channels


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (n, c, h, w)."""

    def forward(self, maps: Tensor) -> Tensor:
        normed = functional.layer_norm(
            maps.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return normed.permute(0, 3, 1, 2)


class ConvNorm(nn.Module):
    """A convolution without bias, then a layer norm over channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = ChannelNorm(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        return self.bn(self.conv(maps))


class SqueezeExcite(nn.Module):
    """Scales every channel by what the whole map says."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        whole = maps.mean((2, 3), keepdim=True)
        return maps * self.fc2(functional.silu(self.fc1(whole))).sigmoid()


class RegBlock(nn.Module):
    """RegNet's bottleneck with a depthwise 3x3 convolution (group size 1) and a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(inputs, outputs)
        self.conv2 = ConvNorm(outputs, outputs, 3, groups=outputs)
        self.se = SqueezeExcite(outputs, round(inputs * SQUEEZE))
        self.conv3 = ConvNorm(outputs, outputs)
        self.downsample = ConvNorm(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        inner = functional.silu(self.conv2(functional.silu(self.conv1(maps))))
        return functional.silu(self.conv3(self.se(inner)) + self.downsample(maps))


def reg_stage(depth: int, inputs: int, outputs: int) -> nn.Sequential:
    """`depth` blocks named b1, b2, ..."""
    stage = nn.Sequential()
    for number in range(depth):
        stage.add_module(f"b{number + 1}", RegBlock(outputs if number else inputs, outputs))
    return stage


class StcConnector(nn.Module):
    """(b, t, g * g, c) -> (b, floor(t / 2) * floor(g / 2) ** 2, d)."""

    def __init__(self, *, size: int, width: int, depth: int) -> None:
        super().__init__()
        self.s1 = reg_stage(depth, size, width)
        self.sampler = nn.Sequential(nn.Conv3d(width, width, 2, stride=2), nn.SiLU())
        self.s2 = reg_stage(depth, width, width)
        self.readout = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, scene: Tensor) -> Tensor:
        clips, frames, patches, size = scene.shape
        side = round(patches**0.5)
        if side * side != patches:
            raise ValueError(f"{patches} patches a frame are no square")
        scene = scene.to(next(self.readout.parameters()))
        maps = self.s1(scene.reshape(clips * frames, side, side, size).permute(0, 3, 1, 2))
        maps = maps.unflatten(0, (clips, frames)).transpose(1, 2)
        maps = self.sampler(maps).transpose(1, 2)
        maps = self.s2(maps.flatten(0, 1)).unflatten(0, (clips, -1))
        return self.readout(maps.permute(0, 1, 3, 4, 2).flatten(1, 3))


def stc_tokens(frames: int, side: int) -> int:
    """Scene tokens of `frames` frames of `side` by `side` patches."""
    return frames // 2 * (side // 2) ** 2
