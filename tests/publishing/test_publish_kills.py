"""A publish that is killed at any step leaves the old version or the new; the next run ends as if undisturbed."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from toy_stages import WORDS
from toy_world import FILMS, ToyWorld, in_child

from publishing import swap
from publishing.gates import Audit
from publishing.stage import Stage

ONE, TWO, THREE = FILMS


def _change_everything(world: ToyWorld) -> None:
    """A change of one film, a film taken out, a film rejected."""
    world.raw(ONE, "a new text")
    world.raw(TWO, "an incomprehensible text")
    world.values["studio"]["train_films"] = 2


@pytest.mark.parametrize("with_exchange", [True, False])
def test_a_kill_at_any_step_leaves_old_or_new_and_a_restart_ends_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_exchange: bool
) -> None:
    if not with_exchange:
        monkeypatch.setattr(swap, "renameat2", _unsupported)
    stage = replace(WORDS, expectations=None, facts=None)
    rejecting = replace(stage, facts=_length_facts)
    monkeypatch.setattr("publishing.gates.audit", _cheap_audit)
    rejecting = replace(rejecting, expectations=WORDS.expectations)

    def prepared(folder: Path) -> ToyWorld:
        world = ToyWorld(folder)
        world.publish(stage)
        _change_everything(world)
        return world

    undisturbed = prepared(tmp_path / "undisturbed")
    old = undisturbed.tree()
    steps: list[str] = []
    assert list(undisturbed.publish(rejecting, on_step=steps.append).rejected) == [TWO]
    new = undisturbed.tree()
    assert len(steps) >= 8

    for kill_at in range(len(steps)):
        world = prepared(tmp_path / f"killed_{kill_at}")
        seen: list[str] = []

        def kill(step: str, seen: list[str] = seen, kill_at: int = kill_at) -> None:
            if len(seen) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            seen.append(step)

        assert in_child(lambda world=world, kill=kill: world.publish(rejecting, on_step=kill)) == -signal.SIGKILL
        for film in FILMS:
            _assert_one_version(world.tree(), film, old, new, may_be_absent=not with_exchange or film == THREE)
        world.publish(rejecting)
        assert world.tree() == new, f"killed at {steps[kill_at]}"
        assert not (world.data / ".staging").exists()


def _assert_one_version(
    tree: dict[str, bytes], film: str, old: dict[str, bytes], new: dict[str, bytes], *, may_be_absent: bool
) -> None:
    def of_film(files: dict[str, bytes]) -> dict[str, bytes]:
        return {name: content for name, content in files.items() if name.startswith(f"words/{film}/")}

    found = of_film(tree)
    assert found in (of_film(old), of_film(new)) or (may_be_absent and not found)


def _unsupported(*_: object) -> None:
    raise OSError(22, "Invalid argument")


def _length_facts(folder: Path) -> dict[str, list[str]]:
    return {"words": json.loads((folder / "words.json").read_text())}


def _cheap_audit(tables: object, expectations: object, *, units: list[str]) -> object:
    return Audit({unit: ["too long a word"] for unit in units if unit == TWO}, 1)


@pytest.fixture(autouse=True)
def _gather_cheaply(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "kill" in request.node.name:
        monkeypatch.setattr("publishing.audits._gather", lambda facts: facts)


def test_two_renames_put_the_old_version_back_after_a_kill(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "renameat2", _unsupported)
    plain: Stage = replace(WORDS, expectations=None, facts=None)
    world.publish(plain)
    before = world.tree()
    world.raw(ONE, "a new text")

    def kill(step: str) -> None:
        if step == "old one away":
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(lambda: world.publish(plain, on_step=kill)) == -signal.SIGKILL
    assert not (world.data / "words" / ONE).exists()
    world.raw(ONE, "a film of words ")
    assert world.publish(plain).made == []
    assert world.tree() == before
