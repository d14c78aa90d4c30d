"""The draft as files: JSON for tools, WebVTT and SRT for players, Markdown for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from common.files import write_json, write_text
from corpora.subtitles import Subtitle, write_srt, write_vtt


@dataclass(frozen=True)
class ShotSheet:
    """A shot and who was recognised in it; frames inclusive, times in seconds."""

    first_frame: int
    last_frame: int
    start: float
    end: float
    characters: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A drafted description; `confidence` is the mean probability of its words (0 to 1), as the model sees it."""

    start: float
    end: float
    text: str
    characters: tuple[str, ...]
    confidence: float


def write_script(
    folder: Path, *, title: str, shots: Sequence[ShotSheet], lines: Sequence[Line], notes: Sequence[str]
) -> None:
    """Writes description.json, .vtt, .srt and .md into `folder`; `notes` say what the draft cannot know."""
    write_json(
        folder / "description.json",
        {
            "title": title,
            "shots": [asdict(s) for s in shots],
            "lines": [asdict(x) for x in lines],
            "notes": list(notes),
        },
    )
    cues = [Subtitle(line.start, line.end, line.text) for line in lines]
    write_vtt(folder / "description.vtt", cues)
    write_srt(folder / "description.srt", cues)
    write_text(folder / "description.md", as_text(title, shots, lines, notes))


def as_text(title: str, shots: Sequence[ShotSheet], lines: Sequence[Line], notes: Sequence[str]) -> str:
    """The draft as Markdown: notes, shots with who is in them, then one line a slot."""
    rows = [f"# {title}: draft description", ""]
    rows += [f"> {note}" for note in notes]
    rows += ["", "## Who is on screen", "", "| shot | frames | time | recognised |", "| --- | --- | --- | --- |"]
    for number, shot in enumerate(shots, 1):
        who = ", ".join(shot.characters) or "nobody recognised"
        rows.append(
            f"| {number} | {shot.first_frame}-{shot.last_frame} | {clock(shot.start)}-{clock(shot.end)} | {who} |"
        )
    rows += ["", "## Lines", ""]
    rows += [f"- **{clock(line.start)}-{clock(line.end)}** {line.text} _({line.confidence:.2f})_" for line in lines]
    return "\n".join(rows) + "\n"


def clock(seconds: float) -> str:
    """`1:02.5`: minutes and seconds, as a describer's script has them."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
