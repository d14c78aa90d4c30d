"""`python -m orchestration.bench.bare STAGE OUT [TIMES]`: a stage's own function for each of its units, nothing else.

No engine, no lock, no audit, no record: what publication adds to a stage is measured against this. The last line is the
CPU seconds of the last time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(stage_name: str, out: Path, times: int) -> None:
    from assets import STAGES
    from publishing.making import make_unit
    from publishing.plan import plan_stage
    from publishing.settings import load_settings
    from publishing.stage import Work, graph_of

    graph, settings = graph_of(STAGES), load_settings(Path("params.yaml"))
    stage = graph[stage_name]
    plan = plan_stage(stage, settings, graph=graph, root=Path(), audit="")
    for number in range(times):
        begun = time.process_time()
        for unit, planned in plan.units.items():
            folder = out / str(number) / (unit or "whole")
            folder.mkdir(parents=True)
            make_unit(stage.make, Work(settings, unit, folder, Path("data"), planned.inputs))
        seconds = time.process_time() - begun
    print(f"{seconds:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
