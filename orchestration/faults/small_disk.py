"""A disk of a few pages, in a mount namespace of its own: `unshare ... python -m orchestration.faults.small_disk KIND`.

The disk is a tmpfs that goes with this process. What was done is written as JSON, rows of the page.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from common.progress import show_progress
from orchestration.faults.report import Row
from orchestration.faults.scratch import TORN, Clone, Ended, differences, published_units, unequal
from orchestration.faults.toys import FILMS, Toys
from publishing.places import CODE_ROOT

log = logging.getLogger(__name__)
PAGE = 4096
BALLAST = "ballast"
LEVELS = (0, 512, *range(1040, 1600, 80), 1800, 2400, 3200, 5000, 9000, 20000)  # KiB left, until a command has enough
STAGE_LEVELS = (0, 1100, 1800, 3000)  # for a stage that takes its time
READ_ONLY = ("nothing can be written", "read-only file system")
FULL = ("the disk is full", "no space left on device")
SQLITE = ("disk is full", "disk i/o error", "unable to open database", "readonly database")  # Dagster's own words


def main(kind: str, folder: Path, out: Path) -> int:
    show_progress()
    logging.getLogger("publishing").setLevel(logging.WARNING)  # not every unit of every try
    megabytes, files = (64, 3000) if kind == "steps" else (700, 60_000)
    with _mounted(folder, megabytes=megabytes, files=files):
        rows = {"steps": _every_step, "commands": _commands, "stages": _real_stages}[kind](folder)
    out.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    return 0


@contextmanager
def _mounted(folder: Path, *, megabytes: int, files: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,nr_inodes={files}", "faults", str(folder)]
    subprocess.run(asked, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def left(folder: Path, *, blocks: int | None = None, inodes: int | None = None) -> Iterator[None]:
    """Leaves the file system of `folder` with so many free pages, or files that can still be made."""
    ballast = folder / BALLAST
    ballast.mkdir()
    free = os.statvfs(folder)
    try:
        if blocks is not None:
            with (ballast / "pages").open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, max(free.f_bavail - blocks, 1) * PAGE)
        if inodes is not None:
            for number in range(free.f_favail - inodes - 1):
                (ballast / str(number)).touch()
        yield
    finally:
        shutil.rmtree(ballast)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)


def _every_step(folder: Path) -> list[Row]:
    """A toy stage's publication, the disk full one page, then one file, later each time; then errors at every step."""
    sys.path.insert(0, str(CODE_ROOT / "tests" / "publishing"))
    from toy_stages import TOTAL, WORDS

    plain = replace(WORDS, expectations=None, facts=None)
    return [
        _sweep(folder, plain, "blocks", "words (units exchanged, one of them new)"),
        _sweep(folder, plain, "inodes", "words (units exchanged, one of them new)"),
        _sweep(folder, TOTAL, "blocks", "total (a whole folder exchanged)"),
        _sweep(folder, TOTAL, "inodes", "total (a whole folder exchanged)"),
        _failing_steps(folder, plain, errno.EROFS),
        _failing_steps(folder, plain, errno.EIO),
    ]


def _worlds(folder: Path) -> tuple[Any, Any, Any]:
    """Toy worlds: one published and changed since, the same to be made undisturbed, and a place for tries."""
    from toy_world import ToyWorld

    shutil.rmtree(folder, ignore_errors=True)
    old, new, tried = (ToyWorld(folder / name) for name in ("old", "new", "tried"))
    for world in (old, new):
        world.values["studio"]["train_films"] = 2
        world.publish_all()
        _change(world)
    _change(tried)
    return old, new, tried


def _change(world: Any) -> None:
    world.raw("tt9000001", "a new text " + "of many words " * 900)
    world.raw("tt9000002", "another")
    world.values["studio"]["train_films"] = 3


def _sweep(folder: Path, stage: Any, what: str, told: str) -> Row:
    old, new, tried = _worlds(folder / "worlds")
    if stage.name == "total":
        for world in (old, new):
            world.publish("words")
            world.publish("lengths")
    before = published_units(old.data)
    new.publish(stage)
    allowed, wanted = published_units(new.data), new.tree()
    row = Row(f"publishing {told}: the disk is full, one {'page' if what == 'blocks' else 'file'} later each time", 0)
    for count in range(600):
        shutil.rmtree(tried.root)
        shutil.copytree(old.root, tried.root)
        with left(folder, **{what: count}):
            error = _error_of(tried, stage)
        if error is None:
            break
        row.times += 1
        if error.errno != errno.ENOSPC:
            row.wrong.append(f"{count} left: {error}")
        row.wrong += [f"{count} left: {each}" for each in differences(before, published_units(tried.data), allowed)]
        row.wrong += _again(tried, stage, wanted, f"{count} left")
    row.found = "the old version or the new each time; the next run ends as if undisturbed" if not row.wrong else ""
    log.info("disk: %s: %d times %s", row.what, row.times, row.wrong[:3])
    return row


def _error_of(world: Any, stage: Any, **more: Any) -> OSError | None:
    try:
        world.publish(stage, **more)
    except OSError as error:
        return error
    return None


def _again(world: Any, stage: Any, wanted: dict[str, bytes], at: str) -> list[str]:
    world.publish(stage)
    return [] if world.tree() == wanted else [f"{at}: the next run ends otherwise"]


def _failing_steps(folder: Path, stage: Any, number: int) -> Row:
    old, new, tried = _worlds(folder / "worlds")
    before = published_units(old.data)
    steps: list[str] = []
    new.publish(stage, on_step=steps.append)
    allowed, wanted = published_units(new.data), new.tree()
    row = Row(f"publishing words: {os.strerror(number).lower()}, from each step of it on", 0)
    for fail_at in range(len(steps)):
        shutil.rmtree(tried.root)
        shutil.copytree(old.root, tried.root)
        seen: list[str] = []

        def fail(step: str, seen: list[str] = seen, fail_at: int = fail_at) -> None:
            seen.append(step)
            if len(seen) > fail_at:
                raise OSError(number, os.strerror(number))

        row.times += 1
        if _error_of(tried, stage, on_step=fail) is None:
            row.wrong.append(f"{steps[fail_at]}: no error")
        row.wrong += [f"{steps[fail_at]}: {each}" for each in differences(before, published_units(tried.data), allowed)]
        row.wrong += _again(tried, stage, wanted, steps[fail_at])
    row.found = "the old version or the new each time; the next run ends as if undisturbed" if not row.wrong else ""
    log.info("disk: %s: %d times %s", row.what, row.times, row.wrong[:3])
    return row


def _commands(folder: Path) -> list[Row]:
    """The commands a user gives, on a disk that is full with everything on it, and on one that is read-only."""
    from orchestration.faults.pairs import ENGINES

    toys = Toys(folder / "toys")
    home = {"DAGSTER_HOME": str(toys.root / ".home" / "dagster"), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()
    _second_version(toys)
    toys.must_run("dvc", "repro", "words")
    new, wanted = toys.units(), toys.files()
    rows = []
    for engine, words in ENGINES.items():
        toys.begin_anew()
        toys.must_run("dvc", "repro", "words")
        _second_version(toys)
        tries = _Tries(toys, toys.units(), new, wanted)
        rows += tries.of(words, home, f"{engine}: `{' '.join(words[:4])}`", "words")
    return rows


def _second_version(toys: Toys) -> None:
    toys.raw(FILMS[0], "a new text " + "of many words " * 40_000)  # some megabytes, and again in DVC's cache


class _Tries:
    """One command on a full disk, then on a read-only one, then with enough room."""

    def __init__(self, clone: Clone, old: dict[str, str], new: dict[str, str], wanted: dict[str, str]) -> None:
        self.clone, self.old, self.new, self.wanted = clone, old, new, wanted
        self.disk = clone.root.parent

    def of(
        self, words: tuple[str, ...], more: dict[str, str], told: str, stage: str, levels: Sequence[int] = LEVELS
    ) -> list[Row]:
        full = Row(f"{told}, the disk full", 0)
        barred = Row(f"{told}, the disk read-only", 1)
        with read_only(self.disk):
            ended = self._give(words, more)
        barred.wrong, barred.found = self._judge(ended, READ_ONLY, at="")
        for level in levels:
            with left(self.disk, blocks=level * 1024 // PAGE):
                ended = self._give(words, more)
            if ended.status == 0:
                break
            full.times += 1
            wrong, line = self._judge(ended, FULL, at=f"{level} KiB left: ")
            full.wrong += wrong
            full.found = full.found or line
        again = self.clone.repro(stage)
        if again.status:
            full.wrong.append(f"with room again: {' | '.join(again.lines[-2:])}")
        full.wrong += unequal(self.clone.files(), self.wanted)
        for row in (full, barred):
            log.info("disk: %s: %d times; %s", row.what, row.times, row.wrong or row.found)
        return [full, barred]

    def _give(self, words: tuple[str, ...], more: dict[str, str]) -> Ended:
        """The command; before `dvc repro` DVC's files are mended."""
        if words[0] == "dvc":
            mended = self.clone.run("python", "-m", "publishing.versions", more=more)
            if mended.status:
                return mended
        return self.clone.run(*words, more=more)

    def _judge(self, ended: Ended, why: tuple[str, ...], *, at: str) -> tuple[list[str], str]:
        """What was wrong after a command that could not go on, and the line that it told."""
        wrong = differences(self.old, self.clone.units(), self.new)
        its_own = "sqlite3" in ended.said and "dagster/_cli" in ended.said.replace("dagster_dg_cli", "dagster/_cli")
        why = (*why, *SQLITE) if its_own else why
        said = [line for line in ended.lines if any(words in line.lower() for words in why)]
        if ended.status == 0:
            wrong.append("no error")
        elif not said:
            wrong.append(f"no clear line: {' | '.join(ended.lines[-2:]) or 'nothing said'}")
        if "Traceback" in ended.said and not its_own:
            wrong.append("a traceback")
        if any((self.clone.root / "data").rglob("_aside.json")):
            wrong.append("a unit was put aside")
        line = said[0].replace(f"{self.clone.root}/", "") if said else ""
        line = f"Dagster's command ends with a trace of its own and SQLite's words: {line}" if its_own else line
        return [f"{at}{each}" for each in wrong], line


def _real_stages(folder: Path) -> list[Row]:
    """Two stages of the lineage that read nothing: films (written by FFmpeg) and face_encoder (a training)."""
    clone = Clone(folder / "clone")
    (folder / "tmp").mkdir()
    clone.must_run("python", "-m", "orchestration.cli", "profile", "smoke")
    clone.change("studio", "seconds", value=8.0)
    clone.change("studio", "train_films", value=1)
    rows = []
    for stage in ("films", "face_encoder"):
        clone.change("studio", "seed", value=8)
        clone.must_run("dvc", "repro", stage)
        new, wanted = clone.units(), clone.files()
        clone.change("studio", "seed", value=7)
        clone.must_run("dvc", "repro", stage)
        old = clone.units()
        assert TORN not in {*old.values(), *new.values()}
        clone.change("studio", "seed", value=8)
        words = ("python", "-m", "orchestration.run", stage)
        tries = _Tries(clone, old, new, wanted)
        more = {"TMPDIR": str(folder / "tmp")}
        rows += tries.of(words, more, f"the stage {stage}", stage, levels=STAGE_LEVELS)
    return rows


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
