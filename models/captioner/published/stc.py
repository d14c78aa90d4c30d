"""The spatio-temporal connector of VideoRefer's weights (`stc_connector_v35`): patches of frames to scene tokens.

A stage of timm's RegNet blocks per frame, a convolution that halves time, height and width, a second stage, and a
two-layer MLP. The modules carry the published names, so that the weights load by a key map alone. Shapes: b clips,
t frames, g by g patches, c channels, d width of the language model.
"""

from __future__ import annotations

from torch import Tensor, nn


def reg_stage(depth: int, inputs: int, outputs: int) -> nn.Module:
    """timm's RegStage as VideoRefer builds it: SiLU, layer norm over channels, depthwise convolutions, squeeze to a
    quarter."""
    from timm.layers import LayerNorm2d  # here: two seconds that no mini model needs
    from timm.models.regnet import RegStage

    return RegStage(
        depth=depth, in_chs=inputs, out_chs=outputs, stride=1, dilation=1, act_layer=nn.SiLU, norm_layer=LayerNorm2d
    )


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
