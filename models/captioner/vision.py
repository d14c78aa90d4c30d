"""The nets of the mini vision tower: a region branch, a scene branch, and one that knows props and places.

They stand where SigLIP stands in the paper. Each is supervised by the studio's labels and then frozen.
Shapes: n regions or clips, f frames, c channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.captioner.crops import CROP_MARGIN, CROP_SIZE
from models.captioner.regions import mask_pool


def normalised(pixels_u8: Tensor) -> Tensor:
    """(..., h, w, 3) bytes as (..., 3, h, w) floats around zero."""
    return ((pixels_u8.float() / 255 - 0.45) / 0.25).movedim(-1, -3)


def inner_crop(pixels: Tensor, *, down: int = 0, right: int = 0) -> Tensor:
    """The net's window out of (..., h, w) crops with margins, shifted by at most the margin."""
    top, left = CROP_MARGIN[1] + down, CROP_MARGIN[0] + right
    return pixels[..., top : top + CROP_SIZE[1], left : left + CROP_SIZE[0]]


def _block(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class RegionNet(nn.Module):
    """One character: crops and masks of a region over time in, a feature per frame and three answers out (what they do,
    to which side, and which pronoun a describer uses for them)."""

    def __init__(
        self, *, acts: int, directions: int, pronouns: int, channels: int, frames: int, grid: tuple[int, int]
    ) -> None:
        super().__init__()
        self.grid = grid
        self.trunk = nn.Sequential(_block(4, 32, 4, 4, 0), _block(32, 64, 3, 1, 1), _block(64, 96, 3, 2, 1))
        self.to_feature = nn.Sequential(nn.Linear(96 * grid[0] * grid[1], channels), nn.LayerNorm(channels))
        self.path = nn.Linear(frames * 8, 64)
        self.head = nn.Sequential(nn.Linear(frames * channels + 64, 256), nn.GELU(), nn.Dropout(0.1))
        self.act = nn.Linear(256, acts)
        self.direction = nn.Linear(256, directions)
        self.pronoun = nn.Linear(256, pronouns)
        self.act_of_frame = nn.Linear(channels, acts)  # for training alone: a frame's feature learns sooner by itself

    def forward(
        self, crops: Tensor, masks: Tensor, boxes: Tensor, seen: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Crops (n, f, 3, 64, 48), masks (n, f, 64, 48), boxes (n, f, 4), seen (n, f) -> features (n, f, c) and logits
        of act, direction and pronoun. Frames in which the region is not seen have zero features."""
        count, frames = seen.shape
        inside = masks.flatten(0, 1).float()[:, None]  # an input too: the crop shows more than the one it is about
        whose = torch.cat([crops.flatten(0, 1), inside], 1)
        maps = self.trunk(whose.contiguous(memory_format=torch.channels_last))
        pooled = mask_pool(maps, inside[:, 0], grid=self.grid).flatten(1)
        features = self.to_feature(pooled).view(count, frames, -1) * seen[..., None]
        steps = (boxes - first_seen_box(boxes, seen)) * seen[..., None] * 4
        path = functional.gelu(self.path(torch.cat([boxes, steps], -1).flatten(1)))
        hidden = self.head(torch.cat([features.flatten(1), path], 1))
        return features, (self.act(hidden), self.direction(hidden), self.pronoun(hidden))


def first_seen_box(boxes: Tensor, seen: Tensor) -> Tensor:
    """The box (n, 1, 4) of the first frame in which each region is seen."""
    first = seen.to(torch.uint8).argmax(1)
    return boxes.gather(1, first[:, None, None].expand(-1, 1, boxes.shape[-1]))


class SceneNet(nn.Module):
    """What happens in the whole picture: frames and their differences in, a token per frame and the event out."""

    def __init__(self, *, labels: int, channels: int, frames: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            _block(6, 24, 4, 4, 0), _block(24, 48, 3, 2, 1), _block(48, 96, 3, 2, 1), _block(96, 128, 3, 2, 1)
        )
        self.to_token = nn.Sequential(nn.Linear(128 * 4 * 6, channels), nn.LayerNorm(channels))
        self.head = nn.Sequential(nn.Linear(frames * channels, 256), nn.GELU(), nn.Dropout(0.1))
        self.event = nn.Linear(256, labels)

    def forward(self, frames_nf3hw: Tensor) -> tuple[Tensor, Tensor]:
        """(n, f, 3, 108, 192) -> tokens (n, f, c), logits over verbs and events; the first frame's difference looks
        forward, the others' back."""
        before = (
            torch.cat([frames_nf3hw[:, 1:2], frames_nf3hw[:, :-1]], 1) if frames_nf3hw.shape[1] > 1 else frames_nf3hw
        )
        moving = torch.cat([frames_nf3hw, frames_nf3hw - before], 2)
        maps = self.trunk(moving.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        tokens = self.to_token(maps.flatten(1)).view(*frames_nf3hw.shape[:2], -1)
        return tokens, self.event(self.head(tokens.flatten(1)))


class ObjectNet(nn.Module):
    """Which props stand in a frame, and which place it is. Props are small, so presence is the maximum over positions
    of a map; a flattened head does not learn them."""

    def __init__(self, *, props: int, places: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            _block(3, 24, 5, 2, 2), nn.MaxPool2d(2), _block(24, 48, 3, 2, 1), _block(48, 64, 3, 1, 1)
        )
        self.prop = nn.Conv2d(64, props, 3, 1, 1)
        assert self.prop.bias is not None
        nn.init.constant_(self.prop.bias, -3.0)  # most props are absent; zero would start with all of them present
        self.place = nn.Linear(128, places)

    def forward(self, frames_n3hw: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w) -> prop logits (n, props), place logits (n, places)."""
        maps = self.trunk(frames_n3hw.contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([maps.mean((-2, -1)), maps.amax((-2, -1))], 1)
        return self.prop(maps).amax((-2, -1)), self.place(pooled)
