"""Data versions as Dagster shows them, brought in line with what lies on the disk.

A run over many films writes one version for all of them, and `git checkout` with `dvc checkout` changes data behind
Dagster's back; both are put right by events that carry the version of each film. Only what differs gets an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import StepMaterializationData

from common.files import digest
from publishing.keys import stage_digest
from publishing.places import CODE_ROOT
from publishing.records import version
from publishing.settings import Settings
from publishing.stage import WHOLE, Graph, Stage

VERSION = "dagster/data_version"


@dataclass(frozen=True)
class Run:
    """A run of Dagster's, and the step in it."""

    id: str
    job: str
    step: str


def asset_version(units: Mapping[str, str]) -> str:
    """The version of an asset without partitions: of its whole, or of all its units."""
    return units[WHOLE] if set(units) == {WHOLE} else digest(dict(units))


def sync_stage(
    instance: dg.DagsterInstance,
    stage: Stage,
    settings: Settings,
    *,
    graph: Graph,
    root: Path,
    code_root: Path = CODE_ROOT,
    run: Run | None = None,
    metadata: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """Reports what lies on the disk where the latest event says otherwise; gives back the partitions reported.

    Inside a run the events are the run's, with `metadata` of each partition: the interface shows a partition by its
    latest event, and a check only where that event belongs to the run in which the check was made.
    """
    latest = _latest_events(instance, stage, settings)
    upstream = {name: _latest_events(instance, graph[name], settings) for name in stage.reads}
    code = stage_digest(stage, code_root=code_root)[:12]
    reported = []
    for partition, found in on_disk(stage, settings, root).items():
        event = latest.get(partition)
        if event is not None and event[0] == found:
            continue
        tags = {
            VERSION: found,
            "dagster/data_version_is_user_provided": "true",
            "dagster/code_version": code,
        }
        for name in stage.reads:
            # without the input's version and the event it came from, the interface calls the asset stale
            known = upstream[name].get(partition if stage.per_film and graph[name].per_film else None)
            tags[f"dagster/input_data_version/{name}"] = known[0] if known else ""
            tags[f"dagster/input_event_pointer/{name}"] = str(known[1]) if known else "NULL"
        shown = dict((metadata or {}).get(partition or WHOLE, {}))
        event_now = dg.AssetMaterialization(dg.AssetKey(stage.name), partition=partition, tags=tags, metadata=shown)
        _report(instance, event_now, run)
        reported.append(partition or stage.name)
    return reported


def _report(instance: dg.DagsterInstance, event: dg.AssetMaterialization, run: Run | None) -> None:
    if run is None:
        instance.report_runless_asset_event(event)
        return
    told = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        event_specific_data=StepMaterializationData(event),
        job_name=run.job,
        step_key=run.step,
    )
    instance.report_dagster_event(told, run_id=run.id)


def sync_all(
    settings: Settings, *, graph: Graph, root: Path, instance: dg.DagsterInstance, code_root: Path = CODE_ROOT
) -> dict[str, list[str]]:
    """Every stage in order, upstream first; the stages whose events had to be put right."""
    told = {
        name: sync_stage(instance, stage, settings, graph=graph, root=root, code_root=code_root)
        for name, stage in graph.items()
    }
    return {name: units for name, units in told.items() if units}


def on_disk(stage: Stage, settings: Settings, root: Path) -> dict[str | None, str]:
    """Partition (None where there are none) -> the data version that lies there."""
    units = {unit: version(stage.folder(root / "data", unit)) for unit in stage.units_of(settings)}
    found = {unit: known for unit, known in units.items() if known is not None}
    if stage.per_film:
        return dict[str | None, str](found.items())
    return {None: asset_version(found)} if found else {}


def _latest_events(instance: dg.DagsterInstance, stage: Stage, settings: Settings) -> dict[str | None, tuple[str, int]]:
    """Partition (None where there are none) -> data version and storage id of its latest materialization."""
    key = dg.AssetKey(stage.name)
    found: dict[str | None, tuple[str, int]] = {}
    wanted = dg.AssetRecordsFilter(key)
    count = 1
    if stage.per_film:
        last = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        films = set(stage.units_of(settings))
        ids = [number for partition, number in last.items() if partition in films]
        wanted, count = dg.AssetRecordsFilter(key, storage_ids=ids), len(ids)
    records = instance.fetch_materializations(wanted, limit=count).records if count else []
    for record in records:
        event = record.asset_materialization
        if event is not None:
            found[event.partition] = ((event.tags or {}).get(VERSION, ""), record.storage_id)
    return found
