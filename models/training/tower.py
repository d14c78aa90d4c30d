"""Training of the tower's three nets on labelled stock clips; each can run in a process of its own.

Augmentation prepares for what perception will hand over: masks that are a little wrong, boxes that are a little off,
frames in which a region was lost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.captioner.crops import CROP_MARGIN
from models.captioner.settings import TowerSettings
from models.captioner.tower import Tower, TowerLabels, TowerShape
from models.captioner.vision import inner_crop, normalised
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
    arrays = {name: torch.from_numpy(stock.arrays[name]) for name in ("crops", "masks", "boxes", "seen")}
    act, direction, pronoun = (stock.arrays[name] for name in ("act", "direction", "pronoun"))
    chance = np.where(act == _IDLE, IDLE_WEIGHT, 1.0)
    chance = chance / chance.sum()
    batch = settings.region.batch
    of_frame = net.get_submodule("act_of_frame")

    def loss_of(step: int) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(act), batch, p=chance))
        shift = {
            "down": int(rng.integers(-CROP_MARGIN[1], CROP_MARGIN[1] + 1)),
            "right": int(rng.integers(-CROP_MARGIN[0], CROP_MARGIN[0] + 1)),
        }
        crops, masks = arrays["crops"][rows], arrays["masks"][rows].bool()
        boxes, seen = arrays["boxes"][rows].clone(), arrays["seen"][rows].bool()
        seen = seen & torch.from_numpy(rng.random(seen.shape) > 0.04)
        flip = torch.from_numpy(rng.random(batch) < 0.5)
        crops[flip] = crops[flip].flip(-2)
        masks[flip] = masks[flip].flip(-1)
        masks = _roughened(inner_crop(masks, **shift), rng)
        pixels = _recoloured(inner_crop(normalised(crops), **shift), rng)
        boxes[..., 0] = torch.where(flip[:, None], 1 - boxes[..., 0], boxes[..., 0])
        boxes = (boxes + 0.01 * _normal(rng, batch, 1, 4)) * seen[..., None]
        features, (acts, directions, pronouns) = net(
            pixels * seen[..., None, None, None], masks & seen[..., None, None], boxes, seen
        )
        sides = torch.from_numpy(direction)[rows]
        sides = torch.where(flip, 2 - sides, sides)
        done = torch.from_numpy(act)[rows]
        loss = functional.cross_entropy(acts, done, label_smoothing=0.05)
        by_frame = of_frame(features[seen])
        loss = loss + FRAME_WEIGHT * functional.cross_entropy(by_frame, done[:, None].expand_as(seen)[seen])
        loss = loss + 0.5 * functional.cross_entropy(directions, sides)
        return loss + 0.2 * functional.cross_entropy(pronouns, torch.from_numpy(pronoun)[rows])

    return fit(net.parameters(), loss_of, settings.region, on_step=on_step, what="region net")


def _train_scene(
    net: nn.Module, stock: StockSet, settings: TowerSettings, rng: np.random.Generator, on_step: OnStep | None
) -> Curve:
    frames, event = torch.from_numpy(stock.arrays["scene"]), torch.from_numpy(stock.arrays["event"])
    batch = settings.scene.batch

    def loss_of(step: int) -> Tensor:
        rows = torch.from_numpy(rng.integers(len(event), size=batch))
        down, right = (int(rng.integers(-most, most + 1)) for most in SCENE_SHIFT)
        pixels = torch.roll(_flipped(frames[rows], rng), (down, right), (-3, -2))
        _, events = net(_recoloured(normalised(pixels), rng))
        return functional.cross_entropy(events, event[rows], label_smoothing=0.05)

    return fit(net.parameters(), loss_of, settings.scene, on_step=on_step, what="scene net")


def _train_objects(
    net: nn.Module, stock: StockSet, settings: TowerSettings, rng: np.random.Generator, on_step: OnStep | None
) -> Curve:
    frames = torch.from_numpy(stock.arrays["scene"])
    props, places = torch.from_numpy(stock.arrays["props"]), torch.from_numpy(stock.arrays["place"])
    batch = settings.objects.batch
    rare = torch.full((props.shape[1],), 3.0)  # a prop stands in few of the frames

    def loss_of(step: int) -> Tensor:
        rows = torch.from_numpy(rng.integers(len(places), size=batch))
        when = torch.from_numpy(rng.integers(frames.shape[1], size=batch))
        pixels = normalised(_flipped(frames[rows, when], rng))
        prop, place = net(_recoloured(pixels[:, None], rng, strength=0.4)[:, 0])
        loss = functional.binary_cross_entropy_with_logits(prop, props[rows], pos_weight=rare)
        return 5 * loss + 0.5 * functional.cross_entropy(place, places[rows])

    return fit(net.parameters(), loss_of, settings.objects, on_step=on_step, what="object net")


def _normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, np.float32))


def _recoloured(pixels: Tensor, rng: np.random.Generator, *, strength: float = 1.0) -> Tensor:
    """(n, f, 3, h, w) with another gain per clip and another colour cast."""
    count = len(pixels)
    gain = 1 + 0.3 * strength * (torch.from_numpy(rng.random((count, 1, 1, 1, 1), np.float32)) - 0.5)
    cast = 0.5 * strength * (torch.from_numpy(rng.random((count, 1, 3, 1, 1), np.float32)) - 0.5)
    return pixels.mul_(gain).add_(cast)


def _flipped(pixels_u8: Tensor, rng: np.random.Generator) -> Tensor:
    """(n, ..., h, w, 3) with half of the rows mirrored; on bytes, which are a quarter of the floats."""
    flip = torch.from_numpy(rng.random(len(pixels_u8)) < 0.5)
    pixels_u8[flip] = pixels_u8[flip].flip(-2)
    return pixels_u8


def _roughened(masks: Tensor, rng: np.random.Generator) -> Tensor:
    """Masks as a propagated region has them: some shifted by a few pixels, some no more than the whole crop."""
    down, right = (int(rng.integers(-3, 4)) for _ in range(2))
    kind = torch.from_numpy(rng.random(len(masks)))[:, None, None, None]
    moved = torch.roll(masks, (down, right), (-2, -1))
    return torch.where(kind < 0.3, moved, torch.where(kind < 0.4, torch.ones_like(masks), masks))
