"""What no file should hold and some do: the values that damage puts in the place of good ones."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

OUTSIDE = "outside"  # a folder beside the one that is read; nothing in it may be opened
SECRET = f"../{OUTSIDE}/secret.png"
DEEP = "@deep@"  # becomes a tower of brackets where JSON or YAML is written
_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "0",
    "-1",
    "1_0",
    "١٢",  # digits, and no table's
    "nan",
    "-inf",
    "1e999",
    "9" * 400,
    "9" * 5000,
    "null",
    "\x00",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "two\nlines",
    "\r",
    "\u2028",
    "\ud800",
    "\ufeff",
    "\U0001f3ac",
    "é" * 130,
    "-" * 3 + "help",
    SECRET,
    f"{SECRET}\x00.png",
    f"x/../../{OUTSIDE}/secret.png",
    "/etc/passwd",
    "..",
    ".",
    "~",
    "CON",
    "a/b",
    "a\\b",
    "%2e%2e%2f",
    "$(touch x)",
    "`touch x`",
    "; touch x",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "%s%n",
    "' OR 1=1 --",
    "&#" + "9" * 6000 + ";",
    "(" * 3000,
    "((((((((((((((((((((a))))))))))))))))))))))",
    "<i " * 3000,
    "<visual " * 3000,
    "00:00:01,000 --> 00:00:00,500",
    "(" + "1" * 3000,
    "Anna " * 40_000,
    "x" * 1_000_000,
)
_OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    0.5,
    1e-308,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    10**40,
    [],
    {},
    [[]],
    [None],
    {"": None},
    ["x", 1, None, {}],
    {"name": "x"},
    DEEP,
)


def bad_text(rng: np.random.Generator) -> str:
    return _TEXTS[rng.integers(len(_TEXTS))]


def bad_value(rng: np.random.Generator) -> Any:
    """Any JSON value that is wrong almost everywhere."""
    return bad_text(rng) if rng.random() < 0.5 else copy.deepcopy(_OTHERS[rng.integers(len(_OTHERS))])


def bent(value: Any, rng: np.random.Generator) -> Any:
    """A value of the same kind that is wrong: a number of another size or sign, a text cut or doubled."""
    if isinstance(value, bool) or value is None:
        return bad_value(rng)
    if isinstance(value, int | float):
        ways = (-value, value * 1_000_000_007, value + 0.5, str(value), [value], 0, value - 1_000_000)
        return ways[rng.integers(len(ways))]
    if isinstance(value, str) and value:
        half = len(value) // 2
        other = chr(rng.integers(1, 0x3000))
        ways_of_text = (value[:half], value + value, other + value, value[::-1], value.upper(), value[:half] + other)
        return ways_of_text[rng.integers(len(ways_of_text))]
    return bad_value(rng)
