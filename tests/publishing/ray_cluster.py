"""A Ray cluster on this machine for a test: a head without processors, and two machines with one each."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
