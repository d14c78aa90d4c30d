"""Every kind of file, damaged many times and read: how often it was read, refused, and what else happened."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from orchestration.damage.kinds import Kind, damage
from orchestration.damage.values import OUTSIDE
from orchestration.damage.watch import FAULTS, READ, Outcome, Watch

GROUPS = ("corpus_kinds", "film_kinds", "own_kinds", "model_kinds")
_PATIENCE = 120.0  # seconds for one file, whatever else the machine does; then its process is ended
_log = logging.getLogger(__name__)


@dataclass
class Tally:
    """How many files of a kind came to which end, and the faults: (number of the file, what is wrong)."""

    kind: str
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Outcome]] = field(default_factory=list)

    def count(self, number: int, outcome: Outcome) -> None:
        self.ends[outcome.what] += 1
        if outcome.what in FAULTS:
            self.faults.append((number, outcome))


def kinds_of(group: str) -> list[Kind]:
    found: list[Kind] = import_module(f"orchestration.damage.{group}").kinds()
    return found


def outcomes(
    kind: Kind, box: Path, watch: Watch, *, files: int, seed: int = 0, first: int = 0
) -> Iterator[tuple[int, Outcome]]:
    """(number, outcome) of each damaged file of a kind; the undamaged one is read first and must be read.

    Every file is laid into a folder of its own; beside it lies what damage tries to reach.
    """
    good, case = box / "good", box / "case" / "tt1"
    shutil.rmtree(box, ignore_errors=True)
    good.mkdir(parents=True)
    kind.lay(good)
    content = (good / kind.file).read_bytes()
    (box / "case" / OUTSIDE).mkdir(parents=True)
    (box / "case" / OUTSIDE / "secret.png").write_bytes(b"\x89PNG secret")
    shutil.copytree(good, case)
    sound = watch.read(kind, case)
    if sound.what != READ:
        raise AssertionError(f"{kind.name}: the undamaged file is not read: {sound}")
    for number in range(first, files):
        for left in (case, case.with_name("normal")):
            shutil.rmtree(left, ignore_errors=True)
        shutil.copytree(good, case)
        (case / kind.file).write_bytes(damage(kind, content, seed=seed, number=number))
        yield number, watch.read(kind, case)


def survey(groups: Sequence[str], *, files: int, seed: int = 0) -> list[Tally]:
    """A tally of each kind. The readers work in a process of their own: one that dies or stands still is a fault of
    the file it was at, and the next file is read in a new process."""
    tallies = {(group, kind.name): Tally(kind.name) for group in groups for kind in kinds_of(group)}
    places = [(group, kind, number) for group, kind in tallies for number in range(files)]
    done = 0
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        while done < len(places):
            for outcome in _in_a_process(Path(folder), places[done:], files, seed):
                group, kind, number = places[done]
                tallies[group, kind].count(number, outcome)
                done += 1
                if number == files - 1:
                    _log.info("damage: %s, %s", kind, dict(tallies[group, kind].ends))
    return list(tallies.values())


def _in_a_process(folder: Path, places: Sequence[tuple[str, str, int]], files: int, seed: int) -> Iterator[Outcome]:
    """Outcomes in the order of `places`, up to the one at which the process died."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    reader = context.Process(target=_read_all, args=(there, folder, places, files, seed), daemon=True)
    reader.start()
    there.close()
    left = len(places)
    try:
        while left:
            if not here.poll(_PATIENCE):
                yield Outcome("hang", f"more than {_PATIENCE:.0f} s")
                return
            outcome = here.recv()
            if not isinstance(outcome, Outcome):
                raise AssertionError(str(outcome))
            yield outcome
            left -= 1
    except EOFError:
        reader.join()
        yield Outcome("crash", f"the process ended with {reader.exitcode}")
    finally:
        reader.kill()
        reader.join()


def _read_all(answer: Connection, folder: Path, places: Sequence[tuple[str, str, int]], files: int, seed: int) -> None:
    watch = Watch(folder)
    firsts: dict[tuple[str, str], int] = {}
    for group, name, number in places:
        firsts.setdefault((group, name), number)
    for (group, name), first in firsts.items():
        kind = next(each for each in kinds_of(group) if each.name == name)
        try:
            for _, outcome in outcomes(kind, folder / "box", watch, files=files, seed=seed, first=first):
                answer.send(outcome)
        except AssertionError as error:
            answer.send(str(error))
            return
