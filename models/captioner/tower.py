"""The frozen vision tower: clips in, features out. One object holds the three nets and the words of their answers.

The features carry the nets' answers (probabilities) beside their hidden vectors: the language model reads them far
sooner than it would learn to read the vectors alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.captioner.crops import ClipPixels
from models.captioner.vision import ObjectNet, RegionNet, SceneNet, inner_window, normalised, region_pictures

DIRECTIONS = ("left", "none", "right")
PRONOUNS = ("he", "she")


@dataclass(frozen=True)
class TowerLabels:
    """The words that the tower's answers stand for."""

    acts: tuple[str, ...]
    events: tuple[str, ...]
    props: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class TowerShape:
    """Sizes that fix the weights' shapes."""

    frames: int = 8
    scene_frames: int = 4
    region_channels: int = 128
    scene_channels: int = 160
    grid: tuple[int, int] = (8, 6)


@dataclass(frozen=True)
class ClipTokens:
    """A clip's frozen features: scene (s, scene size), and for r regions region (r, f, region size), boxes (r, f, 4),
    seen (r, f); float32 except seen (bool). `around` (2, s, scene size) are the shots before and after, where known."""

    scene: np.ndarray
    regions: np.ndarray
    boxes: np.ndarray
    seen: np.ndarray
    around: np.ndarray | None = None


class Tower(nn.Module):
    """Region, scene and object nets, frozen after their training."""

    def __init__(self, labels: TowerLabels, shape: TowerShape) -> None:
        super().__init__()
        self.labels, self.shape = labels, shape
        self.region = RegionNet(
            acts=len(labels.acts),
            directions=len(DIRECTIONS),
            pronouns=len(PRONOUNS),
            channels=shape.region_channels,
            frames=shape.frames,
            grid=shape.grid,
        )
        self.scene = SceneNet(labels=len(labels.events), channels=shape.scene_channels, frames=shape.scene_frames)
        self.objects = ObjectNet(props=len(labels.props), places=len(labels.places))

    @property
    def region_size(self) -> int:
        """Width of a region's features per frame: hidden vector, then act, direction and pronoun probabilities."""
        return self.shape.region_channels + len(self.labels.acts) + len(DIRECTIONS) + len(PRONOUNS)

    @property
    def scene_size(self) -> int:
        """Width of a scene token: hidden vector, then event, prop and place probabilities."""
        return self.shape.scene_channels + len(self.labels.events) + len(self.labels.props) + len(self.labels.places)

    def description(self) -> dict[str, Any]:
        """What `tower_from` needs to build the same nets again."""
        labels, shape = self.labels, self.shape
        return {
            "labels": {name: list(getattr(labels, name)) for name in ("acts", "events", "props", "places")},
            "shape": {**vars(shape), "grid": list(shape.grid)},
        }

    @torch.no_grad()
    def encode(self, clips: Sequence[ClipPixels], *, batch: int = 64) -> list[ClipTokens]:
        """Features of clips with any number of regions each; regions and clips run in batches."""
        self.eval()
        regions = [region for clip in clips for region in clip.regions]
        tokens, boxes, seen = self._encode_regions(regions, batch)
        result, start = [], 0
        for first in range(0, len(clips), batch):
            some = clips[first : first + batch]
            scenes = self._encode_scenes(np.stack([clip.scene for clip in some]))
            for clip, scene in zip(some, scenes.numpy(), strict=True):
                here = slice(start, start := start + len(clip.regions))
                result.append(ClipTokens(scene, tokens[here], boxes[here], seen[here]))
        return result

    def _encode_regions(self, regions: Sequence[Any], batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        frames = self.shape.frames
        tokens = np.zeros((len(regions), frames, self.region_size), np.float32)
        boxes = np.zeros((len(regions), frames, 4), np.float32)
        seen = np.zeros((len(regions), frames), bool)
        rows, columns = inner_window()
        for first in range(0, len(regions), batch):
            some = regions[first : first + batch]
            here = slice(first, first + len(some))
            boxes[here] = [region.boxes for region in some]
            seen[here] = [region.seen for region in some]
            crops = np.stack([region.crops[:, rows, columns] for region in some])
            masks = np.stack([region.masks[:, rows, columns] for region in some])
            features, logits = self.region(
                region_pictures(crops, masks), torch.from_numpy(boxes[here]), torch.from_numpy(seen[here])
            )
            answers = torch.cat([each.softmax(-1) for each in logits], -1)[:, None].expand(-1, frames, -1)
            tokens[here] = torch.cat([features, answers], -1).numpy()
        return tokens, boxes, seen

    def _encode_scenes(self, frames_u8: np.ndarray) -> Tensor:
        frames = normalised(frames_u8)
        hidden, event = self.scene(frames)
        prop, place = self.objects(frames.flatten(0, 1))
        count = frames.shape[1]
        answers = torch.cat(
            [
                event.softmax(-1),
                prop.sigmoid().view(-1, count, prop.shape[-1]).amax(1),
                place.softmax(-1).view(-1, count, place.shape[-1]).mean(1),
            ],
            -1,
        )
        return torch.cat([hidden, answers[:, None].expand(-1, count, -1)], -1)


def tower_from(description: dict[str, Any]) -> Tower:
    """An untrained tower of a saved description."""
    labels = TowerLabels(**{name: tuple(words) for name, words in description["labels"].items()})
    shape = dict(description["shape"])
    return Tower(labels, TowerShape(**{**shape, "grid": tuple(shape["grid"])}))
