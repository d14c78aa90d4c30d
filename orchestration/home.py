"""One home for both engines, and the environment that every process of the lineage runs in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from common.files import write_text
from common.safe_yaml import read_yaml
from common.workers import PROCESS_ENVIRONMENT
from publishing.places import home, parameters_file
from publishing.postgres import store_url

SILENCE = {
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",  # FastAPI below MLflow and Dagster speaks OpenTelemetry
}


def dagster_home() -> Path:
    """`.home/dagster`, made at first use, with the shipped instance configuration, and Postgres in it where asked."""
    folder = home() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(__file__).with_name("dagster.yaml").read_text(encoding="utf-8")
    url = store_url("dagster")
    if url is not None:
        wanted += yaml.safe_dump({"storage": {"postgres": {"postgres_url": url}}})
    ours = folder / "dagster.yaml"
    if not ours.exists() or ours.read_text(encoding="utf-8") != wanted:
        folder.chmod(0o700)  # the URL may hold a password
        write_text(ours, wanted)
    return folder


def asked_threads() -> int:
    """`compute.threads` as it is written, 1 where it is not: building the whole schema for one number takes long.

    What is wrong with the file is told by who reads all of it.
    """
    try:
        threads = int(read_yaml(parameters_file())["compute"]["threads"])
    except (OSError, ValueError, KeyError, TypeError):
        return 1
    return max(threads, 1)


def process_environment(*, threads: int) -> dict[str, str]:
    """What must be set before Python starts: the C library's memory allocation, OpenMP, silence of all telemetry."""
    return {**PROCESS_ENVIRONMENT, **SILENCE, "OMP_NUM_THREADS": str(threads), "DAGSTER_HOME": str(dagster_home())}


def lacks(environment: Mapping[str, str]) -> bool:
    """Whether this process was started without some of `environment`."""
    return any(os.environ.get(name) != value for name, value in environment.items())
