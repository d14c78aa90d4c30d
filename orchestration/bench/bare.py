"""`python -m orchestration.bench.bare STAGE OUT`: a stage's own function for each of its units, and nothing else.

No engine, no lock, no audit, no record: what publication adds to a stage is measured against this.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(stage_name: str, out: Path) -> None:
    from assets import STAGES
    from publishing.making import make_units
    from publishing.plan import plan_stage
    from publishing.settings import load_settings
    from publishing.stage import Work, graph_of

    graph, settings = graph_of(STAGES), load_settings(Path("params.yaml"))
    stage = graph[stage_name]
    plan = plan_stage(stage, settings, graph=graph, root=Path(), audit="")
    work = []
    for unit, planned in plan.units.items():
        folder = out / (unit or "whole")
        folder.mkdir(parents=True)
        work.append(Work(settings, unit, folder, Path("data"), planned.inputs))
    jobs = stage.jobs(settings) if stage.jobs else 1
    for _ in make_units(stage.make, work, jobs=jobs):
        pass


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
