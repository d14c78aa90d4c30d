"""DVC's side of a publication: hashes, the commit after a run that DVC did not start, and healing what kills leave.

Two faults stop DVC for ever and come from killing it while it writes: a torn `.dvc/tmp/rwlock` and a torn `dvc.lock`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import yaml

from common.files import write_text
from common.safe_yaml import parse_yaml
from publishing.room import NoRoom, end_for_room, refuse_without_room

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 600.0  # how long a commit waits for a `dvc repro` that holds DVC's own lock
WRITING_SECONDS = 10.0  # and for a file of DVC's that is half written
_EMPTY_LOCK = "schema: '2.0'\nstages: {}\n"
_OURS = (
    "dvc",
    "dagster",
    "orchestration",
)  # what may hold an entry in DVC's lock; a reused process number is none of these


def commit(
    stage: str, *, root: Path, fresh: Callable[[str], bool] | None = None, patience: float = PATIENCE_SECONDS
) -> str:
    """Writes the stage's hashes into `dvc.lock` and its data into DVC's cache; says what happened in a few words.

    To be called while the stage's own lock is held. Nothing is committed on top of upstream stages that are not, for
    `dvc.lock` would then mix revisions; those of them that are `fresh`, whose data are as the parameters want them, are
    committed first: DVC watches whole sections of the parameters, and calls a stage changed by a value that none of its
    units depends on. `relink=False`: DVC would otherwise rewrite published files in place.
    """
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.utils.strictyaml import YAMLSyntaxError, YAMLValidationError

    begun = time.monotonic()
    while True:
        try:
            with _one_at_a_time(root), _quiet_dvc(), Repo(str(root)) as repo:
                known = {found.addressing: found for found in repo.index.stages}
                if stage not in known:
                    return f"{stage} is not in dvc.yaml"
                for read in _uncommitted_inputs(repo, known, stage):
                    if fresh is None or not fresh(read) or _uncommitted_inputs(repo, known, read):
                        return f"not committed: {read} is not committed before it"
                    repo.commit(read, force=True, relink=False)
                repo.commit(stage, force=True, relink=False)
                return "committed to DVC"
        except LockError:
            if time.monotonic() - begun > patience:
                raise
        except (YAMLSyntaxError, YAMLValidationError):  # dvc.lock, read while DVC was writing it; or really broken
            if time.monotonic() - begun > WRITING_SECONDS:
                raise
        time.sleep(0.2 + random.random() * 0.3)


def _uncommitted_inputs(repo: Any, known: Mapping[str, Any], stage: str) -> list[str]:
    """The stages that `stage` reads and that `dvc.lock` does not hold as they are now."""
    deps = {str(dep.fs_path) for dep in known[stage].deps}
    makers = [name for name, found in known.items() if any(str(out.fs_path) in deps for out in found.outs)]
    return sorted(repo.status(targets=sorted(makers))) if makers else []


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """One commit of ours after the other: DVC writes `dvc.lock` piece by piece, and who heals it would find it torn."""
    with _holding(_scratch(root) / "commit.lock"):
        _heal(root, mend=True)
        yield


@contextmanager
def _holding(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """The lock of a file; `BlockingIOError` where `how` says not to wait for it."""
    with path.open("a") as stream:
        fcntl.flock(stream, how)
        yield


def _scratch(root: Path) -> Path:
    folder = root / ".dvc" / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _quiet_dvc() -> Iterator[None]:
    logger = logging.getLogger("dvc")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def output_hash(stage: str, *, root: Path) -> str | None:
    """The hash of the stage's first output in `dvc.lock`, or None where it was never committed."""
    lock = root / ".dvc" / "tmp" / "commit.lock"  # there is none where nothing of ours ever committed
    try:
        with _holding(lock, fcntl.LOCK_SH) if lock.exists() else nullcontext():
            locked = parse_yaml((root / "dvc.lock").read_text(encoding="utf-8"))
        return str(locked["stages"][stage]["outs"][0]["md5"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError):
        return None


def heal(root: Path, *, mend: bool = True) -> list[str]:
    """Mends what a kill of DVC can leave, or without `mend` only finds it; says what. Nothing while one commits."""
    if not (root / ".dvc").is_dir():
        return []
    try:
        with _holding(_scratch(root) / "commit.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            return _heal(root, mend)
    except BlockingIOError:
        return []


def _heal(root: Path, mend: bool) -> list[str]:
    """Each file under the lock that DVC itself takes before it writes it; a file whose lock is taken is left alone."""
    scratch = _scratch(root)
    keep_private(root)
    found: list[str] = []
    with suppress(BlockingIOError), _holding(scratch / "rwlock.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        found += _heal_rwlock(scratch / "rwlock", mend)
    with suppress(BlockingIOError), _holding(scratch / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        found += _heal_dvc_lock(root, mend)
    return found


def keep_private(root: Path) -> None:
    """DVC's own cache for this user alone: DVC unpickles what lies there, and would let everybody write to it."""
    private = root / ".cache" / "dvc"  # core.site_cache_dir in .dvc/config
    private.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)


def _heal_rwlock(path: Path, mend: bool) -> list[str]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        write, read = dict(held.get("write", {})), dict(held.get("read", {}))
        alive_write = {place: holder for place, holder in write.items() if _alive(holder)}
        alive_read = {place: [one for one in holders if _alive(one)] for place, holders in read.items()}
    except FileNotFoundError:
        return []
    except (ValueError, AttributeError, TypeError):
        if mend:
            path.unlink()
        return [".dvc/tmp/rwlock is torn: DVC refuses every command until it is removed"]
    alive_read = {place: holders for place, holders in alive_read.items() if holders}
    if (alive_write, alive_read) == (write, {place: holders for place, holders in read.items() if holders}):
        return []
    if mend:
        write_text(path, json.dumps({"write": alive_write, "read": alive_read}))
    return [".dvc/tmp/rwlock names processes that have ended"]


def _alive(holder: dict[str, Any]) -> bool:
    try:
        words = Path(f"/proc/{int(holder['pid'])}/cmdline").read_text(errors="replace")
    except OSError:
        return False
    return any(name in words for name in _OURS)


def _heal_dvc_lock(root: Path, mend: bool) -> list[str]:
    path = root / "dvc.lock"
    good_copy = root / ".dvc" / "tmp" / "dvc.lock.good"
    if not path.exists():
        return []
    if _is_dvc_lock(content := path.read_text(encoding="utf-8", errors="replace")):
        if not good_copy.exists() or good_copy.read_text(encoding="utf-8", errors="replace") != content:
            write_text(good_copy, content)
        return []
    last = good_copy.read_text(encoding="utf-8", errors="replace") if good_copy.exists() else ""
    candidates = [last, _from_git(root), _EMPTY_LOCK]
    if mend:
        write_text(path, next(text for text in candidates if _is_dvc_lock(text)))
    return ["dvc.lock is torn: its last good version takes its place (what was made since is found by its records)"]


def _is_dvc_lock(text: str) -> bool:
    """Whether DVC would read it: a file torn after `path:` is good YAML, and refused all the same."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        content = parse_yaml(text)
        COMPILED_LOCKFILE_SCHEMA(content)
    except (yaml.YAMLError, Invalid):
        return False
    return bool(content)


def _from_git(root: Path) -> str:
    try:
        shown = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return shown.stdout


def git_commit(root: Path) -> str:
    """The commit that is checked out, with `+changes` where tracked files differ; "unknown" outside a repository."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if changed.stdout.strip() else "")


def main() -> int:
    """What `make repro` begins with, `python -m publishing.versions` before `dvc repro`: what killing left is mended.
    Exit status 1, with a line, where the disk takes nothing."""
    from publishing.places import root

    try:
        refuse_without_room(root())
        for mended in heal(root()):
            print(mended, flush=True)
    except (OSError, NoRoom) as error:
        return end_for_room(error, root=root())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
