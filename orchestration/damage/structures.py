"""Damage to what a file says: values, keys, rows and columns of JSON, YAML, tables and lines of text."""

from __future__ import annotations

import copy
import csv
import io
import json
from typing import Any

import numpy as np

from orchestration.damage.values import DEEP, bad_text, bad_value, bent

_DEPTHS = (50, 150, 900, 5000)
_BOMB = "\n".join(f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 9) if n else 'x'}]" for n in range(9))
_YAML_TRICKS = (
    "!!python/object/apply:os.system ['touch x']",
    "!!python/name:os.system",
    "&x [*x]",
    "*nobody",
    "<<: 3",
    "? [a, b]\n: 1",
    "2026-13-45",
    "2026-11-23",
    "!!binary aGk=",
    "!!set {a, b}",
    "0o17",
    "1:30:00",
    "\t- tab",
    "@at",
    "%percent",
    "|",
    "---\nb: 1",
    _BOMB,
)


def damaged_json(content: bytes, rng: np.random.Generator) -> bytes:
    value = spoilt(json.loads(content), rng)
    text = json.dumps(value, ensure_ascii=bool(rng.integers(2)))
    if rng.random() < 0.05 and isinstance(value, dict) and value:  # a key twice: the last one wins, or is refused
        key = list(value)[rng.integers(len(value))]
        text = f"{text[:-1]}, {json.dumps(key)}: {json.dumps(bad_text(rng))}}}"
    return _with_towers(text, rng).encode("utf-8", "surrogatepass")


def damaged_json_lines(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines()
    at = int(rng.integers(len(lines)))
    lines[at] = damaged_json(lines[at], rng)
    return b"\n".join(_shuffled(lines, rng) if rng.random() < 0.2 else lines) + b"\n"


def damaged_yaml(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage to the text where it is YAML's own (tags, anchors, tabs), else to what it says."""
    import yaml

    if rng.random() < 0.4:
        lines = content.decode().splitlines()
        at = int(rng.integers(len(lines)))
        name = lines[at].partition(":")[0]
        trick = _YAML_TRICKS[rng.integers(len(_YAML_TRICKS))]
        lines[at] = (f"{name}: {trick}", trick, f"{lines[at]}\n{lines[at]}")[rng.integers(3)]
        return "\n".join(lines).encode()
    value = spoilt(yaml.safe_load(content), rng)
    return _with_towers(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), rng).encode(
        "utf-8", "surrogatepass"
    )


def damaged_table(content: bytes, rng: np.random.Generator, delimiter: str = ",") -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))
    for _ in range(rng.integers(1, 4)):
        _damage_rows(rows, rng)
    out = io.StringIO(newline="")
    sign = delimiter if rng.random() < 0.95 else ";"
    csv.writer(out, delimiter=sign, lineterminator="\n", escapechar="\\").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def damaged_lines(content: bytes, rng: np.random.Generator) -> bytes:
    """Lines dropped, doubled, in another order, or with something else in them; digits changed."""
    lines = content.decode().split("\n")
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(lines)))
        way = rng.integers(6)
        if way == 0:
            lines = _shuffled(lines, rng)
        elif way == 1:
            lines[at] = bad_text(rng)
        elif way == 2:
            cut = int(rng.integers(len(lines[at]) + 1))
            lines[at] = lines[at][:cut] + bad_text(rng) + lines[at][cut:]
        elif way == 3:
            del lines[at]
        elif way == 4:
            lines.insert(at, lines[rng.integers(len(lines))])
        else:
            lines[at] = "".join(str(rng.integers(10)) if c.isdigit() else c for c in lines[at])
        lines = lines or [""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def spoilt(content: Any, rng: np.random.Generator) -> Any:
    """The value with one to three things in it, at any depth, replaced, removed, renamed, doubled or put elsewhere."""
    content = copy.deepcopy(content)
    for _ in range(rng.integers(1, 4)):
        if not isinstance(content, dict | list) or not content or rng.random() < 0.03:
            return bad_value(rng)
        place, key = _somewhere(content, rng)
        way = rng.random()
        if way < 0.4:
            place[key] = bad_value(rng)
        elif way < 0.6:
            place[key] = bent(place[key], rng)
        elif way < 0.75:
            del place[key]
        elif way < 0.9 and isinstance(place, dict):
            place[bad_text(rng) if rng.random() < 0.5 else f"{key}_"] = place.pop(key)
        elif isinstance(place, list):
            place[:] = place * 50 if rng.random() < 0.1 else [*place, *place][: 2 * len(place)]
        else:
            other = list(place)[rng.integers(len(place))]
            place[key], place[other] = place[other], place[key]
    return content


def _somewhere(content: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[rng.integers(len(keys))]
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.15:
            return place, key
        place = inner


def _with_towers(text: str, rng: np.random.Generator) -> str:
    depth = _DEPTHS[rng.integers(len(_DEPTHS))]
    for mark in (f'"{DEEP}"', f"'{DEEP}'", DEEP):
        text = text.replace(mark, "[" * depth + "]" * depth)
    return text


def _damage_rows(rows: list[list[str]], rng: np.random.Generator) -> None:
    if not rows:
        return
    row = rows[rng.integers(len(rows))]
    at = int(rng.integers(len(row))) if row else 0
    way = rng.integers(9)
    if way <= 2 and row:
        row[at] = bad_text(rng)
    elif way == 3 and row:
        row[at] = str(bent(row[at], rng))
    elif way == 4 and row:
        del row[at]
    elif way == 5:
        row.insert(at, bad_text(rng))
    elif way == 6:
        rows.insert(int(rng.integers(len(rows))), list(row))
    elif way == 7:
        rows.remove(row)
    elif len(row) > 1:
        other = int(rng.integers(len(row)))
        row[at], row[other] = row[other], row[at]


def _shuffled(lines: list[Any], rng: np.random.Generator) -> list[Any]:
    return [lines[place] for place in rng.permutation(len(lines))]
