"""The published tower's features of a film, written as they are made and read page by page.

Kept are the patches of the scene's frames (what the connector takes, so that it may be trained) and, per region and key
frame, the mean inside the mask: 12.8 MiB a clip of 8 frames, and 2.3 KB a region and key frame. A film of 700 clips is
9 GB, which no process should hold: the file is safetensors, whose numbers lie one after another, and is mapped.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pycocotools import mask as coco_mask

from common.errors import BadInput
from common.files import write_json
from models.captioner.features import FEATURES, FilmFeatures, Frames
from models.captioner.published.siglip import PublishedTower
from models.captioner.regions import mask_pool, resize_masks

if TYPE_CHECKING:
    import pandas as pd

    from corpora.film import Clip, Film

log = logging.getLogger(__name__)
NUMBERS = {"F16": np.float16, "F32": np.float32, "U8": np.uint8}
Shapes = Mapping[str, tuple[str, tuple[int, ...]]]


def new_tensors(path: Path | None, shapes: Shapes) -> dict[str, np.ndarray]:
    """Arrays of zeros to be filled, by name: in memory, or mapped onto a new safetensors file."""
    if path is None:
        return {name: np.zeros(shape, NUMBERS[kind]) for name, (kind, shape) in shapes.items()}
    header: dict[str, Any] = {}
    at = 0
    for name, (kind, shape) in shapes.items():
        size = int(np.prod(shape)) * np.dtype(NUMBERS[kind]).itemsize
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    written = json.dumps(header, separators=(",", ":")).encode()
    written += b" " * (-len(written) % 8)
    with path.open("wb") as file:
        file.write(len(written).to_bytes(8, "little") + written)
        file.truncate(8 + len(written) + at)
    return mapped_tensors(path, mode="r+")


def mapped_tensors(path: Path, *, mode: Any = "r") -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, read from it when they are looked at."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        return {
            name: _mapped(path, 8 + length, entry, mode) for name, entry in header.items() if name != "__metadata__"
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path.name}: not whole ({error}); make clip_features again") from None


def _mapped(path: Path, start: int, entry: Mapping[str, Any], mode: Any) -> np.ndarray:
    shape = tuple(entry["shape"])
    if 0 in shape:
        return np.zeros(shape, NUMBERS[entry["dtype"]])
    return np.memmap(path, NUMBERS[entry["dtype"]], mode, start + entry["data_offsets"][0], shape)


def extract_published(
    film: Film,
    clips: Sequence[Clip],
    regions: pd.DataFrame,
    tower: PublishedTower,
    *,
    stride: int,
    folder: Path | None = None,
) -> FilmFeatures:
    """Features of a film's clips: patches of uniform frames for the scene, and every track mask-pooled over all of its
    clip's key frames. With `folder` they go to disk clip by clip and are complete there; without, into memory."""
    tracks = {clip.id: _tracks(regions, clip) for clip in clips}
    keys = {clip.id: clip.key_frames(stride) for clip in clips}
    total, frames = sum(map(len, tracks.values())), max((len(found) for found in keys.values()), default=1)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    tensors = new_tensors(
        folder / FEATURES if folder else None,
        {
            "boxes": ("F32", (1, total, frames, 4)),
            "scene": ("F16", (1, len(clips), tower.scene_frames, tower.side**2, tower.size)),
            "regions": ("F16", (1, total, frames, tower.size)),
            "seen": ("U8", (total, frames)),
        },
    )
    wanted = sorted({frame for clip in clips for frame in (*keys[clip.id], *scene_frames(clip, tower.scene_frames))})
    reader = Frames(film, wanted, size=None)
    index: dict[int, tuple[int, dict[int, int]]] = {}
    first = 0
    for row, clip in enumerate(clips):
        chosen = scene_frames(clip, tower.scene_frames)
        needed = sorted({*chosen, *(keys[clip.id] if tracks[clip.id] else ())})
        patches = dict(zip(needed, tower.encode([reader[number] for number in needed]), strict=True))
        tensors["scene"][0, row] = np.stack([patches[number] for number in chosen])
        for place, table in enumerate(tracks[clip.id].values()):
            _pool(table, keys[clip.id], patches, film, tower, {name: tensors[name] for name in tensors}, first + place)
        index[clip.id] = (row, {track: first + place for place, track in enumerate(tracks[clip.id])})
        first += len(tracks[clip.id])
        log.info("clip_features: %s clip %d of %d", film.id, row + 1, len(clips))
    features = film_features(tensors, index)
    if folder is not None:
        write_json(folder / "index.json", {"clips": features.listing(), "mapped": True})
    return features


def film_features(tensors: Mapping[str, np.ndarray], index: dict[int, tuple[int, dict[int, int]]]) -> FilmFeatures:
    """The arrays of a file, mapped or in memory, as features."""
    return FilmFeatures(tensors["scene"], tensors["regions"], tensors["boxes"], tensors["seen"].astype(bool), index)


def scene_frames(clip: Clip, count: int) -> list[int]:
    """The middles of `count` equal parts of a clip; a clip with fewer frames repeats them in place (the released code
    appends black frames)."""
    last = clip.last_frame - clip.first_frame
    return [clip.first_frame + round(last * (2 * part + 1) / (2 * count)) for part in range(count)]


def _tracks(regions: pd.DataFrame, clip: Clip) -> dict[int, pd.DataFrame]:
    of_clip = regions[regions["clip"] == clip.id]
    return {track: of_clip[of_clip["track"] == track] for track in sorted(map(int, of_clip["track"].unique()))}


def _pool(
    table: pd.DataFrame,
    keys: Sequence[int],
    patches: Mapping[int, np.ndarray],
    film: Film,
    tower: PublishedTower,
    tensors: Mapping[str, np.ndarray],
    row: int,
) -> None:
    """Fills a region's row: per key frame the mean patch inside the mask, its box (centre, size; shares), and whether
    there is a mask at all."""
    counts = dict(zip(table["frame"], table["mask"], strict=True))
    for place, key in enumerate(keys):
        coded = {"size": [film.height, film.width], "counts": counts.get(key, b"")}
        mask = coco_mask.decode(coded).astype(bool) if key in counts else np.zeros((1, 1), bool)
        if not mask.any():
            continue
        maps = torch.from_numpy(patches[key].astype(np.float32)).T.reshape(1, tower.size, tower.side, tower.side)
        inside = resize_masks(torch.from_numpy(mask)[None], (tower.side, tower.side))
        tensors["regions"][0, row, place] = mask_pool(maps, inside).flatten().numpy()
        tensors["boxes"][0, row, place] = _box(mask)
        tensors["seen"][row, place] = 1


def _box(mask_hw: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask_hw.any(1)), np.flatnonzero(mask_hw.any(0))
    height, width = mask_hw.shape
    return (
        (columns[0] + columns[-1] + 1) / 2 / width,
        (rows[0] + rows[-1] + 1) / 2 / height,
        (columns[-1] + 1 - columns[0]) / width,
        (rows[-1] + 1 - rows[0]) / height,
    )
