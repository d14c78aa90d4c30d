"""Dagster's and MLflow's pages on one home, and what a gate refused, from this machine only; all end together."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput

HOST = "127.0.0.1"
PAGES_PORT = 3001  # where pages that lie in `data/` are opened from Dagster's interface
PAGES = "FOCUSEDAD_PAGES"  # the address of that, for whoever writes links to it


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestration.ui", description="The pages of both engines.")
    parser.add_argument("--dagster-port", type=int, default=3000)
    parser.add_argument("--mlflow-port", type=int, default=5000)
    parser.add_argument("--pages-port", type=int, default=PAGES_PORT)
    asked = parser.parse_args(arguments)
    try:
        ports = (asked.dagster_port, asked.mlflow_port, asked.pages_port)
        if len(set(ports)) < len(ports):
            raise BadInput(f"ports {', '.join(map(str, ports))}: three different ones are needed")
        for port in ports:
            _must_be_free(port)
        return serve(dagster_port=asked.dagster_port, mlflow_port=asked.mlflow_port, pages_port=asked.pages_port)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2


def pages_address() -> str:
    """Where what a gate refused (`data/rejected`) can be opened in a browser while `make ui` runs."""
    return os.environ.get(PAGES, f"http://{HOST}:{PAGES_PORT}")


def pages_command(port: int, folder: Path) -> list[str]:
    """A server of files that only reads; this machine alone can ask it."""
    return [sys.executable, "-m", "orchestration.pages", str(port), str(folder)]


def serve(*, dagster_port: int, mlflow_port: int, pages_port: int = PAGES_PORT) -> int:
    """Starts all and waits until one ends or Ctrl-C; then ends them with all that they started."""
    from orchestration.home import asked_threads, process_environment
    from publishing import live, places, tracking

    environment = {**os.environ, **process_environment(threads=asked_threads()), PAGES: f"http://{HOST}:{pages_port}"}
    live.end_dead_runs(tracking.client())
    os.environ["DAGSTER_HOME"] = environment["DAGSTER_HOME"]
    limit_pools()
    programs = Path(sys.executable).parent
    dagster = ["dagster", "dev", "-m", "orchestration.definitions", "-h", HOST, "-p", str(dagster_port)]
    environment["MLFLOW_BACKEND_STORE_URI"] = tracking.tracking_uri()  # which may hold a password: in no process list
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # eight processes for judging chats, which nobody asks
    mlflow = ["mlflow", "server", "--workers", "1"]
    commands = {"Dagster": dagster, "MLflow": [*mlflow, "--host", HOST, "--port", str(mlflow_port)]}
    commands["pages"] = pages_command(pages_port, places.root() / "data/rejected")
    logs = places.home() / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            with (logs / f"{name.lower()}.log").open("wb") as log:
                running[name] = subprocess.Popen(
                    [str(programs / command[0]), *command[1:]],
                    cwd=places.root(),
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # so that what it starts ends with it
                )
        print(f"Dagster  http://{HOST}:{dagster_port}/asset-groups\nMLflow   http://{HOST}:{mlflow_port}", flush=True)
        print(f"what gates refused, linked from Dagster's checks: http://{HOST}:{pages_port}", flush=True)
        print("logs in .home/logs; Ctrl-C ends all", flush=True)
        while all(child.poll() is None for child in running.values()):
            time.sleep(0.5)
        ended = next(name for name, child in running.items() if child.poll() is not None)
        print(f"{ended} ended: see .home/logs/{ended.lower()}.log", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _end(list(running.values()))


def limit_pools() -> None:
    """Makes the pools known: Dagster limits one only from its second look on, so the first two runs would not queue."""
    import dagster as dg

    from orchestration.automation import DVC_POOL
    from orchestration.factory import GPU_POOL

    with dg.DagsterInstance.get() as instance:
        known = instance.event_log_storage.get_concurrency_keys()
        for pool in sorted({DVC_POOL, GPU_POOL} - known):
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)


def _end(children: Sequence[subprocess.Popen[bytes]], *, patience: float = 10.0) -> None:
    for number, wait in ((signal.SIGINT, patience), (signal.SIGTERM, patience / 2), (signal.SIGKILL, patience)):
        alive = [child for child in children if child.poll() is None]
        for child in alive:
            os.killpg(child.pid, number)
        deadline = time.monotonic() + wait
        while any(child.poll() is None for child in alive) and time.monotonic() < deadline:
            time.sleep(0.1)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise BadInput(f"port {port}: a port is a number up to 65535") from None
        except OSError:
            raise BadInput(
                f"port {port} is taken; name others: `make ui DAGSTER_PORT=3010 MLFLOW_PORT=5010 PAGES_PORT=3011`"
            ) from None


if __name__ == "__main__":
    sys.exit(main())
