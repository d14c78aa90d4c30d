"""`FAULTS.json` and `FAULTS.md`: what was done, how often, and what was found; parts that were not run again stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from common.files import read_json, write_json, write_text
from orchestration.bench.harness import machine
from orchestration.faults.moments import PHASES

PARTS = {
    "kills": "SIGKILL in the whole lineage",
    "together": "SIGKILL while stages are made side by side",
    "disk": "a full disk, a disk that cannot be written to",
    "pairs": "two runs at once",
    "servers": "MLflow's server, Java and Ray's workers killed under load",
    "clock": "the clock jumps",
    "network": "no network at all",
}


@dataclass
class Row:
    """One fault: how often it was made, and each time that something was lost, changed or left unclear (`wrong`)."""

    what: str
    times: int
    wrong: list[str] = field(default_factory=list)
    found: str = ""


def write_part(part: str, rows: Sequence[Row], folder: Path, *, commit: str, more: Any = None) -> None:
    """Puts a part into the JSON in `folder`, with the machine and the commit, and writes the page anew."""
    path = folder / "FAULTS.json"
    known = read_json(path) if path.is_file() else {}
    known[part] = {"rows": [asdict(row) for row in rows], "machine": machine(), "commit": commit, "more": more}
    write_json(path, known)
    write_text(folder / "FAULTS.md", page(known))


def page(parts: dict[str, Any]) -> str:
    """All parts as Markdown."""
    lines = [
        "# Faults",
        "",
        "Written by `make faults` (`python -m orchestration.faults --only PART` for one part). Everything happens in",
        "scratch clones of this repository with the same environment. `wrong` counts what went wrong: something",
        "published was lost, torn or changed, the next run did not end as an undisturbed one, or nobody was told in a",
        "line.",
    ]
    for part, title in PARTS.items():
        if part in parts:
            lines += ["", f"## {title[0].upper()}{title[1:]}", "", *_table(parts[part]["rows"])]
            if part == "kills" and parts[part]["more"]:
                lines += ["", *kill_table(parts[part]["more"]["kills"])]
    absent = [title for part, title in PARTS.items() if part not in parts]
    lines += ["", f"Not run so far: {'; '.join(absent)}."] if absent else []
    lines += ["", *_machines(parts), ""]
    return "\n".join(lines)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["| what was done | times | wrong | what was found |", "| --- | ---: | ---: | --- |"]
    return head + [
        f"| {_cell(row['what'])} | {row['times']} | {len(row['wrong'])} | "
        f"{_cell('; '.join([*row['wrong'][:5], *filter(None, [row['found']])]))} |"
        for row in rows
    ]


def kill_table(kills: Sequence[dict[str, Any]]) -> list[str]:
    """How often each stage was hit in each phase (where the kill hit, not where it was aimed)."""
    kills = [kill for kill in kills if kill["phase"] in PHASES]  # not what could not be resumed
    counts = Counter((kill["stage"], kill["phase"]) for kill in kills)
    stages = list(dict.fromkeys(kill["stage"] for kill in sorted(kills, key=lambda kill: kill["turn"])))
    head = [f"| killed in | {' | '.join(PHASES)} | all |", f"| --- |{' ---: |' * (len(PHASES) + 1)}"]
    rows = [(stage, [counts[stage, phase] for phase in PHASES]) for stage in stages]
    rows.append(("all", [sum(counts[stage, phase] for stage in stages) for phase in PHASES]))
    return head + [f"| {stage} | {' | '.join(str(n or '') for n in row)} | {sum(row)} |" for stage, row in rows]


def _machines(parts: dict[str, Any]) -> list[str]:
    told: dict[str, list[str]] = {}
    for part in filter(parts.__contains__, PARTS):
        content = parts[part]
        where = ", ".join(f"{key} {value}" for key, value in sorted(content["machine"].items()))
        told.setdefault(f"{where}; commit {content['commit']}", []).append(part)
    return [f"{', '.join(names)}: {where}." for where, names in told.items()]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
