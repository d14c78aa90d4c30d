"""The face embedding that is trained on studio people: two small residual networks, one unit vector out.

One sees the face alone, the other the head with its hair. In a film hair and beard tell people apart; an actor's
portrait has other hair, and only the face tells who it is. Together they did both better than either, or than one
network of any crop between.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

GRID = 3  # cells each way that keep a face's layout (eyes above, mouth below) in the pooled features


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip = (
            nn.Identity()
            if stride == 1 and inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x_nchw: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x_nchw) + self.skip(x_nchw))


VIEWS = ("face", "head")
FACE_SHARE = 0.75  # of a crop's side: the middle part that is the detector's box


class FaceView(nn.Module):
    """Pictures (n, 3, side, side) in 0-1 to unit embeddings (n, size)."""

    def __init__(self, *, width: int, size: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 5, 2, 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            _Residual(width, width, 1),
            _Residual(width, 2 * width, 2),
            _Residual(2 * width, 4 * width, 2),
            _Residual(4 * width, 5 * width, 1),
        )
        self.embed = nn.Linear(5 * width * GRID * GRID, size)

    def forward(self, pictures_nchw: torch.Tensor) -> torch.Tensor:
        normalised = (pictures_nchw - 0.45) / 0.25  # mean and spread of the studio's face crops
        pooled = F.adaptive_avg_pool2d(self.features(normalised), GRID).flatten(1)
        return F.normalize(self.embed(pooled), dim=1)


def view_of(crops_nchw: torch.Tensor, view: str) -> torch.Tensor:
    """What a view sees of crops (n, 3, side, side): their middle, or all of them at the same smaller size."""
    side = crops_nchw.shape[-1]
    seen = round(FACE_SHARE * side)
    if view == "face":
        start = (side - seen) // 2
        return crops_nchw[:, :, start : start + seen, start : start + seen]
    return F.interpolate(crops_nchw, size=(seen, seen), mode="bilinear", antialias=True)


class StudioFaceNet(nn.Module):
    """Crops (n, 3, side, side) in 0-1 to unit embeddings (n, size), half of them by each view: equation 4."""

    def __init__(self, *, width: int = 24, size: int = 128) -> None:
        super().__init__()
        self.views = nn.ModuleDict({view: FaceView(width=width, size=size // len(VIEWS)) for view in VIEWS})

    def forward(self, crops_nchw: torch.Tensor) -> torch.Tensor:
        parts = [self.views[view](view_of(crops_nchw, view)) for view in VIEWS]
        return torch.cat(parts, 1) / len(VIEWS) ** 0.5

    def embed(self, crops_nchw: torch.Tensor) -> torch.Tensor:
        """The embedding for use: the mean of a crop's and its mirror image's, of length 1."""
        return F.normalize(self(crops_nchw) + self(crops_nchw.flip(3)), dim=1)
