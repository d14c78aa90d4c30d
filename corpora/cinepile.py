"""CinePile: scene text in which dialogue and visual descriptions alternate without times, and the times won back.

A description's slot is the pause between the spoken lines around it. The spoken lines get their times by matching their
words, in order, to a speech transcript of the film (WhisperX layout). What stands in one pause shares it by word count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import RowProblem, label, member, one_line
from corpora.slots import Slot
from corpora.transcript import Segment, timed_words, tokens

# The tags' exact spelling in the data set was never seen: any visual tag, subtitle or subtitles, in any case.
_TAG = re.compile(r"<\s*(visual[^<>]*|subtitles?)\s*>", re.IGNORECASE)
_CLOSING = re.compile(r"<\s*/[^<>]*>")
_LONGEST_SCENE = 1_000_000  # characters; a feature film's screenplay has a fifth of it
_MOST_PAIRS = 50_000_000  # of equal words, spoken and heard; two hours of talk have a tenth of it
_LEAST_MATCH = 0.5  # share of a spoken line's words that the transcript must hold, in order, for its time to be trusted
_COLUMNS = ("movie_name", "year", "genre", "yt_clip_title", "yt_clip_link", "movie_scene", "subtitles")


@dataclass(frozen=True)
class SceneLine:
    """One line of scene text; `row` counts the lines from 1."""

    kind: Literal["description", "subtitle"]
    text: str
    row: int


@dataclass(frozen=True)
class Scene:
    """The film of one record: scene text and what else this project uses of its columns."""

    movie_name: str
    year: int
    yt_clip_title: str
    yt_clip_link: str
    lines: tuple[SceneLine, ...]


def parse_scene(value: str) -> tuple[list[SceneLine], list[str]]:
    """The lines of a scene text in order, and what in it belongs to no tag."""
    parts = _TAG.split(_CLOSING.sub(" ", value))
    before = one_line(parts[0])
    problems = [f"text before the first tag ({before[:40]!r})"] if before else []
    lines = []
    for row, (tag, said) in enumerate(zip(parts[1::2], parts[2::2], strict=True), 1):
        if not one_line(said):
            problems.append(f"line {row} has a tag and no text")
            continue
        kind: Literal["description", "subtitle"] = "description" if tag.lower().startswith("visual") else "subtitle"
        lines.append(SceneLine(kind, one_line(said), row))
    return lines, problems


def read(path: Path) -> tuple[Scene, list[str]]:
    """The record of one film's `cinepile.json` (an object, or a list of its questions, of which the first serves)."""
    content = read_json(path, foreign=True)
    record = content[0] if isinstance(content, list) and content else content
    try:
        scene_text = text_of(member(record, "movie_scene"))
        lines, problems = parse_scene(scene_text)
        if not any(line.kind == "description" for line in lines):
            raise RowProblem("movie_scene has no <visual descriptions> line")
    except RowProblem as problem:
        raise BadInput(f"{path}:1: {problem}") from None
    scene = Scene(
        label(record.get("movie_name")),
        year if isinstance(year := record.get("year"), int) else 0,
        label(record.get("yt_clip_title")),
        label(record.get("yt_clip_link")),
        tuple(lines),
    )
    return scene, [f"{path.name}:1: {problem}; left out" for problem in problems]


def write(path: Path, scene: Scene) -> None:
    """Writes one record with the data set's columns; there is no question in it."""
    tags = {"description": "<visual descriptions>", "subtitle": "<subtitle>"}
    spoken = [line.text for line in scene.lines if line.kind == "subtitle"]
    values: tuple[Any, ...] = (
        scene.movie_name,
        scene.year,
        [],
        scene.yt_clip_title,
        scene.yt_clip_link,
        "\n".join(f"{tags[line.kind]} {line.text}" for line in scene.lines),
        "\n".join(spoken),
    )
    questions = {"question": "", "choices": [], "answer_key": "", "answer_key_position": 0, "question_category": ""}
    flags = {"hard_split": "", "visual_reliance": ""}
    write_json(path, {**dict(zip(_COLUMNS, values, strict=True)), **questions, **flags})


def slots(
    lines: Sequence[SceneLine], transcript: Sequence[Segment], *, duration: float, name: str
) -> tuple[list[Slot], list[str]]:
    """The descriptions' slots within [0, duration] seconds, and the reasons of those that have no pause to stand in.

    Between two spoken lines with known times, descriptions (and spoken lines that the transcript lacks) divide the
    pause in proportion to their words.
    """
    times = spoken_times(lines, transcript)
    result: list[Slot] = []
    problems: list[str] = []
    waiting: list[SceneLine] = []
    beginning = 0.0
    for line, time in [*zip(lines, times, strict=True), (None, (duration, duration))]:
        if time is None:
            assert line is not None
            waiting.append(line)
            continue
        for each, start, end in _shares(waiting, beginning, time[0]):
            if each.kind == "description" and end > start:
                result.append(Slot(start, end, each.text, f"{name}:{each.row}"))
            elif each.kind == "description":
                problems.append(f"{name}:{each.row}: no pause between the spoken lines around it; left out")
        waiting, beginning = [], max(beginning, time[1])
    return result, problems


def spoken_times(lines: Sequence[SceneLine], transcript: Sequence[Segment]) -> list[tuple[float, float] | None]:
    """(start, end) in seconds of each line that is spoken and found in the transcript, None for the others."""
    heard = [(word, *span) for segment in transcript for word, span in timed_words(segment)]
    said = [(word, index) for index, line in enumerate(lines) if line.kind == "subtitle" for word in tokens(line.text)]
    in_both = Counter(word for word, _ in said), Counter(word for word, *_ in heard)
    if sum(count * in_both[1][word] for word, count in in_both[0].items()) > _MOST_PAIRS:
        raise BadInput("movie_scene and transcript repeat the same words too often to be aligned; cut them to one film")
    matcher = SequenceMatcher(None, [word for word, _ in said], [word for word, *_ in heard], autojunk=False)
    spans: dict[int, list[tuple[float, float]]] = {}
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            spans.setdefault(said[block.a + offset][1], []).append(heard[block.b + offset][1:])
    times: list[tuple[float, float] | None] = []
    for index, line in enumerate(lines):
        found = spans.get(index, [])
        trusted = found and len(found) >= _LEAST_MATCH * len(tokens(line.text))
        times.append((found[0][0], found[-1][1]) if trusted else None)
    return times


def text_of(value: Any) -> str:
    """Scene text, which must be a string; line breaks matter to nobody."""
    if not isinstance(value, str) or not value.strip():
        raise RowProblem("movie_scene is empty or not text")
    if len(value) > _LONGEST_SCENE:
        raise RowProblem(f"movie_scene has {len(value)} characters, at most {_LONGEST_SCENE} are read")
    return value


def _shares(lines: Sequence[SceneLine], start: float, end: float) -> Iterable[tuple[SceneLine, float, float]]:
    """(line, its start, its end): consecutive parts of [start, end] in proportion to the lines' words."""
    weights = [max(1, len(tokens(line.text))) for line in lines]
    length, before = max(0.0, end - start), 0
    for line, weight in zip(lines, weights, strict=True):
        first = start + length * before / sum(weights)
        before += weight
        yield line, round(first, 3), round(start + length * before / sum(weights), 3)
