"""Every kind of file, damaged many times and read: how often it was read, refused, and what else happened."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.damage.kinds import Kind, damage
from orchestration.damage.values import OUTSIDE
from orchestration.damage.watch import READ, Outcome, Watch


@dataclass
class Tally:
    """How many files of a kind came to which end, and the faults: (number of the file, what is wrong)."""

    kind: str
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Outcome]] = field(default_factory=list)


def outcomes(
    kind: Kind, box: Path, watch: Watch, *, files: int, seed: int = 0, first: int = 0
) -> Iterator[tuple[int, Outcome]]:
    """(number, outcome) of each damaged file of a kind; the undamaged one is read first and must be read.

    Every file is laid into a folder of its own; beside it lies what damage tries to reach.
    """
    good = box / "good"
    shutil.rmtree(box, ignore_errors=True)
    good.mkdir(parents=True)
    kind.lay(good)
    content = (good / kind.file).read_bytes()
    (box / "case" / OUTSIDE).mkdir(parents=True)
    (box / "case" / OUTSIDE / "secret.png").write_bytes(b"\x89PNG secret")
    case = box / "case" / "tt1"
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
