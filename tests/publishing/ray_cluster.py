"""A Ray cluster on this machine: a head without processors, and two machines with one each.

    python tests/publishing/ray_cluster.py [--kill "query_banks tt9000001"] dvc repro clip_features

runs a command with the lineage's tasks on such a cluster; `--kill` ends, once, the worker that makes that unit.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def ray_cluster(*, jobs: bool = False) -> Iterator[Any]:
    """`jobs`: with the server that takes jobs, which needs some seconds more to start."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
    from ray.cluster_utils import Cluster

    found = Cluster()
    try:
        # The head's agent has a fixed port otherwise, which a second cluster on this machine would miss.
        _start_node(found, num_cpus=0, include_dashboard=jobs, dashboard_agent_listen_port=0)
        for _ in range(2):
            _start_node(found, num_cpus=1)
        yield found
    finally:
        found.shutdown()


def _start_node(cluster: Any, **arguments: Any) -> None:
    """Ray gives a node half a minute to start, which on a busy machine it sometimes does not make."""
    for left in (2, 1, 0):
        try:
            cluster.add_node(object_store_memory=80_000_000, dashboard_port=_free_port(), **arguments)
            return
        except Exception:
            if not left:
                raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="A command with a Ray cluster of two workers.")
    parser.add_argument("--kill", metavar="TASK", help="stage and unit whose worker is killed a second after it began")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)
    with ray_cluster(jobs=True) as cluster:
        if asked.kill:
            threading.Thread(target=_kill_once, args=(f"ray::{asked.kill}",), daemon=True).start()
        return subprocess.run(
            asked.command, env=os.environ | {"FOCUSEDAD_RAY": cluster.address}, check=False
        ).returncode


def _kill_once(title: str) -> None:
    """Waits for a process of this cluster with that title, and kills it."""
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            if _title(folder) == title and _descends(int(folder.name), os.getpid()):
                time.sleep(1)
                os.kill(int(folder.name), signal.SIGKILL)
                print(f"killed process {folder.name}: {title}", file=sys.stderr)
                return
        time.sleep(0.2)


def _title(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().rstrip(b"\0 ").decode(errors="replace")
    except OSError:
        return ""


def _descends(process: int, ancestor: int) -> bool:
    while process > 1 and process != ancestor:
        try:
            process = int((Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return process == ancestor


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
