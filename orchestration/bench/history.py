"""Where the time of `make repro` goes: the stages' runs on record, told by the history that both interfaces show."""

from __future__ import annotations

from pathlib import Path

from common.errors import BadInput
from orchestration.bench.harness import Result


def stages(data: Path) -> list[Result]:
    """The longest successful run of every stage, in seconds of time: that which made it all; the slowest first."""
    home = data.parent / ".home" / "dagster"
    if not home.is_dir():
        raise BadInput(f"{home}: no history of runs; run `make repro` first")
    longest = longest_runs(home)
    whole = sum(longest.values())
    return [
        Result(
            f"make repro: {stage}", seconds, None, None, "s", note=f"{seconds / whole:.0%} of {whole:.0f} s in stages"
        )
        for stage, seconds in sorted(longest.items(), key=lambda each: -each[1])
    ]


def longest_runs(home: Path) -> dict[str, float]:
    """Seconds by stage, of the instance whose home this is."""
    import dagster as dg

    found: dict[str, float] = {}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])):
            chosen = record.dagster_run.asset_selection or frozenset()
            if len(chosen) == 1 and record.start_time and record.end_time:
                stage = next(iter(chosen)).to_user_string()
                found[stage] = max(found.get(stage, 0.0), record.end_time - record.start_time)
    return found
