"""Files written whole, JSON in one encoding, and paths that stay where they belong."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from common.errors import BadInput


def write_bytes(path: Path, content: bytes) -> None:
    """Writes beside `path` and renames, so that a reader meets the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode("utf-8"))


def canonical_json(value: Any, *, indent: int | None = None) -> str:
    """JSON with sorted keys and no NaN: the same value is the same text."""
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)


def write_json(path: Path, value: Any) -> None:
    write_text(path, canonical_json(value, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """Reads JSON; a missing or broken file is `BadInput` with its line."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not valid JSON ({error.msg}); mend that line") from None
    except (RecursionError, ValueError) as error:
        raise BadInput(f"{path}: nested too deeply, or a number too long ({error}); mend it") from None


def digest(value: Any) -> str:
    """MD5 of a value's canonical JSON: a key, not a protection."""
    return hashlib.md5(canonical_json(value).encode(), usedforsecurity=False).hexdigest()


def file_md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def inside(folder: Path, relative: str) -> Path:
    """`folder / relative`, refused where a path taken from data would leave the folder."""
    root = folder.resolve()
    path = (root / relative).resolve()
    if "\x00" in relative or not path.is_relative_to(root):
        raise BadInput(f"{relative!r}: leads outside {folder}; give a path inside it")
    return path
