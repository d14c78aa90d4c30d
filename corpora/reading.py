"""How annotation files are read: good rows as types, bad rows as reasons, and the encodings that really occur."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from common.errors import BadInput
from common.files import read_whole

Row = TypeVar("Row")
LARGEST_NUMBER = 1e15  # no time, pixel or id of these files reaches it, and below it every whole number is exact
LONGEST_TEXT = 20_000  # characters: a story's paragraph has a tenth of it
_LONGEST_PROBLEM = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Reading(Generic[Row]):
    """The rows that could be read, and one line for each that could not: "file:row: what is wrong; left out"."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]


class RowProblem(ValueError):
    """What is wrong with one row, without its place; readers put the place before it and go on. One line of bounded
    length, whatever the row holds."""

    def __init__(self, what: str) -> None:
        told = one_line(what)
        super().__init__(told if len(told) <= _LONGEST_PROBLEM else f"{told[:_LONGEST_PROBLEM]}...")


def reading(path: Path, rows: Sequence[Row], problems: Sequence[str]) -> Reading[Row]:
    """A `Reading`, or `BadInput` where no row of `path` could be read."""
    if not rows:
        raise BadInput(f"{path}: no row can be read ({problems[0] if problems else 'it is empty'})")
    return Reading(tuple(rows), tuple(problems))


def content_of(path: Path) -> bytes:
    """A file's bytes; one that is missing, unreadable or larger than any annotation is `BadInput`."""
    return read_whole(Path(path))


def decoded(content: bytes) -> str:
    """Text from UTF-8 with or without byte order mark, else cp1252, else latin-1.

    The published MAD-eval-Named table holds single bytes such as 0x80 that no UTF-8 reader accepts; cp1252 leaves five
    bytes undefined, which latin-1 reads.
    """
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding).lstrip("\ufeff")  # some have two
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line on which the row begins, its cells) of a comma CSV with a header; a lacking column is `BadInput`."""
    lines = csv.reader(io.StringIO(decoded(content_of(path)), newline=""))
    try:
        header = [cell.strip() for cell in next(lines, [])]
        lacking = [column for column in columns if column not in header]
        if lacking:
            raise BadInput(f"{path}:1: no column {', '.join(lacking)}; its header must have {', '.join(columns)}")
        begins = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield begins, dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
            begins = lines.line_num + 1
    except csv.Error as error:
        raise BadInput(f"{path}:{lines.line_num}: not a CSV row ({error}); mend its quotes") from None


def number(value: Any, what: str) -> float:
    """A finite number from a cell or JSON value; otherwise `RowProblem`."""
    try:
        spelled = isinstance(value, str) and "_" in value  # Python's own spelling of numbers, and no table's
        result = math.nan if isinstance(value, bool) or spelled else float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise RowProblem(f"{what} is not a number ({value!r})")
    if abs(result) > LARGEST_NUMBER:
        raise RowProblem(f"{what} is out of all proportion ({value!r})")
    return result


def whole_number(value: Any, what: str) -> int:
    result = number(value, what)
    if result != int(result):
        raise RowProblem(f"{what} is not a whole number ({value!r})")
    return int(result)


def text(value: Any, what: str) -> str:
    """A string with single spaces and no control characters; otherwise, or where it is empty, `RowProblem`."""
    said = one_line(value) if isinstance(value, str) else ""
    if not said:
        raise RowProblem(f"{what} is empty or not text")
    if len(said) > LONGEST_TEXT:
        raise RowProblem(f"{what} has {len(said)} characters, at most {LONGEST_TEXT} are read")
    return said


def label(value: Any) -> str:
    """An id, title or name that a record may leave out, as one line of text; "" for what is no word or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(str(value))[:LONGEST_TEXT].strip()


def one_line(value: str) -> str:
    """Single spaces, and spaces where control characters stood."""
    return " ".join(_CONTROL.sub(" ", value).split())


def check_order(start: float, end: float) -> None:
    """`RowProblem` where a slot ends before it starts or starts before the film."""
    if end < start:
        raise RowProblem(f"ends ({end:g}) before it starts ({start:g})")
    if end < 0:
        raise RowProblem(f"ends ({end:g}) before the film begins")


def member(record: Any, key: str) -> Any:
    """`record[key]` of a JSON object; otherwise `RowProblem`."""
    if not isinstance(record, dict):
        raise RowProblem("not an object")
    if key not in record:
        raise RowProblem(f"has no {key!r}")
    return record[key]


def span(value: Any, what: str) -> tuple[float, float]:
    """[start, end] of a JSON record; otherwise `RowProblem`. Their order is the caller's to check."""
    if not isinstance(value, list) or len(value) != 2:
        raise RowProblem(f"{what} is not [start, end] ({value!r})")
    return number(value[0], what), number(value[1], what)


def place_of(key: str) -> str:
    """A key of a JSON object as a place in a message: one short line whatever the key is made of."""
    shown = key if key.isprintable() and key else repr(key)
    return shown if len(shown) <= 40 else f"{shown[:40]}..."
