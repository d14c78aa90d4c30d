"""Training of the tower's three nets on labelled stock clips; each can run in a process of its own.

Augmentation prepares for what perception will hand over: masks that are a little wrong, boxes that are a little off,
frames in which a region was lost.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.captioner.crops import CROP_MARGIN
from models.captioner.settings import TowerSettings
from models.captioner.tower import Tower, TowerLabels, TowerShape
from models.captioner.vision import LEVELS, inner_window, normalised, region_pictures
from models.training.loop import Curve, fit
from models.training.stock_set import StockSet

PARTS = ("region", "scene", "objects")
IDLE_WEIGHT = 0.3  # idle regions are most regions and the easiest
FRAME_WEIGHT = (
    0.5  # of what each frame says alone; most acts show in one, and the trunk learns from eight labels a clip
)
SCENE_SHIFT = (5, 8)  # pixels down and right
_IDLE = 0

OnStep = Callable[[int, float], None]


def tower_shape(settings: TowerSettings) -> TowerShape:
    """The shape that the settings ask for."""
    return TowerShape(
        frames=settings.frames,
        scene_frames=settings.scene_frames,
        region_channels=settings.region_channels,
        scene_channels=settings.scene_channels,
        grid=(settings.grid_rows, settings.grid_columns),
    )


def train_part(
    part: str,
    labels: TowerLabels,
    stock: StockSet,
    settings: TowerSettings,
    *,
    seed: int,
    on_step: OnStep | None = None,
) -> tuple[nn.Module, Curve]:
    """Trains one net of the tower ("region", "scene" or "objects") and returns it with its curve."""
    if part not in PARTS:
        raise ValueError(f"the tower has no part {part!r}; its parts are {', '.join(PARTS)}")
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, PARTS.index(part)])
    net = getattr(Tower(labels, tower_shape(settings)), part).train()
    if part == "region":
        return net, _train_region(net, stock, settings, rng, on_step)
    if part == "scene":
        return net, _train_scene(net, stock, settings, rng, on_step)
    return net, _train_objects(net, stock, settings, rng, on_step)


def _train_region(
    net: nn.Module, stock: StockSet, settings: TowerSettings, rng: np.random.Generator, on_step: OnStep | None
) -> Curve:
    crops, masks, boxes, seen = (stock.arrays[name] for name in ("crops", "masks", "boxes", "seen"))
    act, direction, pronoun = (torch.from_numpy(stock.arrays[name]) for name in ("act", "direction", "pronoun"))
    chance = np.where(stock.arrays["act"] == _IDLE, IDLE_WEIGHT, 1.0)
    chance = chance / chance.sum()
    batch = settings.region.batch
    of_frame = net.get_submodule("act_of_frame")

    def loss_of(step: int) -> Tensor:
        chosen = rng.choice(len(act), batch, p=chance)
        down, right = (int(rng.integers(-margin, margin + 1)) for margin in reversed(CROP_MARGIN))
        rows, columns = inner_window(down=down, right=right)
        known = seen[chosen].astype(bool)
        known &= rng.random(known.shape) > 0.04
        flip = rng.random(batch) < 0.5
        inside = _roughened(_mirrored(masks[chosen][..., None], flip)[:, :, rows, columns, 0], rng)
        colours = _mirrored(crops[chosen], flip)[:, :, rows, columns]
        pictures = region_pictures(colours, inside, _recoloured(batch, rng))
        pictures.numpy()[~known] = 0
        places = boxes[chosen]
        places[flip, :, 0] = 1 - places[flip, :, 0]
        places = (places + 0.01 * rng.standard_normal((batch, 1, 4), np.float32)) * known[..., None]
        there = torch.from_numpy(known)
        features, (acts, directions, pronouns) = net(pictures, torch.from_numpy(places), there)
        sides, done = direction[chosen], act[chosen]
        sides = torch.where(torch.from_numpy(flip), 2 - sides, sides)
        loss = functional.cross_entropy(acts, done, label_smoothing=0.05)
        by_frame = of_frame(features[there])
        loss = loss + FRAME_WEIGHT * functional.cross_entropy(by_frame, done[:, None].expand_as(there)[there])
        loss = loss + 0.5 * functional.cross_entropy(directions, sides)
        return loss + 0.2 * functional.cross_entropy(pronouns, pronoun[chosen])

    return fit(net.parameters(), loss_of, settings.region, on_step=on_step, what="region net")


def _train_scene(
    net: nn.Module, stock: StockSet, settings: TowerSettings, rng: np.random.Generator, on_step: OnStep | None
) -> Curve:
    frames, event = stock.arrays["scene"], torch.from_numpy(stock.arrays["event"])
    batch = settings.scene.batch

    def loss_of(step: int) -> Tensor:
        chosen = rng.integers(len(event), size=batch)
        shift = tuple(int(rng.integers(-most, most + 1)) for most in SCENE_SHIFT)
        pixels = np.roll(_mirrored(frames[chosen], rng.random(batch) < 0.5), shift, (-3, -2))
        _, events = net(normalised(pixels, _recoloured(batch, rng)))
        return functional.cross_entropy(events, event[chosen], label_smoothing=0.05)

    return fit(net.parameters(), loss_of, settings.scene, on_step=on_step, what="scene net")


def _train_objects(
    net: nn.Module, stock: StockSet, settings: TowerSettings, rng: np.random.Generator, on_step: OnStep | None
) -> Curve:
    frames = stock.arrays["scene"]
    props, places = torch.from_numpy(stock.arrays["props"]), torch.from_numpy(stock.arrays["place"])
    batch = settings.objects.batch
    rare = torch.full((props.shape[1],), 3.0)  # a prop stands in few of the frames

    def loss_of(step: int) -> Tensor:
        chosen = rng.integers(len(places), size=batch)
        when = rng.integers(frames.shape[1], size=batch)
        pixels = _mirrored(frames[chosen, when], rng.random(batch) < 0.5)
        prop, place = net(normalised(pixels, _recoloured(batch, rng, strength=0.4)))
        loss = functional.binary_cross_entropy_with_logits(prop, props[chosen], pos_weight=rare)
        return 5 * loss + 0.5 * functional.cross_entropy(place, places[chosen])

    return fit(net.parameters(), loss_of, settings.objects, on_step=on_step, what="object net")


def _recoloured(count: int, rng: np.random.Generator, *, strength: float = 1.0) -> np.ndarray:
    """`LEVELS` (n, 256, 3) of `count` clips, each with another gain and another colour cast."""
    gain = 1 + 0.3 * strength * (rng.random((count, 1, 1), np.float32) - 0.5)
    cast = 0.5 * strength * (rng.random((count, 1, 3), np.float32) - 0.5)
    return LEVELS[:, None] * gain + cast


def _mirrored(pixels_u8: np.ndarray, flip_n: np.ndarray) -> np.ndarray:
    """(n, ..., h, w, c) with some of the n mirrored in place."""
    for row in np.flatnonzero(flip_n):
        rows = pixels_u8[row].reshape(-1, *pixels_u8.shape[-2:])
        rows[:] = cv2.flip(rows, 1).reshape(rows.shape)
    return pixels_u8


def _roughened(masks_nfhw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Masks as a propagated region has them: some shifted by a few pixels, some no more than the whole crop."""
    shift = tuple(int(rng.integers(-3, 4)) for _ in range(2))
    kind = rng.random(len(masks_nfhw))
    masks_nfhw = masks_nfhw.copy()
    masks_nfhw[kind < 0.3] = np.roll(masks_nfhw[kind < 0.3], shift, (-2, -1))
    masks_nfhw[(kind >= 0.3) & (kind < 0.4)] = 1
    return masks_nfhw
