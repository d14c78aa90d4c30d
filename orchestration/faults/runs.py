"""Trainings as a clone's MLflow knows them, to see whether a kill lost one or logged one twice."""

from __future__ import annotations

import json
from collections import Counter

from orchestration.faults.scratch import Clone

_ASK = """
import json
from publishing.tracking import EXPERIMENT, MODEL, client
found = client()
experiment = found.get_experiment_by_name(EXPERIMENT)
for run in found.search_runs([experiment.experiment_id], max_results=5000):
    tags = run.data.tags
    if "stage" in tags:
        print(json.dumps(["run", tags["stage"], tags["unit"], tags.get("data_version"), run.info.status]))
for version in found.search_model_versions(f"name = '{MODEL}'", max_results=5000):
    print(json.dumps(["version", MODEL, version.tags["unit"], version.tags["data_version"], version.status]))
"""


def trainings(clone: Clone) -> dict[str, str]:
    """Finished runs and registered versions, each with its number, and runs that no process ends any more."""
    said = clone.must_run("python", "-c", _ASK).lines
    rows = [json.loads(line) for line in said if line.startswith('["')]
    given_up = {"FAILED", "KILLED"}  # by a training that was killed, where the next attempt began its own
    kept = Counter(
        f"{kind} of {stage}/{unit} {data}: {status}"
        for kind, stage, unit, data, status in rows
        if status not in given_up
    )
    return {name: str(count) for name, count in sorted(kept.items())}
