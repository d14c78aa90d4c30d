"""What a training takes of the machine: sampled while it goes on, logged with its run, never in what is published."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_stages import TOYS, WORDS
from toy_world import FILMS, ToyWorld

from publishing import tracking, usage
from publishing.publish import Outcome
from publishing.stage import Work
from publishing.usage import PREFIX, Meter, Sample, points

MEBIBYTES = 200
FIGURES = {
    "cpu_utilization_percentage",
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
    "process_cpu_utilization_percentage",
    "process_memory_usage_megabytes",
}


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that says something when it is ready, and ends with its input."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None and running.stdout.readline()
        yield running
        running.communicate("\n")


def test_even_the_shortest_training_has_a_sample() -> None:
    with Meter() as meter:
        pass
    (sample,) = meter.taken()
    assert set(sample.figures) >= FIGURES
    assert 0 < sample.figures["system_memory_usage_percentage"] <= 100
    assert meter.taken() == [], "each is given once"


def test_samples_follow_each_other_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SECONDS", 0.01)
    with Meter() as meter:
        found: list[Sample] = []
        while len(found) < 3:
            found += meter.taken()
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_what_a_training_started_counts_as_its_own() -> None:
    training = usage._Training()
    alone = training.figures()
    with child(f"held = bytearray({MEBIBYTES} * 2**20); [i * i for i in range(10**6)]"):
        with_child = training.figures()
    more = with_child["process_memory_usage_megabytes"] - alone["process_memory_usage_megabytes"]
    assert more > MEBIBYTES, "a child's memory is the training's"
    assert with_child["process_cpu_utilization_percentage"] > 0
    assert training.figures()["process_cpu_utilization_percentage"] >= 0, "what ended is still counted by its parent"


def test_of_several_processes_all_that_their_launcher_started_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    assert usage._Training().root.pid == os.getppid()


def test_every_gpu_is_told_by_its_drivers_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '37, 1000, 4000, 75.5'\necho '0, 0, 4000, [N/A]'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert usage._gpus() == {
        "gpu_0_utilization_percentage": 37.0,
        "gpu_0_memory_usage_megabytes": pytest.approx(1048.576),
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_power_usage_watts": 75.5,
        "gpu_1_utilization_percentage": 0.0,
        "gpu_1_memory_usage_megabytes": 0.0,
        "gpu_1_memory_usage_percentage": 0.0,
    }
    tool.write_text("#!/bin/sh\necho 'no device' >&2\nexit 9\n")
    assert usage._gpus() == {}
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert usage._gpus() == {}


def test_what_cannot_be_measured_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> dict[str, float]:
        raise OSError("no /proc")

    monkeypatch.setattr(usage, "_gpus", fail)
    monkeypatch.setattr(usage, "SECONDS", 0.01)
    with caplog.at_level(logging.WARNING), Meter() as meter:
        pass
    assert meter.taken() == []
    assert [record.message for record in caplog.records] == [
        "what the training takes of the machine is not known: OSError: no /proc"
    ]


def log_words(work: Work) -> None:
    """The toy's words as a training of MLflow's."""
    tracking.log_training_run(
        stage="words",
        unit=work.unit,
        folder=work.out,
        data=work.data,
        inputs={},
        parameters={},
        metrics={},
        curves={"loss": [2.0, 1.0]},
    )


def test_a_trainings_samples_are_with_its_run_and_not_in_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, plain = ToyWorld(tmp_path / "watched"), ToyWorld(tmp_path / "plain")
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(world.root))
    training = replace(WORDS, track=log_words)
    published: Outcome = world.publish(training)
    plain.publish(WORDS)
    assert world.tree() == plain.tree(), "what is published holds nothing of the machine"

    client = tracking.client()

    def steps(film: str) -> list[int]:
        run = tracking.find_run("words", film, published.versions[film])
        assert run is not None
        return [point.step for point in client.get_metric_history(run, f"{PREFIX}process_memory_usage_megabytes")]

    assert {film: steps(film) for film in FILMS} == {film: [1] for film in FILMS}
    tracking.log_usage("words", FILMS[0], world.data / "words" / FILMS[0], [Sample(5.0, {"cpu": 1.0})] * 3)
    assert steps(FILMS[0]) == [1], "made again with the same data it is the same run, which keeps its samples"


def test_a_stage_without_trainings_is_not_watched(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("watched")

    monkeypatch.setattr(Meter, "__enter__", fail)
    assert world.publish(TOYS[0]).made == list(FILMS)


def test_points_are_named_as_mlflows_and_counted_on() -> None:
    samples = [Sample(5.0, {"cpu": 1.0}), Sample(15.0, {"cpu": 2.0})]
    assert points(samples, first=4) == [("system/cpu", 1.0, 5.0, 4), ("system/cpu", 2.0, 15.0, 5)]
