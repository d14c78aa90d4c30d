"""Tables of our own as parquet files: written so that equal tables are equal bytes, read with a check of every column.

A missing number is NaN, and only where the table says that it may be missing; no number is infinite.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from common.errors import BadInput, blaming


def table(rows: list[dict[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a table with exactly these columns and types, also when there are none."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: "object" if kind == "str" else kind for name, kind in columns.items()})


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Parquet whose bytes depend on the table alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False, compression="zstd")


def read_table(path: Path, columns: Mapping[str, str], *, advice: str, gaps: Collection[str] = ()) -> pd.DataFrame:
    """A parquet table with at least `columns`: name to "str", "int64", "float32", "float64", "vector" (arrays of one
    length), or "" for any of them. Columns in `gaps`, and those not asked for, may hold NaN. BadInput names the column;
    `advice` says how to come by a better table.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; {advice}")
    with blaming(path, advice):
        frame = pd.read_parquet(path)
        if missing := [name for name in columns if name not in frame.columns]:
            raise ValueError(f"column {missing[0]} is missing")
        for name in frame.columns:
            _check_column(name, frame[name], columns.get(name, ""), gaps=name in gaps or name not in columns)
    return frame


def _check_column(name: str, column: pd.Series, kind: str, *, gaps: bool) -> None:
    """`ValueError` for values that are not of the kind, or no values."""
    if not len(column):
        return  # without rows pandas knows no kinds
    numbers = None
    if kind == "vector":
        numbers = np.stack([*column])
        fits = numbers.ndim == 2
    else:
        is_number = pd.api.types.is_numeric_dtype(column)
        fits = {"": True, "str": not is_number, "int64": pd.api.types.is_integer_dtype(column)}.get(kind, is_number)
        if is_number:
            numbers = column.to_numpy(np.float64)
    if not fits:
        raise ValueError(f"column {name} is {column.dtype}, not {kind}")
    if numbers is None:
        if any("\0" in text if isinstance(text, str) else kind == "str" for text in column):
            raise ValueError(f"column {name} has a value that is no text")
    elif not (np.isfinite(numbers) | (np.isnan(numbers) & gaps)).all():
        raise ValueError(f"column {name} has a value that is no number")
