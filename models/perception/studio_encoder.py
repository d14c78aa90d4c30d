"""The face embedding that is trained on studio people: a small residual network, unit vectors out."""

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


class StudioFaceNet(nn.Module):
    """Crops (n, 3, side, side) in 0-1 to unit embeddings (n, size): equation 4 with half a million weights."""

    def __init__(self, *, width: int = 24, size: int = 128) -> None:
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

    def forward(self, crops_nchw: torch.Tensor) -> torch.Tensor:
        normalised = (crops_nchw - 0.45) / 0.25  # mean and spread of the studio's face crops
        pooled = F.adaptive_avg_pool2d(self.features(normalised), GRID).flatten(1)
        return F.normalize(self.embed(pooled), dim=1)
