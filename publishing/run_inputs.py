"""What a training's run in MLflow was made from: its inputs as datasets with their versions, and the run's parent.

All trainings on the same data versions stand under one run, the lineage's, so that variants and seeds can be compared
in one place; a training on other data stands under another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from common.files import digest
from publishing import places
from publishing.versions import output_hash

INPUT = "input."  # of a run's tags: the stage read, its data version
LINEAGE = "lineage"
_PARENT = "mlflow.parentRunId"


def note_inputs(found: Any, run: str, tags: Mapping[str, str]) -> None:
    """Adds datasets and parent to a run; `tags` are its own. A run that read nothing has neither."""
    read = {name.removeprefix(INPUT): version for name, version in sorted(tags.items()) if name.startswith(INPUT)}
    if not read:
        return
    found.log_inputs(run, datasets=[_dataset(stage, version) for stage, version in read.items()])
    found.set_tag(run, _PARENT, parent(found, run, read, stage=tags["stage"]))


def _dataset(stage: str, version: str) -> Any:
    """One stage's data: the version of the units read, and the hash of the whole as `dvc.lock` has it."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = {"uri": f"data/{stage}", "dvc_md5": output_hash(stage, root=places.root())}
    profile = {"data_version": version}
    made = Dataset(stage, version, "dvc", json.dumps(source, sort_keys=True), profile=json.dumps(profile))
    return DatasetInput(made, [InputTag("mlflow.data.context", "training")])


def parent(found: Any, run: str, read: Mapping[str, str], *, stage: str) -> str:
    """The run above all of this stage's trainings on these data versions, made with the first of them."""
    experiment = found.get_run(run).info.experiment_id
    lineage = digest([stage, dict(read)])
    known = found.search_runs([experiment], f"tags.{LINEAGE} = '{lineage}'", max_results=1)
    if known:
        return str(known[0].info.run_id)
    name = f"{stage} on data {lineage[:8]}"
    tags = {LINEAGE: lineage, "mlflow.runName": name, **{f"{INPUT}{each}": value for each, value in read.items()}}
    made = str(found.create_run(experiment, tags=tags, run_name=name).info.run_id)
    found.set_terminated(made)
    return made
