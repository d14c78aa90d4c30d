"""Storyboard20K: key frames of film clips with names, person boxes and sentences; the source of the training triplets.

The format gives no times. They are in the key frames' file names, which carry the LSMDC clip id, followed by the number
of the key frame: `{movie}_{hh.mm.ss.mmm}-{hh.mm.ss.mmm}_{k}.jpg`. The n key frames of a clip, in the order of k, stand
at the middles of n equal parts of it. Boxes are divided by max(height, width), so the shorter side does not reach 1;
negatives occur.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.film import LabelledBox
from corpora.lsmdc import ClipId, parse_clip_id
from corpora.reading import Reading, RowProblem, check_order, label, member, number, reading, text, whole_number
from corpora.slots import Slot

LEAST_CONFIDENCE = 0.1  # the filter of the format's own loader
_KEY_FRAME = re.compile(r"(.+)_(\d{1,4})")


@dataclass(frozen=True)
class PersonBox:
    """A person on a key frame: x1 y1 x2 y2 divided by max(height, width), as in the file."""

    name: str
    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True)
class Storyboard:
    """One entry of the list; `persons` has one tuple per key frame, `row` counts the entries from 1."""

    movie_id: str
    global_id: int
    flag: str
    title: str
    resolution: tuple[int, int]
    key_frames: tuple[str, ...]
    synopses: tuple[tuple[str, ...], ...]
    persons: tuple[tuple[PersonBox, ...], ...]
    row: int

    @property
    def clips(self) -> tuple[ClipId, ...]:
        """The clips its key frames come from, in order of appearance."""
        return tuple(dict.fromkeys(clip_of(key_frame)[0] for key_frame in self.key_frames))


def clip_of(key_frame: str) -> tuple[ClipId, int]:
    """Clip and number of a key frame from its path; otherwise `RowProblem`."""
    match = _KEY_FRAME.fullmatch(PurePosixPath(key_frame).stem)
    if match is None:
        raise RowProblem(f"key frame {key_frame!r} has no clip id in its name, so its time is unknown")
    return parse_clip_id(match[1]), int(match[2])


def key_frame_times(clip: ClipId, count: int) -> tuple[float, ...]:
    """Seconds of a clip's key frames: the middles of `count` equal parts."""
    return tuple(clip.start + (clip.end - clip.start) * (k + 0.5) / count for k in range(count))


def key_frame_numbers(clip: ClipId, count: int, *, fps: float, delay: float = 0.0) -> tuple[int, ...]:
    """Frames of the film on which a clip's `count` key frames lie."""
    return tuple(math.floor((time - delay) * fps + 1e-6) for time in key_frame_times(clip, count))


def read(path: Path) -> Reading[Storyboard]:
    """The storyboards of a file; one that cannot be read whole is left out with its reason."""
    content = read_json(path, foreign=True)
    if not isinstance(content, list):
        raise BadInput(f"{path}: not Storyboard20K; it must be a list of storyboards")
    rows: list[Storyboard] = []
    problems: list[str] = []
    for row, record in enumerate(content, 1):
        try:
            rows.append(_storyboard(record, row))
        except RowProblem as problem:
            problems.append(f"{path.name}:{row}: {problem}; left out")
    return reading(path, rows, problems)


def write(path: Path, storyboards: Iterable[Storyboard]) -> None:
    """Writes the documented fields; objects and key points, which this project does not use, are empty."""
    write_json(path, [_record(storyboard) for storyboard in storyboards])


def slots(storyboards: Iterable[Storyboard], name: str) -> list[Slot]:
    """The described slots, with the first phrasing of each synopsis.

    As many synopses as clips: one slot per clip. One synopsis for several clips: one slot from the first to the last.
    """
    result = []
    for storyboard in storyboards:
        clips, where = storyboard.clips, f"{name}:{storyboard.row}"
        if len(storyboard.synopses) == len(clips):
            pairs = zip(clips, storyboard.synopses, strict=True)
            result += [Slot(clip.start, clip.end, phrasings[0], where) for clip, phrasings in pairs]
        else:
            start, end = min(clip.start for clip in clips), max(clip.end for clip in clips)
            result.append(Slot(start, end, storyboard.synopses[0][0], where))
    return result


def labelled_boxes(
    storyboards: Iterable[Storyboard], *, fps: float, frames: int, size: tuple[int, int], delay: float = 0.0
) -> list[LabelledBox]:
    """Person boxes in the film's pixels (`size` = width, height), on the film's frames, confident ones only.

    Negatives are clamped; a box without area, or on a clip outside the film, is left out.
    """
    result = []
    for storyboard in storyboards:
        numbered = [clip_of(key_frame) for key_frame in storyboard.key_frames]
        frame_of = _frames_of(numbered, fps=fps, delay=delay)
        for place, persons in zip(numbered, storyboard.persons, strict=True):
            frame = frame_of[place]
            if not 0 <= frame < frames:
                continue
            for person in persons:
                box = _pixels(person.box, storyboard.resolution, size)
                if person.confidence >= LEAST_CONFIDENCE and box[2] > box[0] and box[3] > box[1]:
                    result.append(LabelledBox(frame, person.name, box, person.confidence))
    return sorted(result, key=lambda each: (each.frame, each.name, each.box))


def _frames_of(numbered: Sequence[tuple[ClipId, int]], *, fps: float, delay: float) -> dict[tuple[ClipId, int], int]:
    """The film's frame of each (clip, number of the key frame), where a clip's key frames are those that are there."""
    found: dict[tuple[ClipId, int], int] = {}
    numbers: dict[ClipId, set[int]] = {}
    for clip, k in numbered:
        numbers.setdefault(clip, set()).add(k)
    for clip, there in numbers.items():
        frames = key_frame_numbers(clip, len(there), fps=fps, delay=delay)
        found |= {(clip, k): frame for k, frame in zip(sorted(there), frames, strict=True)}
    return found


def _pixels(
    box: tuple[float, float, float, float], resolution: tuple[int, int], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """From shares of the annotation's longer side to pixels of the film, which may have another size."""
    height, width = resolution
    unit, (across, down) = max(resolution), (size[0] / width, size[1] / height)
    x1, x2 = (round(min(max(value * unit * across, 0.0), size[0]), 3) for value in (box[0], box[2]))
    y1, y2 = (round(min(max(value * unit * down, 0.0), size[1]), 3) for value in (box[1], box[3]))
    return x1, y1, x2, y2


def _storyboard(record: Any, row: int) -> Storyboard:
    key_frames = member(record, "key_frames")
    if not isinstance(key_frames, list) or not key_frames or not all(isinstance(each, str) for each in key_frames):
        raise RowProblem("key_frames is not a list of paths")
    clips = tuple(dict.fromkeys(clip_of(key_frame)[0] for key_frame in key_frames))
    for clip in clips:
        check_order(clip.start, clip.end)
    synopses = _synopses(member(record, "synopses"))
    if len(synopses) not in (1, len(clips)):
        raise RowProblem(f"has {len(synopses)} synopses for {len(clips)} clips")
    resolution = member(record, "resolution")
    if not isinstance(resolution, list) or len(resolution) != 2:
        raise RowProblem(f"resolution is not [height, width] ({resolution!r})")
    height, width = (whole_number(value, "resolution") for value in resolution)
    if min(height, width) < 1:
        raise RowProblem(f"resolution is not [height, width] ({resolution!r})")
    persons = record.get("bboxes_person", [[] for _ in key_frames])
    if not isinstance(persons, list) or len(persons) != len(key_frames):
        raise RowProblem(f"bboxes_person is not a list with an entry for each of the {len(key_frames)} key frames")
    return Storyboard(
        movie_id=text(member(record, "movie_id"), "movie_id"),
        global_id=whole_number(record.get("global_id", row), "global_id"),
        flag=label(record.get("flag")),
        title=label(record.get("title")),
        resolution=(height, width),
        key_frames=tuple(key_frames),
        synopses=synopses,
        persons=tuple(_persons(frame) for frame in persons),
        row=row,
    )


def _synopses(value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or not value:
        raise RowProblem("has no synopses")
    lists = [each if isinstance(each, list) else [each] for each in value]
    if not all(lists):
        raise RowProblem("has an empty synopsis")
    return tuple(tuple(text(phrasing, "a synopsis") for phrasing in phrasings) for phrasings in lists)


def _persons(value: Any) -> tuple[PersonBox, ...]:
    if not isinstance(value, list):
        raise RowProblem("bboxes_person holds a key frame that is not a list")
    persons = []
    for each in value:
        if not isinstance(each, dict):
            raise RowProblem("bboxes_person holds a person that is not an object {NAME: box}")
        for name, box in each.items():
            if not isinstance(box, list) or len(box) != 5:
                raise RowProblem(f"the box of {name} is not [x1, y1, x2, y2, score]")
            x1, y1, x2, y2, score = (number(value, f"the box of {name}") for value in box)
            persons.append(PersonBox(text(name, "a person's name"), (x1, y1, x2, y2), score))
    return tuple(persons)


def _record(storyboard: Storyboard) -> Mapping[str, Any]:
    names = [list(dict.fromkeys(person.name for person in frame)) for frame in storyboard.persons]
    cast = sorted({name for frame in names for name in frame})
    return {
        "flag": storyboard.flag,
        "global_id": storyboard.global_id,
        "movie_id": storyboard.movie_id,
        "key_frames": list(storyboard.key_frames),
        "resolution": list(storyboard.resolution),
        "title": storyboard.title,
        "genre": [],
        "emotion": [],
        "scene": [],
        "summary": storyboard.synopses[0][0],
        "cast": cast,
        "main characters": names,
        "#characters": len(cast),
        "synopses": [list(phrasings) for phrasings in storyboard.synopses],
        "bboxes_person": [
            [{person.name: [*person.box, person.confidence]} for person in frame] for frame in storyboard.persons
        ],
        "bboxes_object": [[] for _ in storyboard.key_frames],
        "keypoints": [[] for _ in storyboard.key_frames],
    }
