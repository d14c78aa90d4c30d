"""A training as MLflow sees it while it goes on: a run that fills step by step, and that publishing later finishes.

The training only queues what it tells; a thread of its own imports MLflow and writes, also what the training takes of
the machine (`publishing.usage`). What fails there is one warning.
A training that is taken up again goes on in its run; the run of one that was killed is ended by whoever comes next.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from common.files import read_json, write_json
from publishing import tracking
from publishing.usage import PREFIX, Meter, points, running

if TYPE_CHECKING:
    from models.training.observing import Said

log = logging.getLogger(__name__)
TOGETHER_SECONDS = 4.0  # what is told in this time is one request
PROCESS = "process"  # the tag that says who is training: host, process, its start
NOTE = "run.json"


class LiveRun:
    """Watches one training (`models.training.observing.Observer`), a context manager around it.

    `note` is the file that keeps the run's id while the training is not published; the other arguments are those of
    `tracking.log_training_run`.
    """

    def __init__(
        self,
        *,
        stage: str,
        unit: str,
        data: Path,
        inputs: Mapping[str, Sequence[str]],
        parameters: Mapping[str, Any],
        note: Path,
        home: Path | None = None,
    ) -> None:
        self.name, self.parameters, self.note, self.home = f"{stage}/{unit}", parameters, note, home
        self.tags = lambda: tracking.training_tags(stage, unit, data, inputs)
        self._told: queue.Queue[tuple[str, int, float, Any]] = queue.Queue()
        self._writer: threading.Thread | None = None
        self._meter = running() or Meter()  # that of the unit being made (`publishing.making`), where there is one
        self._measured = ExitStack()

    def began(self, step: int) -> None:
        self._measured.enter_context(self._meter)
        self._writer = threading.Thread(target=self._write, name="mlflow", daemon=True)
        self._writer.start()

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        self._tell("figures", step, dict(figures))

    def texts(self, step: int, said: Sequence[Said]) -> None:
        self._tell("texts", step, list(said))

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the run; a training that is over is FINISHED, whether or not it will be published."""
        if self._writer is not None:
            self._measured.close()
            status = "FINISHED" if kind is None else "FAILED" if issubclass(kind, Exception) else "KILLED"
            self._tell("end", 0, status)
            self._writer.join(timeout=60)

    def _tell(self, what: str, step: int, content: Any) -> None:
        self._told.put((what, step, time.time(), content))

    def _write(self) -> None:
        try:
            found = tracking.client(self.home)
            run, known = self._open(found)
            sample = 1 + _last_step(found, run, f"{PREFIX}cpu_utilization_percentage")
            going_on = True
            while going_on:
                events = self._next()
                with tracking.writing(self.home):
                    for what, step, _, content in events:
                        if what == "texts":
                            found.log_text(run, _page(content), f"texts/step-{step:06d}.txt")
                    told = [
                        (name, value, at, step)
                        for what, step, at, content in events
                        if what == "figures" and step > known
                        for name, value in content.items()
                    ]
                    usage = self._meter.taken()
                    tracking.log_points(found, run, [*told, *points(usage, first=sample)])
                    sample += len(usage)
                    for what, _, _, content in events:
                        if what == "end":
                            found.set_terminated(run, status=content)
                            going_on = False
        except Exception as error:  # telemetry breaks no training
            log.warning("%s: MLflow hears no more of it: %s: %s", self.name, type(error).__name__, error)

    def _next(self) -> list[tuple[str, int, float, Any]]:
        """What was told since, waiting for more unless the training is over."""
        events = [self._told.get()]
        until = time.monotonic() + TOGETHER_SECONDS
        while events[-1][0] != "end":
            try:
                events.append(self._told.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                break
        return events

    def _open(self, found: Any) -> tuple[str, int]:
        """The run's id, and the last step that it knows: one noted before, or a new one."""
        with tracking.writing(self.home):
            end_dead_runs(found)
            run = noted_run(self.note)
            if run is not None and tracking.is_there(found, run):
                known = _last_step(found, run, "loss")
                found.update_run(run, status="RUNNING")
                found.set_tag(run, PROCESS, this_process())
                return run, known
            run = tracking.start_run(found, self.name, {**self.tags(), PROCESS: this_process()})
            tracking.log_parameters(found, run, self.parameters)
        if self.note.parent.is_dir():
            write_json(self.note, {"run": run})
        return run, 0


def _last_step(found: Any, run: str, name: str) -> int:
    return max((int(point.step) for point in found.get_metric_history(run, name)), default=0)


def noted_run(note: Path) -> str | None:
    """The run that a training began, where it did."""
    return str(read_json(note)["run"]) if note.is_file() else None


def end_dead_runs(found: Any) -> list[str]:
    """Ends the runs whose process was killed on this machine, so that none stays RUNNING for ever; their ids."""
    experiment = found.get_experiment_by_name(tracking.EXPERIMENT)
    dead = [
        run
        for run in found.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        if not _lives(run.data.tags.get(PROCESS))
    ]
    for run in dead:
        found.set_terminated(run.info.run_id, status="FINISHED" if tracking.LOGGED in run.data.tags else "KILLED")
    return [str(run.info.run_id) for run in dead]


def this_process() -> str:
    import psutil

    this = psutil.Process()
    return f"{socket.gethostname()} {this.pid} {this.create_time():.0f}"


def _lives(process: str | None) -> bool:
    """Whether the process of a tag still runs; one of another machine, or none, is taken to."""
    import psutil

    host, pid, began = (process or "? 0 0").split(" ")
    if host != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(began)) < 2
    except psutil.NoSuchProcess:
        return False


def _page(said: Sequence[Said]) -> str:
    return "".join(f"{each.clip}\n  wanted: {each.wanted}\n  said:   {each.said}\n" for each in said)
