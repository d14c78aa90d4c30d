"""Units made on this machine or as tasks of a Ray cluster, on whichever of its machines has room.

`FOCUSEDAD_RAY` names the cluster as `ray.init` does: `auto`, or the head's `host:port`. It is no parameter, since where
something is computed changes no data. All machines see the repository, its data and its environment under one path.

Every attempt at a unit writes into a folder of its own, which takes the unit's place only when it is finished: nothing
of a worker that was killed is in what the next attempt makes.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.workers import PROCESS_ENVIRONMENT, begin_worker, nothing
from publishing.making import Made, is_training, make_unit, make_units
from publishing.places import CODE_ROOT
from publishing.stage import Stage, Work

if TYPE_CHECKING:
    from publishing.settings import Settings

RAY = "FOCUSEDAD_RAY"
ATTEMPTS = 3  # at a unit whose worker or machine dies; what the unit itself raises is final
# What workers take over beside what they compute with: our settings, silence, where models come from; no credentials.
_PASSED_ON = ("FOCUSEDAD_", "MLFLOW_", "HF_", "GX_", "DO_NOT_TRACK", "OTEL_SDK_DISABLED")
_SECRET = re.compile("TOKEN|PASSWORD|SECRET|KEY|CREDENTIAL|_STORE_URI")  # Ray keeps and shows what is passed on


def cluster() -> str | None:
    """The address of the cluster that units are made on; None where they are made on this machine."""
    return os.environ.get(RAY) or None


def make_anywhere(
    stage: Stage, settings: Settings, work: Sequence[Work], *, meanwhile: Callable[[], None] = nothing
) -> Iterator[Made]:
    """In the order of `work`; an exception other than `BadInput` ends the iteration.

    `meanwhile` is called in this process while others make the units, and not at all where this one makes them.
    On a cluster goes what is made side by side here, and every training; the rest takes seconds, or shares a process.
    """
    jobs = stage.jobs(settings) if stage.jobs else 1
    address = cluster()
    if not work or address is None or (jobs == 1 and not is_training(stage)):
        yield from make_units(stage.make, work, jobs=jobs, measured=is_training(stage), meanwhile=meanwhile)
        return
    if stage.units is None:  # a training alone, which starts its own processes
        cpus, threads = settings.compute.jobs, os.environ.get("OMP_NUM_THREADS", "1")
    else:
        cpus, threads = 1, "1" if jobs > 1 else os.environ.get("OMP_NUM_THREADS", "1")
    yield from _make_on_ray(stage, work, address=address, cpus=cpus, threads=threads, meanwhile=meanwhile)


def _make_on_ray(
    stage: Stage, work: Sequence[Work], *, address: str, cpus: int, threads: str, meanwhile: Callable[[], None]
) -> Iterator[Made]:
    """A task takes `cpus` processors, as far as a machine has them, and a GPU for networks, if the cluster has any."""
    import ray
    from ray.exceptions import RayError, RayTaskError

    with _connected(address):
        largest = max(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])
        gpus = 1 if "pytorch" in stage.kinds and ray.cluster_resources().get("GPU", 0) else 0
        task = ray.remote(
            num_cpus=min(cpus, largest),
            num_gpus=gpus,
            max_retries=ATTEMPTS - 1,
            retry_exceptions=False,
            runtime_env={"env_vars": environment(threads=threads)},
        )(_attempt)
        # what still runs when the iteration ends is ended with the connection
        running = [
            task.options(name=f"{stage.name} {each.unit}".strip()).remote(stage.make, each, is_training(stage))
            for each in work
        ]
        meanwhile()
        for each, reference in zip(work, running, strict=True):
            try:
                made: Made = ray.get(reference)
            except RayTaskError as error:
                raise error.cause from None
            except RayError as error:
                told = f"{stage.name}: {each.unit or 'it'} was begun {ATTEMPTS} times on Ray and never finished"
                raise RuntimeError(f"{told}: {str(error).strip().splitlines()[0]}") from error
            made.out.rename(each.out)  # over the empty folder that was made for it
            yield replace(made, out=each.out)


def environment(*, threads: str, more: tuple[str, ...] = ()) -> dict[str, str]:
    """What a process on the cluster must start with, so that it does what a process here would.

    `more` are beginnings of further names whose variables it takes over.
    """
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.startswith((*_PASSED_ON, *more)) and not _SECRET.search(name)
    }
    modules = os.pathsep.join([str(CODE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**passed, **PROCESS_ENVIRONMENT, "OMP_NUM_THREADS": threads, "PYTHONPATH": modules}


@contextmanager
def _connected(address: str) -> Iterator[None]:
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        _must_answer(address)
        with chdir(CODE_ROOT):  # where workers look for modules first
            ray.init(address=address, logging_level=logging.ERROR)
    except OSError:  # ConnectionError among them
        raise BadInput(f"{RAY}: no Ray cluster answers at {address}; start one there, or unset {RAY}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _must_answer(address: str) -> None:
    """Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _attempt(make: Callable[[Work], None], work: Work, measured: bool) -> Made:
    """One attempt at a unit, in the worker."""
    _begin()
    out = work.out.parents[1] / "attempts" / uuid.uuid4().hex / (work.unit or "_whole")
    out.mkdir(parents=True)
    return make_unit(make, replace(work, out=out), measured=measured)


@cache
def _begin() -> None:
    begin_worker()
