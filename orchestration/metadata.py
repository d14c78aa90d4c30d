"""What the interface shows of a unit: numbers, text, tables and small pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

PICTURE_BYTES = 400_000  # a picture travels inside the event, and events lie in a database
TABLE_ROWS = 20


def as_metadata(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary's values as Dagster shows them: a PNG's `Path` as a picture, a DataFrame as a table."""
    return {name.replace(" ", "_"): _value(value) for name, value in summary.items()}


def _value(value: Any) -> Any:
    if isinstance(value, Path):
        return dg.MetadataValue.md(_picture(value))
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return dg.MetadataValue.md(_table(value))
    if isinstance(value, str) and ("\n" in value or value.startswith("|")):
        return dg.MetadataValue.md(value)
    if hasattr(value, "item"):  # a number of numpy's
        return value.item()
    return value


def _picture(path: Path) -> str:
    if not path.is_file():
        return "no picture"
    content = path.read_bytes()
    if len(content) > PICTURE_BYTES:
        return f"{path.name}: {len(content):,} bytes, too large to show here"
    return f"![{path.stem}](data:image/png;base64,{base64.b64encode(content).decode('ascii')})"


def _table(table: Any) -> str:
    head = table.head(TABLE_ROWS)
    lines = ["| " + " | ".join(map(str, head.columns)) + " |", "|" + " -- |" * len(head.columns)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in head.itertuples(index=False)]
    left_out = len(table) - len(head)
    return "\n".join(lines + ([f"\n{left_out} more rows"] if left_out > 0 else []))


def _cell(cell: Any) -> str:
    return (f"{cell:.4g}" if isinstance(cell, float) else str(cell)).replace("|", "\\|").replace("\n", " ")
