"""Query banks as files, in the layout the authors published: one .npy per character, its name the character's."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from common.errors import BadInput, blaming
from common.files import read_json, write_bytes, write_json
from models.perception.encoders import unit_rows

LONGEST_NAME = 220  # bytes; file systems hold 255, and a file that is being written has a longer name
FOLDERS = {"best query": "best_query", "actor": "actor_query"}


@dataclass(frozen=True)
class Banks:
    """Queries of a film's characters: name to unit vector (d,) float32. A character without faces is in neither.

    `facts`: per character how its query came about, for bank.json. `face_names`: the cluster's name of every row of
    the film's faces, "" where it is in none (for the picture of the clusters).
    """

    encoder: str
    threshold: float  # squared L2
    best: dict[str, np.ndarray]
    actor: dict[str, np.ndarray]
    facts: dict[str, Any] = field(default_factory=dict)
    face_names: tuple[str, ...] = ()
    actor_threshold: float | None = None  # squared L2 for the actor queries, where it is another one

    def threshold_of(self, kind: str) -> float:
        """The encoder's threshold (squared L2) for the queries of that bank."""
        return self.threshold if kind != "actor" or self.actor_threshold is None else self.actor_threshold

    def of(self, kind: str) -> dict[str, np.ndarray]:
        """The bank called "best query", "actor" or "none" (Table 1's words)."""
        if kind == "none":
            return {}
        if kind not in FOLDERS:
            raise ValueError(f"no bank of kind {kind!r}")
        return self.best if kind == "best query" else self.actor


def _file_name(name: str) -> str:
    """Names stay as they are (`Mr. Tyree.npy`), but for what a file system cannot hold, which is percent-encoded."""
    if not name:
        raise BadInput("a character without a name: its query has no file; name every character in the cast")
    kept = "".join(c if c.isprintable() and c not in '%/\\:*?"<>|' else quote(c, safe="") for c in name)
    if len(kept.encode()) > LONGEST_NAME:
        raise BadInput(f"{name[:40]!r}...: a name too long for a file ({len(name)} characters); shorten it in the cast")
    return kept + ".npy"


def _write_bank(queries: dict[str, np.ndarray], folder: Path) -> None:
    import io

    for name in sorted(queries):
        buffer = io.BytesIO()
        np.save(buffer, queries[name].astype(np.float32), allow_pickle=False)
        write_bytes(folder / _file_name(name), buffer.getvalue())


def write_banks(banks: Banks, folder: Path) -> None:
    """`best_query/NAME.npy`, `actor_query/NAME.npy` (float32, length 1) and `bank.json`."""
    for kind, name in FOLDERS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        _write_bank(banks.of(kind), folder / name)
    write_json(
        folder / "bank.json",
        {
            "encoder": banks.encoder,
            "threshold": banks.threshold,
            "actor_threshold": banks.threshold_of("actor"),
            "characters": banks.facts,
        },
    )


def read_bank(folder: Path) -> dict[str, np.ndarray]:
    """A folder of .npy queries, sorted by name, as unit vectors (d,).

    Both published shapes are read: (1, d), one face; and (d,), a mean that was not brought back to length 1.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such query bank; run the query_banks stage")
    queries: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npy")):
        with blaming(path, "make the bank again"):
            query = np.load(path, mmap_mode="r", allow_pickle=False)  # a header that claims too much is told
            if not isinstance(query, np.ndarray):
                raise ValueError("not a .npy array")
        if query.dtype.kind != "f" or query.ndim not in (1, 2) or query.size != query.shape[-1] or not query.size:
            raise BadInput(f"{path}: a query is (d,) or (1, d) floats, not {query.dtype} {query.shape}; make it again")
        query_d = query.reshape(-1)
        length = np.linalg.norm(query_d.astype(np.float64))
        if not 1e-3 < length < 1e3:  # nor NaN; the mean of unit vectors has some tenths
            raise BadInput(f"{path}: a vector of length {length:.3g}, a face's has about 1; make the bank again")
        queries[unquote(path.stem)] = unit_rows(query_d)
    sizes = {query.shape for query in queries.values()}
    if len(sizes) > 1:
        raise BadInput(f"{folder}: queries of different encoders ({sorted(sizes)}); make the bank again")
    return queries


def read_banks(folder: Path, kind: str | None = None) -> Any:
    """Both banks of a film as `Banks`; with `kind` ("best query", "actor", "none") that bank's queries alone."""
    if kind == "none":
        return {}
    if kind is not None:
        if kind not in FOLDERS:
            raise ValueError(f"no bank of kind {kind!r}")
        return read_bank(folder / FOLDERS[kind])
    facts = read_json(folder / "bank.json")
    with blaming(folder / "bank.json", "make the bank again"):
        other = facts.get("actor_threshold")
        return Banks(
            encoder=str(facts["encoder"]),
            threshold=_distance(facts["threshold"]),
            best=read_bank(folder / "best_query"),
            actor=read_bank(folder / "actor_query"),
            facts=dict(facts["characters"]),
            actor_threshold=None if other is None else _distance(other),
        )


def _distance(value: Any) -> float:
    """A threshold out of a file; `ValueError` for what no distance can be."""
    distance = float(value)
    if not 0 <= distance <= 4:  # squared, between unit vectors
        raise ValueError(f"{distance} is no distance of unit vectors")
    return distance
