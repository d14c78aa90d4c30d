"""Units made side by side, in this process or in workers that end with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from common.errors import BadInput
from common.workers import map_in_processes, nothing
from publishing.room import NoRoom, no_room
from publishing.stage import Stage, Work
from publishing.usage import Meter, Sample


@dataclass(frozen=True)
class Made:
    """A unit's folder as written, or the reason why it has to be put aside; what a training took of the machine."""

    unit: str
    out: Path
    aside: str | None = None
    usage: tuple[Sample, ...] = ()


def make_units(
    make: Callable[[Work], None],
    work: Sequence[Work],
    *,
    jobs: int,
    measured: bool = False,
    meanwhile: Callable[[], None] = nothing,
) -> Iterator[Made]:
    """In the order of `work`; an exception other than `BadInput` ends the iteration.

    `meanwhile` is called in this process while others make the units, and not at all where this one makes them.
    """
    yield from map_in_processes(partial(make_unit, make, measured=measured), work, jobs=jobs, meanwhile=meanwhile)


def make_unit(make: Callable[[Work], None], work: Work, *, measured: bool = False) -> Made:
    """Makes one unit in this process; `BadInput` becomes the reason to put it aside."""
    meter = Meter()
    try:
        with meter if measured else nullcontext():
            make(work)
    except BadInput as mistake:
        line = no_room(mistake, root=work.data)
        if line is not None:  # e.g. a film that could not be written, and is called damaged
            raise NoRoom(line) from mistake
        return Made(work.unit, work.out, without_places(str(mistake), work.out, work.data))
    return Made(work.unit, work.out, usage=tuple(meter.taken()))


def is_training(stage: Stage) -> bool:
    """Whether a unit of this stage has a run in MLflow."""
    return stage.track is not None


def without_places(message: str, out: Path, data: Path) -> str:
    """The message with paths relative to the unit's folder or to the repository: it is published on every machine."""
    for place in (out, out.parent, data.parent):
        for path in {place, place.resolve()} - {Path("/")}:
            known = rf"(?<![\w./-]){re.escape(str(path))}"
            message = re.sub(known + "/", "", message)
            message = re.sub(known + r"(?![\w.-])", "." if place != out else out.name.replace("\\", r"\\"), message)
    return message
