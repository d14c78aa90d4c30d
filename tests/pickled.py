"""Which files below a folder hold something that a loader would unpickle: told by their bytes, not by their names."""

from __future__ import annotations

import io
import pickletools
import zipfile
from pathlib import Path

import numpy as np

LOADED_BY_NAME = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".dill"}


def pickled_files(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if path.suffix.lower() in LOADED_BY_NAME or holds_pickle(path)]


def holds_pickle(path: Path) -> bool:
    """A pickle of protocol 2 or later, an archive with one in it (as torch writes), or a NumPy array of objects."""
    with path.open("rb") as stream:
        head = stream.read(128)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _parses(path.read_bytes())
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith((".pkl", ".pickle")) for name in archive.namelist())
    return head.startswith(b"\x93NUMPY") and b"|O" in head


def _parses(content: bytes) -> bool:
    try:
        return any(operation.name == "STOP" for operation, _, _ in pickletools.genops(io.BytesIO(content)))
    except (ValueError, IndexError, UnicodeDecodeError):
        return False


def object_array() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return out.getvalue()
