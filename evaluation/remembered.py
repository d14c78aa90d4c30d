"""What is slow to compute, kept in a cache folder from one scoring to the next: JSON by name, many numbers by key.

Only what is equal to the last digit however often and in whatever company it is computed is kept by text. A name holds
a digest of the code that computes what is kept under it: after a mend nothing that was computed before it is recalled.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
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


_NUMBER = np.dtype([("key", "V32"), ("value", "<f8")])


def text_key(text: str) -> bytes:
    """16 bytes that stand for a text; two of them are the key of a pair."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def recall_numbers(cache: Path | None, name: str) -> dict[bytes, float]:
    """Numbers kept under that name, by keys of 32 bytes; none where there is no cache, or where its file is torn."""
    try:
        kept = np.load(cache / name, allow_pickle=False) if cache is not None else None
    except Exception:  # whatever numpy says of damaged bytes
        return {}
    if not isinstance(kept, np.ndarray) or kept.dtype != _NUMBER or kept.ndim != 1:
        return {}
    kept = kept[np.isfinite(kept["value"])]
    return dict(zip(kept["key"].tolist(), kept["value"].tolist(), strict=True))


def remember_numbers(cache: Path | None, name: str, new: Mapping[bytes, float]) -> None:
    """Adds to the numbers kept; written beside and moved, so that no reader meets half of them."""
    if cache is not None and new:
        path = cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = np.array(list((recall_numbers(cache, name) | dict(new)).items()), dtype=_NUMBER)
        partial = path.with_name(f"{path.name}.{np.random.default_rng().integers(2**63)}.npy")
        np.save(partial, kept, allow_pickle=False)
        partial.replace(path)
