"""Subtitles as SRT and WebVTT: the dialogue between the described pauses, and the form of a description track."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput
from common.files import read_whole, write_text
from corpora.reading import LONGEST_TEXT, decoded, one_line

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[,.](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s+\S.*)?\s*$")
_MARKUP = re.compile(r"</?(?:[ibu]|font|c)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
_LARGEST = 50_000_000  # bytes; a feature film's subtitles have a five-hundredth of it
_ENDLESS = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")  # a number that stands for no character


@dataclass(frozen=True)
class Subtitle:
    """One spoken (or described) line; times in seconds on the film's clock, text on one line."""

    start: float
    end: float
    text: str


def read_srt(path: Path, problems: list[str] | None = None) -> list[Subtitle]:
    """The cues of an SRT (or WebVTT) file in time order; an empty file is a film without dialogue.

    A cue that cannot be read is left out and its reason, with file name and line, is appended to `problems`. UTF-8 with
    or without a byte order mark is expected and cp1252 accepted. Raises `BadInput` for a missing file, and where a file
    with text holds no readable cue.
    """
    path = Path(path)
    content = decoded(read_whole(path, largest=_LARGEST))
    found: list[str] = []
    cues = parse_srt(content, name=path.name, problems=found)
    if not cues and content.strip() not in ("", "WEBVTT"):
        raise BadInput(f"{path}: no readable subtitle in it ({found[0] if found else 'no line of dialogue'})")
    if problems is not None:
        problems.extend(found)
    return cues


def parse_srt(text: str, *, name: str, problems: list[str]) -> list[Subtitle]:
    """The readable cues of an SRT text in time order; `name` stands for the file in `problems`."""
    cues: list[Subtitle] = []
    for row, timing, lines in _cues(text.splitlines()):
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        spoken = one_line(html.unescape(_ENDLESS.sub("\ufffd", _MARKUP.sub("", " ".join(lines)))))[
            :LONGEST_TEXT
        ].strip()
        if end < start:
            problems.append(f"{name}:{row}: ends ({end:.3f}) before it starts ({start:.3f}); left out")
        elif spoken:
            cues.append(Subtitle(start, end, spoken))
    for row, line in enumerate(text.splitlines(), 1):
        if "-->" in line and not _TIMING.match(line) and re.match(r"\s*[\d:]+", line):
            problems.append(f"{name}:{row}: not a timing line ({line.strip()[:80]!r}); left out")
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def write_srt(path: Path, subtitles: Iterable[Subtitle]) -> None:
    """Writes cues numbered from 1, times rounded to milliseconds; cues without text are left out."""
    blocks = [
        f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{_escape(one_line(cue.text))}\n"
        for number, cue in enumerate(_spoken(subtitles), 1)
    ]
    write_text(Path(path), "\n".join(blocks))


def write_vtt(path: Path, subtitles: Iterable[Subtitle]) -> None:
    """Writes WebVTT, which a browser reads as `<track kind="descriptions">` or subtitles."""
    blocks = [
        f"{number}\n{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{_escape(one_line(cue.text))}\n"
        for number, cue in enumerate(_spoken(subtitles), 1)
    ]
    write_text(Path(path), "\n".join(["WEBVTT\n", *blocks]))


def _cues(lines: list[str]) -> Iterator[tuple[int, re.Match[str], list[str]]]:
    """(row of the timing line, its match, the cue's text lines); blank lines between cues may be missing."""
    timings = [(index, match) for index, line in enumerate(lines) if (match := _TIMING.match(line))]
    for number, (index, match) in enumerate(timings):
        last = timings[number + 1][0] if number + 1 < len(timings) else len(lines)
        text = lines[index + 1 : last]
        if number + 1 < len(timings) and text and text[-1].strip().isdigit() and index + 1 < last:
            text = text[:-1]  # the next cue's number
        if "" in (stripped := [line.strip() for line in text]):
            text = text[: stripped.index("")]
        yield index + 1, match, text


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = groups
    milliseconds = int((fraction or "0").ljust(3, "0"))
    return (int(hours or 0) * 3_600_000 + int(minutes or 0) * 60_000 + int(seconds or 0) * 1000 + milliseconds) / 1000


def _stamp(seconds: float, mark: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


def _spoken(subtitles: Iterable[Subtitle]) -> list[Subtitle]:
    return [cue for cue in subtitles if one_line(cue.text)]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
