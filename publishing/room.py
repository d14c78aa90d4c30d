"""A disk that is full, or that cannot be written to, told in one line whichever library met it.

Databases, video and tensor libraries each complain in words of their own, and some only of "I/O"; so what an error says
is looked at, and the disk itself.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from common.errors import BadInput

LEAST = 2**20  # bytes; with less even the engines' own files cannot be written
_FULL = {errno.ENOSPC, errno.EDQUOT}
_BARRED = {errno.EROFS}
_FULL_WORDS = ("no space left on device", "disk is full", "disk quota exceeded")
_BARRED_WORDS = ("read-only file system", "readonly database")


class NoRoom(RuntimeError):
    """Nothing can be written: one line that says why and what to do."""


def refuse_without_room(root: Path) -> None:
    """`NoRoom` where the disk of `root` is read-only or has next to nothing left, before anything is begun."""
    state = _state(root)
    if state is not None:
        raise NoRoom(state)


def end_for_room(error: Exception, *, root: Path, stage: str = "") -> int:
    """Exit status 1, the line of `no_room` told on stderr; raises any other error again."""
    line = no_room(error, root=root)
    if line is None:
        raise error
    print(f"{stage}: {line}" if stage else line, file=sys.stderr)
    return 1


def no_room(error: BaseException, *, root: Path) -> str | None:
    """The line for an error that comes of a full or read-only disk, or None for any other error."""
    if isinstance(error, NoRoom):
        return str(error)
    for each in chain(error):
        if isinstance(each, BadInput):
            continue  # it quotes what a file says; what led to it comes after
        said = " ".join(str(each).split("\n", 1)[0].split())
        number = each.errno if isinstance(each, OSError) else None
        if number in _FULL or any(words in said.lower() for words in _FULL_WORDS):
            return _full(_without_place(said, root))
        if number in _BARRED or any(words in said.lower() for words in _BARRED_WORDS):
            return _barred(_without_place(said, root))
    return _state(root, f"; {type(error).__name__}: {error}".split("\n", 1)[0])


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, also where it was raised `from None`."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop(0)
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            todo += [each.__cause__, each.__context__]


def _state(root: Path, error: str = "") -> str | None:
    """What is wrong with the disk itself; `error` is told beside it."""
    found = os.statvfs(root)
    if found.f_flag & os.ST_RDONLY:
        return _barred(f"the file system is read-only{error}")
    if found.f_bavail * found.f_frsize < LEAST:
        return _full(f"{found.f_bavail * found.f_frsize // 1024} KiB are left{error}")
    if found.f_files and not found.f_favail:
        return _full(f"no further file can be made{error}")
    return None


def _full(why: str) -> str:
    return f"the disk is full ({why}); make room, then give the same command again: what was published stays"


def _barred(why: str) -> str:
    return f"nothing can be written ({why}); mend that, then give the same command again: what was published stays"


def _without_place(said: str, root: Path) -> str:
    return said.replace(f"{root}/", "")
