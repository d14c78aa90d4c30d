"""Speech transcripts in WhisperX's layout: segments with times, and words with times where the alignment found them.

    {"segments": [{"start", "end", "text", "words": [{"word", "start", "end", "score"}, ...]}, ...], "language"}

`words` may be missing, as may a word's times (numbers and unknown letters are not aligned).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.reading import Reading, RowProblem, check_order, member, number, reading, text

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
Span = tuple[float, float]


@dataclass(frozen=True)
class Word:
    """A transcribed word with its punctuation; `span` is (start, end) in seconds, None where it was not aligned."""

    text: str
    span: Span | None


@dataclass(frozen=True)
class Segment:
    """A transcribed stretch of speech; times in seconds; `words` may be none."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


def read_transcript(path: Path) -> Reading[Segment]:
    """Segments in time order. A word whose times are missing or no times is kept without them."""
    content = read_json(path, foreign=True)
    segments = content.get("segments") if isinstance(content, dict) else None
    if not isinstance(segments, list):
        raise BadInput(f'{path}: not a transcript; it must be {{"segments": [{{"start", "end", "text"}}, ...]}}')
    rows: list[Segment] = []
    problems: list[str] = []
    for row, segment in enumerate(segments, 1):
        try:
            start, end = number(member(segment, "start"), "start"), number(member(segment, "end"), "end")
            check_order(start, end)
            rows.append(Segment(start, end, text(member(segment, "text"), "text"), _words_of(segment.get("words"))))
        except RowProblem as problem:
            problems.append(f"{path.name}:{row}: {problem}; left out")
    if not segments:
        return Reading((), ())  # a clip in which nobody speaks
    return reading(path, sorted(rows, key=lambda each: (each.start, each.end)), problems)


def write_transcript(path: Path, segments: Iterable[Segment]) -> None:
    write_json(path, {"segments": [_record(each) for each in segments], "language": "en"})


def tokens(value: str) -> list[str]:
    """The words of a text as they are compared: without case and punctuation."""
    return [word.casefold().replace("’", "'") for word in _WORD.findall(value)]


def timed_words(segment: Segment) -> list[tuple[str, Span]]:
    """A segment's words (`tokens`), each with its time in seconds, within the segment and in order.

    Aligned words have their own times. The others divide what lies between their aligned neighbours, or the ends of
    the segment, in proportion to their letters.
    """
    known: list[tuple[str, Span | None]] = []
    reached = segment.start
    for word in segment.words:
        said = tokens(word.text)
        if word.span is None or not said:
            known += [(token, None) for token in said]
            continue
        start, end = (min(max(time, reached), segment.end) for time in word.span)
        known += _divided(said, start, end)
        reached = max(start, end)
    if not known:
        known = [(token, None) for token in tokens(segment.text)]
    timed: list[tuple[str, Span]] = []
    waiting: list[str] = []
    beginning = segment.start
    for token, span in [*known, ("", (segment.end, segment.end))]:
        if span is None:
            waiting.append(token)
            continue
        timed += [*_divided(waiting, beginning, span[0]), *([(token, span)] if token else [])]
        waiting, beginning = [], span[1]
    return timed


def _divided(words: Sequence[str], start: float, end: float) -> list[tuple[str, Span]]:
    """Words with consecutive parts of [start, end] in proportion to their letters; the last keeps the end."""
    letters, before = sum(map(len, words)), 0
    timed = []
    for word in words:
        first = start + (end - start) * before / letters
        before += len(word)
        last = end if before == letters else start + (end - start) * before / letters
        timed.append((word, (first, last)))
    return timed


def _words_of(value: Any) -> tuple[Word, ...]:
    """Whatever of a segment's `words` can be used; a segment is not worse for words that cannot."""
    records = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    said = [(each["word"], each) for each in records if isinstance(each.get("word"), str) and each["word"].strip()]
    return tuple(Word(" ".join(word.split()), _span(record)) for word, record in said)


def _span(record: dict[str, Any]) -> Span | None:
    try:
        start, end = number(record.get("start"), "start"), number(record.get("end"), "end")
    except RowProblem:
        return None
    return (start, end) if 0 <= start <= end else None


def _record(segment: Segment) -> dict[str, Any]:
    record: dict[str, Any] = {"start": segment.start, "end": segment.end, "text": segment.text}
    if segment.words:
        record["words"] = [
            {"word": word.text} | ({"start": word.span[0], "end": word.span[1]} if word.span else {})
            for word in segment.words
        ]
    return record
