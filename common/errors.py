"""A user's mistake, told in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 1500  # characters: what a file quotes of itself must not bury what is said about it


class BadInput(ValueError):
    """Input that its user can mend: one line that names the file, the row or frame, what is wrong and what to do.

    Commands print the line and exit with status 2; per-film stages put that film aside and go on. What the line quotes
    of a file is shown, not obeyed: control characters are escaped, and a very long line loses its middle.
    """

    def __init__(self, what: str) -> None:
        super().__init__(_shown(" ".join(str(what).split())))


@contextmanager
def blaming(path: object, advice: str) -> Iterator[None]:
    """Whatever goes wrong while a file is parsed in the body is that file's fault, and `BadInput` that names it.

    For files of a format (tensors, tables, our own JSON) that is read by another library or taken at its word: what
    such a reader raises for damaged bytes is nowhere written down. Nothing but reading belongs into the body. What the
    machine lacks (memory, room, open files) is no fault of the file: a unit blamed for it would lose its place.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if _of_the_machine(error):
            raise
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise BadInput(f"{path}: cannot be read ({told[:300]}); {advice}") from None


_MACHINE = {
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN),
    *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS),
}


def _of_the_machine(error: Exception) -> bool:
    """Memory, disk or a missing library; torch says of a processor's memory that it can't allocate it."""
    if isinstance(error, MemoryError | ImportError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return "can't allocate memory" in str(error) or (isinstance(error, OSError) and error.errno in _MACHINE)


def _shown(line: str) -> str:
    if not line.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} [...] {line[-_LONGEST // 2 :]}"
