"""`make repro`: which stages are made, when each may begin, and what is there in the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
import pytest
from test_engines import Project

import orchestration.repro as repro
from common.workers import map_in_processes
from orchestration import warm
from orchestration.warm import Ended
from publishing.stage import Stage, graph_of

GRAPH = graph_of(
    [
        Stage("films", print),
        Stage("encoder", print),
        Stage("banks", print, reads=("films", "encoder")),
        Stage("base", print),
        Stage("clips", print, reads=("banks",)),
        Stage("captioner", print, reads=("clips", "base")),
    ]
)


class Engine:
    """Ends the stages that run in the order in which they began; notes what ran beside what."""

    def __init__(self, **status: int) -> None:
        self.status = status
        self.begun: list[str] = []
        self.beside: list[set[str]] = []

    def start(self, stage: str) -> str:
        self.begun.append(stage)
        return stage

    def wait(self, running: dict[str, str]) -> tuple[str, Ended]:
        self.beside.append(set(running))
        first = next(iter(running))
        return first, Ended(self.status.get(first, 0), 1.0, 1.0)


def made(engine: Engine, *changed: str, at_once: int = 2) -> list[str]:
    return list(repro.side_by_side(GRAPH, changed, at_once=at_once, start=engine.start, wait=engine.wait))


def test_a_stage_begins_as_soon_as_all_it_reads_is_there() -> None:
    engine = Engine()
    made(engine, *GRAPH)
    assert engine.begun == ["films", "encoder", "base", "banks", "clips", "captioner"]
    assert engine.beside[0] == {"films", "encoder"} and {"base", "banks"} in engine.beside
    assert all(len(beside) <= 2 for beside in engine.beside)


def test_one_at_a_time_is_the_order_of_the_graph() -> None:
    engine = Engine()
    assert made(engine, *GRAPH, at_once=1) == list(GRAPH)


def test_what_reads_a_changed_stage_is_made_and_nothing_else() -> None:
    assert made(Engine(), "encoder") == ["encoder", "banks", "clips", "captioner"]
    assert made(Engine()) == []


def test_what_reads_a_stage_that_failed_is_not_begun_and_the_others_are_made() -> None:
    engine = Engine(films=1)
    assert made(engine, *GRAPH, at_once=3) == ["films", "encoder", "base"]


def status_of(stage: str, make: Callable[[list[str]], int], **more: Any) -> int:
    running = warm.start(stage, make, **({"known": warm.sources()} | more))
    name, ended = warm.wait({stage: running})
    assert name == stage and 0 < ended.cpu <= 60 and ended.seconds > 0
    return ended.status


def test_a_stage_tells_its_status() -> None:
    assert status_of("toy", lambda words: len(words) + 6) == 7


def test_a_stage_that_fails_has_status_1_and_a_trace(capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of("toy", lambda _words: 1 // 0) == 1
    assert "ZeroDivisionError" in capfd.readouterr().err


def picture_and_threads(number: int) -> tuple[int, int, int, int]:
    """Asks OpenCV for what it does on several threads, and how many threads each library has."""
    import torch
    from threadpoolctl import threadpool_info

    small = cv2.resize(np.full((2000, 2000, 3), number, np.uint8), (999, 999), interpolation=cv2.INTER_AREA)
    most = max(pool["num_threads"] for pool in threadpool_info())
    return int(small.mean()), cv2.getNumThreads(), torch.get_num_threads(), most


def status_of_a_stage_with_workers() -> int:
    def make(_words: list[str]) -> int:
        cv2.setNumThreads(2)
        assert picture_and_threads(7)[0] == 7  # wakes the threads of OpenCV's pool
        found = list(map_in_processes(picture_and_threads, [1, 2, 3], jobs=2))
        assert found == [(number, 1, 1, 1) for number in (1, 2, 3)] and cv2.getNumThreads() == 2
        return 0

    return status_of("toy", make)


def test_forked_workers_compute_on_one_thread_whatever_their_parent_did() -> None:
    """From a new Python: in this one other tests may have woken OpenCV's pool, which `make repro` never does before it
    forks a stage, and which no forked process can take down."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        assert alone.submit(status_of_a_stage_with_workers).result() == 0


def test_a_stage_that_fills_idle_cores_gives_way() -> None:
    def niceness(_words: list[str]) -> int:
        return os.nice(0)

    assert [status_of("toy", niceness, filling=each) for each in (False, True)] == [
        os.nice(0),
        os.nice(0) + warm.FILLING,
    ]


def test_a_stage_that_is_killed_is_told_by_its_signal() -> None:
    def killed(_words: list[str]) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert status_of("toy", killed) == -signal.SIGKILL


@pytest.mark.slow
def test_code_that_changed_since_is_imported_anew(capfd: pytest.CaptureFixture[str]) -> None:
    def never(_words: list[str]) -> int:
        return 99

    assert status_of("toy", never, known={}) == 2
    assert "toy: no such stage" in capfd.readouterr().err


def test_the_libraries_that_are_kept_warm_start_no_thread() -> None:
    code = "import threading; from orchestration import warm; warm.load(); print(threading.active_count())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


def lock(project: Project) -> str:
    return (project.root / "dvc.lock").read_text()


@pytest.fixture(scope="module")
def whole(project: Project) -> str:
    """dvc.lock of a project that is made."""
    done = project.command("orchestration.repro")
    assert done.returncode == 0, done.stderr
    return lock(project)


@pytest.mark.slow
def test_it_makes_what_dvc_makes_and_then_nothing(project: Project) -> None:
    forget(project)
    done = project.command("orchestration.repro")
    assert done.returncode == 0, done.stderr
    assert "total: 1 made; committed to DVC" in done.stderr
    assert "total " in done.stdout and "up to date" in project.dvc("status")
    by_repro = lock(project)
    project.dvc("repro", "--force")
    assert lock(project) == by_repro
    again = project.command("orchestration.repro")
    assert again.returncode == 0 and "Nothing is changed" in again.stdout


@pytest.mark.slow
def test_a_rejection_is_told_and_what_reads_it_is_left_alone(project: Project, whole: str) -> None:
    project.raw("tt9000001", "incomprehensible")
    done = project.command("orchestration.repro")
    assert done.returncode == 1 and "too long a word" in done.stderr and "Traceback" not in done.stderr
    assert "not made: words, and nothing that reads it" in done.stderr and "lengths: " not in done.stderr
    assert lock(project) == whole
    project.raw("tt9000001", "the words of tt9000001")
    assert project.command("orchestration.repro").returncode == 0
    assert lock(project) == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (r"\Z", "  slipped: 1\n", "compute.slipped: unknown parameter; known here: stages, jobs, threads"),
        ("train_films:", "train_movies:", "studio.train_movies: unknown parameter; did you mean train_films?"),
    ],
)
def test_a_mistake_in_the_parameters_is_one_line_though_nothing_else_is_changed(
    right: str, wrong: str, told: str, project: Project, whole: str
) -> None:
    assert lock(project) == whole
    parameters = project.root / "params.yaml"
    text = parameters.read_text()
    parameters.write_text(re.sub(right, wrong, text))
    try:
        done = project.command("orchestration.repro")
    finally:
        parameters.write_text(text)
    assert done.returncode == 2 and done.stderr == f"params.yaml: {told}\n"


@pytest.mark.slow
@pytest.mark.parametrize("said", ["loading libraries", "words/tt9000001 made", "words: 2 made", "lengths: 2 made"])
def test_killed_it_ends_as_if_undisturbed(said: str, project: Project, whole: str) -> None:
    forget(project)
    status, _ = signalled(project, signal.SIGKILL, when=said)
    assert status == -signal.SIGKILL
    done = project.command("orchestration.repro")
    assert done.returncode == 0, done.stderr
    assert lock(project) == whole


@pytest.mark.slow
def test_ctrl_c_ends_the_stages_too_and_the_same_command_goes_on(project: Project, whole: str) -> None:
    forget(project)
    status, told = signalled(project, signal.SIGINT, when="words/tt9000001 made")
    assert status == repro.run.INTERRUPTED
    assert "the same command goes on" in told and "a fault of the program" not in told
    assert project.command("orchestration.repro").returncode == 0 and lock(project) == whole


def forget(project: Project) -> None:
    for name in ("data/words", "data/lengths", "data/total", ".dvc/cache"):
        shutil.rmtree(project.root / name, ignore_errors=True)
    (project.root / "dvc.lock").unlink(missing_ok=True)


def signalled(project: Project, number: signal.Signals, *, when: str) -> tuple[int, str]:
    """Status and last lines of a run all of whose processes get the signal once it has said `when`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "DAGSTER_"))}
    # Tests that run in the background of a script ignore Ctrl-C, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.repro"],
        cwd=project.root,
        env=environment | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(project.root / ".site_cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    try:
        assert any(when in line for line in process.stderr), f"it ended without saying {when!r}"
        os.killpg(process.pid, number)
        _, told = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, told
