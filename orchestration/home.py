"""One home for both engines, and the environment that every process of the lineage runs in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from common.workers import PROCESS_ENVIRONMENT
from publishing.places import home

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
    """`.home/dagster`, made at first use, with the shipped instance configuration."""
    folder = home() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).with_name("dagster.yaml")
    ours = folder / "dagster.yaml"
    if not ours.exists() or ours.read_bytes() != shipped.read_bytes():
        shutil.copyfile(shipped, ours)
    return folder


def process_environment(*, threads: int) -> dict[str, str]:
    """What must be set before Python starts: the C library's memory allocation, OpenMP, silence of all telemetry."""
    return {**PROCESS_ENVIRONMENT, **SILENCE, "OMP_NUM_THREADS": str(threads), "DAGSTER_HOME": str(dagster_home())}


def lacks(environment: Mapping[str, str]) -> bool:
    """Whether this process was started without some of `environment`."""
    return any(os.environ.get(name) != value for name, value in environment.items())
