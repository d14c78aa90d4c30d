"""Stages one after the other in one process, which imports libraries once: `run_many.py main:STAGE dagster:STAGE=UNIT`.

`main` is the function of the command in `dvc.yaml` (`python -m orchestration.run STAGE`), `dagster` a materialization
of the asset, of one partition where a unit is named. Prints what happened as a line of JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr
from typing import Any

from orchestration.home import lacks, process_environment


def by_command(stage: str, unit: str) -> dict[str, Any]:
    from orchestration.run import main

    told = io.StringIO()
    with redirect_stderr(told):
        status = main([stage, *(["--units", unit] if unit else [])])
    return {"status": status, "told": told.getvalue()}


def by_dagster(stage: str, unit: str) -> dict[str, Any]:
    import dagster as dg

    from orchestration.definitions import defs
    from orchestration.factory import CHECK

    with redirect_stderr(io.StringIO()), dg.DagsterInstance.get() as instance:
        result = dg.materialize(
            [defs.resolve_assets_def(stage)], partition_key=unit or None, instance=instance, raise_on_error=False
        )
        key = dg.AssetCheckKey(dg.AssetKey(stage), CHECK)
        shown = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    check = shown.event.dagster_event.event_specific_data
    told = {"passed": check.passed, "failed": str(check.metadata["failed"].value)}
    return {"success": result.success, "check": told, "check of this run": shown.run_id == result.run_id}


if __name__ == "__main__":
    wanted = process_environment(threads=1)
    if lacks(wanted):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})
    doors = {"main": by_command, "dagster": by_dagster}
    told = []
    for asked in sys.argv[1:]:
        door, _, rest = asked.partition(":")
        stage, _, unit = rest.partition("=")
        told.append(doors[door](stage, unit))
    print(json.dumps(told))
