"""A line for every slot, one after another: the captioner's candidates, chosen among by the craft's rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from corpora.film import Description, Film
from corpora.subtitles import Subtitle
from narration.names import introductions
from narration.progress import Progress
from narration.rules import Candidate, Choice, Judged, Moment, choose, recent
from narration.script import Alternative, Box, Boxes, Line, Reasons, Silence, span
from narration.settings import NarrationSettings
from narration.speaker import BANK

if TYPE_CHECKING:
    from models.perception.regions import Regions
    from models.perception.settings import PerceptionSettings

NARROW = 0.85  # of the threshold: a face beyond it is recognised, but only just


@dataclass(frozen=True)
class Spoken:
    """A slot with its clip record, what the rules knew about it, the captioner's sentences, and what they made of them.

    `text` is what is said there ("" for silence), which the slots after it know of.
    """

    slot: Description
    record: Mapping[str, Any]
    moment: Moment
    candidates: Sequence[Candidate]
    choice: Choice
    text: str


def speak(
    film: Film,
    regions: Regions,
    ask: Callable[[Mapping[str, Any]], Sequence[Candidate]],
    *,
    perception: PerceptionSettings,
    settings: NarrationSettings,
    threshold: float,
    say: Callable[[Description, Choice], str] | None = None,
) -> Iterator[Spoken]:
    """Slot after slot of `film.descriptions`, each knowing what was said before it.

    `ask` answers a clip record with sentences, best first; `threshold` is the distance up to which a face counted as
    recognised; `say` decides otherwise than the rules what is said in a slot.
    """
    from models.training.triplets import text_prior

    said: list[Description] = []
    subtitles = film.subtitles()
    for record, slot, moment in moments(film, regions, perception, settings, threshold, said):
        record["prior"] = text_prior([*said, slot], len(said), subtitles)
        found = ask(record)
        choice = choose(found, moment, settings)
        text = say(slot, choice) if say is not None else choice.line.text if choice.line else ""
        if text:
            said.append(replace(slot, text=text))
        yield Spoken(slot, record, moment, found, choice, text)


def draft_lines(
    film: Film,
    regions: Regions,
    ask: Callable[[Mapping[str, Any]], Sequence[Candidate]],
    *,
    perception: PerceptionSettings,
    settings: NarrationSettings,
    threshold: float,
    by_hand: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[list[Line], list[Silence]]:
    """A line or a silence per description of `film` (its slots), times on the file's clock.

    `by_hand` is what a person wants said in a slot (span to text, "" for silence), which the following lines know of.
    """
    mine = by_hand or {}

    def say(slot: Description, choice: Choice) -> str:
        own = mine.get(span(slot.start + film.delay, slot.end + film.delay))
        return own if own is not None else choice.line.text if choice.line else ""

    lines: list[Line] = []
    silences: list[Silence] = []
    progress = progress or Progress("lines", "slots", len(film.descriptions))
    for spoken in speak(film, regions, ask, perception=perception, settings=settings, threshold=threshold, say=say):
        start, end = spoken.slot.start + film.delay, spoken.slot.end + film.delay
        choice = spoken.choice
        if choice.line is None:
            silences.append(Silence(start, end, choice.why))
        else:
            lines.append(_line(start, end, choice, spoken.moment, boxes_of(film, spoken.record, regions)))
        silent = "silent, taken out by hand" if mine.get(span(start, end)) == "" else f"silent, {choice.why}"
        progress.add(always=True, remark=f": {spoken.text or silent}")
    return lines, silences


def moments(
    film: Film,
    regions: Regions,
    perception: PerceptionSettings,
    settings: NarrationSettings,
    threshold: float,
    said: Sequence[Description],
) -> Iterator[tuple[dict[str, Any], Description, Moment]]:
    """Each slot with its clip record and what the rules know about it; `said` grows while this goes on."""
    from models.captioner.records import known_characters
    from models.training.triplets import clip_records

    subtitles = film.subtitles()
    cast = tuple(character.name for character in film.cast)
    introduced = introductions(subtitles, cast) if subtitles else None
    for record, slot in zip(clip_records(film, regions, perception), film.descriptions, strict=True):
        names = tuple(name for name, _ in known_characters(record, BANK))
        moment = Moment(
            seconds=slot.end - slot.start,
            cast=cast,
            recognised=names,
            narrow=tuple(name for name in names if nearest(regions, slot.id, name) > NARROW * threshold),
            named=named_so_far(introduced, at=slot.start, settings=settings),
            said=recent([(line.end, line.text) for line in said], slot.start, settings.echo_seconds),
            dialogue=dialogue_around(subtitles, slot, settings),
        )
        yield record, slot, moment


def named_so_far(
    introduced: Mapping[str, float] | None, *, at: float, settings: NarrationSettings
) -> tuple[str, ...] | None:
    """Whom a line at `at` (s) may name of those it sees, by when the film names them (None: it has no subtitles); None:
    everybody."""
    if settings.names == "never":
        return ()
    if settings.names == "recognised" or introduced is None:
        return None
    return tuple(sorted(name for name, since in introduced.items() if since < at))


def dialogue_around(subtitles: Sequence[Subtitle], slot: Description, settings: NarrationSettings) -> tuple[str, ...]:
    """What is spoken up to `dialogue_seconds` before the slot, and first thing after it."""
    before = [
        line for line in subtitles if slot.start - settings.dialogue_seconds <= line.end and line.start < slot.start
    ]
    after = [line for line in subtitles if line.start >= slot.start][:1]
    return tuple(line.text for line in (*before, *after))


def nearest(regions: Regions, clip: int, name: str) -> float:
    """The distance by which a clip's tracks were recognised as `name`, the smallest; nan where none was."""
    tracks = regions.tracks
    own = tracks[(tracks["clip"] == clip) & (tracks["name_best"] == name)]["distance_best"]
    return float(own.min()) if len(own) else math.nan


def boxes_of(film: Film, record: Mapping[str, Any], regions: Regions) -> Boxes:
    """The recognised characters on the middle key frame of a clip; one that is out of sight there has no box."""
    keys = record["key_frames"]
    frame = int(keys[len(keys) // 2])
    _, rows = regions.of_clip(record["clip_id"])
    rows = rows[rows["frame"] == frame]
    found = []
    for each in record["characters"][BANK]:
        own = rows[rows["track"] == each["track"]]
        if len(own):
            values = {name: round(float(own.iloc[0][name]), 1) for name in (*_CORNERS, *_FACE)}
            face = None if math.isnan(values["face_x1"]) else tuple(values[name] for name in _FACE)
            found.append(Box(each["name"], tuple(values[name] for name in _CORNERS), face))
    return Boxes(frame, round(frame / film.fps + film.delay, 3), film.width, film.height, tuple(found))


_CORNERS = ("x1", "y1", "x2", "y2")
_FACE = tuple(f"face_{corner}" for corner in _CORNERS)


def _line(start: float, end: float, choice: Choice, moment: Moment, boxes: Boxes) -> Line:
    assert choice.line is not None
    chosen = choice.line
    return Line(
        start=start,
        end=end,
        text=chosen.text,
        characters=moment.recognised,
        confidence=_probability(chosen.score),
        doubt=chosen.doubt,
        drafted=chosen.drafted,
        reasons=Reasons(choice.why, chosen.doubts),
        alternatives=tuple(_alternative(each) for each in choice.others),
        boxes=boxes,
    )


def _alternative(judged: Judged) -> Alternative:
    return Alternative(judged.text, _probability(judged.score), round(judged.score, 4), judged.refused, judged.doubts)


def _probability(score: float) -> float:
    return round(math.exp(min(score, 0.0)), 4)
