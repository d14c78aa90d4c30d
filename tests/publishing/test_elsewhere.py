"""A Ray cluster of two workers makes what this machine makes alone, also where a worker or a machine is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray_cluster import ray_cluster
from toy_stages import LENGTHS, WORDS, make_words
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from publishing.elsewhere import RAY, environment
from publishing.stage import Stage, Work, all_jobs

WAITED = 300.0  # seconds for something that takes a few
SIDE_BY_SIDE = {"studio": {"train_films": 3}, "compute": {"jobs": 2}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with ray_cluster() as found:
        yield found


@pytest.fixture
def worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ToyWorld, ToyWorld]:
    """Two worlds alike: one for here, one for the cluster, whose processes find the toys."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    here, there = (ToyWorld(tmp_path / name, dict(SIDE_BY_SIDE)) for name in ("here", "there"))
    return here, there


def side_by_side(stage: Stage, make: Any = None) -> Stage:
    return replace(stage, jobs=all_jobs, make=make or stage.make)


def where_words_are_made(work: Work) -> None:
    """The words as ever; beside the data, who made them."""
    import ray

    make_words(work)
    note = work.data.parent / "made_by" / work.unit
    note.parent.mkdir(exist_ok=True)
    note.write_text(ray.get_runtime_context().get_node_id() if ray.is_initialized() else "here")


def half_words_at_first(work: Work) -> None:
    """The second film's first attempt says who it is, leaves half a file and goes on for ever."""
    import ray

    note = work.data.parent / "attempt"
    if work.unit == FILMS[1] and not note.exists():
        (work.out / "words.json").write_text("[")
        (work.out / "left.txt").write_text("of an attempt that was ended")
        written = note.with_suffix(".part")
        written.write_text(f"{os.getpid()} {ray.get_runtime_context().get_node_id()}")
        written.rename(note)
        time.sleep(WAITED + 30)
    make_words(work)


def once_there(note: Path, then: Any) -> threading.Thread:
    def wait() -> None:
        until = time.monotonic() + WAITED
        while not note.exists() and time.monotonic() < until:
            time.sleep(0.1)
        then(*note.read_text().split())

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.slow
def test_the_cluster_makes_the_same_data_on_both_machines(
    worlds: tuple[ToyWorld, ToyWorld], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = worlds
    here.raw(FILMS[2], "broken")
    there.raw(FILMS[2], "broken")
    for world, address in ((here, ""), (there, cluster.address)):
        monkeypatch.setenv(RAY, address)
        outcome = world.publish(side_by_side(WORDS, where_words_are_made))
        assert outcome.aside == {FILMS[2]: f"raw/{FILMS[2]}.txt:1: broken; mend that line"}
        world.publish(side_by_side(LENGTHS))
    assert here.tree() == there.tree()
    made_by = {path.read_text() for path in (there.root / "made_by").iterdir()}
    assert "here" not in made_by and {path.read_text() for path in (here.root / "made_by").iterdir()} == {"here"}


@pytest.mark.slow
def test_what_the_cluster_made_is_refused_as_what_is_made_here(
    worlds: tuple[ToyWorld, ToyWorld], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = worlds
    refused = {}
    for world, address in ((here, ""), (there, cluster.address)):
        monkeypatch.setenv(RAY, address)
        world.publish(side_by_side(WORDS))
        world.raw(FILMS[0], "another text")
        world.raw(FILMS[1], "an incomprehensible text")
        outcome = world.publish(side_by_side(WORDS, where_words_are_made))
        refused[address] = outcome.rejected
        assert outcome.made == [FILMS[0]] and "word incomprehensible = 16" in outcome.complaint()
        assert (world.data / "rejected/words/_data_docs/index.html").is_file()
    assert refused[""] == refused[cluster.address] and list(refused[""]) == [FILMS[1]]
    assert (there.root / "made_by" / FILMS[1]).read_text() != "here"
    for part in ("words", f"rejected/words/{FILMS[1]}"):
        assert files_below(here, part) == files_below(there, part) != {}


def files_below(world: ToyWorld, part: str) -> dict[str, bytes]:
    return {name: content for name, content in world.tree().items() if name.startswith(f"{part}/")}


@pytest.mark.slow
def test_what_a_unit_raises_arrives_as_it_was_and_nothing_stays_behind(
    worlds: tuple[ToyWorld, ToyWorld], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = worlds
    monkeypatch.setenv(RAY, cluster.address)
    world.raw(FILMS[1], "crash")
    with pytest.raises(RuntimeError, match=r"^a fault of the program$"):
        world.publish(side_by_side(WORDS))
    assert {path.name for path in (world.data / "words").iterdir()} == {FILMS[0]}
    assert not (world.data / ".staging/words").exists()


@pytest.mark.slow
def test_a_unit_whose_worker_is_killed_is_made_again(
    worlds: tuple[ToyWorld, ToyWorld], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = worlds
    here.publish(WORDS)
    monkeypatch.setenv(RAY, cluster.address)
    killing = once_there(there.root / "attempt", lambda pid, node: os.kill(int(pid), signal.SIGKILL))
    outcome = there.publish(side_by_side(WORDS, half_words_at_first))
    killing.join()
    assert outcome.made == list(FILMS)
    assert here.tree() == there.tree()


@pytest.mark.slow
def test_a_unit_whose_machine_is_lost_is_made_on_the_other(
    worlds: tuple[ToyWorld, ToyWorld], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = worlds
    here.publish(WORDS)
    monkeypatch.setenv(RAY, cluster.address)

    def lose(pid: str, node: str) -> None:
        (lost,) = [each for each in cluster.list_all_nodes() if each.node_id == node]
        cluster.remove_node(lost, allow_graceful=False)

    losing = once_there(there.root / "attempt", lose)
    there.publish(side_by_side(WORDS, half_words_at_first))
    losing.join()
    assert here.tree() == there.tree()


def test_a_cluster_that_does_not_answer_is_one_line(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RAY, "127.0.0.1:1")
    world.values = dict(SIDE_BY_SIDE)
    with pytest.raises(BadInput, match=f"{RAY}: no Ray cluster answers at 127.0.0.1:1"):
        world.publish(side_by_side(WORDS))


def test_no_password_goes_to_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_BACKEND_STORE_URI"):
        monkeypatch.setenv(name, "hidden")
    monkeypatch.setenv("HF_HOME", "shown")
    passed = environment(threads="1")
    assert passed["HF_HOME"] == "shown" and "hidden" not in passed.values()
