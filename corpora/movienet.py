"""MovieNet annotations: one JSON object a film with its people, scenes, and story paragraphs with their dialogue.

People are boxes on key frames, three a shot; `movienet_boxes.py` puts them onto a film. Who a person is says `pid`,
an actor's IMDb id or "others"; the name comes from the character bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import (
    RowProblem,
    check_order,
    label,
    member,
    number,
    reading,
    span,
    text,
    whole_number,
)
from corpora.slots import Slot
from corpora.subtitles import Subtitle

OTHERS = "others"
_KEY_FRAMES = 3  # a shot
Pixels = tuple[float, float, float, float]


@dataclass(frozen=True)
class Person:
    """A person on a key frame: `box` is x1 y1 x2 y2 in pixels of `size` (width, height); `frame` may be unknown."""

    id: str
    frame: int | None
    size: tuple[int, int]
    shot: int
    image: int
    kind: str
    box: Pixels
    pid: str
    possible_pids: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """Shots and frames from the first to the last; tags may be none."""

    id: str
    shots: tuple[int, int]
    frames: tuple[int, int]
    places: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """A paragraph of the synopsis with its stretch of the film (seconds), minutes long, and the dialogue in it."""

    id: str
    shots: tuple[int, int]
    frames: tuple[int, int]
    start: float
    end: float
    consistency: float
    description: str
    subtitles: tuple[tuple[int, Subtitle], ...]  # (shot, line)


@dataclass(frozen=True)
class MovieNet:
    """One film's annotation, and "file:section entry: what is wrong; left out" for each entry that is bad."""

    imdb: str
    people: tuple[Person, ...]
    scenes: tuple[Scene, ...]
    stories: tuple[Story, ...]
    problems: tuple[str, ...] = ()

    @property
    def fps(self) -> float | None:
        """Frames a second of the annotated copy, from paragraphs with both clocks; None where there is none."""
        rates = [each.frames[1] / each.end for each in self.stories if each.frames[1] > 0 and each.end > 0]
        return median(rates) if rates else None

    def slots(self, name: str) -> list[Slot]:
        """The story's paragraphs as described slots; `name` is the file's."""
        return [
            Slot(each.start, each.end, each.description, f"{name}:story {row}")
            for row, each in enumerate(self.stories, 1)
        ]

    def dialogue(self) -> list[Subtitle]:
        """The spoken lines of all paragraphs in time order."""
        lines = {line for each in self.stories for _, line in each.subtitles}
        return sorted(lines, key=lambda line: (line.start, line.end, line.text))


def read(path: Path) -> MovieNet:
    """An annotation with at least one readable entry, else `BadInput`."""
    content = read_json(path, foreign=True)
    if not isinstance(content, dict) or not isinstance(content.get("imdb_id"), str):
        raise BadInput(f"{path}: not MovieNet; it must be an object with imdb_id, cast, scene and story")
    problems: list[str] = []
    people, scenes, stories = (
        _section(path, content.get(name), name, parse, problems)
        for name, parse in (("cast", _person), ("scene", _scene), ("story", _story))
    )
    good = reading(path, [*people, *scenes, *stories], problems)
    return MovieNet(label(content["imdb_id"]), tuple(people), tuple(scenes), tuple(stories), good.problems)


def write(path: Path, annotation: MovieNet) -> None:
    """Writes the documented sections; the cinematic style, which this project does not use, is null."""
    write_json(
        path,
        {
            "imdb_id": annotation.imdb,
            "cast": [_person_record(each) for each in annotation.people],
            "scene": [
                {
                    "id": each.id,
                    "shot": list(each.shots),
                    "frame": list(each.frames),
                    "place_tag": list(each.places) or None,
                    "action_tag": list(each.actions) or None,
                }
                for each in annotation.scenes
            ],
            "story": [_story_record(each) for each in annotation.stories],
            "cinematic_style": None,
        },
    )


def _section(path: Path, value: Any, name: str, parse: Any, problems: list[str]) -> list[Any]:
    rows: list[Any] = []
    if value is not None and not isinstance(value, list):
        problems.append(f"{path.name}:{name}: not a list; left out")
    for row, record in enumerate(value if isinstance(value, list) else [], 1):
        try:
            rows.append(parse(record))
        except RowProblem as problem:
            problems.append(f"{path.name}:{name} {row}: {problem}; left out")
    return rows


def _person(record: Any) -> Person:
    size = _whole_pair(member(record, "resolution"), "resolution")
    if min(size) < 1:
        raise RowProblem(f"resolution is not [width, height] ({size!r})")
    body = member(record, "body")
    box = member(body, "bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise RowProblem(f"bbox is not [x1, y1, x2, y2] ({box!r})")
    x1, y1, x2, y2 = (number(value, "bbox") for value in box)
    image = whole_number(record.get("img_idx", 0), "img_idx")
    if not 0 <= image < _KEY_FRAMES:
        raise RowProblem(f"img_idx is {image}, not 0, 1 or 2")
    frame = record.get("frame_idx")
    possible = record.get("possible_pids") or []
    if not isinstance(possible, list):
        raise RowProblem("possible_pids is not a list")
    return Person(
        label(record.get("id")),
        None if frame is None else whole_number(frame, "frame_idx"),
        size,
        whole_number(member(record, "shot_idx"), "shot_idx"),
        image,
        label(body.get("type")),
        (x1, y1, x2, y2),
        label(record.get("pid")) or OTHERS,
        tuple(label(each) for each in possible),
    )


def _scene(record: Any) -> Scene:
    shots, frames = (_whole_pair(member(record, name), name) for name in ("shot", "frame"))
    places, actions = (_tags(record.get(name), name) for name in ("place_tag", "action_tag"))
    return Scene(label(record.get("id")), shots, frames, places, actions)


def _story(record: Any) -> Story:
    start, end = span(member(record, "duration"), "duration")
    check_order(start, end)
    lines = record.get("subtitle") or []
    if not isinstance(lines, list):
        raise RowProblem("subtitle is not a list")
    return Story(
        label(record.get("id")),
        _whole_pair(member(record, "shot"), "shot"),
        _whole_pair(member(record, "frame"), "frame"),
        start,
        end,
        number(record.get("consistency", 0.0), "consistency"),
        text(member(record, "description"), "description"),
        tuple(_line(line) for line in lines),
    )


def _line(record: Any) -> tuple[int, Subtitle]:
    start, end = span(member(record, "duration"), "a subtitle's duration")
    check_order(start, end)
    sentences = member(record, "sentences")
    if not isinstance(sentences, list) or not sentences:
        raise RowProblem("a subtitle's sentences are not a list")
    said = " ".join(text(sentence, "a subtitle") for sentence in sentences)
    return whole_number(record.get("shot", 0), "a subtitle's shot"), Subtitle(start, end, said)


def _tags(value: Any, what: str) -> tuple[str, ...]:
    tags = [value] if isinstance(value, str) else value or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RowProblem(f"{what} is not a list of words")
    return tuple(label(tag) for tag in tags)


def _whole_pair(value: Any, what: str) -> tuple[int, int]:
    first, last = span(value, what)
    return whole_number(first, what), whole_number(last, what)


def _person_record(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "frame_idx": person.frame,
        "resolution": list(person.size),
        "shot_idx": person.shot,
        "img_idx": person.image,
        "body": {"type": person.kind, "bbox": list(person.box)},
        "pid": person.pid,
        "possible_pids": list(person.possible_pids),
    }


def _story_record(story: Story) -> dict[str, Any]:
    return {
        "id": story.id,
        "shot": list(story.shots),
        "frame": list(story.frames),
        "duration": [story.start, story.end],
        "consistency": story.consistency,
        "description": story.description,
        "subtitle": [
            {"shot": shot, "duration": [line.start, line.end], "sentences": [line.text]}
            for shot, line in story.subtitles
        ],
    }
