"""Refused data are kept up to a limit: the oldest go first, the newest and every reason stay, and the log says so."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_stages import WORDS
from toy_world import FILMS, ToyWorld, in_child

from common.files import read_json
from publishing.gates import Audit
from publishing.publish import Outcome
from publishing.records import REJECTED
from publishing.rejected import beyond_limit, by_age, data_bytes, keep_verdict
from publishing.stage import Stage
from publishing.thumbnails import THUMBNAILS

ONE, TWO, THREE = FILMS
KIB = 1 / 1024  # of a MiB
LONG = " incomprehensible" * 100  # 2 KiB of words


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The words' stage with a gate that knows long words without loading Great Expectations."""

    def audit(tables: object, expectations: object, *, units: Sequence[str]) -> Audit:
        assert isinstance(tables, dict)
        long = [unit for unit in units if any(len(word) > 9 for word in tables[unit]["words"])]
        return Audit({unit: ["too long a word"] for unit in long}, 1)

    monkeypatch.setattr("publishing.gates.audit", audit)
    monkeypatch.setattr("publishing.audits._gather", lambda facts: facts)
    return replace(WORDS, facts=lambda folder: {"words": read_json(folder / "words.json")})


def refuse(world: ToyWorld, stage: Stage, *films: str, most_mib: float) -> Outcome:
    for film in films:
        world.raw(film, film + LONG)
    world.values["rejected"] = {"most_mib": most_mib}
    return world.publish(stage)


def with_data(world: ToyWorld) -> list[str]:
    return [folder.name for folder in by_age(world.data / "rejected/words") if (folder / "words.json").exists()]


def test_the_oldest_data_go_and_their_reasons_stay(
    world: ToyWorld, refusing: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    rejects = world.data / "rejected/words"
    assert list(refuse(world, refusing, ONE, TWO, most_mib=100 * KIB).rejected) == [ONE, TWO]
    assert with_data(world) == [ONE, TWO]
    (rejects / ONE / THUMBNAILS).write_bytes(b"a picture")
    world.values["rejected"] = {"most_mib": 5 * KIB}
    world.raw(THREE, THREE + LONG)
    with caplog.at_level(logging.WARNING):
        world.publish(refusing, only=[THREE])
    assert with_data(world) == [TWO, THREE]
    assert {path.name for path in (rejects / ONE).iterdir()} == {REJECTED, THUMBNAILS}
    assert read_json(rejects / ONE / REJECTED)["failures"] == ["too long a word"]
    (told,) = caplog.messages
    assert told.startswith(f"words/{ONE}: rejected data removed (0.0 MiB)") and "rejected.most_mib is 0.0048" in told
    assert not (world.data / ".staging").exists()


def test_the_newest_stays_however_large(world: ToyWorld, refusing: Stage) -> None:
    refuse(world, refusing, *FILMS, most_mib=0)
    assert with_data(world) == [THREE]


def test_what_is_published_too_costs_nothing(world: ToyWorld, refusing: Stage) -> None:
    """A stricter gate refuses what lies published: what is kept of it are links."""
    lenient = replace(refusing, expectations=lambda settings: [])
    for film in FILMS:
        world.raw(film, film + LONG)
    assert world.publish(lenient).good
    world.values["rejected"] = {"most_mib": 0}
    assert list(world.publish(refusing).rejected) == list(FILMS)
    assert with_data(world) == list(FILMS)


def test_a_kill_while_data_are_removed_leaves_whole_folders(world: ToyWorld, refusing: Stage, tmp_path: Path) -> None:
    steps: list[str] = []

    def prepared(folder: Path) -> ToyWorld:
        found = ToyWorld(folder)
        refuse(found, refusing, ONE, TWO, most_mib=1)
        found.values["rejected"] = {"most_mib": 0}
        return found

    undisturbed = prepared(tmp_path / "undisturbed")
    undisturbed.publish(refusing, on_step=steps.append)
    ends = undisturbed.tree()
    for kill_at in range(len(steps)):
        killed = prepared(tmp_path / f"killed_{kill_at}")
        left = [kill_at]

        def kill(step: str, left: list[int] = left) -> None:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        assert in_child(lambda world=killed, kill=kill: world.publish(refusing, on_step=kill)) == -signal.SIGKILL  # type: ignore[misc]
        for film in (ONE, TWO):
            names = {path.name for path in (killed.data / "rejected/words" / film).iterdir()}
            assert names in ({REJECTED}, {REJECTED, "words.json", "more"}), f"killed at {steps[kill_at]}"
        killed.publish(refusing)
        assert killed.tree() == ends, f"killed at {steps[kill_at]}"


@given(sizes=st.lists(st.integers(0, 50), max_size=6), most=st.integers(0, 120))
def test_as_few_as_possible_go_and_those_refused_first(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    rejects = tmp_path_factory.mktemp("rejects")
    for number, size in enumerate(sizes):
        folder = rejects / f"unit{9 - number}"  # by name the other way round
        folder.mkdir()
        (folder / "data").write_bytes(b"x" * size)
        (folder / REJECTED).write_text("{}")
        os.utime(folder / REJECTED, ns=(number, number))
    gone = beyond_limit(rejects, most_bytes=most)
    held = [(f"unit{9 - number}", size) for number, size in enumerate(sizes) if size]
    assert gone == held[: len(gone)] and (not held or len(gone) < len(held))
    left = sum(size for _, size in held[len(gone) :])
    assert left <= most or len(held) - len(gone) == 1
    assert not gone or left + gone[-1][1] > most


def test_a_verdict_alone_takes_no_room(tmp_path: Path) -> None:
    folder = tmp_path / "unit"
    (folder / "more").mkdir(parents=True)
    (folder / REJECTED).write_text("{}")
    (folder / "more/data").write_bytes(b"x" * 7)
    assert data_bytes(folder) == 7
    keep_verdict(folder, tmp_path / "alone")
    assert data_bytes(tmp_path / "alone") == 0
