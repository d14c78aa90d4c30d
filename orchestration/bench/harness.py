"""Ratios measured in one run: both sides in turn, medians, the machine beside them."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.files import read_json, write_json, write_text

COMMAND = "make bench"


@dataclass(frozen=True)
class Result:
    """One line of the benchmark. `ratio` above 1: ours is better; `peer` None: nothing to hold it against."""

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    unit: str
    command: str = COMMAND
    note: str = ""


def interleaved(ours: Callable[[], Any], peer: Callable[[], Any], *, rounds: int) -> tuple[float, float]:
    """Median seconds of CPU time of both, measured in turn, so that a busy machine is busy for both.

    Each runs once unmeasured first: imports, kernels chosen at first use, file caches.
    """
    sides: list[tuple[Callable[[], Any], list[float]]] = [(ours, []), (peer, [])]
    for run, _ in sides:
        run()
    for _ in range(rounds):
        for run, seconds in sides:
            begun = time.process_time()
            run()
            seconds.append(time.process_time() - begun)
    return statistics.median(sides[0][1]), statistics.median(sides[1][1])


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    import torch

    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory) / 2**20:.0f} GiB",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def write_results(results: Sequence[Result], folder: Path) -> None:
    """`BENCHMARKS.json` and `BENCHMARKS.md` in `folder`; results of other names stay, with their own machine."""
    path = folder / "BENCHMARKS.json"
    before = read_json(path) if path.is_file() else []
    here = machine()
    fresh = [{**asdict(result), "machine": here} for result in results]
    names = {result.name for result in results}
    rows = [row for row in before if row["name"] not in names] + fresh
    write_json(path, rows)
    write_text(folder / "BENCHMARKS.md", page(rows))


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Ratios are measured in one run, both sides in turn, medians of CPU time of one",
        "thread; the peer is re-implemented from its description, with the same weights on the same frames. What an",
        "engine costs is the CPU time of a command with all its processes, in a copy of the repository.",
        "",
        "| what | ours | peer | ratio | unit | note |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    lines += [
        f"| {row['name']} | {_shown(row['ours'])} | {_shown(row['peer'])} | {_shown(row['ratio'])} | {row['unit']} "
        f"| {row['note']} |"
        for row in rows
    ]
    machines = sorted({", ".join(f"{key} {value}" for key, value in sorted(row["machine"].items())) for row in rows})
    return "\n".join([*lines, "", "Measured on: " + "; ".join(machines) + ".", ""])


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
