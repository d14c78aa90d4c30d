"""A kind of file: where a good one lies, how it is damaged, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.damage import bytes as in_bytes
from orchestration.damage import structures

_FORMS: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    "json": structures.damaged_json,
    "json lines": structures.damaged_json_lines,
    "yaml": structures.damaged_yaml,
    "table": structures.damaged_table,
    "tabs": lambda content, rng: structures.damaged_table(content, rng, "\t"),
    "text": structures.damaged_lines,
    "mp4": in_bytes.damaged_mp4,
    "png": in_bytes.damaged_png,
    "safetensors": in_bytes.damaged_safetensors,
    "npy": in_bytes.damaged_npy,
    "parquet": in_bytes.damaged_parquet,
    "binary": in_bytes.damaged_bytes,
}
_OF_TEXT = ("json", "json lines", "yaml", "table", "tabs", "text")


@dataclass(frozen=True)
class Kind:
    """`lay` writes a good film, unit or file into an empty folder; `file` is the one of them that is damaged.

    `read` gets the folder, does what the program does with it and raises `AssertionError` where the result is wrong.
    `named`: words of which a refusal must hold one, where that is not the file's name.
    """

    name: str
    file: str
    form: str
    lay: Callable[[Path], None]
    read: Callable[[Path], Any]
    named: tuple[str, ...] = ()


def damage(kind: Kind, content: bytes, *, seed: int, number: int) -> bytes:
    """The `number`-th damaged file of a kind: the same for the same seed."""
    rng = np.random.default_rng([seed, number, *kind.name.encode()])
    damaged = _FORMS[kind.form](content, rng)
    if kind.form in _OF_TEXT:
        if rng.random() < 0.15:
            return in_bytes.damaged_encoding(damaged, rng)
        if rng.random() < 0.1:
            return in_bytes.damaged_bytes(damaged, rng)
    return damaged
