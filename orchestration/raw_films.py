"""Which raw films are new, changed or gone since a remake was last asked for: seen from sizes and times, nothing read.

Whether the content differs is settled by the keys, when it is made; here a change need only be noticed, and not while
a film is still being copied: all folders must look twice the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.files import digest
from publishing.settings import RAW, Settings, film_ids, split_of

States = Mapping[str, str]  # film -> digest of its raw files' names, sizes and times


@dataclass(frozen=True)
class Noticed:
    """`cursor` is to be given back at the next look; `settled` is false while folders still change."""

    cursor: str
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    settled: bool = True

    def __bool__(self) -> bool:
        return self.settled and bool(self.new or self.changed or self.gone)

    def line(self) -> str:
        parts = {"new": self.new, "changed": self.changed, "gone": self.gone}
        return "; ".join(f"{word}: {', '.join(films)}" for word, films in parts.items() if films) or "nothing new"


def raw_states(settings: Settings, *, root: Path) -> dict[str, str]:
    """Every raw film of the parameters that is there; none where the studio draws the films."""
    if settings.films.source == "studio":
        return {}
    folders = {film: root / RAW / split_of(settings, film, root=root) / film for film in film_ids(settings, root=root)}
    return {film: _state(folder) for film, folder in folders.items() if folder.exists()}


def _state(folder: Path) -> str:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    stamps = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return digest([[name, stat.st_size, stat.st_mtime_ns] for name, stat in stamps])


def notice(cursor: str | None, now: States, *, published: Collection[str]) -> Noticed:
    """What to ask a remake for. At the first look (`cursor` None) the films that are published count as asked for."""
    if cursor is None:
        known = {"seen": dict(now), "asked": {film: state for film, state in now.items() if film in published}}
        return Noticed(json.dumps(known, sort_keys=True), settled=False)
    before = json.loads(cursor)
    asked: dict[str, str] = before["asked"]
    settled = before["seen"] == dict(now)
    found = Noticed(
        "",
        new=tuple(sorted(now.keys() - asked.keys())),
        changed=tuple(sorted(film for film in now.keys() & asked.keys() if now[film] != asked[film])),
        gone=tuple(sorted(asked.keys() - now.keys())),
        settled=settled,
    )
    kept = {"seen": dict(now), "asked": dict(now) if found else asked}
    return Noticed(json.dumps(kept, sort_keys=True), found.new, found.changed, found.gone, settled)
