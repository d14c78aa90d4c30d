"""Where a description may be spoken: the pauses between the subtitles, cut at shots where they are long."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.subtitles import Subtitle
from narration.settings import NarrationSettings

MINUTE = 60.0
SPILL = 0.5  # seconds of another shot at either end of a pause that no line speaks of


@dataclass(frozen=True)
class Slot:
    """A stretch of the film without dialogue, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def pauses(subtitles: Sequence[Subtitle], duration: float, *, margin: float) -> list[Slot]:
    """What the dialogue leaves free in [0, duration]; subtitles may overlap and come in any order."""
    free, clock = [], 0.0
    for line in sorted(subtitles, key=lambda line: line.start):
        if line.start - margin > clock:
            free.append(Slot(clock, min(line.start - margin, duration)))
        clock = max(clock, line.end + margin)
    if duration > clock:
        free.append(Slot(clock, duration))
    return free


def find_slots(
    subtitles: Sequence[Subtitle], duration: float, settings: NarrationSettings, *, cuts: Sequence[float] = ()
) -> list[Slot]:
    """Slots in time order, none over dialogue, each between the shortest and the longest length, and `spacing` apart.

    `cuts` are the times (s) at which a shot ends: a pause too long for one line is cut there first, then evenly.
    """
    slots: list[Slot] = []
    for whole in pauses(subtitles, duration, margin=settings.margin):
        pause = _without_spill(whole, cuts, settings)
        slots += _pieces(pause, [cut for cut in cuts if pause.start < cut < pause.end], settings)
    return [slot for slot in slots if slot.seconds >= settings.shortest_slot]


def thinned(slots: Sequence[Slot], most: float) -> tuple[list[Slot], list[Slot]]:
    """The slots to speak in and those to leave silent, both in time order: at most `most` begin within any minute.

    Not every pause is to be filled. Where there are too many, the shortest stays silent, of equals the later.
    """
    kept: list[Slot] = []
    silent: list[Slot] = []
    for slot in slots:
        kept.append(slot)
        near = [each for each in kept if each.start > slot.start - MINUTE]
        if len(near) > most:
            shortest = min(near, key=lambda each: (round(each.seconds, 3), -each.start))
            kept.remove(shortest)
            silent.append(shortest)
    return kept, sorted(silent, key=lambda slot: slot.start)


def _without_spill(pause: Slot, cuts: Sequence[float], settings: NarrationSettings) -> Slot:
    """The pause without the few frames of the shot before or after it, which show others than a line is about."""
    start = max((cut for cut in cuts if pause.start < cut < pause.start + SPILL), default=pause.start)
    end = min((cut for cut in cuts if pause.end - SPILL < cut < pause.end), default=pause.end)
    if end - start < settings.shortest_slot:
        return pause
    return Slot(start, end)


def _pieces(pause: Slot, cuts: list[float], settings: NarrationSettings) -> list[Slot]:
    if pause.seconds <= settings.longest_slot:
        return [pause]
    edges = [pause.start]
    for cut in [*sorted(cuts), pause.end]:
        # A cut that would leave a sliver on either side is passed over: its frames join the neighbour.
        if cut - edges[-1] >= settings.shortest_slot + settings.spacing * (cut < pause.end) and (
            cut == pause.end or pause.end - cut >= settings.shortest_slot
        ):
            edges.append(cut)
    edges[-1] = pause.end
    found = [part for start, end in itertools.pairwise(edges) for part in _even(start, end, settings.longest_slot)]
    # The film is heard before a line, not after it: a line that begins with its shot is about what is seen.
    return [Slot(each.start, each.end - settings.spacing * (each is not found[-1])) for each in found]


def _even(start: float, end: float, longest: float) -> list[Slot]:
    count = max(1, math.ceil((end - start) / longest - 1e-9))
    edges = [start + i * (end - start) / count for i in range(count)] + [end]
    return [Slot(*pair) for pair in itertools.pairwise(edges)]
