"""Two runs of one stage at once, in every pair of engines: one makes it, the other is refused and says so."""

from __future__ import annotations

import logging
import re
import subprocess
import time
from itertools import combinations_with_replacement, product
from pathlib import Path

from common.errors import BadInput
from common.files import write_text
from orchestration.faults.report import Row
from orchestration.faults.scratch import Ended, kill_group, unequal
from orchestration.faults.toys import FILMS, Toys

log = logging.getLogger(__name__)
RACES = 2
WAITED = 300.0  # seconds for what takes a few
ENGINES = {
    "DVC": ("dvc", "repro", "words"),
    "Dagster": ("dg", "launch", "--assets", 'key:"words"', "--partition-range", f"{FILMS[0]}...{FILMS[-1]}"),
    "orchestration.run": ("python", "-m", "orchestration.run", "words"),
}


def rows(scratch: Path, seed: int) -> list[Row]:
    toys = Toys(scratch / "toys")
    toys.must_run("dvc", "repro", "words")
    wanted = toys.files()
    told = []
    for first, second in product(ENGINES, ENGINES):
        row = Row(f"{first} makes the stage, {second} is started meanwhile", 1)
        row.wrong, row.found = _meet(toys, first, second, wanted)
        told.append(row)
        log.info("pairs: %s, %s: %s", first, second, row.wrong or row.found)
    told.append(_orphan(toys, wanted))
    log.info("pairs: %s: %s", told[-1].what, told[-1].wrong or told[-1].found)
    for first, second in combinations_with_replacement(ENGINES, 2):
        row = Row(f"{first} and {second} started in the same moment", RACES)
        refused = 0
        for _ in range(RACES):
            wrong, more = _race(toys, first, second, wanted)
            row.wrong += wrong
            refused += more
        row.found = f"one refused in a line {refused} times, else one after the other; equal results"
        log.info("pairs: %s: %s", row.what, row.wrong or row.found)
        told.append(row)
    return told


def _start(toys: Toys, engine: str, log_name: str) -> tuple[subprocess.Popen[bytes], Path]:
    output = toys.root / ".cache" / f"{log_name}.log"
    home = toys.root / ".home" / "dagster"
    more = {"DAGSTER_HOME": str(home)} if engine == "Dagster" else {}
    return toys.start(*ENGINES[engine], log=output, more=more), output


def _ended(process: subprocess.Popen[bytes], output: Path) -> Ended:
    try:
        status = process.wait(timeout=WAITED)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise BadInput(f"faults: a run of {output.stem} hangs: {output.read_text(errors='replace')[-300:]}") from None
    return Ended(status, output.read_text(encoding="utf-8", errors="replace"))


def _meet(toys: Toys, first: str, second: str, wanted: dict[str, str]) -> tuple[list[str], str]:
    """What was wrong, and the line with which the second was refused."""
    toys.begin_anew()
    write_text(toys.hold, "")
    holding, output = _start(toys, first, "first")
    try:
        _wait_until_it_writes(toys, holding, output)
        refused = _ended(*_start(toys, second, "second"))
    finally:
        toys.hold.unlink()
    held = _ended(holding, output)
    wrong = [] if held.status == 0 else [f"the first failed: {' | '.join(held.lines[-2:])}"]
    line = refusal(refused)
    if refused.status == 0:
        wrong.append("the second was not refused")
    elif line is None:
        wrong.append(f"the second said no line of it: {' | '.join(refused.lines[-2:])}")
    if "Traceback" in refused.said + held.said:
        wrong.append("a traceback")
    return wrong + unequal(toys.files(), wanted), f"the second: {_plain(line or '', toys)}"


def _orphan(toys: Toys, wanted: dict[str, str]) -> Row:
    """DVC killed alone: its stage goes on, and a second `dvc repro` must not start the same beside it."""
    row = Row("DVC killed alone, while the stage that it started goes on; DVC is started again", 1)
    toys.begin_anew()
    write_text(toys.hold, "")
    process, output = _start(toys, "DVC", "first")
    try:
        _wait_until_it_writes(toys, process, output)
        process.kill()
        process.wait()
        refused = toys.repro("words")
    finally:
        toys.hold.unlink()
    line = refusal(refused)
    row.wrong += [] if refused.status and line else [f"not refused: {' | '.join(refused.lines[-2:])}"]
    row.wrong += [f"does not end: {each}" for each in toys.survivors(patience=WAITED)]
    again = toys.repro("words")
    row.wrong += [] if again.status == 0 else [f"refused when the orphan was gone: {' | '.join(again.lines[-2:])}"]
    row.wrong += unequal(toys.files(), wanted)
    row.found = f"the second: {_plain(line or '', toys)}; the third, when the orphan was gone, found all made"
    return row


def _wait_until_it_writes(toys: Toys, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + WAITED
    while not toys.is_writing():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BadInput(f"faults: the first run did not begin: {output.read_text(errors='replace')[-300:]}")
        time.sleep(0.02)


def refusal(ended: Ended) -> str | None:
    """The line that names who has the stage, or DVC's that names who has its lock."""
    for line in ended.lines:
        if "wait for it or stop it" in line or "it is being blocked by" in line or "Unable to acquire lock" in line:
            return line
    return None


def _plain(line: str, toys: Toys) -> str:
    """Without numbers of processes, places of this machine and Dagster's name for a failure."""
    line = line.replace(f"{toys.root}/", "").removeprefix("dagster._core.definitions.events.Failure: ")
    return re.sub(r"process \d+ \([^;]*\)", "process N (its command)", line)


def _race(toys: Toys, first: str, second: str, wanted: dict[str, str]) -> tuple[list[str], int]:
    """What was wrong, and how many of the two were refused."""
    toys.begin_anew()
    started = [_start(toys, first, "first"), _start(toys, second, "second")]
    ended = [_ended(*each) for each in started]
    wrong = [] if any(each.status == 0 for each in ended) else ["both failed"]
    for each in ended:
        if each.status and refusal(each) is None:
            wrong.append(f"failed without a line: {' | '.join(each.lines[-2:])}")
        if "Traceback" in each.said:
            wrong.append("a traceback")
    again = toys.repro("words")
    wrong += [] if again.status == 0 else [f"DVC refuses afterwards: {' | '.join(again.lines[-2:])}"]
    return wrong + unequal(toys.files(), wanted), sum(each.status != 0 for each in ended)
