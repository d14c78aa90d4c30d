"""MovieNet's people as labelled boxes of a film: the right frame, the film's pixels, the character's name.

`frame_idx` may be null; the frame is then in the film's shot file, a line a shot: first frame, last frame, the three
key frames. Frames count on MovieNet's copy, whose rate the story's two clocks give. Black borders were removed before
the annotation: its picture is taken to lie in the middle of the film's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput
from common.files import write_text
from corpora.film import LabelledBox
from corpora.movienet import OTHERS, MovieNet, Person, Pixels
from corpora.reading import Reading, RowProblem, content_of, decoded, reading, whole_number
from corpora.video import VideoFacts


@dataclass(frozen=True)
class Shot:
    """A shot's first and last frame and its three key frames."""

    first: int
    last: int
    key_frames: tuple[int, ...]


def read_shots(path: Path) -> Reading[Shot]:
    """The shots of a film's shot file, whose line n (from 0) is shot n: a bad line fails the file."""
    rows: list[Shot] = []
    for line_number, line in enumerate(decoded(content_of(path)).splitlines(), 1):
        try:
            numbers = [whole_number(word, "a frame") for word in line.split()]
            if len(numbers) < 2 or numbers[1] < numbers[0] or min(numbers) < 0:
                raise RowProblem("not 'first last key key key'")
        except RowProblem as problem:
            raise BadInput(
                f"{path}:{line_number}: {problem}; mend the line, or the shots after it are miscounted"
            ) from None
        rows.append(Shot(numbers[0], numbers[1], tuple(numbers[2:])))
    return reading(path, rows, ())


def write_shots(path: Path, shots: Iterable[Shot]) -> None:
    write_text(path, "".join(" ".join(map(str, (each.first, each.last, *each.key_frames))) + "\n" for each in shots))


def frame_of(person: Person, shots: Sequence[Shot]) -> int | None:
    """The annotated copy's frame a person is on; None where neither the entry nor a shot file says it."""
    if person.frame is not None:
        return person.frame
    if not 0 <= person.shot < len(shots):
        return None
    key_frames = shots[person.shot].key_frames
    return key_frames[person.image] if person.image < len(key_frames) else None


def labelled_boxes(
    annotation: MovieNet, names: Mapping[str, str], *, shots: Sequence[Shot], facts: VideoFacts, name: str
) -> tuple[tuple[LabelledBox, ...], list[str]]:
    """The boxes of people whom `names` (actor's id -> character) knows, and what else there is, by reason.

    People that are "others" are strangers by intent and no problem. Boxes are clamped to the picture; one without area,
    or on a frame outside the film, is left out in silence, as Storyboard20K's are.
    """
    rate = annotation.fps or facts.fps
    boxes: list[LabelledBox] = []
    strangers: Counter[str] = Counter()
    timeless = 0
    for person in annotation.people:
        if person.pid == OTHERS:
            continue
        frame = frame_of(person, shots)
        if person.pid not in names:
            strangers[person.pid] += 1
        elif frame is None:
            timeless += 1
        else:
            shown = math.floor((frame / rate - facts.start) * facts.fps + 0.5)
            box = _pixels(person.box, person.size, (facts.width, facts.height))
            if 0 <= shown < facts.frames and box[2] > box[0] and box[3] > box[1]:
                boxes.append(LabelledBox(shown, names[person.pid], box, 1.0))
    problems = []
    if strangers:
        problems.append(f"{name}: boxes of {', '.join(sorted(strangers))}, who are not in the cast; left out")
    if timeless:
        problems.append(
            f"{name}: {timeless} boxes without a frame; left out; put the film's shot file there as movienet_shots.txt"
        )
    return tuple(sorted(boxes, key=lambda each: (each.frame, each.name, each.box))), problems


def _pixels(box: Pixels, annotated: tuple[int, int], film: tuple[int, int]) -> Pixels:
    """From pixels of the annotated picture to those of the film, which may be larger and may have borders around it."""
    scale = min(film[0] / annotated[0], film[1] / annotated[1])
    border = [(film[axis] - annotated[axis] * scale) / 2 for axis in (0, 1)]
    x1, y1, x2, y2 = (
        round(min(max(value * scale + border[axis % 2], 0.0), film[axis % 2]), 3) for axis, value in enumerate(box)
    )
    return x1, y1, x2, y2
