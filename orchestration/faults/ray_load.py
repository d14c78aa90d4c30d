"""Units made on a Ray cluster whose workers are killed at random: a process of its own, since Ray takes one over.

The cluster and the toy stages are the tests': their folder is on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.faults.report import Row
from publishing.elsewhere import ATTEMPTS, RAY
from publishing.stage import Work, all_jobs

ROUNDS, FILMS, KILLS = 3, 6, 4
_UNIT_SECONDS = 2.0


def make_slowly(work: Work) -> None:
    """Half a file first, which must never be published."""
    from toy_stages import make_words

    (work.out / "words.json").write_text("[")
    time.sleep(_UNIT_SECONDS)
    make_words(work)


def main(folder: Path, seed: int) -> int:
    from ray_cluster import ray_cluster
    from toy_stages import WORDS

    row = Row("workers of a Ray cluster of two machines killed while they make units", 0)
    stage = replace(WORDS, jobs=all_jobs, make=make_slowly, expectations=None, facts=None)
    here = _world(folder / "here")
    os.environ.pop(RAY, None)
    here.publish(replace(stage, make=WORDS.make))
    wanted, given_up = here.tree(), 0
    with ray_cluster() as cluster:
        os.environ[RAY] = cluster.address
        for number in range(ROUNDS):
            there = _world(folder / f"there_{number}")
            with _Killer(np.random.default_rng([seed, number])) as killer:
                try:
                    there.publish(stage)
                except RuntimeError as error:
                    given_up += 1
                    if f"begun {ATTEMPTS} times" not in str(error) or "\n" in str(error):
                        row.wrong.append(f"{type(error).__name__}: {error}"[:200])
            row.times += killer.killed
            there.publish(stage)
            row.wrong += [] if there.tree() == wanted else [f"round {number + 1} ends otherwise"]
    row.found = f"{ROUNDS} rounds of {FILMS} units: the same files each time"
    row.found += f"; {given_up} times a unit was killed {ATTEMPTS} times, which one line said" if given_up else ""
    print(json.dumps(asdict(row)), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _world(folder: Path) -> Any:
    from toy_world import ToyWorld

    shutil.rmtree(folder, ignore_errors=True)
    world = ToyWorld(folder, {"studio": {"train_films": FILMS}, "compute": {"jobs": 2}})
    for number in range(FILMS):
        world.raw(f"tt900000{number + 1}", f"the film {number}")
    return world


class _Killer:
    """Kills a worker that makes a unit now and then, until the block ends."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.killed = rng, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> _Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        import psutil

        while self.killed < KILLS and not self._over.wait(float(self.rng.uniform(0.2, 1.5) * _UNIT_SECONDS)):
            workers = []
            for process in psutil.process_iter(["cmdline", "ppid"]):
                if (process.info["cmdline"] or [""])[0].startswith("ray::words"):
                    workers.append(process.pid)
            if workers:
                os.kill(int(self.rng.choice(sorted(workers))), signal.SIGKILL)
                self.killed += 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), int(sys.argv[2])))
