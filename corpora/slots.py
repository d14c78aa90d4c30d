"""From a corpus's rows to a film's descriptions: on the film's clock, inside the film, in time order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpora.cast import CastEntry
from corpora.film import Description, LabelledBox
from corpora.subtitles import Subtitle


@dataclass(frozen=True)
class Slot:
    """A described slot as its corpus gives it; `where` is its place in the annotation, "file:row"."""

    start: float
    end: float
    text: str
    where: str


@dataclass(frozen=True)
class Annotation:
    """What any corpus says about one film."""

    title: str
    cast: tuple[CastEntry, ...]
    slots: tuple[Slot, ...]
    labelled_boxes: tuple[LabelledBox, ...] = ()
    problems: tuple[str, ...] = ()
    dialogue: tuple[Subtitle, ...] = ()  # what an annotation quotes of it, on its clock; a subtitle file goes first


def descriptions(
    slots: Iterable[Slot], *, duration: float, delay: float = 0.0
) -> tuple[tuple[Description, ...], list[str]]:
    """Slots as descriptions with ids 1..N, clamped to [0, duration] seconds, and the reasons of those left out.

    `delay` is taken off every time first (`Film.delay`). Slots may overlap, as neighbours in the real corpora do, and a
    slot shorter than a frame is kept: its clip has one frame.
    """
    kept: list[tuple[float, float, str]] = []
    problems: list[str] = []
    for slot in slots:
        start, end = round(slot.start - delay, 6), round(slot.end - delay, 6)
        if end < start:
            problems.append(f"{slot.where}: ends ({slot.end:g}) before it starts ({slot.start:g}); left out")
        elif start >= duration:
            problems.append(
                f"{slot.where}: starts at {slot.start:g} s, after the film's end ({duration:g} s); left out"
            )
        elif end < 0:
            problems.append(f"{slot.where}: ends at {slot.end:g} s, before the first picture; left out")
        elif end == max(start, 0.0):
            problems.append(f"{slot.where}: lasts no time ({slot.start:g} s); left out")
        else:
            kept.append((max(start, 0.0), min(end, duration), slot.text))
    kept.sort(key=lambda each: each[:2])
    return tuple(Description(number, *each) for number, each in enumerate(kept, 1)), problems
