"""What is scored: one prediction against the references of one clip, as clean one-line texts.

Captions come from models and spreadsheets: with newlines, tabs, control characters, METEOR's own separator, or nothing
at all. They are put in order here once, so that no metric breaks on one of them or counts a line twice.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

METEOR_SEPARATOR = "|||"


@dataclass(frozen=True)
class Item:
    """One clip: `prediction` may be empty, `references` holds at least one text and none is empty."""

    film: str
    clip_id: str
    start: float | None
    """Seconds on the film's clock, where the table has them: the order of Recall@k/N."""
    references: tuple[str, ...]
    prediction: str
    end: float | None = None
    """Seconds, where the table has them: with `start` the slot that the description has to fit."""


def clean(text: str) -> str:
    """One line: white space of any kind is one space, control characters and METEOR's separator are white space."""
    without_separator = text.replace(METEOR_SEPARATOR, " ")
    printable = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in without_separator)
    return " ".join(printable.split())


def is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def read_items(table: pd.DataFrame, *, name: str = "predictions") -> list[Item]:
    """The rows of a table with the columns film, clip_id, text_gt, text_gen and, optionally, start and end (seconds).

    `text_gt` is a text, or a list of texts where a clip has several references. The rows come back sorted by film,
    then by start where there is one, then by clip_id, so the order of the table never matters. Raises `BadInput` for
    missing columns, no rows, a clip that occurs twice, a reference without text.
    """
    absent = [column for column in ("film", "clip_id", "text_gt", "text_gen") if column not in table.columns]
    if absent:
        raise BadInput(f"{name}: no column {', '.join(absent)}; it needs film, clip_id, text_gt and text_gen")
    if table.empty:
        raise BadInput(f"{name}: no rows; give at least one clip")
    starts, ends = (table[name].tolist() if name in table.columns else [None] * len(table) for name in ("start", "end"))
    columns = (table["film"].tolist(), table["clip_id"].tolist(), starts, ends)
    texts = (table["text_gt"].tolist(), table["text_gen"].tolist())
    items: list[tuple[tuple[Any, ...], Item]] = []
    seen: dict[tuple[str, str], int] = {}
    for number, (film, clip, start, end, truth, generated) in enumerate(zip(*columns, *texts, strict=True), start=1):
        where = f"{name}:{number}"
        key = (str(film), str(clip))
        if "\0" in "".join(key):
            raise BadInput(f"{where}: a null character in film or clip_id; take it out")
        if key in seen:
            raise BadInput(
                f"{where}: clip {clip} of {film} is also row {seen[key]}; keep one, or join their references in text_gt"
            )
        seen[key] = number
        item = Item(
            film=key[0],
            clip_id=key[1],
            start=_seconds(start, where, "start"),
            end=_seconds(end, where, "end"),
            references=_references(truth, where),
            prediction=_text(generated, where, "text_gen"),
        )
        items.append((_order(item, clip), item))
    return [item for _, item in sorted(items, key=lambda pair: pair[0])]


def _order(item: Item, clip: Any) -> tuple[Any, ...]:
    """Film, start, clip; whole-numbered clips in the order of numbers (2 before 10)."""
    is_number = item.clip_id.isdecimal() and len(item.clip_id) < 20  # int() refuses thousands of digits
    number = int(item.clip_id) if is_number else -1
    return (item.film, -math.inf if item.start is None else item.start, number, item.clip_id)


def _references(value: Any, where: str) -> tuple[str, ...]:
    several = isinstance(value, Sequence | set) or hasattr(value, "tolist")
    values = list(value) if several and not isinstance(value, str) else [value]
    texts = tuple(dict.fromkeys(_text(one, where, "text_gt") for one in values))
    if not texts or "" in texts:
        raise BadInput(f"{where}: the reference in text_gt is empty; give its text or leave the row out")
    return texts


def _text(value: Any, where: str, column: str) -> str:
    if is_missing(value):
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{where}: {column} is {value!r}, not a text; write it as text")
    return clean(value)


def _seconds(value: Any, where: str, column: str) -> float | None:
    if is_missing(value) or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: {column} is {value!r}; give seconds on the film's clock") from None
    if not math.isfinite(seconds):
        raise BadInput(f"{where}: {column} is {value!r}; give seconds on the film's clock")
    return seconds
