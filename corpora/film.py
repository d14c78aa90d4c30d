"""The normal form of a film: one folder that every later stage reads, whatever corpus the film came from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import inside, read_json, write_json
from corpora.subtitles import Subtitle, read_srt

SPLITS = ("train", "mad_eval_named", "cinepile_ad", "none")
# A slot's end written with three decimals may stand a hair after its frame's time; this keeps that frame out.
_CLOCK_SLACK = 1e-3


@dataclass(frozen=True)
class Character:
    """A role: `id` is the actor's (nm...), `portraits` are paths relative to the film's folder and may be none."""

    name: str
    actor: str
    id: str
    portraits: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """A described slot: ids 1..N in time order, times in seconds on the film's clock."""

    id: int
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class LabelledBox:
    """A named person box of the annotation: pixels x1 y1 x2 y2 on frame `frame`."""

    frame: int
    name: str
    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True)
class Clip:
    """The frames of one description; `last_frame` is inclusive."""

    film: str
    id: int
    start: float
    end: float
    first_frame: int
    last_frame: int

    def key_frames(self, stride: int) -> tuple[int, ...]:
        """Frames at multiples of `stride` on the film's clock; the clip's middle frame where none falls inside."""
        if stride < 1:
            raise ValueError(f"stride must be at least 1, not {stride}")
        first = -(-self.first_frame // stride) * stride
        inside_clip = tuple(range(first, self.last_frame + 1, stride))
        return inside_clip or ((self.first_frame + self.last_frame) // 2,)


@dataclass(frozen=True)
class Film:
    """A film in normal form. Frame i is shown at i / fps seconds; `duration` = frames / fps.

    `put_aside` holds the reasons of annotation rows that were left out. `delay` is by how many seconds the first
    picture came after the beginning of the file as delivered: add it to a time here to get the time there.
    """

    id: str
    title: str
    split: str
    source: str
    fps: float
    frames: int
    width: int
    height: int
    duration: float
    cast: tuple[Character, ...]
    descriptions: tuple[Description, ...]
    labelled_boxes: tuple[LabelledBox, ...]
    put_aside: tuple[str, ...]
    folder: Path
    delay: float = 0.0

    @property
    def video(self) -> Path:
        return self.folder / "film.mp4"

    def subtitles(self) -> list[Subtitle]:
        """The dialogue in time order; none where the film has no subtitle file."""
        path = self.folder / "subtitles.srt"
        return read_srt(path) if path.exists() else []

    def character(self, name: str) -> Character:
        """The role of that name, matched without regard to case; `KeyError` where the cast has none."""
        wanted = name.strip().casefold()
        for character in self.cast:
            if character.name.casefold() == wanted:
                return character
        raise KeyError(f"{self.id} has no character named {name!r}")

    def portrait_paths(self, name: str) -> tuple[Path, ...]:
        """The portrait files of a character; a path that leaves the film's folder is `BadInput`."""
        return tuple(inside(self.folder, portrait) for portrait in self.character(name).portraits)

    def clips(self) -> list[Clip]:
        """One clip per description, at least one frame long and inside the film."""
        return [
            Clip(
                self.id,
                each.id,
                each.start,
                each.end,
                *frames_of(each.start, each.end, fps=self.fps, frames=self.frames),
            )
            for each in self.descriptions
        ]


def frames_of(start: float, end: float, *, fps: float, frames: int) -> tuple[int, int]:
    """First and last frame (inclusive) shown at start <= t < end; the frame on screen then where there is none."""
    if end < start:
        raise ValueError(f"a slot ends ({end}) before it starts ({start})")
    first = math.ceil((start - _CLOCK_SLACK) * fps)
    last = math.ceil((end - _CLOCK_SLACK) * fps) - 1
    if last < first:
        first = last = math.floor(start * fps)
    top = max(frames - 1, 0)
    return min(max(first, 0), top), min(max(last, 0), top)


def write_film(film: Film, folder: Path) -> None:
    """Writes `film.json` into `folder`; the video, subtitles and portraits are the caller's."""
    value = asdict(film)
    del value["folder"]
    write_json(Path(folder) / "film.json", value)


def read_film(folder: Path) -> Film:
    """Reads a film's `film.json`; a missing or foreign file is `BadInput`."""
    folder = Path(folder)
    path = folder / "film.json"
    value = read_json(path)
    known = {field.name for field in fields(Film)} - {"folder"}
    if not isinstance(value, dict) or not known - {"delay"} <= value.keys() <= known:
        missing_or_foreign = sorted(known ^ value.keys()) if isinstance(value, dict) else "not an object"
        raise BadInput(f"{path}: not a film in normal form ({missing_or_foreign}); ingest the film again")
    try:
        return _film(value, folder)
    except (TypeError, KeyError, ValueError) as error:
        raise BadInput(f"{path}: not a film in normal form ({error}); ingest the film again") from None


def _film(value: dict[str, Any], folder: Path) -> Film:
    cast = tuple(Character(**{**row, "portraits": tuple(row["portraits"])}) for row in value["cast"])
    boxes = tuple(LabelledBox(**{**row, "box": tuple(row["box"])}) for row in value["labelled_boxes"])
    return Film(
        **{
            **value,
            "cast": cast,
            "descriptions": tuple(Description(**row) for row in value["descriptions"]),
            "labelled_boxes": boxes,
            "put_aside": tuple(value["put_aside"]),
            "folder": folder,
        }
    )
