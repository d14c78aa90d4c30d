"""A full disk ends every command with one line and status 1, though the engines' own history lies on it too."""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import Any

import dagster as dg
import pytest

from orchestration import cli, run
from orchestration.factory import one_line

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("error", [FULL, sqlite3.OperationalError("database or disk is full")])
def test_a_stage_ends_in_a_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> int:
        raise error

    monkeypatch.setattr(run, "start_again_in_the_right_environment", lambda module, arguments: None)
    monkeypatch.setattr(run, "spare_collections", lambda: None)
    monkeypatch.setattr(run, "run_stage", fail)
    assert run.main(["films"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("films: the disk is full") and said.count("\n") == 1


def test_a_stage_that_meets_it_fails_in_dagster_by_that_line() -> None:
    with pytest.raises(dg.Failure) as told, one_line("films"):
        raise FULL
    assert str(told.value.description).startswith("films: the disk is full")
    with pytest.raises(ZeroDivisionError), one_line("films"):
        raise ZeroDivisionError


def test_so_does_focusedad(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(words: Any) -> int:
        raise FULL

    monkeypatch.setattr(cli, "_narrate", fail)
    assert cli.main(["narrate", "film.mp4"]) == 1
    assert capsys.readouterr().err.startswith("the disk is full")
