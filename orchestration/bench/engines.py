"""What the engines cost: a stage through DVC and Dagster against its bare function, a run that has nothing to do, one
film changed among many, the definitions' load time.

Everything runs as commands in a copy of the repository; time is that of all their processes.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.errors import BadInput
from orchestration.bench.harness import Result
from orchestration.bench.scratch import Cost, Scratch, scratch

ROUNDS = 3
STAGE = "storyboard_v2"  # reads the films and their regions, writes text; its own work is a second
STAGES = 14
FILMS, SECONDS = 8, 30.0  # of the measurement of one film among many
LAST = "character_regions"  # the last stage that is made film by film before training begins
ONE = "tt9000003"


def engines(data: Path) -> list[Result]:
    """All of it; `BadInput` where the data are not those of the parameters."""
    with scratch(data) as copy:
        up_to_date(copy)
        return [loading(copy), *nothing_to_do(copy), *added_to_a_stage(copy), *one_film_of_many(copy)]


def up_to_date(copy: Scratch) -> None:
    """Refuses data of another code or of other parameters; DVC has then hashed every file once."""
    if "up to date" not in copy.run("dvc", "status").said:
        raise BadInput(
            "bench: the data are not those of the committed code and the parameters; commit, run `make repro` first"
        )


def loading(copy: Scratch) -> Result:
    """The definitions as every process of Dagster's loads them."""
    cost = _median(lambda: copy.run("python", "-c", "import orchestration.definitions"))
    note = f"python and `import orchestration.definitions`; {cost.wall:.1f} s of time"
    return Result("engines: definitions loaded", cost.cpu, None, None, "CPU s", note=note)


def nothing_to_do(copy: Scratch) -> list[Result]:
    """`dvc repro` of the whole lineage when all of it is there."""
    cost = _median(lambda: copy.run("dvc", "repro"))
    note = f"{STAGES} stages; {cost.wall:.1f} s of time"
    return [Result("engines: `dvc repro` with nothing to do", cost.cpu, None, None, "CPU s", note=note)]


def added_to_a_stage(copy: Scratch) -> list[Result]:
    """A stage that is made anew by `dvc repro`, with its run in Dagster, audit and commit, and its function alone."""

    def whole() -> Cost:
        shutil.rmtree(copy.folder / "data" / STAGE)
        return copy.run("dvc", "repro", "--single-item", STAGE)

    def bare() -> Cost:
        out = copy.folder / "bare"
        shutil.rmtree(out, ignore_errors=True)
        return copy.run("python", "-m", "orchestration.bench.bare", STAGE, str(out))

    nothing = _median(lambda: copy.run("dvc", "repro", "--single-item", STAGE))
    ours, peer = _median(whole), _median(bare)
    cpu, wall = ours.cpu - peer.cpu, ours.wall - peer.wall
    note = (
        f"{STAGE}: added {cpu:.1f} CPU s and {wall:.1f} s of time, of which DVC's own start {nothing.cpu:.1f} CPU s, "
        f"paid once a `dvc repro`: {cpu - nothing.cpu:.1f} CPU s a stage"
    )
    ratio = peer.cpu / ours.cpu
    return [Result("engines: a stage through DVC and Dagster", ours.cpu, peer.cpu, ratio, "CPU s", note=note)]


def one_film_of_many(copy: Scratch) -> list[Result]:
    """Films, banks and regions: of all films, and after one film has changed."""
    change(copy.folder / "params.yaml", studio=_studio(overrides={}))
    every = copy.run("dvc", "repro", LAST)
    change(copy.folder / "params.yaml", studio=_studio(overrides={ONE: {"seed": 8}}))
    one = copy.run("dvc", "repro", LAST)
    about = f"{FILMS} films of {SECONDS:.0f} s up to {LAST}; {one.wall:.0f} s of time against {every.wall:.0f} s"
    return [
        Result("engines: one film changed, all films", one.cpu, every.cpu, every.cpu / one.cpu, "CPU s", note=about)
    ]


def change(parameters: Path, **sections: dict[str, Any]) -> None:
    """Writes other values into sections of a parameter file; comments are lost."""
    import yaml

    values = yaml.safe_load(parameters.read_text(encoding="utf-8"))
    for section, changed in sections.items():
        values[section].update(changed)
    parameters.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _studio(**more: Any) -> dict[str, Any]:
    return {
        "seconds": SECONDS,
        "train_films": FILMS,
        "mad_eval_named_films": 0,
        "cinepile_ad_films": 0,
        **more,
    }


def _median(run: Callable[[], Cost]) -> Cost:
    costs = [run() for _ in range(ROUNDS)]
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs))
