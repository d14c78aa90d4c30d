"""`make repro`: what DVC finds changed is made, and stages that do not wait for each other are made side by side.

`dvc repro` makes the same bytes, one stage after another, each in a process that imports everything anew: seconds of
every stage, and idle cores wherever a stage computes on one. Here stages start warm, each commits itself to DVC as a
run from the interface does, and `dvc repro` has the last word.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from common.errors import BadInput
from common.files import write_json
from common.garbage import leave, spare_collections
from orchestration import run, warm
from orchestration.warm import Ended
from publishing import versions
from publishing.places import home, parameters_file, root
from publishing.room import end_for_room
from publishing.settings import load_settings

if TYPE_CHECKING:
    from publishing.stage import Graph

log = logging.getLogger(__name__)
TIMES = "repro.json"  # in the home: what the last run made, and what each stage took (`warm.Ended`)

Handle = TypeVar("Handle")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, that of the first stage that failed, or DVC's."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.repro", description=__doc__.partition("\n")[0])
    parser.add_argument("--stages", type=int, metavar="N", help="so many side by side (params.yaml: compute.stages)")
    words = sys.argv[1:] if arguments is None else list(arguments)
    asked = parser.parse_args(words)
    try:
        if asked.stages is not None and asked.stages < 1:
            raise BadInput(f"--stages {asked.stages}: at least one")
        run.start_again_in_the_right_environment("orchestration.repro", words)
        spare_collections()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        status = versions.main()
        return status or repro(asked.stages)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one was", file=sys.stderr)
        return run.INTERRUPTED
    except Exception as error:
        return end_for_room(error, root=root())


def repro(at_once: int | None) -> int:
    """Makes what is changed; the exit status. DVC does not see a parameter that no stage knows: it is refused first."""
    load_settings(parameters_file())
    if not can_fork():
        return _by_dvc()
    from common.progress import show_progress

    show_progress()
    began, known = time.monotonic(), warm.sources()
    log.info("asking DVC what has changed")
    changed = _changed()
    if not changed:
        print("Nothing is changed: `dvc status` is clean.")
        return 0
    log.info("%d stages have changed; loading libraries", len(changed))
    warm.load()
    return _make_all(changed, at_once, known=known, began=began) or _by_dvc("--quiet")


def _by_dvc(*words: str) -> int:
    """`dvc repro` takes the place of this process, so that signals and the exit status are its own."""
    os.chdir(root())
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "dvc", "repro", *words])


def can_fork() -> bool:
    """Where a GPU or a cluster does the work, nothing is won, and a process that has asked a GPU cannot be forked."""
    from publishing.elsewhere import cluster

    return sys.platform == "linux" and shutil.which("nvidia-smi") is None and cluster() is None


def _changed() -> set[str]:
    """The stages that `dvc status` names."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    asked = subprocess.run(command, cwd=root(), capture_output=True, text=True, check=False)
    if asked.returncode:
        raise BadInput(f"dvc status: {' '.join(asked.stderr.split())}")
    return set(json.loads(asked.stdout))


def _make_all(changed: Collection[str], at_once: int | None, *, known: warm.Sources, began: float) -> int:
    """Makes the changed stages and those after them; what each took is printed, and noted in the home."""
    from orchestration.definitions import STAGES, settings
    from publishing.stage import graph_of

    graph = graph_of(STAGES)
    try:
        _, prepared = warm.wait({"": warm.start("", _prepare_home, known=warm.sources())})
        if prepared.status:
            return prepared.status
        ended = side_by_side(
            graph,
            changed,
            at_once=at_once or settings.compute.stages,
            # Films can fill any core; a training that waits for them later computes on one for part of its time.
            start=lambda stage: warm.start(stage, run.main, known=known, filling=graph[stage].per_film),
            wait=warm.wait,
        )
    except KeyboardInterrupt:
        warm.let_end()
        raise
    seconds = time.monotonic() - began
    write_json(home() / TIMES, {"seconds": seconds, "stages": {stage: asdict(end) for stage, end in ended.items()}})
    print("\n".join(_told(ended, seconds)), flush=True)
    return _complaint(ended)


def side_by_side(
    graph: Graph,
    changed: Collection[str],
    *,
    at_once: int,
    start: Callable[[str], Handle],
    wait: Callable[[dict[str, Handle]], tuple[str, Ended]],
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
                if len(running) >= at_once:
                    continue
                running[stage] = start(stage)
            waiting.remove(stage)
        if running:
            stage, ended[stage] = wait(running)
            del running[stage]
            if ended[stage].status:
                lost.add(stage)
    return ended


def _prepare_home(_: list[str]) -> int:
    """Both engines' databases are made before several processes would make them at once, and in a process of its own:
    no stage inherits a connection from another."""
    import dagster as dg

    from publishing import tracking

    try:
        dg.DagsterInstance.get()
        tracking.client()
    except Exception as error:
        return end_for_room(error, root=root())
    return 0


def _told(ended: dict[str, Ended], seconds: float) -> Iterator[str]:
    """A table: what each stage took, in the order in which they ended; several went on at once."""
    yield f"\n{'stage':20} {'seconds':>9} {'CPU s':>9}"
    for stage, end in ended.items():
        yield f"{stage:20} {end.seconds:9.1f} {end.cpu:9.1f}"
    yield f"{'all':20} {seconds:9.1f} {sum(end.cpu for end in ended.values()):9.1f}\n"


def _complaint(ended: dict[str, Ended]) -> int:
    """Names the stages that failed; the exit status."""
    failed = {stage: end.status for stage, end in ended.items() if end.status}
    for stage, status in failed.items():
        if status < 0:
            print(f"{stage}: ended by signal {-status} (by the system, where memory ran out?)", file=sys.stderr)
    if not failed:
        return 0
    print(
        f"not made: {', '.join(failed)}, and nothing that reads {'it' if len(failed) == 1 else 'them'}", file=sys.stderr
    )
    return max(next(iter(failed.values())), 1)


if __name__ == "__main__":
    leave(main())
