"""What the engines cost: a stage through DVC and Dagster against its bare function, a run that has nothing to do, one
film changed among many, the definitions' load time.

Everything runs as commands in a copy of the repository; time is that of all their processes.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

from common.errors import BadInput
from common.files import read_json
from orchestration.bench.harness import Result
from orchestration.bench.scratch import Cost, Timed, scratch
from orchestration.repro import TIMES

ROUNDS = 3
STAGE = "storyboard_v2"  # reads the films and their regions, writes text; its own work is a second
FILMS, SECONDS = 8, 30.0  # of the measurement of one film among many
MAKE_REPRO = ("python", "-m", "orchestration.repro")
LAST = "character_regions"  # the last stage that is made film by film before training begins
ONE = "tt9000003"


def engines(data: Path) -> list[Result]:
    """All of it; `BadInput` where the data are not those of the parameters."""
    with scratch(data) as copy:
        up_to_date(copy)
        return [loading(copy), *nothing_to_do(copy), *added_to_a_stage(copy), *one_film_of_many(copy)]


def up_to_date(copy: Timed) -> None:
    """Refuses data of another code or of other parameters; DVC has then hashed every file once."""
    if "up to date" not in copy.cost("dvc", "status").said:
        raise BadInput(
            "bench: the data are not those of the committed code and the parameters; commit, run `make repro` first"
        )


def loading(copy: Timed) -> Result:
    """The definitions as every process of Dagster's loads them."""
    cost = _median(lambda: copy.cost("python", "-c", "import orchestration.definitions"))
    note = f"python and `import orchestration.definitions`; {cost.wall:.1f} s of time"
    return Result("engines: definitions loaded", cost.cpu, None, None, "CPU s", note=note)


def nothing_to_do(copy: Timed) -> list[Result]:
    """The whole lineage when all of it is there."""
    dvc, ours = _median(lambda: copy.cost("dvc", "repro")), _median(lambda: copy.cost(*MAKE_REPRO))
    return [
        Result(f"engines: {name} with nothing to do", cost.cpu, None, None, "CPU s", note=f"{cost.wall:.1f} s of time")
        for name, cost in (("`dvc repro`", dvc), ("`make repro`", ours))
    ]


def added_to_a_stage(copy: Timed) -> list[Result]:
    """A stage that is made anew, with its run in Dagster, audit and commit, against its function alone: by `dvc repro`,
    whose every stage is a new process, against one; by `make repro` against one that has imported everything."""

    def by_dvc() -> Cost:
        shutil.rmtree(copy.root / "data" / STAGE)
        return copy.cost("dvc", "repro", "--single-item", STAGE)

    def by_make() -> float:
        shutil.rmtree(copy.root / "data" / STAGE)
        copy.cost(*MAKE_REPRO)
        return float(read_json(copy.root / ".home" / TIMES)["stages"][STAGE]["cpu"])

    def bare(times: int) -> Cost:
        out = copy.root / "bare"
        shutil.rmtree(out, ignore_errors=True)
        return copy.cost("python", "-m", "orchestration.bench.bare", STAGE, str(out), str(times))

    nothing = _median(lambda: copy.cost("dvc", "repro", "--single-item", STAGE))
    cold, alone = _median(by_dvc), _median(lambda: bare(1))
    added = cold.cpu - nothing.cpu - alone.cpu
    about_cold = (
        f"{STAGE}: {added:.1f} CPU s are added, and DVC's own start of {nothing.cpu:.1f} CPU s once a `dvc repro`; "
        f"{cold.wall - alone.wall:.1f} s of time"
    )
    warm = statistics.median(by_make() for _ in range(ROUNDS))
    again = statistics.median(float(bare(2).said.split()[-1]) for _ in range(ROUNDS))
    about_warm = f"{STAGE}: {warm - again:.1f} CPU s are added"
    return [
        Result("engines: a stage by `dvc repro`", cold.cpu, alone.cpu, alone.cpu / cold.cpu, "CPU s", note=about_cold),
        Result("engines: a stage by `make repro`", warm, again, again / warm, "CPU s", note=about_warm),
    ]


def one_film_of_many(copy: Timed) -> list[Result]:
    """Films, banks and regions: of all films, and after one film has changed."""
    fewer = {"seconds": SECONDS, "train_films": FILMS, "mad_eval_named_films": 0, "cinepile_ad_films": 0}
    for name, value in fewer.items():
        copy.change("studio", name, value=value)
    every = copy.cost("dvc", "repro", LAST)
    copy.change("studio", "overrides", value={ONE: {"seed": 8}})
    one = copy.cost("dvc", "repro", LAST)
    about = f"{FILMS} films of {SECONDS:.0f} s up to {LAST}; {one.wall:.0f} s of time against {every.wall:.0f} s"
    return [
        Result("engines: one film changed, all films", one.cpu, every.cpu, every.cpu / one.cpu, "CPU s", note=about)
    ]


def _median(run: Callable[[], Cost]) -> Cost:
    costs = [run() for _ in range(ROUNDS)]
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs))
