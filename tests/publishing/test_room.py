"""A full or read-only disk is one line, whichever library met it; no unit is put aside for it."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from toy_stages import WORDS
from toy_world import FILMS, ToyWorld

from common.errors import BadInput, blaming
from publishing import room, versions
from publishing.records import ASIDE, version
from publishing.room import LEAST, NoRoom, no_room, refuse_without_room
from publishing.stage import Work

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/film.mp4")


def damaged_because_full(work: Work) -> None:
    """As a library's reader and ours do: the cause is hidden, the film is called damaged."""
    try:
        raise FULL
    except OSError:
        raise BadInput("film.mp4: not a readable video; make the file again") from None


def disk(monkeypatch: pytest.MonkeyPatch, *, free: int = 10 * LEAST, files: int = 10, flags: int = 0) -> None:
    found = SimpleNamespace(f_flag=flags, f_bavail=free, f_frsize=1, f_files=100, f_favail=files)
    monkeypatch.setattr(room.os, "statvfs", lambda path: found)


@pytest.mark.parametrize(
    "error, told",
    [
        (FULL, "the disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "nothing can be written"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "nothing can be written"),
    ],
)
def test_every_librarys_complaint_is_told_in_our_words(error: Exception, told: str, tmp_path: Path) -> None:
    line = no_room(error, root=tmp_path)
    assert line is not None and line.startswith(told) and "what was published stays" in line and "\n" not in line


def test_other_errors_are_none_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for error in (PermissionError(errno.EACCES, "may not be read"), KeyError("x"), BadInput("a.csv:1: wrong")):
        assert no_room(error, root=tmp_path) is None
    disk(monkeypatch, free=LEAST - 1)
    line = no_room(sqlite3.OperationalError("disk I/O error\nat length"), root=tmp_path)
    assert line is not None and "1023 KiB are left; OperationalError: disk I/O error)" in line


@pytest.mark.parametrize("state", [{"free": LEAST - 1}, {"files": 0}, {"flags": os.ST_RDONLY}])
def test_a_run_is_refused_before_it_begins(
    state: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk(monkeypatch)
    refuse_without_room(tmp_path)
    disk(monkeypatch, **state)
    with pytest.raises(NoRoom, match="what was published stays"):
        refuse_without_room(tmp_path)
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert versions.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_no_unit_is_put_aside_for_a_full_disk(world: ToyWorld) -> None:
    plain = replace(WORDS, expectations=None, facts=None)
    world.publish(plain)
    before = world.tree()
    for film in ("tt9000001", "tt9000002"):
        world.raw(film, "a new text")
    with pytest.raises(NoRoom, match="the disk is full"):
        world.publish(replace(plain, make=damaged_because_full))
    assert world.tree() == before and not list(world.data.rglob(ASIDE))
    assert len(world.publish(plain).made) == 2


def test_what_a_file_quotes_is_not_the_disks_word(tmp_path: Path) -> None:
    quoted = BadInput("cast.json:1: role 'Read-only file system' has no portrait; add one")
    assert no_room(quoted, root=tmp_path) is None


def test_dvcs_own_pickles_are_for_this_user_alone(tmp_path: Path) -> None:
    (tmp_path / ".cache/dvc").mkdir(parents=True)
    (tmp_path / ".cache/dvc").chmod(0o777)
    (tmp_path / ".dvc").mkdir()
    versions.heal(tmp_path)
    assert (tmp_path / ".cache/dvc").stat().st_mode & 0o777 == 0o700


def short_of_memory(work: Work) -> None:
    with blaming("model.safetensors", "make it again"):
        raise MemoryError


def test_a_machine_without_memory_puts_nothing_aside(world: ToyWorld) -> None:
    world.publish("words")
    before = version(world.data / "words" / FILMS[0])
    world.code("words.py", "VALUE = 2\n")  # all are to be made again
    with pytest.raises(MemoryError):
        world.publish(replace(WORDS, make=short_of_memory))
    assert version(world.data / "words" / FILMS[0]) == before
