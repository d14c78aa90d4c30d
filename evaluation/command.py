"""`focusedad score FILE.csv`: every metric over the CSV of references and predictions that the field writes."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from common.errors import BadInput
from evaluation.java import JavaFailed
from evaluation.layout import metric_title
from evaluation.score import score
from evaluation.settings import EvaluationSettings, Metric

_KNOWN_COLUMNS = ("text_gt", "text_gen", "vid", "imdbid", "start", "end")


def score_file(
    path: Path, settings: EvaluationSettings, *, cache: Path | None = None, jars: Path | None = None
) -> dict[str, Any]:
    """Scores a CSV with the columns text_gt and text_gen and, optionally, vid, imdbid, start, end.

    Each row is a clip; rows with the same `vid` are references of one clip and share its text_gen (which may be empty
    in all but one). `imdbid` parts films and `start` (seconds) orders their clips, for Recall@k/N; without them the
    file is one film in the order of its rows; with `end` as well the pace is told. The result holds `summary`,
    `intervals`, `missing`, `identities`, `counts`. Raises `BadInput` as "file:row: what is wrong; what to do", the row
    being the line of the file, and `JavaFailed`.
    """
    import pandas as pd

    clips = _read(path)
    table = pd.DataFrame(clips, columns=["film", "clip_id", "start", "end", "text_gt", "text_gen"])
    found = score(table, settings, cache=cache, jars=jars, name=path.name)
    return {
        "file": path.name,
        "summary": found.summary,
        "intervals": {name: list(bounds) for name, bounds in found.intervals.items()},
        "missing": found.missing,
        "identities": found.identities,
        "counts": found.counts,
    }


def main(
    arguments: Sequence[str],
    settings: EvaluationSettings | None = None,
    *,
    cache: Path | None = None,
    jars: Path | None = None,
) -> int:
    """The command: exit status 0; with one line on standard error 2 for bad input, 1 where a Java program failed.

    `settings` are those of params.yaml.
    """
    parser = argparse.ArgumentParser(prog="focusedad score", description="Score audio descriptions against references.")
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="columns text_gt, text_gen; " + _OPTIONAL)
    parser.add_argument("--metric", action="append", choices=get_args(Metric), help="only this one (repeatable)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    chosen = settings or EvaluationSettings()
    if given.metric:
        chosen = chosen.model_copy(update={"metrics": tuple(given.metric)})
    try:
        result = score_file(given.file, chosen, cache=cache, jars=jars)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except JavaFailed as error:
        print(f"{given.file}: {error}; nothing was scored, try again", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=1, ensure_ascii=False) if given.json else as_lines(result))
    return 0


_OPTIONAL = "optionally vid (groups several references), imdbid, start, end (seconds)"


def as_lines(result: dict[str, Any]) -> str:
    """The result for the terminal: a line a metric, with its interval, or why it is missing."""
    counts = ", ".join(f"{number} {name}" for name, number in result["counts"].items() if number or name == "clips")
    lines = [f"{result['file']}: {counts}"]
    for name, value in result["summary"].items():
        if value is None:
            lines.append(f"  {metric_title(name):<16} missing: {result['missing'].get(name, 'no reason given')}")
            continue
        bounds = result["intervals"].get(name)
        interval = f"  [{bounds[0]:.1f}, {bounds[1]:.1f}]" if bounds else ""
        lines.append(f"  {metric_title(name):<16} {value:6.1f}{interval}")
    return "\n".join(lines)


def _read(path: Path) -> list[list[Any]]:
    rows = _rows(path)
    header = [name.strip() for name in rows[0][1]] if rows else []
    absent = [name for name in ("text_gt", "text_gen") if name not in header]
    if absent:
        named = f"its columns are {', '.join(header)[:200]}" if header else "it is empty"
        raise BadInput(f"{path}:1: no column {' and '.join(absent)} ({named}); name them in the first line")
    doubled = [name for name in _KNOWN_COLUMNS if header.count(name) > 1]
    if doubled:
        raise BadInput(f"{path}:1: column {doubled[0]} occurs twice; keep one")
    clips: dict[str, list[Any]] = {}
    for line, values in rows[1:]:
        if len(values) != len(header):
            raise BadInput(
                f"{path}:{line}: {len(values)} values for {len(header)} columns; quote texts that hold commas"
            )
        row = {name: value.strip() for name, value in zip(header, values, strict=True)}
        _add(clips, row, f"{path}:{line}", line)
    if not clips:
        raise BadInput(f"{path}: no rows below the header; give at least one clip")
    return list(clips.values())


def _add(clips: dict[str, list[Any]], row: dict[str, str], where: str, line: int) -> None:
    """One more clip, or one more reference of the clip with the same vid."""
    if not row["text_gt"]:
        raise BadInput(f"{where}: text_gt is empty; give the reference or leave the row out")
    film, (start, end) = row.get("imdbid", ""), _times(row, where)
    vid = row.get("vid", "")
    if "vid" in row and not vid:
        raise BadInput(f"{where}: vid is empty; give each clip its own, or leave the column out")
    key = f"{film}\t{vid}" if vid else f"row {line}"
    known = clips.get(key)
    if known is None:
        # Without times the order of the rows is the order of the film.
        clips[key] = [film, vid or str(line), start, end, [row["text_gt"]], row["text_gen"]]
        return
    if row["text_gen"] and known[5] and row["text_gen"] != known[5]:
        raise BadInput(
            f"{where}: vid {vid} has another text_gen further up; a clip has one prediction (imdbid names the film)"
        )
    if (start, end) != (known[2], known[3]):
        name = "start" if start != known[2] else "end"
        raise BadInput(f"{where}: vid {vid} has another {name} further up; a clip has one")
    known[5] = known[5] or row["text_gen"]
    known[4].append(row["text_gt"])


def _times(row: dict[str, str], where: str) -> tuple[float | None, float | None]:
    """Start and end in seconds, where they are there, checked against each other."""
    times: dict[str, float] = {}
    for name in ("start", "end"):
        if row.get(name):
            try:
                times[name] = float(row[name])
            except ValueError:
                times[name] = math.nan
            if not math.isfinite(times[name]):
                raise BadInput(f"{where}: {name} is {row[name]!r}; give seconds on the film's clock")
    if times.get("end", math.inf) < times.get("start", -math.inf):
        raise BadInput(
            f"{where}: the clip ends at {times['end']:g} before it starts at {times['start']:g}; mend the times"
        )
    return times.get("start"), times.get("end")


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """(line, values) of every row that holds anything; UTF-8, or the cp1252 of the AutoAD files."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); give a CSV file") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                rows.append((line, values))
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"{path}:{line}: not CSV ({error}); close its quotes") from None
    return rows
