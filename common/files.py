"""Files written whole, JSON in one encoding, and paths that stay where they belong."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from pathlib import Path
from typing import Any

from common.errors import BadInput, blaming

LARGEST = 1 << 30  # bytes; MAD's annotation of 650 films has a third of it
DEEPEST = 100  # lists within lists; no format that is read has ten
_HALF = re.compile("[\ud800-\udfff]")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


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
    """Writes canonical JSON; `ValueError` for what `read_json` refuses."""
    check_values(value)
    write_text(path, canonical_json(value, indent=1) + "\n")


def read_json(path: Path, *, foreign: bool = False) -> Any:
    """Reads JSON, with or without a byte order mark; a missing or broken file is `BadInput` with its line.

    NaN, infinity and null characters are refused. `foreign`: they are let through, for corpora, whose readers judge row
    by row, and for the configurations of published weights.
    """
    if not path.exists():
        raise BadInput(f"{path}: no such file")
    try:
        content = read_whole(path).decode("utf-8-sig")
        value = json.loads(content)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not valid JSON ({error.msg}); mend that line") from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: nested too deeply, or a number too long ({error}); mend it") from None
    _check_json(path, content, value)
    if not foreign:
        with blaming(path, "mend it, or make it again"):
            check_values(value)
    return value


def read_json_lines(path: Path, *, advice: str) -> list[Any]:
    """A value a line, as strictly as `read_json` reads our own files; `advice` says how to come by a better one."""
    values = []
    for number, line in enumerate(read_whole(path).split(b"\n"), start=1):
        with blaming(f"{path}:{number}", advice):
            if line.strip():
                values.append(json.loads(line.decode("utf-8")))
                check_values(values[-1])
    return values


def check_values(value: Any) -> None:
    """`ValueError` for a number that is none, a null character or half a character, however deep it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            check_values(key)
            check_values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            check_values(inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number")
    elif isinstance(value, str) and (bad := _NO_TEXT.search(value)):
        raise ValueError(f"\\u{ord(bad[0]):04x} is no character of a text")


def read_whole(path: Path, *, largest: int = LARGEST) -> bytes:
    """A file's bytes; one that is missing, unreadable or larger than `largest` is `BadInput`, whatever it holds."""
    try:
        size = path.stat().st_size
        if size > largest:
            raise BadInput(f"{path}: {size / 1e6:.0f} MB, and such a file has at most {largest / 1e6:.0f}; divide it")
        if not path.is_file():
            raise BadInput(f"{path}: cannot be read (it is no file); put one there")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); put one there that can") from None


def _check_json(path: Path, content: str, value: Any) -> None:
    """`BadInput` for what JSON allows and no reader of it stands: towers of brackets, halves of a character."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise BadInput(f"{path}: nested more than {DEEPEST} deep; mend it")
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(inner, dict | list)
        ]
    if "\\ud" in content.lower() and (half := _HALF.search(json.dumps(value, ensure_ascii=False))):
        raise BadInput(f"{path}: \\u{ord(half[0]):x} is half a character; write the character whole")


def digest(value: Any) -> str:
    """MD5 of a value's canonical JSON: a key, not a protection."""
    return hashlib.md5(canonical_json(value).encode(), usedforsecurity=False).hexdigest()


def file_md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def inside(folder: Path, relative: str) -> Path:
    """`folder / relative`, refused where a path taken from data would leave the folder."""
    root = folder.resolve()
    try:
        path = (root / relative).resolve()
    except (OSError, ValueError, RuntimeError):  # a null character, a name too long, links in a ring
        raise BadInput(f"{relative[:80]!r}: no path; give one inside {folder}") from None
    if not path.is_relative_to(root):
        raise BadInput(f"{relative[:200]!r}: leads outside {folder}; give a path inside it")
    return path
