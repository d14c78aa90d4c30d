"""What a reader makes of a damaged file, under watch: its time, its memory, the files it opens, the words it leaves."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.errors import BadInput
from orchestration.damage.kinds import Kind
from orchestration.damage.values import OUTSIDE

READ, REFUSED = "read", "refused"
FAULTS = ("traceback", "many lines", "names no file", "unsound", "hang", "memory", "escape", "crash")
SECONDS = 5.0  # of processor time, for files that take a hundredth of a second
MIB = 600  # of memory, for files of some kilobytes; a portrait may have 64 million pixels
_CHANGES = ("os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.truncate", "os.chmod")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Hung(BaseException):
    pass


@dataclass(frozen=True)
class Outcome:
    """READ, REFUSED or one of FAULTS; `told` is what was said, or what is wrong."""

    what: str
    told: str = ""


class Watch:
    """Watches readers in this process. `box` is the folder in which they work; what is written must lie below it, and
    what lies in the folder `outside` beside a reader's own must not be opened."""

    def __init__(self, box: Path) -> None:
        self.box = str(box.resolve())
        self.escapes: list[str] | None = None
        sys.addaudithook(self._hook)

    def read(self, kind: Kind, folder: Path) -> Outcome:
        before = _memory()
        try:
            with _limited(), self._watched() as escapes:
                result = kind.read(folder)
            if escapes:
                return Outcome("escape", escapes[0])
            if (grown := _memory(peak=True) - before) > MIB:
                return Outcome("memory", f"{grown:.0f} MiB")
            check_sound(result)
            return Outcome(READ)
        except BadInput as error:
            return Outcome("escape", escapes[0]) if escapes else _refusal(kind, str(error))
        except _Hung:
            return Outcome("hang", f"more than {SECONDS:.0f} s; {_last_place()}")
        except MemoryError:
            return Outcome("memory", _last_place())
        except AssertionError as error:
            return Outcome("unsound", str(error)[:300] or _last_place())
        except Exception as error:
            return Outcome("traceback", f"{type(error).__name__}: {error}"[:200] + f" at {_last_place()}")

    @contextlib.contextmanager
    def _watched(self) -> Iterator[list[str]]:
        found: list[str] = []
        self.escapes = found
        try:
            yield found
        finally:
            self.escapes = None

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.escapes is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            writes = isinstance(arguments[2], int) and arguments[2] & _WRITING
            if OUTSIDE in Path(path).parts or (writes and not self._ours(path)):
                self.escapes.append(f"opens {path}")
        elif event in _CHANGES:
            paths = [os.fsdecode(path) for path in arguments[:2] if isinstance(path, str | bytes)]
            folder = arguments[-1] if event != "os.truncate" else -1
            for each in paths:  # relative to an open folder, as a tree is removed
                base = str(Path(f"/proc/self/fd/{folder}").readlink()) if folder >= 0 else ""
                if not self._ours(os.path.realpath(os.path.join(base, each))):  # noqa: PTH118
                    self.escapes.append(f"{event} {each!r}")

    def _ours(self, path: str) -> bool:
        return path.startswith(f"{self.box}/") or path == os.devnull


def check_sound(value: Any) -> None:
    """`AssertionError` for a result that cannot be written down: numbers that are none, text that no file can hold."""
    if isinstance(value, float):
        assert math.isfinite(value), f"the number {value} was read"
    elif isinstance(value, np.ndarray):
        assert value.dtype == object or np.isfinite(value).all(), "an array with numbers that are none was read"
    elif isinstance(value, pd.DataFrame):
        check_sound(value.to_dict("list"))
    elif isinstance(value, str):
        assert value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value), "half a character was read"
        assert "\x00" not in value, "a null character was read"
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            check_sound(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check_sound(key)
            check_sound(inner)
    elif isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        for inner in value:
            check_sound(inner)


def _refusal(kind: Kind, line: str) -> Outcome:
    if len(line.splitlines()) != 1 or len(line) > 2000 or not line.isprintable():
        return Outcome("many lines", line[:300])
    names = kind.named or (Path(kind.file).name,)
    return Outcome(REFUSED, line) if any(name in line for name in names) else Outcome("names no file", line[:300])


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Processor time and memory for the body: an alarm, and a ceiling above what the process has now."""

    def hung(*_: object) -> None:
        raise _Hung

    before, old = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGPROF, hung)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * MIB * 2**20, before[1]))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _memory(*, peak: bool = False) -> float:
    """Resident memory in MiB, now or at most since the last `_limited`."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(wanted)) / 1024


def _last_place() -> str:
    """Where in our own code the exception that is being handled was raised."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    ours = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
