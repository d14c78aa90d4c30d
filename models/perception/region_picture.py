"""A picture of what perception found: one clip's key frames with masks, boxes and names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from common.files import write_bytes
from corpora.film import Film
from corpora.video import read_frames
from models.perception.regions import Regions

# Colours that stay apart for colour-blind viewers (Okabe and Ito), RGB.
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
WIDTH = 320  # pixels of one frame in the picture


def draw_regions(film: Film, found: Regions, path: Path, *, clip: int | None = None, frames: int = 3) -> None:
    """Writes a PNG strip of up to `frames` key frames of a clip; the clip with most regions where none is given.

    A film without any region gets the strip of its middle frame, so that the picture is always there.
    """
    if clip is None and len(found.regions):
        counts = found.regions["clip"].value_counts().sort_index()
        clip = int(counts.index[int(counts.argmax())])
    rows = found.regions[found.regions["clip"] == clip] if clip is not None else found.regions
    names = names_of(found, clip)
    keys = sorted(rows["frame"].unique().tolist()) or [film.frames // 2]
    chosen = sorted({keys[round(i)] for i in np.linspace(0, len(keys) - 1, min(frames, len(keys)))})
    strips = []
    for number, frame in read_frames(film.video, chosen):
        strips.append(annotated(frame, rows[rows["frame"] == number], names, found))
    encoded, content = cv2.imencode(".png", cv2.cvtColor(np.hstack(strips), cv2.COLOR_RGB2BGR))
    if not encoded:
        raise RuntimeError("OpenCV could not encode a PNG")
    write_bytes(path, content.tobytes())


def names_of(found: Regions, clip: int | None) -> dict[int, str]:
    """Track -> the best query bank's name ("" where it is nobody known)."""
    tracks = found.tracks[found.tracks["clip"] == clip]
    return dict(zip(tracks["track"], tracks["name_best"], strict=True))


def annotated(frame_hw3: np.ndarray, rows: pd.DataFrame, names: dict[int, str], found: Regions) -> np.ndarray:
    """The frame, `WIDTH` wide, with tinted masks, boxes and names; solid boxes are recognised, thin ones carried."""
    colours = colours_of(sorted(set(names.values()) - {""}))
    tinted = frame_hw3.astype(np.float32)
    marks = rows.to_dict("records")
    for row in marks:
        colour = colours.get(names.get(row["track"], ""), (200, 200, 200))
        mask = found.mask(row["mask"])
        tinted[mask] = 0.65 * tinted[mask] + 0.35 * np.array(colour, np.float32)
    scale = WIDTH / found.width
    picture = cv2.resize(tinted.astype(np.uint8), (WIDTH, round(found.height * scale)), interpolation=cv2.INTER_AREA)
    for row in marks:
        name = names.get(row["track"], "")
        corners = [round(row[side] * scale) for side in ("x1", "y1", "x2", "y2")]
        colour = colours.get(name, (200, 200, 200))
        thickness = 2 if row["source"] == "recognised" else 1
        cv2.rectangle(picture, corners[:2], corners[2:], colour, thickness)
        _label(picture, name or "unknown", corners[0], corners[1], colour)
    return picture


def colours_of(names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}


def _label(picture: np.ndarray, text: str, x: int, y: int, colour: tuple[int, int, int]) -> None:
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    top = max(y, height + 4)
    cv2.rectangle(picture, (x, top - height - 4), (x + width + 4, top), colour, -1)
    cv2.putText(picture, text, (x + 2, top - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
