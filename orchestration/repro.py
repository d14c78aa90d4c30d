"""`make repro`: what DVC finds changed is made, and stages that do not wait for each other are made side by side.

`dvc repro` makes the same bytes, one stage after another, each in a process that imports everything anew: seconds of
every stage, and idle cores wherever a stage computes on one. Here stages start warm, each commits itself to DVC as a
run from the interface does, and `dvc repro` has the last word.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from common.errors import BadInput
from common.files import write_json
from common.garbage import leave, spare_collections
from orchestration import run, warm
from orchestration.warm import Ended
from publishing import versions
from publishing.places import home, root
from publishing.room import no_room, refuse_without_room

if TYPE_CHECKING:
    from publishing.stage import Graph

TIMES = "repro.json"  # in the home: what the last run made, and what each stage took (`warm.Ended`)

Handle = TypeVar("Handle")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, that of the first stage that failed, or DVC's."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.repro", description=__doc__.partition("\n")[0])
    parser.add_argument("--stages", type=int, metavar="N", help="so many side by side (params.yaml: compute.stages)")
    words = sys.argv[1:] if arguments is None else list(arguments)
    asked = parser.parse_args(words)
    try:
        refuse_without_room(root())
        run.start_again_in_the_right_environment("orchestration.repro", words)
        spare_collections()
        for mended in versions.heal(root()):
            print(mended, flush=True)
        return repro(asked.stages)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return warm.INTERRUPTED
    except Exception as error:
        line = no_room(error, root=root())
        if line is None:
            raise
        print(line, file=sys.stderr)
        return 1


def repro(at_once: int | None) -> int:
    """Makes what is changed; the exit status."""
    from publishing.elsewhere import cluster

    if cluster() is None:  # the work is done in other processes than the stages' own
        known = warm.sources()
        changed = _changed()
        if not changed:
            print("Nothing is changed: `dvc status` is clean.")
            return 0
        status = _make_all(changed, at_once, known)
        if status:
            return status
    return subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=root(), check=False).returncode


def _changed() -> set[str]:
    """The stages that `dvc status` names; the libraries are loaded while it looks, and no further if there are none."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    with subprocess.Popen(command, cwd=root(), stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None
        loading = warm.load()
        while asked.poll() is None and next(loading, None):
            pass
        told = asked.stdout.read()
    if asked.returncode:
        raise BadInput("what is changed is not known, for DVC's reason above")
    changed = set(json.loads(told))
    if changed:
        for _ in loading:
            pass
    return changed


def _make_all(changed: Collection[str], at_once: int | None, known: Any) -> int:
    """Makes the changed stages and those after them; what each took is printed, and noted in the home."""
    from common.progress import show_progress

    show_progress()
    from orchestration.definitions import STAGES, settings
    from publishing.stage import graph_of

    graph = graph_of(STAGES)
    _prepare_home()
    began = time.monotonic()
    ended = side_by_side(
        graph,
        changed,
        at_once=1 if _has_gpu() else at_once or settings.compute.stages,
        # Films can fill any core; a training that waits for them later computes on one for part of its time.
        start=lambda stage: warm.start(stage, run.main, known=known, filling=graph[stage].per_film),
        wait=warm.wait,
    )
    seconds = time.monotonic() - began
    write_json(home() / TIMES, {"seconds": seconds, "stages": {stage: asdict(end) for stage, end in ended.items()}})
    print("\n".join(_told(ended, seconds)), flush=True)
    failed = [stage for stage, end in ended.items() if end.status]
    if failed:
        print(f"not made: {', '.join(failed)}; nothing was made from what they would have given", file=sys.stderr)
        return ended[failed[0]].status if ended[failed[0]].status > 0 else 1
    return 0


def side_by_side(
    graph: Graph,
    changed: Collection[str],
    *,
    at_once: int,
    start: Callable[[str], Handle],
    wait: Callable[[dict[str, Handle]], Iterator[tuple[str, Ended]]],
) -> dict[str, Ended]:
    """Starts every stage that is changed, or reads one that was made here, as soon as all it reads is there; at most
    `at_once` at a time, in the order of the graph. What reads a stage that failed is not begun."""
    waiting, running, ended = list(graph), dict[str, Handle](), dict[str, Ended]()
    lost: set[str] = set()
    while waiting or running:
        for stage in list(waiting):
            reads = graph[stage].reads
            if any(read in waiting or read in running for read in reads):
                continue
            if any(read in lost for read in reads):
                lost.add(stage)
            elif stage in changed or any(read in ended for read in reads):
                if len(running) == at_once:
                    continue
                running[stage] = start(stage)
            waiting.remove(stage)
        for stage, end in wait(running) if running else ():
            del running[stage]
            ended[stage] = end
            if end.status:
                lost.add(stage)
    return ended


def _prepare_home() -> None:
    """Both engines' databases are made before several processes would make them at once; in a process of its own,
    since no connection may be inherited."""
    from publishing import tracking

    def make() -> None:
        import dagster as dg

        dg.DagsterInstance.get()
        tracking.client()

    process = multiprocessing.get_context("fork").Process(target=make)
    process.start()
    process.join()


def _has_gpu() -> bool:
    """Asked of the driver: a process that has asked CUDA itself cannot be forked any more."""
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    import torch

    return torch.cuda.is_available()


def _told(ended: dict[str, Ended], seconds: float) -> Iterator[str]:
    """A table: what each stage took, in the order in which they ended."""
    yield f"\n{'stage':20} {'seconds':>9} {'CPU s':>9}"
    for stage, end in ended.items():
        yield f"{stage:20} {end.seconds:9.1f} {end.cpu:9.1f}"
    yield f"{'all':20} {seconds:9.1f} {sum(end.cpu for end in ended.values()):9.1f}\n"


if __name__ == "__main__":
    leave(main())
