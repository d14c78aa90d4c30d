"""The definitions as text, a few lines for each thing, so that a changed lineage shows as a changed file.

`python -m orchestration.graph_text > tests/orchestration/graph.txt` writes it anew; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg


def told(defs: dg.Definitions) -> str:
    """Assets with what they read, their checks, kinds, owners and pools, upstream first; then jobs and the rest."""
    return "\n".join([*_assets(defs), *_automation(defs)]) + "\n"


def _assets(defs: dg.Definitions) -> Iterator[str]:
    graph = defs.resolve_asset_graph()
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        yield f"asset {key.to_user_string()}"
        yield f"  group: {node.group_name}; owners: {_list(node.owners)}; kinds: {_list(node.kinds)}"
        partitions = "films" if node.partitions_def is not None else "none"
        yield f"  partitions: {partitions}; pools: {_list(node.pools or ())}"
        yield f"  reads: {_list(parent.to_user_string() for parent in node.parent_keys)}"
        for check in sorted(node.check_keys, key=lambda each: each.name):
            blocking = graph.get(check).blocking
            yield f"  check: {check.name}{' (blocking)' if blocking else ''}"
        if not node.description:
            yield "  WITHOUT A DESCRIPTION"


def _automation(defs: dg.Definitions) -> Iterator[str]:
    for job in sorted(defs.resolve_all_job_defs(), key=lambda each: each.name):
        if not job.name.startswith("__"):
            yield f"job {job.name}: {_list(node.name for node in job.nodes)}"
    for sensor in sorted(defs.sensors or (), key=lambda each: each.name):
        assert isinstance(sensor, dg.SensorDefinition)
        yield f"sensor {sensor.name} -> {sensor.job_name}, {sensor.default_status.value.lower()} at first"
    for schedule in sorted(defs.schedules or (), key=lambda each: each.name):
        assert isinstance(schedule, dg.ScheduleDefinition)
        yield f"schedule {schedule.name} -> {schedule.job_name}, {schedule.cron_schedule}"


def _list(values: object) -> str:
    return ", ".join(sorted(map(str, values))) or "none"  # type: ignore[call-overload]


if __name__ == "__main__":
    from orchestration.definitions import defs as _defs

    print(told(_defs), end="")
