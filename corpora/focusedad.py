"""The authors' own JSON files: Storyboard-v2 triplets, MAD-eval per film, Cinepile-AD per clip; read and written.

What FocusedAD's README shows is kept to the letter, down to field names with spaces: files written here open in the
authors' code, and theirs open here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import Reading, RowProblem, check_order, label, member, number, reading, text, whole_number


@dataclass(frozen=True)
class Detection:
    """A named face box x1 y1 x2 y2 in pixels on frame `frame_index` of the clip."""

    name: str
    box: tuple[float, float, float, float]
    confidence: float
    frame_index: int


@dataclass(frozen=True)
class Triplet:
    """A Storyboard-v2 entry. `type` 1: names in the sentence and seen; 2: names, none seen; 3: seen, none named."""

    movie_id: str
    global_id: int
    type: int
    resolution: tuple[int, int]
    main_characters: tuple[str, ...]
    synopses: str
    movie_clips: str
    detections: tuple[Detection, ...]


@dataclass(frozen=True)
class EvalClip:
    """A MAD-eval-Named entry; times in seconds on the film's clock, ids 1..N."""

    id: int
    movie: str
    imdb: str
    movie_duration: float
    start: float
    end: float
    sentence: str


@dataclass(frozen=True)
class Narration:
    clip_id: str
    content: str


@dataclass(frozen=True)
class CinepileAd:
    """A Cinepile-AD file: the narrations of one film clip, without times."""

    movie_name: str
    movie_link_id: str
    narrations: tuple[Narration, ...]


def read_storyboard_v2(path: Path) -> Reading[Triplet]:
    """Accepts both published shapes of `detect characters`: one object per character, and several names in one."""
    return _read_list(path, _triplet)


def write_storyboard_v2(path: Path, triplets: Iterable[Triplet]) -> None:
    """Writes one object per character in `detect characters`, an empty list where none is seen."""
    write_json(path, [_triplet_record(each) for each in triplets])


def read_mad_eval(path: Path) -> Reading[EvalClip]:
    return _read_list(path, _eval_clip)


def write_mad_eval(path: Path, clips: Iterable[EvalClip]) -> None:
    write_json(
        path,
        [
            {
                "id": each.id,
                "movie": each.movie,
                "imdb": each.imdb,
                "movie_duration": each.movie_duration,
                "start": each.start,
                "end": each.end,
                "sentence": each.sentence,
            }
            for each in clips
        ],
    )


def read_cinepile_ad(path: Path) -> tuple[CinepileAd, tuple[str, ...]]:
    """The file, and one line for each narration that could not be read."""
    content = read_json(path, foreign=True)
    if not isinstance(content, dict) or not isinstance(content.get("narrations"), list):
        raise BadInput(f"{path}: not Cinepile-AD; it must be an object with a list of narrations")
    narrations: list[Narration] = []
    problems: list[str] = []
    for row, record in enumerate(content["narrations"], 1):
        try:
            narrations.append(
                Narration(text(label(member(record, "clip_id")), "clip_id"), text(member(record, "content"), "content"))
            )
        except RowProblem as problem:
            problems.append(f"{path.name}:{row}: {problem}; left out")
    good = reading(path, narrations, problems)
    name, link = (label(content.get(key)) for key in ("movie_name", "movie_link_id"))
    return CinepileAd(name, link, good.rows), good.problems


def write_cinepile_ad(path: Path, film: CinepileAd) -> None:
    write_json(
        path,
        {
            "movie_name": film.movie_name,
            "type": "narration",
            "movie_link_id": film.movie_link_id,
            "narrations": [{"clip_id": each.clip_id, "content": each.content} for each in film.narrations],
        },
    )


def _read_list(path: Path, parse: Any) -> Reading[Any]:
    content = read_json(path, foreign=True)
    if not isinstance(content, list):
        raise BadInput(f"{path}: not a list of entries")
    rows, problems = [], []
    for row, record in enumerate(content, 1):
        try:
            rows.append(parse(record))
        except RowProblem as problem:
            problems.append(f"{path.name}:{row}: {problem}; left out")
    return reading(path, rows, problems)


def _triplet(record: Any) -> Triplet:
    kind = whole_number(member(record, "type"), "type")
    if kind not in (1, 2, 3):
        raise RowProblem(f"type is {kind}, not 1, 2 or 3")
    resolution = member(record, "resolution")
    if not isinstance(resolution, list) or len(resolution) != 2:
        raise RowProblem(f"resolution is not [height, width] ({resolution!r})")
    names = member(record, "main characters")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RowProblem("'main characters' is not a list of names")
    detections = member(record, "detect characters")
    if not isinstance(detections, list):
        raise RowProblem("'detect characters' is not a list")
    return Triplet(
        movie_id=text(member(record, "movie_id"), "movie_id"),
        global_id=whole_number(member(record, "global_id"), "global_id"),
        type=kind,
        resolution=(whole_number(resolution[0], "resolution"), whole_number(resolution[1], "resolution")),
        main_characters=tuple(text(name, "a main character") for name in names),
        synopses=text(member(record, "synopses"), "synopses"),
        movie_clips=text(member(record, "movie_clips"), "movie_clips"),
        detections=tuple(each for detection in detections for each in _detections(detection)),
    )


def _detections(record: Any) -> Iterable[Detection]:
    if not isinstance(record, dict):
        raise RowProblem("'detect characters' holds something other than {NAME: box}")
    for name, values in record.items():
        if not isinstance(values, list) or len(values) != 6:
            raise RowProblem(f"the box of {name} is not [x1, y1, x2, y2, confidence, frame_index]")
        x1, y1, x2, y2, confidence = (number(value, f"the box of {name}") for value in values[:5])
        frame = whole_number(values[5], f"the frame_index of {name}")
        yield Detection(text(name, "a name"), (x1, y1, x2, y2), confidence, frame)


def _triplet_record(triplet: Triplet) -> dict[str, Any]:
    return {
        "movie_id": triplet.movie_id,
        "global_id": triplet.global_id,
        "type": triplet.type,
        "resolution": list(triplet.resolution),
        "main characters": list(triplet.main_characters),
        "#characters": len(triplet.main_characters),
        "synopses": triplet.synopses,
        "movie_clips": triplet.movie_clips,
        "detect characters": [
            {each.name: [*each.box, each.confidence, each.frame_index]} for each in triplet.detections
        ],
    }


def _eval_clip(record: Any) -> EvalClip:
    start, end = number(member(record, "start"), "start"), number(member(record, "end"), "end")
    check_order(start, end)
    return EvalClip(
        id=whole_number(member(record, "id"), "id"),
        movie=text(member(record, "movie"), "movie"),
        imdb=label(record.get("imdb")),
        movie_duration=number(member(record, "movie_duration"), "movie_duration"),
        start=start,
        end=end,
        sentence=text(member(record, "sentence"), "sentence"),
    )
