"""What works beside the lineage, killed while it is used: MLflow's server, Java programs, workers of a Ray cluster."""

from __future__ import annotations

import csv
import json
import logging
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from common.errors import BadInput
from orchestration.bench.metrics import sample_pairs
from orchestration.faults.report import Row
from orchestration.faults.scratch import Clone, kill_group
from orchestration.faults.toys import Toys

log = logging.getLogger(__name__)
SERVER_KILLS, JAVA_KILLS, PAIRS, STEPS = 4, 8, 1500, 400
WAITED = 300.0  # seconds for what takes a few
# A training that tells MLflow of every step, then is published: what the stage `captioner` does, without the captioner.
_TRAIN = f"""
import json, sys, time
from pathlib import Path
from publishing import live, tracking
root = Path.cwd()
told = dict(stage="captioner", unit="C2.0", data=root / "data", inputs={{"words": ("tt9000001",)}}, parameters={{}})
note = root / "trained" / live.NOTE
note.parent.mkdir()
with live.LiveRun(**told, note=note) as watch:
    watch.began(0)
    for step in range(1, {STEPS} + 1):
        watch.step(step, {{"loss": 1 / step}})
        while not (root / "server_done").exists() and step == {STEPS}:
            time.sleep(0.1)
        time.sleep(0.02)
(note.parent / "training.json").write_text(json.dumps({{"loss": [1 / step for step in range(1, {STEPS} + 1)]}}))
curves = json.loads((note.parent / "training.json").read_text())
run = tracking.log_training_run(**told, folder=note.parent, metrics={{}}, curves=curves, run=live.noted_run(note))
found = tracking.client()
steps = sorted(point.step for point in found.get_metric_history(run, "loss"))
print(json.dumps([found.get_run(run).info.status, steps == list(range(1, {STEPS} + 1)), live.noted_run(note) == run]))
"""


def rows(scratch: Path, seed: int) -> list[Row]:
    toys = Toys(scratch / "toys")
    toys.must_run("dvc", "repro")
    return [_mlflow(toys, seed), _java(toys, seed), _ray(toys, scratch, seed)]


def _mlflow(toys: Toys, seed: int) -> Row:
    row = Row("MLflow's server killed while it is asked and a training writes into its store; then started again", 0)
    rng = np.random.default_rng([seed, 1])
    for name in (".home/mlflow", "trained", "server_done"):
        path = toys.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    toys.must_run("python", "-c", "from publishing import tracking; tracking.client()")  # as `make ui` begins
    output = toys.root / ".cache" / "training.log"
    training = toys.start("python", "-c", _TRAIN, log=output)
    database = toys.root / ".home" / "mlflow" / "mlflow.db"
    try:
        for number in range(SERVER_KILLS):
            with _server(toys, database, first=number == 0) as (server, asked):
                time.sleep(rng.uniform(0.0, 1.5))
                answers = asked()
                kill_group(server)
            row.times += 1
            log.info("servers: MLflow's server killed after %d answers (%d of %d)", answers, number + 1, SERVER_KILLS)
        with _server(toys, database, first=False):
            pass  # it starts on the store and answers
        (toys.root / "server_done").touch()
        training.wait(timeout=WAITED)
    finally:
        kill_group(training)
    said = output.read_text(encoding="utf-8", errors="replace").splitlines()
    told = json.loads(said[-1]) if said and said[-1].startswith("[") else said[-2:]
    if told != ["FINISHED", True, True]:
        row.wrong.append(f"the training: {told}")
    with closing(sqlite3.connect(database)) as store:
        found = store.execute("pragma integrity_check").fetchone()[0]
    row.wrong += [] if found == "ok" else [f"the store: {found}"]
    row.found = f"all {STEPS} steps of the training are in its one run; the store is whole" if not row.wrong else ""
    return row


@contextmanager
def _server(toys: Clone, database: Path, *, first: bool) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], int]]]:
    """The server as `make ui` starts it, under requests, once it has answered one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ("mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port))
    more = {"MLFLOW_BACKEND_STORE_URI": f"sqlite:///{database}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    server = toys.start(*words, log=toys.root / ".cache" / "mlflow.log", more=more)
    answered = [0]
    over = threading.Event()
    asking = [threading.Thread(target=_ask, args=(port, answered, over), daemon=True) for _ in range(2)]
    try:
        for each in asking:
            each.start()
        _wait_for(lambda: answered[0] > 0 or server.poll() is not None, "MLflow's server")
        if server.poll() is not None:
            raise BadInput(f"faults: MLflow's server {'does not start' if first else 'did not start again'}")
        yield server, lambda: answered[0]
    finally:
        over.set()
        kill_group(server)
        for each in asking:
            each.join()


def _ask(port: int, answered: list[int], over: threading.Event) -> None:
    """Searches runs again and again."""
    body = json.dumps({"experiment_ids": ["1"], "max_results": 100}).encode()
    address = f"http://127.0.0.1:{port}/api/2.0/mlflow/runs/search"
    while not over.is_set():
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()
            answered[0] += 1
        except (OSError, urllib.error.URLError, ValueError):
            time.sleep(0.1)


def _wait_for(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAITED
    while not true():
        if time.monotonic() > deadline:
            raise BadInput(f"faults: {what} is not there after {WAITED:.0f} s")
        time.sleep(0.1)


def _java(toys: Toys, seed: int) -> Row:
    row = Row("a Java program (tokenizer or METEOR) killed while a table is scored (`focusedad score`)", 0)
    rng = np.random.default_rng([seed, 2])
    table = toys.root / "pairs.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text_gt", "text_gen"), *sample_pairs(PAIRS)])
    words = (
        "python",
        "-m",
        "orchestration.cli",
        "score",
        "pairs.csv",
        "--metric",
        "METEOR",
        "--metric",
        "CIDEr",
        "--json",
    )
    begun = time.monotonic()
    wanted = _score(toys, words, None)
    length = time.monotonic() - begun
    if wanted[0]:
        raise BadInput(f"faults: the table cannot be scored: {wanted[1][-300:]}")
    refused = equal = 0
    for number in range(JAVA_KILLS):
        status, said, hit = _score(toys, words, float(rng.uniform(0, 0.4 * length)))
        row.times += hit
        lines = [line for line in said.splitlines() if line.strip()]
        if status == 0 and said == wanted[1]:
            equal += hit
        elif status == 1 and len(lines) == 1 and "Traceback" not in said:
            refused += 1
            row.found = lines[0]
        else:
            row.wrong.append(f"status {status}: {' | '.join(lines[-2:])[:200]}")
        log.info("servers: Java killed: status %d (%d of %d)", status, number + 1, JAVA_KILLS)
    again = _score(toys, words, None)
    row.wrong += [] if again[:2] == wanted[:2] else ["scored otherwise afterwards"]
    row.found = f"{equal} times the same scores, {refused} times one line {row.found!r}; afterwards the same scores"
    return row


def _score(toys: Clone, words: tuple[str, ...], kill_after: float | None) -> tuple[int, str, int]:
    """Exit status, what was said, and whether a Java program was killed, some seconds after the first was seen."""
    import psutil

    for kept in (toys.root / ".cache").glob("*.json"):  # what was counted before
        kept.unlink()
    output = toys.root / ".cache" / "score.log"
    process = toys.start(*words, log=output)
    seen, hit = 0.0, 0
    deadline = time.monotonic() + WAITED
    try:
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise BadInput(f"faults: `focusedad score` is not done after {WAITED:.0f} s")
            if kill_after is not None and not hit:
                try:
                    children = psutil.Process(process.pid).children(recursive=True)
                    programs = [child for child in children if "java" in child.name()]
                except psutil.Error:
                    programs = []
                seen = seen or (time.monotonic() if programs else 0.0)
                if programs and time.monotonic() - seen >= kill_after:
                    os.kill(programs[-1].pid, signal.SIGKILL)
                    hit = 1
            time.sleep(0.02)
    finally:
        kill_group(process)
    return process.returncode, output.read_text(encoding="utf-8", errors="replace"), hit


def _ray(toys: Toys, scratch: Path, seed: int) -> Row:
    row = Row("workers of a Ray cluster of two machines killed while they make units", 0)
    modules = os.pathsep.join([str(toys.root), str(toys.root / "tests" / "publishing")])
    words = ("python", "-m", "orchestration.faults.ray_load", str(scratch.resolve() / "ray"), str(seed))
    ended = toys.run(*words, more={"PYTHONPATH": modules})
    told = [line for line in ended.lines if line.startswith('{"what"')]
    if ended.status or not told:
        row.wrong.append(f"the cluster: {' | '.join(ended.lines[-2:])}")
        return row
    return Row(**json.loads(told[-1]))
