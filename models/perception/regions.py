"""Character regions as data: who is where in each clip's key frames, as two tables and masks in COCO's run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from common.errors import blaming
from common.files import read_json, write_json
from common.tables import read_table, write_table

TRACK_COLUMNS = {
    "clip": "int64",
    "track": "int64",  # counts from 0 within a clip, in order of first appearance
    "shot": "int64",
    "name_best": "str",  # "" is Unknown
    "distance_best": "float64",  # to that query, or the nearest where Unknown; nan without a bank
    "name_actor": "str",
    "distance_actor": "float64",
}
REGION_COLUMNS = {
    "clip": "int64",
    "track": "int64",
    "frame": "int64",
    "x1": "float64",  # the mask's box, pixels of the film, x2 and y2 exclusive
    "y1": "float64",
    "x2": "float64",
    "y2": "float64",
    "face_x1": "float64",  # nan where the mask was carried and no face was found
    "face_y1": "float64",
    "face_x2": "float64",
    "face_y2": "float64",
    "source": "str",  # "recognised" or "propagated"
    "confidence": "float64",  # the face's probability, or how sure the carrier is of its mask
    "mask": "str",  # COCO run lengths, the size is the film's
}
GAPS = ("distance_best", "distance_actor", "face_x1", "face_y1", "face_x2", "face_y2")


@dataclass(frozen=True)
class Regions:
    """A film's regions: tables with TRACK_COLUMNS and REGION_COLUMNS, masks of `height` by `width` pixels."""

    film: str
    width: int
    height: int
    tracks: pd.DataFrame
    regions: pd.DataFrame
    clips: int = 0  # how many clips were looked through, with and without faces

    def mask(self, counts: str) -> np.ndarray:
        """A cell of the column `mask` as a bool array (height, width)."""
        return decode_mask(counts, height=self.height, width=self.width)

    def of_clip(self, clip: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Tracks and regions of one clip."""
        return self.tracks[self.tracks["clip"] == clip], self.regions[self.regions["clip"] == clip]


def encode_mask(mask_hw: np.ndarray) -> str:
    """A bool mask as COCO's compressed run lengths (column by column), text."""
    from pycocotools import mask as coco

    return coco.encode(np.asfortranarray(mask_hw.astype(np.uint8)))["counts"].decode("ascii")


def decode_mask(counts: str, *, height: int, width: int) -> np.ndarray:
    """The bool mask (height, width) of COCO run lengths."""
    from pycocotools import mask as coco

    return coco.decode({"size": [height, width], "counts": counts.encode("ascii")}).astype(bool)


def box_of(mask_hw: np.ndarray) -> tuple[float, float, float, float]:
    """The smallest box x1 y1 x2 y2 (ends exclusive) around a mask; zeros for an empty one."""
    columns, rows = np.flatnonzero(mask_hw.any(0)), np.flatnonzero(mask_hw.any(1))
    if not len(columns):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def write_regions(regions: Regions, folder: Path) -> None:
    """`tracks.parquet`, `regions.parquet`, and `regions.json` with the film and the masks' size."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(regions.tracks, folder / "tracks.parquet")
    write_table(regions.regions, folder / "regions.parquet")
    facts = {"film": regions.film, "width": regions.width, "height": regions.height, "clips": regions.clips}
    write_json(folder / "regions.json", facts)


def read_regions(folder: Path) -> Regions:
    """What `write_regions` wrote."""
    path, again = folder / "regions.json", "run the stage character_regions again"
    facts = read_json(path)
    with blaming(path, again):
        film, (width, height, clips) = str(facts["film"]), (int(facts[name]) for name in ("width", "height", "clips"))
        if not (0 < width < 1 << 16 and 0 < height < 1 << 16 and clips >= 0):
            raise ValueError(f"masks of {width}x{height} in {clips} clips")
    return Regions(
        film=film,
        width=width,
        height=height,
        tracks=read_table(folder / "tracks.parquet", TRACK_COLUMNS, advice=again, gaps=GAPS),
        regions=read_table(folder / "regions.parquet", REGION_COLUMNS, advice=again, gaps=GAPS),
        clips=clips,
    )
