"""Labelled stock clips as arrays: what the tower's nets and the alignment learn from.

Shapes: c clips, r regions of all clips in the clips' order, f frames, s scene frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from common.files import read_json, write_json
from models.captioner.crops import ClipPixels, RegionPixels

REGION_ARRAYS = ("crops", "masks", "boxes", "seen", "act", "direction", "pronoun")
CLIP_ARRAYS = ("scene", "event", "props", "place")


@dataclass(frozen=True)
class LabelledClip:
    """One stock clip: pixels, labels as numbers, and its texts.

    `acts`, `directions` (0 left, 1 none, 2 right) and `pronouns` (0 he, 1 she) are per region, `props` is 0/1 per prop
    kind. `facts` is JSON: `cast`; per region `names` and `face` (is it seen); `prior`; `texts` by style; `type`,
    `subject`, `verb`, `second`, `object` and `place`.
    """

    pixels: ClipPixels
    acts: tuple[int, ...]
    directions: tuple[int, ...]
    pronouns: tuple[int, ...]
    event: int
    props: np.ndarray
    place: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class StockSet:
    """Clips as arrays. `arrays` holds those that were asked for: scene (c, s, h, w, 3), event (c,), props (c, p),
    place (c,); crops (r, f, h, w, 3), masks (r, f, h, w), boxes (r, f, 4), seen (r, f), act, direction, pronoun (r,).
    """

    arrays: dict[str, np.ndarray]
    facts: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.facts)

    def clip_pixels(self) -> list[ClipPixels]:
        """The clips as the tower takes them; all arrays are needed."""
        clips, first = [], 0
        for row, facts in enumerate(self.facts):
            regions = []
            for place in range(first, first + len(facts["names"])):
                crops, masks, boxes, seen = (self.arrays[name][place] for name in ("crops", "masks", "boxes", "seen"))
                regions.append(RegionPixels(crops, masks.astype(bool), boxes, seen.astype(bool)))
            first += len(regions)
            clips.append(ClipPixels(self.arrays["scene"][row], tuple(regions)))
        return clips


def stack(clips: Sequence[LabelledClip]) -> StockSet:
    """Clips in memory as one set."""
    regions = [region for clip in clips for region in clip.pixels.regions]
    arrays = {
        "scene": np.stack([clip.pixels.scene for clip in clips]),
        "event": np.array([clip.event for clip in clips], np.int64),
        "props": np.stack([clip.props for clip in clips]).astype(np.float32),
        "place": np.array([clip.place for clip in clips], np.int64),
        "act": np.array([act for clip in clips for act in clip.acts], np.int64),
        "direction": np.array([direction for clip in clips for direction in clip.directions], np.int64),
        "pronoun": np.array([pronoun for clip in clips for pronoun in clip.pronouns], np.int64),
    }
    for name in ("crops", "masks", "boxes", "seen"):
        rows = [getattr(region, name) for region in regions]
        arrays[name] = np.stack(rows) if rows else np.zeros((0,))
    return StockSet(arrays, [clip.facts for clip in clips])


def write_shard(path: Path, stock: StockSet) -> None:
    """Writes `path` (.safetensors) and the texts beside it (.json)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: array.astype(np.uint8) if array.dtype == bool else array for name, array in stock.arrays.items()}
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, path)
    write_json(path.with_suffix(".json"), stock.facts)


def read_shards(paths: Iterable[Path], names: Sequence[str] = (*CLIP_ARRAYS, *REGION_ARRAYS)) -> StockSet:
    """Reads shards as one set, only the named arrays; shards without any region add none."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    facts: list[dict[str, Any]] = []
    for path in paths:
        with safe_open(path, framework="numpy") as shard:
            for name in names:
                array = shard.get_tensor(name)
                if len(array):
                    parts[name].append(array)
        facts += read_json(path.with_suffix(".json"))
    return StockSet({name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}, facts)
