"""Damaged files of every kind are read right or refused in one line, by whoever reads them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from common.errors import BadInput
from orchestration.damage.kinds import Kind, damage
from orchestration.damage.page import page
from orchestration.damage.survey import Tally, kinds_of, outcomes, survey
from orchestration.damage.values import OUTSIDE
from orchestration.damage.watch import FAULTS, READ, REFUSED, Outcome, Watch

FILES = 200
CORPORA = {kind.name: kind for kind in kinds_of("corpus_kinds")}
CHEAP = CORPORA | {kind.name: kind for kind in kinds_of("own_kinds")}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


@pytest.fixture(scope="module")
def watch(box: Path) -> Watch:
    return Watch(box)


@pytest.mark.parametrize("name", CHEAP)
def test_damaged_files_are_read_or_refused(name: str, box: Path, watch: Watch) -> None:
    tally = Tally(name)
    for number, outcome in outcomes(CHEAP[name], box / "box", watch, files=FILES):
        tally.count(number, outcome)
    assert not tally.faults
    assert tally.ends.total() == FILES and tally.ends[READ] > 5


@pytest.mark.slow
def test_damaged_films_and_models_are_read_or_refused() -> None:
    """Fewer, in a process of their own; `python -m orchestration.damage` takes as many as of the others."""
    tallies = survey(["film_kinds", "model_kinds"], files=25)
    assert [fault for tally in tallies for fault in tally.faults] == []
    assert all(tally.ends[READ] + tally.ends[REFUSED] == 25 and tally.ends[REFUSED] > 3 for tally in tallies)


def lay(folder: Path) -> None:
    (folder / "x.json").write_text('{"a": [1, 2, {"b": "text"}]}')


def misread(how: str) -> Any:
    """A reader that goes wrong in one way where the file is not the good one."""

    def read(folder: Path) -> Any:
        if (folder / "x.json").read_text(errors="replace") == '{"a": [1, 2, {"b": "text"}]}':
            return 1
        if how == "traceback":
            raise KeyError("b")
        if how == "many lines":
            raise BadInput("x.json: " + "long " * 1000)
        if how == "names no file":
            raise BadInput("it is broken")
        if how == "unsound":
            return [{"a": float("nan")}]
        if how == "hang":
            while True:
                pass
        if how == "memory":
            return len(bytearray(1 << 32))
        if how == "escape":
            (folder.parent / OUTSIDE / "secret.png").read_bytes()
        if how == "crash":
            os.abort()
        return 2

    return read


@pytest.mark.parametrize("how", ["traceback", "many lines", "names no file", "unsound", "memory", "escape", "hang"])
def test_what_a_reader_does_wrong_is_seen(how: str, box: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.damage.watch.SECONDS", 0.1)
    monkeypatch.setattr("common.errors._LONGEST", 10_000)
    kind = Kind("toy", "x.json", "json", lay, misread(how))
    found = [outcome.what for _, outcome in outcomes(kind, box / "box", watch, files=3)]
    assert found == [how] * 3 and how in FAULTS


def test_what_is_written_elsewhere_is_seen(box: Path, watch: Watch, tmp_path: Path) -> None:
    def read(folder: Path) -> None:
        (tmp_path / "stray").write_text("x") if folder.name == "tt1" and (folder / "go").exists() else None

    def lay_all(folder: Path) -> None:
        lay(folder)

    kind = Kind("toy", "x.json", "json", lay_all, read)
    assert [outcome for _, outcome in outcomes(kind, box / "box", watch, files=1)] == [Outcome(READ)]
    (box / "box/case/tt1/go").write_text("")
    assert watch.read(kind, box / "box/case/tt1").what == "escape"
    (tmp_path / "folder").mkdir()
    gone = Kind("toy", "x.json", "json", lay, lambda folder: (tmp_path / "folder").rmdir())
    assert watch.read(gone, box / "box/case/tt1").what == "escape"


def test_damage_is_the_same_for_the_same_seed_and_rarely_nothing() -> None:
    kind = CORPORA["MAD"]
    content = json.dumps({"1": {"movie": "1_F", "timestamps": [1, 2]}}).encode()
    once = [damage(kind, content, seed=3, number=number) for number in range(200)]
    assert once == [damage(kind, content, seed=3, number=number) for number in range(200)]
    assert once != [damage(kind, content, seed=4, number=number) for number in range(200)]
    assert len(set(once)) > 150 and sum(each == content for each in once) < 5


def test_the_page_counts_and_names_faults() -> None:
    tally = Tally("toy")
    for number, what in enumerate([READ, REFUSED, REFUSED, "hang"]):
        tally.count(number, Outcome(what))
    rows = page([tally], "--files 4", files=4).splitlines()
    assert "| toy | 4 | 1 | 2 | 1 hang |" in rows and rows[-1] == "| all | 4 | 1 | 2 | 1 |"
