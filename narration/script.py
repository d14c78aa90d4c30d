"""A draft as data, and as the pages a person reads: the script, and the queue of what to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ShotSheet:
    """A shot and who was recognised in it; frames inclusive, times in seconds."""

    first_frame: int
    last_frame: int
    start: float
    end: float
    characters: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A recognised character: body and face (None where it was not seen) as x1 y1 x2 y2 in pixels of the film."""

    name: str
    body: tuple[float, ...]
    face: tuple[float, ...] | None


@dataclass(frozen=True)
class Boxes:
    """Who stands where on one frame, shown at `time` (s) of a film of `width` by `height` pixels."""

    frame: int
    time: float
    width: int
    height: int
    characters: tuple[Box, ...]


@dataclass(frozen=True)
class Alternative:
    """A candidate that was not chosen: as it would be spoken, how likely the model holds it (0 to 1, and as log
    probability per token), why it may not be said ("" if it may), and what is doubtful in it."""

    text: str
    confidence: float
    score: float
    refused: str
    doubtful: tuple[str, ...]


@dataclass(frozen=True)
class Reasons:
    """Why this candidate was chosen, and what to check in it."""

    chosen: str
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A drafted description; `confidence` is the mean probability of its words (0 to 1), as the model sees it.

    `characters` are those recognised in the slot, spoken or not. `doubt` (0 to 1) also counts what the rules found;
    `drafted` is the model's own sentence before they were applied.
    """

    start: float
    end: float
    text: str
    characters: tuple[str, ...]
    confidence: float
    doubt: float = 0.0
    drafted: str = ""
    reasons: Reasons = Reasons("")
    alternatives: tuple[Alternative, ...] = ()
    boxes: Boxes | None = None
    edited: bool = False  # a person's words


@dataclass(frozen=True)
class Silence:
    """A slot without a line, and why."""

    start: float
    end: float
    why: str


@dataclass(frozen=True)
class Track:
    """A recognised face through a shot: per key frame its time (s) and its box x1 y1 x2 y2, as shares of the picture's
    width and height."""

    name: str
    boxes: tuple[tuple[float, float, float, float, float], ...]


@dataclass(frozen=True)
class Speech:
    """A stretch of dialogue on the film file's clock; `text` is "" where it was heard and not read."""

    start: float
    end: float
    text: str = ""


@dataclass(frozen=True)
class Draft:
    """Who is on screen in each shot, a line per slot, the slots left silent, and what the draft cannot know.

    `duration` is the film file's in seconds; `drafted` what the machine wrote before edits (`narration.edits`);
    `film` the film's file as seen from the draft's folder.
    """

    title: str
    shots: tuple[ShotSheet, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    silences: tuple[Silence, ...] = ()
    duration: float = 0.0
    drafted: tuple[tuple[str, str], ...] = ()
    tracks: tuple[Track, ...] = ()
    dialogue: tuple[Speech, ...] = ()
    film: str = ""

    def text(self) -> str:
        return as_text(self)

    def value(self) -> dict[str, Any]:
        """What description.json holds."""
        return {
            "title": self.title,
            "shots": [asdict(shot) for shot in self.shots],
            "lines": [asdict(line) for line in self.lines],
            "silences": [asdict(silence) for silence in self.silences],
            "review": review(self.lines),
            "notes": list(self.notes),
            "tracks": [asdict(track) for track in self.tracks],
            "dialogue": [asdict(speech) for speech in self.dialogue],
            "duration": self.duration,
            "film": self.film,
        }


def review(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines by doubt, the most doubtful first; `line` counts from 1 in the order of the film."""
    order = sorted(range(len(lines)), key=lambda index: (-lines[index].doubt, index))
    return [
        {"line": index + 1, "doubt": lines[index].doubt, "why": list(lines[index].reasons.doubtful)} for index in order
    ]


def as_text(draft: Draft) -> str:
    """The draft as Markdown: notes, shots with who is in them, then one line a slot."""
    rows = [f"# {draft.title}: draft description", ""]
    rows += [f"> {note}" for note in draft.notes]
    rows += ["", "## Who is on screen", "", "| shot | frames | time | recognised |", "| --- | --- | --- | --- |"]
    for number, shot in enumerate(draft.shots, 1):
        who = ", ".join(shot.characters) or "nobody recognised"
        rows.append(f"| {number} | {shot.first_frame}-{shot.last_frame} | {span(shot.start, shot.end)} | {who} |")
    rows += ["", "## Lines", ""]
    rows += [f"- **{span(line.start, line.end)}** {line.text} {remark(line)}" for line in draft.lines]
    return "\n".join(rows) + "\n"


def review_text(draft: Draft) -> str:
    """The review queue as Markdown: the lines by doubt with what to check and what else could be said, then the slots
    that were left silent, and what no line can know."""
    first = "The most doubtful line stands first (doubt 0 to 1)." if draft.lines else "There is no line in this draft."
    rows = [f"# {draft.title}: what to check first", "", first]
    for entry in review(draft.lines):
        line = draft.lines[entry["line"] - 1]
        rows += ["", f"## {span(line.start, line.end)} {line.text}", ""]
        rows.append(f"Line {entry['line']}, doubt {line.doubt:.2f}. On screen: {_list(line.characters)}.")
        rows += ["", *(f"- Check: {why}." for why in entry["why"])]
        rows.append(f"- Why this line: {line.reasons.chosen}.")
        if line.drafted not in ("", line.text):
            rows.append(f'- The model\'s own words: "{line.drafted}"')
        for other in line.alternatives:
            against = other.refused or "; ".join(other.doubtful)
            rows.append(f"- Or: {other.text} _({other.confidence:.2f}{f'; {against}' if against else ''})_")
    if draft.silences:
        rows += ["", "## Left silent", ""]
        rows += [f"- **{span(each.start, each.end)}** {each.why}." for each in draft.silences]
    rows += ["", "## What the draft cannot know", "", *(f"- {note}" for note in draft.notes)] if draft.notes else []
    return "\n".join(rows) + "\n"


def remark(line: Line) -> str:
    """What stands behind a line in the script: the model's confidence, or that a person wrote it."""
    return "_(edited)_" if line.edited else f"_({line.confidence:.2f})_"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody recognised"


def span(start: float, end: float) -> str:
    """`0:01.0-0:03.5`."""
    return f"{clock(start)}-{clock(end)}"


def clock(seconds: float) -> str:
    """`1:02.5`: minutes and seconds, as a describer's script has them."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
