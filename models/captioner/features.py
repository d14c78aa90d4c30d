"""Frozen features of a film's clips, computed once and read by every variant.

A film's folder holds `features.safetensors` and `index.json`. Shapes: v views (as filmed, mirrored), c clips, r regions
(tracks of all clips), f frames per clip, s scene tokens, n shots.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pycocotools import mask as coco_mask
from safetensors.numpy import load_file, save_file

from common.errors import BadInput, blaming
from common.files import read_json, write_json
from corpora.film import Clip
from models.captioner.crops import WORKING_SIZE, ClipPixels, clip_pixels, mirrored
from models.captioner.tower import ClipTokens, Tower

if TYPE_CHECKING:
    import pandas as pd

    from corpora.film import Film
    from models.captioner.published.siglip import PublishedTower

log = logging.getLogger(__name__)
Encoded = tuple[list[ClipTokens], dict[int, int]]
"""A clip's tokens by view, and the row of each of its tracks in them."""
FEATURES = "features.safetensors"
KEPT_FRAMES = 400  # how far back a clip may start before the one that was read last


class Span(Protocol):
    """A shot: its first and last frame, both inclusive."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...


@dataclass(frozen=True)
class FilmFeatures:
    """scene (v, c, s, scene size), regions (v, r, f, region size), boxes (v, r, f, 4), seen (r, f); `index` gives each
    clip's row and its tracks' rows.

    `shots` (v, n, s, scene size) are the scene tokens of the shots around the clips, and `around` each clip's rows in
    them, before and after; -1 where the film begins or ends. Both are empty where no shots were given.
    """

    scene: np.ndarray
    regions: np.ndarray
    boxes: np.ndarray
    seen: np.ndarray
    index: dict[int, tuple[int, dict[int, int]]]
    shots: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0, 0), np.float32))
    around: dict[int, tuple[int, int]] = field(default_factory=dict)

    def clip(self, clip_id: int, *, around: bool = False) -> tuple[tuple[ClipTokens, ...], dict[int, int]]:
        """A clip's features in every view, and the row of each of its tracks in them; with the shots `around` it,
        zeros where there is none."""
        if clip_id not in self.index:
            raise BadInput(f"clip {clip_id}: no features; make clip_features again")
        row, tracks = self.index[clip_id]
        rows = list(tracks.values())
        views = tuple(
            ClipTokens(
                self.scene[view, row],
                self.regions[view, rows],
                self.boxes[view, rows],
                self.seen[rows],
                self._around(view, clip_id) if around else None,
            )
            for view in range(len(self.scene))
        )
        return views, {track: place for place, track in enumerate(tracks)}

    def _around(self, view: int, clip_id: int) -> np.ndarray:
        if clip_id not in self.around:
            raise BadInput(f"clip {clip_id}: features without the shots around it; make clip_features again")
        none = np.zeros(self.scene.shape[2:], np.float32)
        return np.stack([self.shots[view, row] if row >= 0 else none for row in self.around[clip_id]])

    def write(self, folder: Path) -> None:
        """Writes the tensors (features in half precision, boxes in full) and the index."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            "scene": self.scene.astype(np.float16),
            "regions": self.regions.astype(np.float16),
            "boxes": self.boxes.astype(np.float32),
            "seen": self.seen.astype(np.uint8),
            **({"shots": self.shots.astype(np.float16)} if self.around else {}),
        }
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / FEATURES)
        write_json(folder / "index.json", {"clips": self.listing()})

    def listing(self) -> list[dict[str, Any]]:
        """Where each clip's rows are, as JSON."""
        return [
            {
                "clip_id": clip,
                "row": row,
                "tracks": {str(track): place for track, place in tracks.items()},
                **({"around": list(self.around[clip])} if self.around else {}),
            }
            for clip, (row, tracks) in sorted(self.index.items())
        ]


def read_features(folder: Path) -> FilmFeatures:
    """Reads what `FilmFeatures.write` wrote, as float32; the published tower's stay on disk, in half precision."""
    content = read_json(folder / "index.json")
    with blaming(folder / "index.json", "make clip_features again"):
        clips, mapped = content["clips"], content.get("mapped")
        index = {
            int(clip["clip_id"]): (int(clip["row"]), {int(track): int(row) for track, row in clip["tracks"].items()})
            for clip in clips
        }
        around = {int(clip["clip_id"]): _pair(clip["around"]) for clip in clips if "around" in clip}
    if mapped:
        from models.captioner.published.cache import film_features, mapped_tensors

        return film_features(mapped_tensors(folder / FEATURES), index)
    with blaming(folder / FEATURES, "make clip_features again"):
        tensors = load_file(folder / FEATURES)
        found = FilmFeatures(
            scene=tensors["scene"].astype(np.float32),
            regions=tensors["regions"].astype(np.float32),
            boxes=tensors["boxes"],
            seen=tensors["seen"].astype(bool),
            index=index,
            shots=tensors.get("shots", np.zeros((0, 0, 0, 0))).astype(np.float32),
            around=around,
        )
    with blaming(folder / "index.json", "make clip_features again"):
        _check_rows(found)
    return found


def _check_rows(found: FilmFeatures) -> None:
    """`ValueError` for a clip or a track whose row is none of the tensors'."""
    scenes, regions = found.scene.shape[1], found.regions.shape[1]
    for clip, (row, tracks) in found.index.items():
        if not 0 <= row < scenes or not all(0 <= each < regions for each in tracks.values()):
            raise ValueError(f"clip {clip} has a row that {FEATURES} has not")


def _pair(rows: Sequence[int]) -> tuple[int, int]:
    before, after = rows
    return int(before), int(after)


def extract(
    film: Film,
    clips: Sequence[Clip],
    regions: pd.DataFrame,
    tower: Tower | PublishedTower,
    *,
    stride: int = 5,
    mirror: bool = True,
    batch: int = 32,
    shots: Sequence[Span] = (),
) -> FilmFeatures:
    """Features of a film's clips, and of the `shots` before and after each where the film's shots are given.

    `regions` is the table of character regions: clip, track, frame, mask (COCO RLE counts at the film's size); every
    track is encoded, named or not. Frames are decoded once; clips are encoded `batch` at a time. A clip without regions
    keeps its scene tokens. The published tower has no mirrored view and looks at no shots around.
    """
    if not isinstance(tower, Tower):
        from models.captioner.published.cache import extract_published

        return extract_published(film, clips, regions, tower, stride=stride)
    neighbours = {clip.id: shots_around(clip, shots) for clip in clips} if shots else {}
    needed = sorted({place for pair in neighbours.values() for place in pair if place >= 0})
    # A neighbouring shot is encoded as a clip without regions, where it comes in the film, so that frames are read
    # once; one with the key frames of a clip has been.
    looked_at = {clip.key_frames(stride): clip.id for clip in clips}
    others = [Clip(film.id, -1 - place, 0.0, 0.0, shots[place].first, shots[place].last) for place in needed]
    scene_of = {-1 - other.id: looked_at.get(other.key_frames(stride), other.id) for other in others}
    others = [other for other in others if scene_of[-1 - other.id] == other.id]
    spans = sorted([*clips, *others], key=lambda clip: clip.first_frame) if others else list(clips)
    encoded: list[Encoded] = []
    pending: list[tuple[ClipPixels, tuple[int, ...]]] = []

    def encode_pending() -> None:
        pixels = [clip for clip, _ in pending]
        views = [tower.encode(pixels)] + ([tower.encode([mirrored(clip) for clip in pixels])] if mirror else [])
        for place, (_, tracks) in enumerate(pending):
            encoded.append(([view[place] for view in views], {track: row for row, track in enumerate(tracks)}))
        pending.clear()

    for clip_and_tracks in _clip_pixels(film, spans, regions, tower, stride):
        pending.append(clip_and_tracks)
        if len(pending) == batch:
            encode_pending()
    if pending:
        encode_pending()
    log.info("clip_features: %s %d clips", film.id, len(clips))
    by_id = dict(zip((clip.id for clip in spans), encoded, strict=True))
    features = _film_features({clip.id: by_id[clip.id] for clip in clips}, views=1 + mirror, tower=tower)
    if not shots:
        return features
    rows = {place: row for row, place in enumerate(needed)} | {-1: -1}
    return replace(
        features,
        shots=_scenes([by_id[scene_of[place]] for place in needed], views=1 + mirror, tower=tower),
        around={clip: (rows[before], rows[after]) for clip, (before, after) in neighbours.items()},
    )


def shots_around(clip: Clip, shots: Sequence[Span]) -> tuple[int, int]:
    """The places in `shots` (a film's, in time order) of the one before the clip's first and the one after its last;
    -1 where there is none."""
    firsts = [shot.first for shot in shots]
    before = bisect_right(firsts, clip.first_frame) - 2
    after = bisect_right(firsts, clip.last_frame)
    return max(before, -1), after if after < len(shots) else -1


def _clip_pixels(
    film: Film, clips: Sequence[Clip], regions: pd.DataFrame, tower: Tower, stride: int
) -> Iterator[tuple[ClipPixels, tuple[int, ...]]]:
    """Each clip's pixels and tracks, in the order of `clips`; memory holds the frames of the clips still to come only
    until their clip is made."""
    by_clip = dict(tuple(regions.groupby("clip"))) if len(regions) else {}
    frames = Frames(film, sorted({frame for clip in clips for frame in clip.key_frames(stride)}))
    for clip in clips:
        keys = clip.key_frames(stride)
        table = by_clip.get(clip.id)
        tracks: tuple[int, ...] = ()
        masks: list[np.ndarray] = []
        if table is not None:
            tracks = tuple(sorted({int(track) for track in table["track"]}))
            masks = [_track_masks(table[table["track"] == track], keys, film) for track in tracks]
        stack = np.stack([frames[key] for key in keys])
        pixels = clip_pixels(stack, masks, frames=tower.shape.frames, scene_frames=tower.shape.scene_frames)
        yield pixels, tracks


def _track_masks(table: pd.DataFrame, keys: Sequence[int], film: Film) -> np.ndarray:
    masks = np.zeros((len(keys), film.height, film.width), bool)
    counts = dict(zip(table["frame"], table["mask"], strict=True))
    for place, key in enumerate(keys):
        if key in counts:
            coded = {"size": [film.height, film.width], "counts": counts[key]}
            masks[place] = coco_mask.decode(coded).astype(bool)
    return masks


class Frames:
    """Frames by number from one streaming pass. Clips come in time order, so old frames are forgotten as it reads on;
    clips out of order make it start again."""

    def __init__(self, film: Film, wanted: Sequence[int], *, size: tuple[int, int] | None = WORKING_SIZE) -> None:
        self.film, self.wanted, self.size = film, wanted, size
        self._restart()

    def _restart(self) -> None:
        from corpora.video import read_frames

        self.stream = iter(read_frames(self.film.video, self.wanted, size=self.size))
        self.kept: dict[int, np.ndarray] = {}
        self.last = -1

    def __getitem__(self, number: int) -> np.ndarray:
        if number <= self.last and number not in self.kept:
            self._restart()
        while number not in self.kept:
            try:
                self.last, frame = next(self.stream)
            except StopIteration:
                raise BadInput(f"{self.film.video}: frame {number} is missing; read the film in again") from None
            self.kept[self.last] = frame
            for old in [key for key in self.kept if key < number - KEPT_FRAMES]:
                del self.kept[old]
        return self.kept[number]


def _scenes(encoded: Collection[Encoded], *, views: int, tower: Tower) -> np.ndarray:
    scene = np.zeros((views, len(encoded), tower.shape.scene_frames, tower.scene_size), np.float32)
    for row, (of_views, _) in enumerate(encoded):
        for view, tokens in enumerate(of_views):
            scene[view, row] = tokens.scene
    return scene


def _film_features(encoded: Mapping[int, Encoded], *, views: int, tower: Tower) -> FilmFeatures:
    shape = tower.shape
    total = sum(len(tracks) for _, tracks in encoded.values())
    parts: dict[str, Any] = {
        "regions": np.zeros((views, total, shape.frames, tower.region_size), np.float32),
        "boxes": np.zeros((views, total, shape.frames, 4), np.float32),
        "seen": np.zeros((total, shape.frames), bool),
    }
    index: dict[int, tuple[int, dict[int, int]]] = {}
    first = 0
    for row, (clip_id, (of_views, tracks)) in enumerate(encoded.items()):
        here = slice(first, first + len(tracks))
        for view, tokens in enumerate(of_views):
            parts["regions"][view, here], parts["boxes"][view, here] = tokens.regions, tokens.boxes
        parts["seen"][here] = of_views[0].seen
        index[clip_id] = (row, {track: first + place for track, place in tracks.items()})
        first += len(tracks)
    scene = _scenes(encoded.values(), views=views, tower=tower)
    return FilmFeatures(scene=scene, index=index, **parts)
