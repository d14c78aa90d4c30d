"""A film's cast with its portrait files, checked: names that can be told apart, pictures that can be read."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import inside, read_whole, write_bytes
from corpora.film import Character
from corpora.reading import place_of

_PICTURES = (".png", ".jpg", ".jpeg")
_LONGEST = 48  # characters of up to four bytes, where a file name may have 255
_LONGEST_NAME = 200  # bytes: a bank's files bear the names whole
_LARGEST_PICTURE = 100_000_000  # bytes
_MOST_PIXELS = 64_000_000
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


@dataclass(frozen=True)
class CastEntry:
    """A role as a corpus lists it; `portraits` are existing or missing files inside the source folder."""

    name: str
    actor: str
    id: str
    portraits: tuple[Path, ...]
    where: str


def file_name(name: str) -> str:
    """A character's name as a file name without its ending; characters that mean something in a path become `_`."""
    safe = _UNSAFE.sub("_", name.strip())[:_LONGEST].rstrip(" .") or "_"
    return f"_{safe.lstrip('.')}" if safe.startswith(".") else safe


def portraits_named(folder: Path, names: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    """For each name the pictures `NAME.png`, `NAME_2.png`, ... in `folder`, matched without regard to case.

    A file that bears another character's whole name is that character's: `ANNA_2.png` belongs to a role "ANNA_2". Names
    that differ only in case have the same pictures.
    """
    stems = {name: file_name(name).casefold() for name in names}
    found: dict[str, list[Path]] = {stem: [] for stem in stems.values()}
    files = sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []
    for path in files:
        stem = path.stem.casefold()
        numbered = re.sub(r"_\d+$", "", stem)
        bearer = stem if stem in found else numbered
        if bearer in found and path.suffix.lower() in _PICTURES and path.is_file():
            found[bearer].append(inside(folder, path.name))
    return {name: tuple(found[stem]) for name, stem in stems.items()}


def distinct(entries: Sequence[CastEntry]) -> tuple[tuple[CastEntry, ...], list[str]]:
    """The entries whose names can be told apart and name a file, and the reasons of the others.

    Names that differ only in case are one name, which is the first entry's.
    """
    kept: dict[str, CastEntry] = {}
    problems: list[str] = []
    for entry in entries:
        if not entry.name.isprintable() or _bytes_of(entry.name) > _LONGEST_NAME:
            problems.append(f"{entry.where}: {entry.name[:30]!r}... is too long or unprintable for a name; left out")
            continue
        first = kept.setdefault(entry.name.casefold(), entry)
        if first is not entry:
            problems.append(f"{entry.where}: the name {entry.name!r} is also {first.name!r} at {first.where}; left out")
    return tuple(kept.values()), problems


def readable_portraits(entries: Sequence[CastEntry]) -> tuple[tuple[CastEntry, ...], list[str]]:
    """The entries with only those portraits that open as pictures, and the reasons of the others.

    Raises `BadInput` where there is a cast and nobody has a portrait left.
    """
    kept: list[CastEntry] = []
    problems: list[str] = []
    for entry in entries:
        good = tuple(path for path in entry.portraits if _is_picture(path))
        bad = [path.name for path in entry.portraits if path not in good]
        problems.extend(f"portraits/{place_of(name)}: not a readable picture of {entry.name}; left out" for name in bad)
        kept.append(CastEntry(entry.name, entry.actor, entry.id, good, entry.where))
    if entries and not any(entry.portraits for entry in kept):
        wanted = f"portraits/{file_name(entries[0].name)}.png"
        raise BadInput(f"{entries[0].where}: nobody in the cast has a readable portrait; put {wanted} there")
    faceless = [entry.name for entry in kept if not entry.portraits]
    if faceless:
        problems.append(
            f"portraits: none of {', '.join(faceless)}; they will stay unnamed unless the film's labels help"
        )
    return tuple(kept), problems


def leading(
    entries: Sequence[CastEntry], count: int | None, *, labelled: Collection[str] = ()
) -> tuple[tuple[CastEntry, ...], list[str]]:
    """The first `count` of the cast in credit order, those whose face can be known before the others; all where None.

    A face is known by a portrait, or by the boxes that bear the name (`labelled`).

    The paper's main characters are the first five to eight; a credit list of sixty would only lend wrong names.
    """
    if count is None or len(entries) <= count:
        return tuple(entries), []
    known = [bool(entry.portraits) or entry.name in labelled for entry in entries]
    places = sorted(range(len(entries)), key=lambda place: (not known[place], place))
    kept = sorted(places[:count])
    told = f"{entries[0].where.split(':')[0]}: the first {count} of {len(entries)} credits are the main characters"
    return tuple(entries[place] for place in kept), [f"{told}; the others are left out"]


def characters(entries: Sequence[CastEntry]) -> tuple[tuple[Character, tuple[Path, ...]], ...]:
    """Each entry as a `Character` whose portraits lie in `portraits/` of the normal form, with their source files."""
    taken: set[str] = set()
    result = []
    for entry in entries:
        targets = []
        for number, _ in enumerate(entry.portraits, 1):
            stem = file_name(entry.name) + (f"_{number}" if number > 1 else "")
            while stem.casefold() in taken:
                stem += "_"
            taken.add(stem.casefold())
            targets.append(f"portraits/{stem}.png")
        result.append((Character(entry.name, entry.actor, entry.id, tuple(targets)), entry.portraits))
    return tuple(result)


def copy_portrait(source: Path, target: Path) -> None:
    """Copies a PNG as it is; another picture is stored as PNG."""
    import cv2

    content = source.read_bytes()
    if not content.startswith(b"\x89PNG"):
        encoded, png = cv2.imencode(".png", _pixels(content))
        if not encoded:
            raise BadInput(f"{source}: cannot be stored as PNG; save it as one")
        content = png.tobytes()
    write_bytes(target, content)


def _bytes_of(name: str) -> int:
    """What a name takes in a file's name, where unsafe characters are percent-encoded."""
    return len(name.encode(errors="replace")) + 2 * len(re.findall(r'[%/\\:*?"<>|]', name))


def _is_picture(path: Path) -> bool:
    try:
        return path.is_file() and _pixels(read_whole(path, largest=_LARGEST_PICTURE)) is not None
    except (OSError, BadInput):  # unreadable, or a name too long to exist
        return False


def _pixels(content: bytes) -> Any:
    """The decoded picture, None where it is none or larger than any portrait: a few bytes may claim billions."""
    import cv2
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:  # reads no pixel yet
            width, height = picture.size
            if width * height > _MOST_PIXELS:
                return None
            picture.load()  # notices what OpenCV fills up with grey: a file cut short, a checksum that is wrong
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except Exception:  # whatever a decoder says of damaged bytes
        return None
