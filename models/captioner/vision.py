"""The nets of the mini vision tower: a region branch, a scene branch, and one that knows props and places.

They stand where SigLIP stands in the paper. Each is supervised by the studio's labels and then frozen.
Shapes: n regions or clips, f frames, c channels.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.captioner.crops import CROP_MARGIN, CROP_SIZE
from models.captioner.regions import mask_pool

# What each of a pixel's 256 values is to the nets: numbers around zero.
LEVELS = ((np.arange(256, dtype=np.float32) / 255 - 0.45) / 0.25).astype(np.float32)


def normalised(pixels_u8: np.ndarray, levels_n256c: np.ndarray | None = None) -> Tensor:
    """(n, ..., h, w, c) bytes as (n, ..., c, h, w) floats: their `LEVELS`, or those that each of the n has of its own.

    In memory the channels stay side by side, as the convolutions want them; looking 256 values up costs a fraction of
    computing every pixel's.
    """
    floats = np.empty(pixels_u8.shape, np.float32)
    rows = (-1, *pixels_u8.shape[-2:])
    if levels_n256c is None:
        levels_n256c = np.broadcast_to(LEVELS[:, None], (len(pixels_u8), 256, 1))
    for some, levels, into in zip(pixels_u8, levels_n256c, floats, strict=True):
        cv2.LUT(some.reshape(rows), np.ascontiguousarray(levels)[None], into.reshape(rows))
    return torch.from_numpy(floats).movedim(-1, -3)


def region_pictures(crops_u8: np.ndarray, masks_nfhw: np.ndarray, levels_n256c: np.ndarray | None = None) -> Tensor:
    """Crops (n, f, h, w, 3) and masks (n, f, h, w) as (n, f, 4, h, w): colours as by `normalised`, mask 0 or 1."""
    joined = np.empty((*masks_nfhw.shape, 4), np.uint8)
    for crop, mask, into in zip(crops_u8, masks_nfhw.view(np.uint8), joined, strict=True):
        width = mask.shape[-1]
        parts = [crop.reshape(-1, width, 3), mask.reshape(-1, width)]
        cv2.mixChannels(parts, [into.reshape(-1, width, 4)], [0, 0, 1, 1, 2, 2, 3, 3])
    levels = np.empty((len(joined), 256, 4), np.float32)
    levels[..., :3] = LEVELS[:, None] if levels_n256c is None else levels_n256c
    levels[..., 3] = np.arange(256)
    return normalised(joined, levels)


def inner_window(*, down: int = 0, right: int = 0) -> tuple[slice, slice]:
    """Rows and columns of the net's window in crops with margins, shifted by at most the margin."""
    top, left = CROP_MARGIN[1] + down, CROP_MARGIN[0] + right
    return slice(top, top + CROP_SIZE[1]), slice(left, left + CROP_SIZE[0])


def _block(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
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

    def forward(self, pictures: Tensor, boxes: Tensor, seen: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Pictures (n, f, 4, 64, 48) of colours and mask, boxes (n, f, 4), seen (n, f) -> features (n, f, c) and logits
        of act, direction and pronoun. Frames in which the region is not seen have zero features."""
        count, frames = seen.shape
        whose = pictures.flatten(0, 1)  # the mask is an input too: a crop shows more than the one it is about
        maps = self.trunk(whose.contiguous(memory_format=torch.channels_last))
        if maps.requires_grad:  # its gradient comes back in another order than the convolutions work in
            maps.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
        pooled = mask_pool(maps, whose[:, 3], grid=self.grid).flatten(1)
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
        change = frames_nf3hw.clone()
        change[:, 1:] -= frames_nf3hw[:, :-1]
        change[:, :1] -= frames_nf3hw[:, 1:2] if frames_nf3hw.shape[1] > 1 else frames_nf3hw
        moving = torch.cat([frames_nf3hw.flatten(0, 1), change.flatten(0, 1)], 1)
        maps = self.trunk(moving.contiguous(memory_format=torch.channels_last))
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
