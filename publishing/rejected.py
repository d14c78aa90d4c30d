"""How much of what a gate refused is kept: data up to a limit, the oldest go first; why they were refused stays."""

from __future__ import annotations

import shutil
from pathlib import Path

from publishing.records import REJECTED
from publishing.thumbnails import THUMBNAILS

VERDICT = (REJECTED, THUMBNAILS)  # what stays of a unit whose data were removed


def beyond_limit(rejects: Path, *, most_bytes: float) -> list[tuple[str, int]]:
    """The units (with their bytes) whose data have to go from `data/rejected/<stage>`, the oldest first; never the
    newest."""
    held = [(size, unit) for unit in by_age(rejects) if (size := data_bytes(unit))]
    total = sum(size for size, _ in held)
    found = []
    for size, unit in held[:-1]:
        if total <= most_bytes:
            break
        found.append((unit.name, size))
        total -= size
    return found


def by_age(rejects: Path) -> list[Path]:
    """The folders of rejected units, the one refused first in front."""
    found = [folder for folder in rejects.iterdir() if (folder / REJECTED).is_file()] if rejects.is_dir() else []
    return sorted(found, key=lambda folder: ((folder / REJECTED).stat().st_mtime_ns, folder.name))


def data_bytes(folder: Path) -> int:
    """What the unit's data take: links to files that are published too cost nothing."""
    files = (path for path in folder.rglob("*") if path.is_file() and path not in _verdict(folder))
    return sum(found.st_size for path in files if (found := path.stat()).st_nlink == 1)


def keep_verdict(folder: Path, alone: Path) -> None:
    """Copies into `alone` what stays, with its time."""
    alone.mkdir(parents=True)
    for path in _verdict(folder):
        if path.is_file():
            shutil.copy2(path, alone / path.name)


def _verdict(folder: Path) -> list[Path]:
    return [folder / name for name in VERDICT]
