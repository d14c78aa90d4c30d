"""What is slow to compute, kept in a cache folder from one scoring to the next: JSON by name, arrays by digest.

Only what is equal to the last digit however often and in whatever company it is computed is kept by text. BertScore's
last digits hang on its batches, so its values are kept for a whole list of pairs. A name holds a digest of the code
that computes what is kept under it: after a mend nothing that was computed before it is recalled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput
from common.files import digest, file_md5, read_json, write_json


def named_by_code(name: str, *sources: str) -> str:
    """`name` with a digest of the source files (paths) before its ending; a folder's name gets it at the end."""
    path = Path(name)
    return f"{path.stem}.{digest([file_md5(Path(source)) for source in sources])[:12]}{path.suffix}"


def recall(cache: Path | None, name: str) -> dict[str, Any]:
    """What was kept under that name; nothing where there is no cache, or where its file is torn."""
    if cache is None or not (cache / name).is_file():
        return {}
    try:
        kept = read_json(cache / name)
    except BadInput:
        return {}
    return kept if isinstance(kept, dict) else {}


def remember(cache: Path | None, name: str, new: Mapping[str, Any]) -> None:
    """Adds to what is kept under that name."""
    if cache is not None and new:
        write_json(cache / name, recall(cache, name) | dict(new))


def recall_values(cache: Path | None, name: str, count: int) -> np.ndarray | None:
    """(count,) values kept under that name; None where there are none, or others."""
    try:
        values = np.load(cache / name, allow_pickle=False) if cache is not None else None
    except (OSError, ValueError, EOFError):
        return None
    return values if values is not None and values.shape == (count,) else None


def remember_values(cache: Path | None, name: str, values: np.ndarray) -> None:
    """Keeps values; written beside and moved, so that no reader meets half of them."""
    if cache is not None:
        path = cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{np.random.default_rng().integers(2**63)}.npy")
        np.save(partial, values, allow_pickle=False)
        partial.replace(path)
