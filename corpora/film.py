"""The normal form of a film: one folder that every later stage reads, whatever corpus the film came from."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import inside, read_json, write_json
from corpora.reading import RowProblem, check_order, label, number, one_line, text, whole_number
from corpora.subtitles import Subtitle, read_srt

SPLITS = ("train", "mad_eval_named", "cinepile_ad", "none")
FILM_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
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
        film = _film(value, folder)
        _check(film)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadInput(f"{path}: not a film in normal form ({error}); ingest the film again") from None
    return film


def _film(value: dict[str, Any], folder: Path) -> Film:
    """Every value by its kind; `RowProblem` where one is of another."""
    return Film(
        id=text(value["id"], "id"),
        title=text(value["title"], "title"),
        split=text(value["split"], "split"),
        source=text(value["source"], "source"),
        fps=number(value["fps"], "fps"),
        frames=whole_number(value["frames"], "frames"),
        width=whole_number(value["width"], "width"),
        height=whole_number(value["height"], "height"),
        duration=number(value["duration"], "duration"),
        cast=tuple(_character(row) for row in value["cast"]),
        descriptions=tuple(_description(row) for row in value["descriptions"]),
        labelled_boxes=tuple(_labelled_box(row) for row in value["labelled_boxes"]),
        put_aside=tuple(one_line(reason) for reason in value["put_aside"]),
        folder=folder,
        delay=number(value.get("delay", 0.0), "delay"),
    )


def _character(row: Any) -> Character:
    _only(row, Character)
    portraits = tuple(text(path, "a portrait") for path in row["portraits"])
    return Character(text(row["name"], "a name"), label(row["actor"]), label(row["id"]), portraits)


def _description(row: Any) -> Description:
    _only(row, Description)
    start, end = number(row["start"], "start"), number(row["end"], "end")
    check_order(start, end)
    return Description(whole_number(row["id"], "a description's id"), start, end, text(row["text"], "a description"))


def _labelled_box(row: Any) -> LabelledBox:
    _only(row, LabelledBox)
    x1, y1, x2, y2 = (number(value, "a box") for value in row["box"])
    frame, confidence = whole_number(row["frame"], "a box's frame"), number(row["confidence"], "confidence")
    return LabelledBox(frame, text(row["name"], "a box's name"), (x1, y1, x2, y2), confidence)


def _only(row: Any, kind: type) -> None:
    wanted = {field.name for field in fields(kind)}
    if not isinstance(row, dict) or row.keys() != wanted:
        raise RowProblem(f"not {', '.join(sorted(wanted))}: {row!r}")


def _check(film: Film) -> None:
    """`RowProblem` for values that no film has."""
    if not FILM_ID.fullmatch(film.id) or film.split not in SPLITS:
        raise RowProblem(f"no film's id and split: {film.id!r}, {film.split!r}")
    if min(film.frames, film.width, film.height) < 1 or min(film.fps, film.duration) <= 0 or film.delay < 0:
        raise RowProblem("a film without frames, size or length")
    if [each.id for each in film.descriptions] != list(range(1, len(film.descriptions) + 1)):
        raise RowProblem("descriptions that are not numbered 1, 2, 3, ...")
    if len({each.name.casefold() for each in film.cast}) < len(film.cast):
        raise RowProblem("two characters of one name")
    for each in film.cast:
        for portrait in each.portraits:
            inside(film.folder, portrait)
