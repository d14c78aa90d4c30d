"""A new folder takes the old one's place in one system call.

No rename protects a reader that opens files one by one by path while a folder is exchanged: readers inside the lineage
hold the stage's lock, and readers outside are helped by deleting the old folder only at the end of the run.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2  # linux/fs.h
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_library = ctypes.CDLL(None, use_errno=True)

Step = Callable[[str], None]


def renameat2(old: Path, new: Path, flags: int) -> None:
    if not hasattr(_library, "renameat2"):
        raise OSError(errno.ENOSYS, "renameat2 is not in this C library")
    if _library.renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(old), None, str(new))


def swap_in(new: Path, place: Path, *, trash: Path, on_step: Step) -> None:
    """`new` becomes `place`; what was there goes to `trash`, on the same file system. `on_step` hears each step."""
    trash.parent.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    on_step("before the swap")
    try:
        if os.path.lexists(place):
            renameat2(new, place, _RENAME_EXCHANGE)  # now `new` holds the old version
            on_step("exchanged")
            new.rename(trash)
        else:
            renameat2(new, place, _RENAME_NOREPLACE)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        _swap_in_two(new, place, trash=trash, on_step=on_step)
    on_step("swapped")


def _swap_in_two(new: Path, place: Path, *, trash: Path, on_step: Step) -> None:
    """Two renames, for file systems without an exchange: a moment of absence, nothing half-written."""
    if os.path.lexists(place):
        place.rename(trash)
        on_step("old one away")
    new.rename(place)


def permit_as(sample: Path, folder: Path) -> None:
    """Gives every file below `folder` the permissions of `sample`, a file of ours that was written in the open.

    safetensors writes through a private temporary file, so that nobody but its owner could read the weights. Links are
    left alone: what they lead to lies elsewhere too.
    """
    mode = sample.stat().st_mode & 0o777
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            path.chmod(mode)


def sync_tree(folder: Path) -> None:
    """Flushes every file and folder to the disk, so that a power loss after the swap finds whole data."""
    for base, _, files in os.walk(folder):
        for name in (*files, ""):
            sync(Path(base) / name)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
