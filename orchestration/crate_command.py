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
    import dagster as dg

    from publishing.settings import Settings

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
        times=stage_times(list(graph)),
        engine=("Dagster", installed("dagster")),
        extra={CARD: (model_card(settings, places.data()), "The captioner put forward: data, scores, limits.")},
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


def stage_times(stages: list[str], *, instance: dg.DagsterInstance | None = None) -> dict[str, tuple[str, str]]:
    """Start and end of the run that last made each stage, as far as Dagster knows them."""
    import dagster as dg

    from orchestration.home import dagster_home

    if instance is None:
        os.environ["DAGSTER_HOME"] = str(dagster_home())
        with dg.DagsterInstance.get() as shared:
            return stage_times(stages, instance=shared)
    found = {}
    for stage in stages:
        records = instance.fetch_materializations(dg.AssetKey(stage), limit=1).records
        run = instance.get_run_record_by_id(records[0].run_id) if records and records[0].run_id else None
        if run is not None and run.start_time and run.end_time:
            found[stage] = (_iso(run.start_time), _iso(run.end_time))
    return found


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def model_card(settings: Settings, data: Path) -> str:
    """What somebody who gets the model should know, from the published data alone."""
    from evaluation.store import read_scores
    from orchestration.promote_command import put_forward
    from publishing.lineage import upstream
    from publishing.records import version
    from publishing.tracking import MODEL

    unit, experiments = put_forward(settings, None)
    made = version(data / "captioner" / unit)
    if made is None:
        raise BadInput(f"captioner/{unit}: not published; run `make repro`")
    read = {link.stage for link in upstream(data, [("captioner", unit)])}
    scores = {benchmark: read_scores(data / "scores" / each) for benchmark, each in sorted(experiments.items())}
    rows = [
        f"| {benchmark} | {metric} | {value:.2f} | {_interval(found.intervals.get(metric))} | {found.counts['clips']} |"
        for benchmark, found in scores.items()
        for metric, value in found.summary.items()
        if value is not None
    ]
    studio = settings.films.source == "studio"
    world = (
        "Trained and measured on films drawn by this project's studio: the numbers are that world's, and on real films "
        "its sentences describe nothing that is seen."
        if studio
        else "Trained and measured on the corpora that the parameters name; their terms of use bind its use too."
    )
    return "\n".join(
        [
            f"# {MODEL}, {unit}",
            "",
            f"Drafts audio description: one sentence for a pause of a film. Data version `{made}`.",
            "",
            f"**Limits.** {world} A draft is for a person to check.",
            "",
            f"**Made from** {', '.join(sorted(read))}; every version is in `lineage.json`.",
            "",
            f"| benchmark | metric | value | {100 * settings.evaluation.intervals.level:g} % interval | clips |",
            "| -- | -- | -- | -- | -- |",
            *rows,
            "",
            "Licence: Apache-2.0.",
            "",
        ]
    )


def _interval(bounds: Any) -> str:
    return f"{bounds[0]:.2f} to {bounds[1]:.2f}" if bounds else "-"
