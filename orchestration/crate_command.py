"""`focusedad crate`: the tables with everything behind them as an RO-Crate, or the studio's films as a data set."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dagster as dg

    from publishing.settings import Settings
    from publishing.stage import Stage

EVENTS = 1000  # of a stage, newest first, that are looked through for the run that made what lies there
TARGET = "paper_tables"
CARD = "model_card.md"


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="FOLDER", help="a new or empty folder")
    parser.add_argument("--films", action="store_true", help="instead: the studio's films and clips, for Croissant")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def main(asked: argparse.Namespace, settings: Settings) -> int:
    from publishing import crate, croissant, places

    if asked.films:
        published = _commit_time(places.root())
        files = croissant.write_data_set(asked.out, settings, data=places.data(), published=published)
    else:
        files = _pack_tables(asked.out, settings)
    _tell(asked, files, croissant.METADATA if asked.films else crate.METADATA)
    return 0


def _pack_tables(out: Path, settings: Settings) -> list[Path]:
    import assets
    from publishing import places
    from publishing.crate import About, pack
    from publishing.stage import graph_of

    root, graph = places.root(), graph_of(assets.STAGES)
    about = About(
        name="FocusedAD, reproduced: Tables 1 and 2",
        description="Tables, report, parameters and the lineage behind them, from raw films to scores.",
        published=_commit_time(root),
        times=stage_times(list(graph.values()), settings, root=root),
        engine=("Dagster", installed("dagster")),
        extra={CARD: (card_of(settings, places.data()), "The captioner put forward: data, scores, limits.")},
        commit=_commit(root),
    )
    return pack(out, graph[TARGET], about, graph=graph, root=root)


def _tell(asked: argparse.Namespace, files: list[Path], begin: str) -> None:
    size = sum(path.stat().st_size for path in files)
    if asked.json:
        print(json.dumps({"files": [path.relative_to(asked.out).as_posix() for path in files], "bytes": size}))
    else:
        print(f"{asked.out}: {len(files)} files, {size / 2**20:.1f} MiB; begin with {begin}")


def _commit_time(root: Path) -> str:
    """When the commit that is checked out was made; outside a repository, now."""
    asked = ["git", "log", "-1", "--format=%cI"]
    try:
        told = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        told = ""
    return told or datetime.now(UTC).isoformat(timespec="seconds")


def _commit(root: Path) -> str:
    from publishing.versions import git_commit

    found = git_commit(root)
    return "not in git" if found == "unknown" else found


def stage_times(
    stages: Sequence[Stage], settings: Settings, *, root: Path, instance: dg.DagsterInstance | None = None
) -> dict[str, tuple[str, str]]:
    """Start and end of the runs that first told of the data versions that lie there, as far as Dagster knows them.

    A stage of which any version came otherwise (`dvc checkout`, other data since) has no times rather than another
    run's.
    """
    import dagster as dg

    from orchestration.home import dagster_home
    from orchestration.sync import on_disk

    if instance is None:
        os.environ["DAGSTER_HOME"] = str(dagster_home())
        with dg.DagsterInstance.get() as shared:
            return stage_times(stages, settings, root=root, instance=shared)
    found = {}
    for stage in stages:
        runs = _first_runs(instance, stage.name)
        made = [runs.get(each) for each in on_disk(stage, settings, root).items()]
        records = [instance.get_run_record_by_id(run) if run else None for run in dict.fromkeys(made)]
        times = [(each.start_time, each.end_time) for each in records if each and each.start_time and each.end_time]
        if records and len(times) == len(records):
            found[stage.name] = (_iso(min(start for start, _ in times)), _iso(max(end for _, end in times)))
    return found


def _first_runs(instance: dg.DagsterInstance, stage: str) -> dict[tuple[str | None, str], str]:
    """(partition, data version) -> the run whose materialization told of it first; among its latest events."""
    import dagster as dg

    from orchestration.sync import VERSION

    runs: dict[tuple[str | None, str], str] = {}
    for record in instance.fetch_materializations(dg.AssetKey(stage), limit=EVENTS).records:  # newest first
        event = record.asset_materialization
        if event is not None:
            runs[event.partition, (event.tags or {}).get(VERSION, "")] = record.run_id
    return runs


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def card_of(settings: Settings, data: Path) -> str:
    """What somebody who gets the model should know, from the published data alone."""
    from evaluation.store import read_scores
    from orchestration.promote_command import put_forward
    from publishing.card import is_drawn, model_card
    from publishing.lineage import upstream
    from publishing.records import version
    from publishing.tracking import MODEL

    unit, experiments = put_forward(settings, None)
    made = version(data / "captioner" / unit)
    if made is None:
        raise BadInput(f"captioner/{unit}: not published; run `make repro`")
    links = upstream(data, [("captioner", unit)])
    measured = [
        "Every version is in `lineage.json`.",
        "",
        f"| benchmark | metric | value | {100 * settings.evaluation.intervals.level:g} % interval | clips |",
        "| -- | -- | -- | -- | -- |",
    ]
    for benchmark, experiment in sorted(experiments.items()):
        found = read_scores(data / "scores" / experiment)
        count = found.counts["clips"]
        for metric, value in found.summary.items():
            if value is not None:
                bounds = _interval(found.intervals.get(metric))
                measured.append(f"| {benchmark} | {metric} | {value:.2f} | {bounds} | {count} |")
    return model_card(MODEL, unit, made, links=links, drawn=is_drawn(links), measured=measured)


def _interval(bounds: Any) -> str:
    return f"{bounds[0]:.2f} to {bounds[1]:.2f}" if bounds else "-"
