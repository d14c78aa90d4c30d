"""What lies inside a published folder besides its data: the record of its making, and the note of a unit put aside.

The record `_made.json` holds the unit's key, what the key was made of, and every file's size and MD5. It is published
with the data in one step, so it travels through `dvc push`, `checkout` and clones, and says whether a folder is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.files import digest, file_md5, read_json, write_json

RECORD = "_made.json"
ASIDE = "_aside.json"
REJECTED = "_rejected.json"

Listing = dict[str, list[Any]]  # relative path -> [size in bytes, MD5]


@dataclass(frozen=True)
class Record:
    """`key` is the digest of `made_from` (versions of inputs, parameters, code, raw files); `audit` of its gate."""

    key: str
    made_from: dict[str, Any]
    audit: str
    files: Listing


def listing(folder: Path) -> Listing:
    """Every file below `folder` but the record itself, in order of path."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / RECORD)
    return {path.relative_to(folder).as_posix(): [path.stat().st_size, file_md5(path)] for path in found}


def write_record(folder: Path, *, key: str, made_from: dict[str, Any], audit: str) -> None:
    write_json(folder / RECORD, {"key": key, "from": made_from, "audit": audit, "files": listing(folder)})


def read_record(folder: Path) -> Record | None:
    """None where there is no record or a broken one: such a folder counts as never made."""
    try:
        content = read_json(folder / RECORD)
        key, made_from, audit, files = (content[name] for name in ("key", "from", "audit", "files"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = isinstance(made_from, dict) and isinstance(files, dict) and isinstance(key, str) and isinstance(audit, str)
    return Record(key, made_from, audit, files) if whole else None


def is_whole(folder: Path, record: Record) -> bool:
    """Every file recorded, nothing else there, every MD5 right: this notices hand edits and torn copies."""
    try:
        return listing(folder) == record.files
    except FileNotFoundError:
        return False


def version(folder: Path) -> str | None:
    """The data version: the digest of the files without the record, so that equal data from changed code is equal."""
    record = read_record(folder)
    return None if record is None else digest(record.files)


def put_aside(folder: Path, reason: str) -> None:
    write_json(folder / ASIDE, {"reason": reason})


def aside_reason(folder: Path) -> str | None:
    """Why the unit was put aside, or None where it holds data."""
    try:
        return str(read_json(folder / ASIDE)["reason"]) if (folder / ASIDE).exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return "its note cannot be read"
