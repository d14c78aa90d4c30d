"""What a lineage left, in terms that two clones can share: files, `dvc.lock`, trainings.

The tables name MLflow's runs, whose ids are drawn at random: there a run counts as the training that it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from common.files import digest
from orchestration.faults.scratch import Clone, unequal
from publishing.records import RECORD

NAMES_RUNS = "paper_tables"  # the stage whose files name runs of MLflow
_ASK = """
import json
from publishing.tracking import EXPERIMENT, MODEL, client
found = client()
experiment = found.get_experiment_by_name(EXPERIMENT)
for run in found.search_runs([experiment.experiment_id], max_results=5000):
    tags = run.data.tags
    if "stage" in tags:
        told = [tags["stage"], tags["unit"], tags.get("data_version"), run.info.status, run.info.run_id]
        print(json.dumps(["run", *told]))
for version in found.search_model_versions(f"name = '{MODEL}'", max_results=5000):
    print(json.dumps(["version", MODEL, version.tags["unit"], version.tags["data_version"], version.status, ""]))
"""
_GIVEN_UP = ("FAILED", "KILLED")  # by a training that was killed, where the next attempt began its own


@dataclass(frozen=True)
class Left:
    """MD5 of every file and of what `dvc.lock` says, by name; how often each training was logged and registered."""

    files: dict[str, str]
    trainings: dict[str, str]

    def differs_from(self, wanted: Left) -> list[str]:
        told = unequal(self.files, wanted.files)
        return told + [f"MLflow: {each}" for each in unequal(self.trainings, wanted.trainings)]

    def as_table(self) -> dict[str, Any]:
        return asdict(self)


def left_by(clone: Clone) -> Left:
    """To be asked when the whole lineage is made."""
    said = clone.must_run("python", "-c", _ASK).lines
    rows = [json.loads(line) for line in said if line.startswith('["')]
    runs = {run: f"{stage}/{unit} {data}" for kind, stage, unit, data, _, run in rows if kind == "run"}
    trainings = Counter(
        f"{kind} of {stage}/{unit} {data}: {status}"
        for kind, stage, unit, data, status, _ in rows
        if status not in _GIVEN_UP
    )
    files = clone.files()
    files |= {name: _without_runs(clone, name, runs) for name in files if name.startswith(f"data/{NAMES_RUNS}/")}
    files["dvc.lock"] = digest(_locked(clone))
    return Left(files, {name: str(count) for name, count in sorted(trainings.items())})


def _without_runs(clone: Clone, name: str, runs: dict[str, str]) -> str:
    """A digest of the file in which every run is named by its training; of a record, all but other files' MD5."""
    path = clone.root / name
    if path.name == RECORD:
        record = json.loads(path.read_text(encoding="utf-8"))
        return digest({**record, "files": sorted(record["files"])})
    content = path.read_bytes()
    for run, training in sorted(runs.items()):
        for shown in (run, run[:8]):  # the report shows the first digits
            content = content.replace(shown.encode(), training.encode())
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _locked(clone: Clone) -> Any:
    """`dvc.lock` without the hash of the stage whose files name runs."""
    locked = yaml.safe_load((clone.root / "dvc.lock").read_text(encoding="utf-8"))
    for out in locked["stages"][NAMES_RUNS]["outs"]:
        out["md5"] = out["size"] = "names runs"
    return locked
