"""A clone of this repository to break things in: the same environment, data and engines of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from common.errors import BadInput
from common.files import file_md5, write_text
from publishing.places import CODE_ROOT
from publishing.records import RECORD, is_whole, read_record

TORN = "torn"
_OTHERS = ("DVC_", "DAGSTER_", "FOCUSEDAD_", "GIT_")  # of the process that asked; a scratch clone has its own


@dataclass(frozen=True)
class Ended:
    """A command that is over: exit status and what it printed."""

    status: int
    said: str

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.said.splitlines() if line.strip()]


class Clone:
    """A clone at `folder`; one that lies there already is gone on with, unless it is of another commit."""

    def __init__(self, folder: Path, *, source: Path = CODE_ROOT) -> None:
        self.root = folder.resolve()
        if not (self.root / ".git").exists():
            self.root.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                ["git", "clone", "--quiet", str(source), str(self.root)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise BadInput(f"{source}: cannot be cloned ({done.stderr.strip()}); run this in a clone of it")
        elif _head(self.root) != _head(source):
            raise BadInput(f"{self.root}: a clone of another commit than {source} is at now; remove it")
        if not (self.root / ".venv").exists():
            (self.root / ".venv").symlink_to((source / ".venv").resolve())

    @property
    def commit(self) -> str:
        words = ["git", "rev-parse", "--short", "HEAD"]
        return subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=True).stdout.strip()

    def forget(self) -> None:
        """As after cloning: nothing is published, and both engines know of nothing."""
        for name in ("data", ".home", ".dvc/cache", ".dvc/tmp", ".cache"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        subprocess.run(["git", "checkout", "--quiet", "--", "."], cwd=self.root, check=True)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        ours = {
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.root / ".cache" / "dvc"),
            "PYTHONPATH": str(self.root),
            "PYTHONUNBUFFERED": "1",  # DVC's lines arrive when they are said
        }
        return {**kept, **ours, **(more or {})}

    def start(self, *words: str, log: Path, more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A command as the leader of its own process group, its output in `log`; a bare name is one of `.venv/bin`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            return subprocess.Popen(
                self._command(words),
                cwd=self.root,
                env=self.environment(more),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *words: str, more: Mapping[str, str] | None = None, seconds: float = 1800) -> Ended:
        """A command to its end, or `Ended(-9, ...)` where it takes longer."""
        with tempfile.TemporaryDirectory() as elsewhere:
            log = Path(elsewhere) / "said"
            process = self.start(*words, log=log, more=more)
            try:
                status = process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                status = -signal.SIGKILL
            finally:
                kill_group(process)
            return Ended(status, log.read_text(encoding="utf-8", errors="replace"))

    def must_run(self, *words: str, more: Mapping[str, str] | None = None) -> Ended:
        """As `run`; a failure is the end of the part that asked."""
        ended = self.run(*words, more=more)
        if ended.status:
            raise BadInput(f"`{' '.join(words)}` failed in a clone of this repository: {' | '.join(ended.lines[-3:])}")
        return ended

    def _command(self, words: Sequence[str]) -> list[str]:
        first = words[0]
        beside = self.root / ".venv" / "bin" / first
        return [str(beside), *words[1:]] if "/" not in first and beside.exists() else list(words)

    def repro(self, *stages: str, more: Mapping[str, str] | None = None) -> Ended:
        """DVC's files are mended, then `dvc repro`."""
        self.must_run("python", "-m", "publishing.versions", more=more)
        return self.run("dvc", "repro", *stages, more=more)

    def change(self, *path: str, value: object) -> None:
        """Sets a parameter in params.yaml."""
        file = self.root / "params.yaml"
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        inner = values
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        write_text(file, yaml.safe_dump(values, sort_keys=False))

    def units(self) -> dict[str, str]:
        """Every published unit (`stage/unit`, or `stage`) with its record's MD5, `torn` where files differ from it."""
        return published_units(self.root / "data")

    def files(self) -> dict[str, str]:
        """MD5 of `dvc.lock` and of every file below data/, without locks and what was put there by hand."""
        data = self.root / "data"
        found = {
            path.relative_to(self.root).as_posix(): file_md5(path)
            for path in sorted(data.rglob("*"))
            if path.is_file() and path.relative_to(data).parts[0] not in (".locks", "raw")
        }
        lock = self.root / "dvc.lock"
        return found | ({"dvc.lock": file_md5(lock)} if lock.is_file() else {})

    def survivors(self, *, patience: float = 5.0) -> list[str]:
        """Processes that still work in the clone, e.g. after a kill; they get some seconds to end."""
        deadline = time.monotonic() + patience
        while (found := _processes_in(self.root)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


def published_units(data: Path) -> dict[str, str]:
    """See `Clone.units`."""
    found: dict[str, str] = {}
    stages = [path for path in sorted(data.iterdir()) if path.is_dir()] if data.is_dir() else []
    for stage in stages:
        if stage.name.startswith(".") or stage.name in ("raw", "rejected"):
            continue
        whole = (stage / RECORD).exists()
        for unit in [stage] if whole else [path for path in sorted(stage.iterdir()) if path.is_dir()]:
            record = read_record(unit)
            good = record is not None and is_whole(unit, record)
            found[unit.relative_to(data).as_posix()] = file_md5(unit / RECORD) if good else TORN
    return found


def differences(
    before: Mapping[str, str],
    after: Mapping[str, str],
    allowed: Mapping[str, str],
    *,
    whole_is_enough: Sequence[str] = (),
) -> list[str]:
    """Units that are neither as they were nor as an undisturbed run makes them: lost, torn or something else."""
    wrong = []
    for name in sorted({*before, *after}):
        now = after.get(name)
        if now == TORN:
            wrong.append(f"{name} is torn")
        elif now is None and name in allowed:
            wrong.append(f"{name} is lost")
        elif now is not None and name not in whole_is_enough and now not in (before.get(name), allowed.get(name)):
            wrong.append(f"{name} is neither the old version nor the new")
    return wrong


def unequal(ours: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Names in which two tables of hashes differ, with what differs."""
    told = []
    for name in sorted({*ours, *wanted}):
        if ours.get(name) != wanted.get(name):
            told.append(f"{name} " + ("missing" if name not in ours else "extra" if name not in wanted else "differs"))
    return told


def _head(folder: Path) -> str:
    words = ["git", "rev-parse", "HEAD"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout.strip()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and all of its group; returns when it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            where = (entry / "cwd").resolve(strict=True)
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words and (where == folder or folder in where.parents):
            found.append(f"{entry.name} ({words[:80]})")
    return found
