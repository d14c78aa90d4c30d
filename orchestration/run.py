"""One stage in this process: `python -m orchestration.run STAGE`, the command of every stage in `dvc.yaml`.

It executes the Dagster asset of that name in the shared home, so that the run, its check and its metadata are seen in
the interface whichever engine started it; `make repro` calls it in a process that is warm. Exit status: 0 published, 1
refused (audit, missing input, busy, a full disk, a fault of the program), 2 a mistake of the user's in one line.

Worker processes import this module again: nothing heavy stands at its top.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.garbage import leave, spare_collections
from publishing.places import root
from publishing.room import end_for_room, refuse_without_room

if TYPE_CHECKING:
    import dagster as dg

    from publishing.settings import Settings
    from publishing.stage import Stage


INTERRUPTED = 130  # exit status, as a shell's


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m orchestration.run", description="Makes one stage of the lineage.")
    parser.add_argument("stage", help="the stage's name, as in dvc.yaml")
    parser.add_argument("--units", help="only these units, separated by commas (films, or the stage's other parts)")
    asked = parser.parse_args(arguments)
    try:
        refuse_without_room(root())
        start_again_in_the_right_environment("orchestration.run", arguments)
        spare_collections()
        return run_stage(asked.stage, asked.units.split(",") if asked.units else None)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except Exception as error:  # the engines keep their history on the same disk
        return end_for_room(error, root=root(), stage=asked.stage)


def start_again_in_the_right_environment(module: str, arguments: Sequence[str]) -> None:
    """Memory allocation and OpenMP are settled before Python starts, so the process replaces itself once, by `python -m
    module`."""
    from orchestration.home import asked_threads, lacks, process_environment

    environment = process_environment(threads=asked_threads())
    if lacks(environment):
        environment = {**os.environ, **environment}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        os.execve(sys.executable, [sys.executable, "-m", module, *arguments], environment)


def run_stage(name: str, units: list[str] | None) -> int:
    """Runs the stage from this repository's definitions; gives back the exit status."""
    from common.progress import show_progress

    show_progress()
    import dagster as dg

    from orchestration.definitions import STAGES, defs, settings
    from publishing.stage import graph_of

    graph = graph_of(STAGES)
    if name not in graph:
        raise BadInput(f"{name}: no such stage; there are {', '.join(graph)}")
    return execute(defs, graph[name], settings, units=units, instance=dg.DagsterInstance.get())


def execute(
    defs: dg.Definitions, stage: Stage, settings: Settings, *, units: list[str] | None, instance: dg.DagsterInstance
) -> int:
    """Executes the asset in this process; a failure is told on stderr, the trace of a program's fault kept in a log."""
    import dagster as dg

    from publishing.elsewhere import cluster
    from publishing.publish import refuse_without_units

    refuse_without_units(stage, settings)
    known = stage.units_of(settings)
    unknown = [unit for unit in units or [] if unit not in known]
    if unknown:
        raise BadInput(f"{stage.name}: no unit {', '.join(unknown)}; there are {', '.join(known)}")
    job = defs.resolve_implicit_global_asset_job_def()
    as_job = cluster() is not None and stage.track is not None
    for tags in _runs(stage, known, units):
        asked: dict[str, Any] = {
            "instance": instance,
            "asset_selection": [dg.AssetKey(stage.name)],
            "tags": tags,
            "run_config": {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            "raise_on_error": False,
        }
        result = _execute_as_job(job.name, asked) if as_job else job.execute_in_process(**asked)
        if not result.success:
            return _tell(stage, result)
    return 0


def _execute_as_job(name: str, asked: dict[str, Any]) -> Any:
    """A training: the definitions' executor, which starts the step as a job of the cluster and waits for it."""
    import dagster as dg
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    from publishing.places import CODE_ROOT

    code = ReconstructableRepository.for_module("orchestration.definitions", "defs", str(CODE_ROOT))
    with dg.execute_job(code.get_reconstructable_job(name), **asked) as result:
        return result


def _runs(stage: Stage, known: list[str], units: list[str] | None) -> Iterator[dict[str, str]]:
    """The tags of each run: a range of partitions, so that one run makes all of them; several for gaps."""
    from orchestration.factory import UNITS_TAG

    if not stage.per_film:
        yield {UNITS_TAG: ",".join(units)} if units else {}
        return
    wanted = [unit for unit in known if units is None or unit in units]
    first = 0
    for place, unit in enumerate(wanted):
        is_last = place + 1 == len(wanted) or known.index(wanted[place + 1]) != known.index(unit) + 1
        if is_last:
            start, end = wanted[first], unit
            yield {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}
            first = place + 1


def _tell(stage: Stage, result: Any) -> int:
    from orchestration.factory import EXIT_STATUS

    failed = [event for event in result.all_events if event.is_step_failure]
    if not failed:
        print(f"{stage.name}: the run failed before its step began", file=sys.stderr)
        return 1
    data = failed[0].step_failure_data
    if data.error is not None and data.error.cls_name == "DagsterExecutionInterruptedError":
        print(f"{stage.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    if data.user_failure_data is not None:
        print(data.user_failure_data.description, file=sys.stderr)
        status = data.user_failure_data.metadata.get(EXIT_STATUS)
        return int(status.value) if status is not None else 1
    log = _write_log(stage.name, data.error)
    fault = data.error.cause or data.error
    print(
        f"{stage.name}: {fault.message.strip().splitlines()[-1]} (a fault of the program: trace in {log})",
        file=sys.stderr,
    )
    return 1


def _write_log(stage: str, error: Any) -> str:
    from common.files import write_text
    from publishing.places import home

    path: Path = home() / "logs" / f"{stage}.log"
    write_text(path, error.to_string())
    return path.relative_to(root()).as_posix()


if __name__ == "__main__":
    leave(main())
