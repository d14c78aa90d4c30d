"""Where the time of `make repro` goes: what the stages of its last run took, as it noted itself."""

from __future__ import annotations

from pathlib import Path

from assets import STAGES
from common.errors import BadInput
from common.files import read_json
from orchestration.bench.harness import Result
from orchestration.repro import TIMES


def stages(data: Path) -> list[Result]:
    """CPU seconds of every stage with all its workers', the dearest first; `BadInput` unless the run made them all."""
    path = data.parent / ".home" / TIMES
    if not path.is_file():
        raise BadInput(f"{path}: no run on record; run `make repro` first")
    noted = read_json(path)
    missing = [stage.name for stage in STAGES if noted["stages"].get(stage.name, {}).get("status") != 0]
    if missing:
        raise BadInput(f"{path}: the last `make repro` did not make {', '.join(missing)}; run it in a fresh clone")
    took = sorted(noted["stages"].items(), key=lambda each: -each[1]["cpu"])
    whole = sum(each["cpu"] for _, each in took)
    about = f"all stages; {noted['seconds']:.0f} s of time, several side by side"
    return [
        Result("make repro", whole, None, None, "CPU s", note=about),
        *(
            Result(f"make repro: {stage}", each["cpu"], None, None, "CPU s", note=f"{each['cpu'] / whole:.0%}")
            for stage, each in took
        ),
    ]
