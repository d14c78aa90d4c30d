"""A process that collects seldom still closes what it opened."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, sys
from common.garbage import spare_collections

spare_collections()
open_file = open(sys.argv[1], "w")
open_file.write("written, never closed")
print(gc.get_threshold()[0])
"""


def test_what_is_open_is_written_at_exit(tmp_path: Path) -> None:
    path = tmp_path / "text"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) > 700 and path.read_text() == "written, never closed"
