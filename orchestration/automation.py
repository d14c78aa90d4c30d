"""What Dagster does by itself once it is switched on: remake what is stale, at night or when raw films change.

What is stale is decided in one place, by the keys of the units, so nothing here decides it a second time: the job runs
`dvc repro`, whose stages load the parameters and the films anew and report into the same instance.
"""

# no `from __future__ import annotations` here: Dagster compares the annotation of `context` with its class
import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

import dagster as dg

from common.errors import BadInput
from orchestration.raw_films import notice, raw_states
from publishing import versions
from publishing.settings import load_settings

DVC_POOL = "dvc"  # runs that end with DVC's lock on the repository
LAST_LINES = 12  # of a failed remake, shown as its reason
SENSOR_SECONDS = 60
NIGHT = "0 3 * * *"


def build_automation(*, root: Path) -> dg.Definitions:
    """The job `remake`, the sensor `raw_films`, the schedule `nightly`; the last two wait to be switched on."""

    @dg.op(pool=DVC_POOL, description="`dvc repro`: every stage whose data are not as code and parameters want them.")
    def make_what_is_stale(context: dg.OpExecutionContext) -> None:
        for healed in versions.heal(root):
            context.log.info(healed)
        status, last = run_dvc([sys.executable, "-m", "dvc", "repro"], root=root)
        if status:
            raise dg.Failure("\n".join(last), allow_retries=False)

    @dg.job(
        name="remake",
        description="Makes what is stale, in the lineage's order, and commits it: the same as `dvc repro`.",
        executor_def=dg.in_process_executor,
    )
    def remake() -> None:
        make_what_is_stale()

    @dg.sensor(
        name="raw_films",
        job=remake,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Asks for a remake when films under data/raw are new, changed or gone, and no longer being copied.",
    )
    def raw_films(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            settings = load_settings(root / "params.yaml")
            now = raw_states(settings, root=root)
        except BadInput as mistake:
            return dg.SkipReason(str(mistake))
        if settings.films.source == "studio":
            return dg.SkipReason("the studio draws the films (films.source): nothing under data/raw is read")
        published = {path.name for path in (root / "data/films").glob("*") if path.is_dir()}
        found = notice(context.cursor, now, published=published)
        if not found:
            waits = found.line() if found.settled else "first look, or films are still being copied"
            return dg.SensorResult(skip_reason=f"{len(now)} raw films; {waits}", cursor=found.cursor)
        return dg.SensorResult([dg.RunRequest(tags={"focusedad/why": found.line()})], cursor=found.cursor)

    nightly = dg.ScheduleDefinition(
        name="nightly", job=remake, cron_schedule=NIGHT, description="Every night: what is stale is made again."
    )
    return dg.Definitions(jobs=[remake], sensors=[raw_films], schedules=[nightly])


def run_dvc(command: list[str], *, root: Path) -> tuple[int, list[str]]:
    """Exit status and last lines of a command whose output goes on to this process's; it ends with this process."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
    child = subprocess.Popen(
        command,
        cwd=root,
        env=kept | {"DVC_NO_ANALYTICS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its stages end with it
    )
    try:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            if line.strip():
                last.append(line.rstrip())
        return child.wait(), list(last)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
