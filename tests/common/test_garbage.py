"""A process that collects seldom and leaves at once: its status, its words and its exit handlers are kept."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import atexit, gc, sys, threading, time
from common.garbage import leave, spare_collections

spare_collections()
atexit.register(lambda: open(sys.argv[1], "a").write("handler "))
threading.Thread(target=lambda: (time.sleep(0.2), open(sys.argv[1], "a").write("thread "))).start()
class Loud:
    def __del__(self): print("taken apart")
kept = Loud()
print(gc.get_threshold()[0])
"""


def run(end: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + end, str(path)], capture_output=True, text=True, check=False, timeout=60
    )


def test_leaving_keeps_status_words_threads_and_handlers(tmp_path: Path) -> None:
    done = run("leave(3)", tmp_path / "notes")
    assert done.returncode == 3
    assert int(done.stdout) > 700
    assert (tmp_path / "notes").read_text() == "thread handler "


def test_a_process_that_does_not_leave_ends_as_ever(tmp_path: Path) -> None:
    done = run("raise SystemExit(4)", tmp_path / "notes")
    assert done.returncode == 4 and "taken apart" in done.stdout
