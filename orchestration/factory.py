"""Dagster's view of the stages: one asset each, a partition per film, the audit as its blocking check."""

# no `from __future__ import annotations` here: Dagster compares the annotation of `context` with its class
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from common.errors import BadInput
from common.progress import show_progress_if_none
from orchestration.automation import DVC_POOL
from orchestration.metadata import as_metadata
from orchestration.sync import Run, asset_version, sync_stage
from orchestration.ui import pages_address
from publishing import places, versions
from publishing.audits import Auditor
from publishing.elsewhere import cluster, environment
from publishing.keys import stage_digest
from publishing.locks import Busy
from publishing.places import CODE_ROOT
from publishing.plan import plan_stage
from publishing.publish import Outcome, publish_stage
from publishing.room import no_room
from publishing.settings import Settings
from publishing.stage import WHOLE, Graph, Stage, graph_of
from publishing.thumbnails import THUMBNAILS

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # backfill policies; the lock file pins what was tried

log = logging.getLogger(__name__)

CHECK = "audit"
UNITS_TAG = "focusedad/units"  # names some units of an asset that has no partitions
GPU_POOL = "gpu"
PICTURED = 3  # rejected units whose frames a check shows: pictures travel inside the event
EXIT_STATUS = "exit_status"  # in a failure's metadata: 2 is a user's mistake, told in one line


def build_definitions(
    stages: Sequence[Stage], settings: Settings, *, root: Path, code_root: Path = CODE_ROOT
) -> dg.Definitions:
    """Loads nothing heavy; what a stage needs is imported when it is made."""
    graph = graph_of(stages)
    assets = [build_asset(stage, settings, graph=graph, root=root, code_root=code_root) for stage in stages]
    return dg.Definitions(assets=assets, executor=executor())


def executor() -> dg.ExecutorDefinition:
    """One process for all steps of a run: libraries are imported once, and locks are held step by step.

    With a Ray cluster each step is a job there, whose units are tasks (`publishing.elsewhere`).
    """
    address = cluster()
    if address is None:
        return dg.in_process_executor
    from dagster_ray import ray_executor

    variables = environment(threads=os.environ.get("OMP_NUM_THREADS", "1"), more=("DAGSTER_HOME", "DVC_"))
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return ray_executor.configured(
        {"ray": {"address": address, "runtime_env": {"env_vars": variables}}}, name="ray_jobs"
    )


def partitions(stage: Stage, settings: Settings) -> dg.StaticPartitionsDefinition | None:
    return dg.StaticPartitionsDefinition(stage.units_of(settings)) if stage.per_film else None


def pool_of(stage: Stage) -> str:
    """Runs of one pool wait for each other in the interface's queue: for the GPU, or for DVC's lock alone."""
    return GPU_POOL if "pytorch" in stage.kinds else DVC_POOL


def build_asset(stage: Stage, settings: Settings, *, graph: Graph, root: Path, code_root: Path) -> dg.AssetsDefinition:
    shown: dict[str, dict[str, Any]] = {}  # of the run that this process is in: what it shows of each film

    @dg.success_hook(name=f"{stage.name}_versions")
    def note_versions(context: dg.HookContext) -> None:
        sync_stage(
            context.instance,
            stage,
            settings,
            graph=graph,
            root=root,
            code_root=code_root,
            run=Run(context.run_id, context.job_name, context.step_key),
            metadata=shown,
        )

    @dg.asset(
        name=stage.name,
        deps=[_dependency(stage, graph[read]) for read in stage.reads],
        partitions_def=partitions(stage, settings),
        backfill_policy=dg.BackfillPolicy.single_run() if stage.per_film else None,
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=stage.name, blocking=True, description="Great Expectations on facts")
        ],
        code_version=stage_digest(stage, code_root=code_root)[:12],
        group_name=stage.group,
        owners=["team:focusedad"],
        kinds=set(stage.kinds),
        pool=pool_of(stage),
        description=stage.description or stage.name,
        metadata={"folder": f"data/{stage.name}", "parameters": ", ".join(stage.sections) or "none"},
        hooks={note_versions},
    )
    def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        show_progress_if_none()
        only = _asked_units(context, stage)
        commit = committer(settings, graph=graph, root=root, code_root=code_root)
        with one_line(stage.name, root):
            outcome = publish_stage(
                stage, settings, graph=graph, root=root, only=only, commit=commit, code_root=code_root
            )
        log.info("%s", summary_line(outcome))
        if not outcome.good:
            _report_good_units(context, stage, outcome, root)
            raise _failure(outcome.complaint(), status=1)
        shown.clear()
        shown.update({unit: _unit_metadata(stage, outcome, unit, root=root) for unit in (only or outcome.versions)})
        return _result(stage, outcome, shown, root)

    return made


def committer(
    settings: Settings, *, graph: Graph, root: Path, code_root: Path = CODE_ROOT
) -> Callable[[str], str] | None:
    """How a run that DVC did not start makes its stage known to DVC; None inside DVC, or where there is none."""
    if os.environ.get("DVC_STAGE") or not (root / ".dvc").is_dir():
        return None

    def fresh(name: str) -> bool:
        stage = graph[name]
        audit = Auditor(stage, settings).digest
        plan = plan_stage(stage, settings, graph=graph, root=root, audit=audit, code_root=code_root)
        return not plan.stale and not plan.extra

    return lambda name: versions.commit(name, root=root, fresh=fresh)


def summary_line(outcome: Outcome) -> str:
    counts = {
        "made": [unit for unit in outcome.made if unit not in outcome.aside],
        "judged again": outcome.judged,
        "kept": [unit for unit in outcome.kept if unit not in outcome.aside],
        "put aside": outcome.aside,
        "rejected": outcome.rejected,
        "waiting": outcome.waiting,
        "removed": outcome.removed,
        "left stale": outcome.left,
    }
    told = ", ".join(f"{len(units)} {word}" for word, units in counts.items() if units) or "nothing to do"
    return f"{outcome.stage}: {told}" + (f"; {outcome.committed}" if outcome.committed else "")


def _dependency(stage: Stage, upstream: Stage) -> dg.AssetDep:
    if stage.per_film and upstream.per_film and stage.inputs is None:
        return dg.AssetDep(upstream.name, partition_mapping=dg.IdentityPartitionMapping())
    if upstream.per_film:
        return dg.AssetDep(upstream.name, partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(upstream.name)


def _asked_units(context: dg.AssetExecutionContext, stage: Stage) -> list[str] | None:
    if stage.per_film:
        return list(context.partition_keys)
    named = context.run.tags.get(UNITS_TAG)
    return named.split(",") if named else None


class one_line:
    """Turns what a user can mend, a stage that is busy, a full disk, and a training that diverged into Dagster's
    failure with one line."""

    def __init__(self, stage: str = "", root: Path | None = None) -> None:
        self.stage, self.root = stage, root or places.root()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, BadInput):
            raise _failure(str(error), status=2) from error
        if isinstance(error, Busy) or _diverged(error):
            raise _failure(str(error), status=1) from error
        line = no_room(error, root=self.root) if error is not None else None
        if line is not None:
            raise _failure(f"{self.stage}: {line}".removeprefix(": "), status=1) from error


def _diverged(error: BaseException | None) -> bool:
    loop = sys.modules.get("models.training.loop")  # not imported for this: it is torch
    return loop is not None and isinstance(error, loop.TrainingDiverged)


def _failure(told: str, *, status: int) -> dg.Failure:
    return dg.Failure(told, metadata={EXIT_STATUS: status}, allow_retries=False)


def _result(stage: Stage, outcome: Outcome, shown: Mapping[str, Mapping[str, Any]], root: Path) -> dg.MaterializeResult:
    """What the step itself reports; what is shown of a film goes with the film's own event (`orchestration.sync`)."""
    check = dg.AssetCheckResult(check_name=CHECK, passed=True, metadata=_check_metadata(outcome, root))
    if stage.per_film:
        return dg.MaterializeResult(check_results=[check])
    metadata = dict(shown.get(WHOLE, {}))
    if WHOLE not in shown:
        rows = [f"| {unit} | {'made' if unit in outcome.made else 'kept'} |" for unit in outcome.versions]
        metadata["units"] = dg.MetadataValue.md("\n".join(["| unit | this run |", "| -- | -- |", *rows]))
        for unit, of_unit in shown.items():
            metadata |= {
                f"{unit}/{name}": value for name, value in of_unit.items() if name not in ("data_version", "remade")
            }
    version = asset_version(outcome.versions)
    return dg.MaterializeResult(metadata=metadata, check_results=[check], data_version=dg.DataVersion(version))


def _unit_metadata(stage: Stage, outcome: Outcome, unit: str, *, root: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = {"data_version": outcome.versions.get(unit, ""), "remade": unit in outcome.made}
    if unit in outcome.aside:
        return metadata | {"put_aside": outcome.aside[unit]}
    if stage.summary is not None and unit in outcome.versions:
        metadata |= as_metadata(stage.summary(stage.folder(root / "data", unit)))
    return metadata


def _check_metadata(outcome: Outcome, root: Path) -> dict[str, Any]:
    rows = [f"| {unit or outcome.stage} | {'; '.join(found)} |" for unit, found in outcome.rejected.items()]
    failed = dg.MetadataValue.md("\n".join(["| unit | what failed |", "| -- | -- |", *rows])) if rows else "none"
    told: dict[str, Any] = {
        "failed": failed,
        "units_failed": len(outcome.rejected),
        "expectations_evaluated": outcome.expectations,
    }
    if outcome.rejected:
        docs = f"{outcome.stage}/_data_docs/index.html"
        told["data_docs"] = dg.MetadataValue.url(f"{pages_address()}/{docs}")
        told["data_docs_file"] = dg.MetadataValue.path(f"data/rejected/{docs}")
    for unit in list(outcome.rejected)[:PICTURED]:
        picture = root / "data/rejected" / outcome.stage / (unit or "_whole") / THUMBNAILS
        if picture.is_file():
            told[f"frames_of_{unit or outcome.stage}".replace("-", "_")] = as_metadata({"frames": picture})["frames"]
    return told


def _report_good_units(context: dg.AssetExecutionContext, stage: Stage, outcome: Outcome, root: Path) -> None:
    """A step that fails leaves no events of its own, but its good units are published: these events say so."""
    key = dg.AssetKey(stage.name)
    for unit in outcome.made if stage.per_film else []:
        tags = {"dagster/data_version": outcome.versions[unit]}
        context.log_event(dg.AssetMaterialization(key, partition=unit, tags=tags, metadata={"remade": True}))
    if outcome.rejected:
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=CHECK,
                passed=False,
                metadata={
                    name: dg.MetadataValue.text(value) if isinstance(value, str) else value
                    for name, value in _check_metadata(outcome, root).items()
                },
                blocking=True,
            )
        )
