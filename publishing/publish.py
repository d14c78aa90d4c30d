"""Write, audit, publish: how the units of a stage become data that later stages may read.

A stage writes into `data/.staging/<stage>`; what was written is audited; what passed takes its place in one system
call; what failed is kept under `data/rejected/` with the reason, and the last published version stays. A unit whose
input is bad is put aside: published as a note of the reason, so that the hash of the data says it too.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from publishing.audits import Auditor
from publishing.elsewhere import make_anywhere
from publishing.locks import stage_locks
from publishing.making import Made, without_places
from publishing.places import CODE_ROOT
from publishing.plan import Plan, plan_stage
from publishing.records import RECORD, REJECTED, aside_reason, put_aside, version, write_record
from publishing.rejected import beyond_limit, keep_verdict
from publishing.settings import RAW
from publishing.stage import WHOLE, Graph, Stage, Work
from publishing.swap import Step, permit_as, swap_in, sync, sync_tree
from publishing.thumbnails import THUMBNAILS, write_thumbnails
from publishing.tracking import log_usage

if TYPE_CHECKING:
    from publishing.settings import Settings

log = logging.getLogger(__name__)

FLUSH_SECONDS = (
    30.0  # a killed run loses at most this much finished work; an audit of a batch costs a fraction of a second
)


@dataclass
class Outcome:
    """What a run did. `judged` were only audited again, `left` is stale and was not asked for."""

    stage: str
    made: list[str] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    expectations: int = 0
    committed: str = ""

    @property
    def good(self) -> bool:
        return not self.rejected and not self.waiting

    def complaint(self) -> str:
        """A line for each unit that failed, naming expectations and rows, and where to look; empty where none did."""
        lines = [f"{name(self.stage, unit)}: {' | '.join(found)}" for unit, found in self.rejected.items()]
        if lines:
            lines.append(f"rejected data and reasons: data/rejected/{self.stage}/; limits: `gates` in params.yaml")
        if self.waiting:
            needed = sorted({unit for units in self.waiting.values() for unit in units})
            lines.append(f"{self.stage} is waiting for {', '.join(needed)}")
        return "\n".join(lines)


def name(stage: str, unit: str) -> str:
    return f"{stage}/{unit}" if unit else stage


def _nothing(_step: str) -> None:
    pass


def publish_stage(
    stage: Stage,
    settings: Settings,
    *,
    graph: Graph,
    root: Path,
    only: Collection[str] | None = None,
    commit: Callable[[str], str] | None = None,
    on_step: Step = _nothing,
    code_root: Path = CODE_ROOT,
) -> Outcome:
    """Makes what is stale (of `only`, where given), and removes what no unit accounts for.

    `commit` is called with the stage's name, inside its lock, when the whole stage is fresh and published; `on_step`
    hears every step. `Busy` where another process has the stage; `BadInput` where the stage's own input is bad, or that
    of every unit: then nothing published was touched.
    """
    with stage_locks(root / "data", write=stage.name, read=stage.reads):
        run = _Run(stage, settings, root=root, on_step=on_step)
        run.sweep()
        refuse_without_units(stage, settings)
        try:
            plan = plan_stage(stage, settings, graph=graph, root=root, audit=run.auditor.digest, code_root=code_root)
            unknown = sorted(set(only or ()) - set(plan.units))
            if unknown:
                raise BadInput(f"{stage.name}: no unit {', '.join(unknown)}; there are {', '.join(plan.units)}")
            outcome = run.carry_out(plan, only)
        except BaseException:
            run.sweep()
            raise
        if commit is not None:
            outcome.committed = _commit(commit, outcome)
        return outcome


def refuse_without_units(stage: Stage, settings: Settings) -> None:
    """`BadInput` where the raw files that a stage is made from are not there at all; later stages may have no unit."""
    if stage.raw is not None and not stage.units_of(settings):
        raise BadInput(f"{stage.name}: there are none; put each into {RAW}/<split>/<film> (docs/corpora.md)")


def _commit(commit: Callable[[str], str], outcome: Outcome) -> str:
    left = [*outcome.left, *outcome.rejected, *outcome.waiting]
    if left:
        return f"not committed: still to make: {', '.join(name(outcome.stage, unit) for unit in left)}"
    return commit(outcome.stage)


class _Run:
    """One publication, under the stage's lock."""

    def __init__(self, stage: Stage, settings: Settings, *, root: Path, on_step: Step) -> None:
        self.stage, self.settings, self.on_step = stage, settings, on_step
        self.data = root / "data"
        self.staging = self.data / ".staging" / stage.name
        self.trash = self.staging / "trash"
        self.rejects = self.data / "rejected" / stage.name
        self.outcome = Outcome(stage.name)
        self.finished: list[Made] = []
        self.auditor = Auditor(stage, settings)

    def sweep(self) -> None:
        """Clears what a killed run left, and puts back an old version that it had moved away but not yet replaced."""
        replaced = self.trash / "replaced"
        for old in sorted(replaced.iterdir()) if replaced.is_dir() else []:
            place = self.data / self.stage.name if old.name == "_whole" else self.data / self.stage.name / old.name
            if not place.exists():
                old.rename(place)
        if self.staging.exists():
            shutil.rmtree(self.staging)
        self.on_step("swept")

    def carry_out(self, plan: Plan, only: Collection[str] | None) -> Outcome:
        outcome = self.outcome
        if list(plan.units) != [WHOLE]:
            (self.data / self.stage.name).mkdir(parents=True, exist_ok=True)
        wanted = [unit for unit in plan.stale if only is None or unit in only]
        outcome.left = [unit for unit in plan.stale if unit not in wanted]
        outcome.kept = [unit for unit in plan.units if unit not in plan.stale]
        outcome.waiting = {unit: plan.units[unit].waiting for unit in wanted if plan.units[unit].waiting}
        ready = [unit for unit in wanted if unit not in outcome.waiting]
        aside = self._make(plan, ready)
        self._refuse_if_all_aside(plan, aside)
        for unit, reason in aside.items():
            self._publish_aside(plan, unit, reason)
        self._remove(plan.extra)
        self._limit_rejected()
        self._tidy(plan)
        self._read_versions(plan)
        return outcome

    def _make(self, plan: Plan, ready: list[str]) -> dict[str, str]:
        """Makes and publishes what can be made; gives back what has to be put aside, with the reason."""
        aside = {unit: reason for unit in ready if (reason := plan.units[unit].aside) is not None}
        again = [unit for unit in ready if unit not in aside and plan.units[unit].made]
        work = [self._work(plan, unit) for unit in ready if unit not in aside and unit not in again]
        self.finished = [Made(unit, self._copy(unit)) for unit in again]
        flushed = time.monotonic()
        units = make_anywhere(self.stage, self.settings, work, meanwhile=self.auditor.warm_up)
        try:
            for count, made in enumerate(units, start=1):
                self.on_step("made")
                if made.aside is None:
                    self.finished.append(made)
                else:
                    aside[made.unit] = made.aside
                if made.unit != WHOLE:
                    said = "made" if made.aside is None else f"put aside: {made.aside}"
                    log.info("%s %s (%d of %d)", name(self.stage.name, made.unit), said, count, len(work))
                if time.monotonic() - flushed > FLUSH_SECONDS:
                    self._flush(plan)
                    flushed = time.monotonic()
        finally:
            self._flush(plan)  # also after a failure: what was finished before it is kept
        return aside

    def _work(self, plan: Plan, unit: str) -> Work:
        out = self.staging / "new" / (unit or "_whole")
        out.mkdir(parents=True)
        return Work(self.settings, unit, out, self.data, plan.units[unit].inputs)

    def _copy(self, unit: str) -> Path:
        """What lies published, to be judged again; links cost nothing, and published files are never written to."""
        out = self.staging / "new" / (unit or "_whole")
        shutil.copytree(self.stage.folder(self.data, unit), out, copy_function=os.link)
        return out

    def _finished(self, plan: Plan, made: Made) -> Work:
        return Work(self.settings, made.unit, made.out, self.data, plan.units[made.unit].inputs)

    def _flush(self, plan: Plan) -> None:
        """Audits what is finished, all of it at once, and publishes or rejects each unit."""
        if not self.finished:
            return
        finished, self.finished = self.finished, []
        works = {made.unit: self._finished(plan, made) for made in finished}
        audit = self.auditor.audit(list(works.values()))
        self.outcome.expectations += audit.expectations
        self.on_step("audited")
        for made in finished:
            planned = plan.units[made.unit]
            if made.unit in audit.failures:
                told = [without_places(each, made.out, self.data) for each in audit.failures[made.unit]]
                self._reject(works[made.unit], told, audit.broken.get(made.unit, []))
                continue
            if self.stage.track is not None and not planned.made:
                self.stage.track(works[made.unit])
                log_usage(self.stage.name, made.unit, made.out, made.usage)
            write_record(made.out, key=planned.key, made_from=planned.made_from, audit=self.auditor.digest)
            if not planned.made:  # else its files are links to the published ones
                permit_as(made.out / RECORD, made.out)
            self._publish(made.unit, made.out)
            (self.outcome.judged if planned.made else self.outcome.made).append(made.unit)
        if not audit.passed:
            audit.write_docs(self.rejects / "_data_docs")

    def _publish(self, unit: str, folder: Path) -> None:
        self.on_step("recorded")
        sync_tree(folder)
        self.on_step("synced")
        place = self.stage.folder(self.data, unit)
        swap_in(folder, place, trash=self.trash / "replaced" / (unit or "_whole"), on_step=self.on_step)
        sync(place.parent)
        rejected = self.rejects / (unit or "_whole")
        if rejected.exists():
            self._throw_away(rejected, f"rejected-{unit}")

    def _publish_aside(self, plan: Plan, unit: str, reason: str) -> None:
        folder = self.staging / "aside" / unit
        put_aside(folder, reason)
        write_record(folder, key=plan.units[unit].key, made_from=plan.units[unit].made_from, audit="")
        self._publish(unit, folder)
        self.outcome.made.append(unit)
        log.warning("%s put aside: %s", name(self.stage.name, unit), reason)

    def _reject(self, made: Work, failures: list[str], rows: list[dict[str, Any]]) -> None:
        from common.files import write_json

        write_thumbnails(made, rows, made.out / THUMBNAILS)
        write_json(made.out / REJECTED, {"failures": failures})
        kept = self.rejects / (made.unit or "_whole")
        swap_in(made.out, kept, trash=self.trash / f"rejected-{made.unit}", on_step=self.on_step)
        self.outcome.rejected[made.unit] = failures

    def _limit_rejected(self) -> None:
        """What is kept of refused data stays below the limit of the settings."""
        most = self.settings.rejected.most_mib
        for unit, size in beyond_limit(self.rejects, most_bytes=most * 2**20):
            alone = self.staging / "verdicts" / unit
            keep_verdict(self.rejects / unit, alone)
            swap_in(alone, self.rejects / unit, trash=self.trash / f"rejected-data-{unit}", on_step=self.on_step)
            told = "%s: rejected data removed (%.1f MiB): rejected.most_mib is %g; the reasons stay"
            log.warning(told, name(self.stage.name, unit.removeprefix("_whole")), size / 2**20, most)

    def _refuse_if_all_aside(self, plan: Plan, aside: dict[str, str]) -> None:
        """A stage with nothing left fails, and what was published before stays."""
        if not aside:
            return
        if list(plan.units) == [WHOLE]:
            raise BadInput(aside[WHOLE])
        others = [unit for unit in plan.units if unit not in aside]
        if all(aside_reason(self.stage.folder(self.data, unit)) is not None for unit in others):
            unit, reason = next(iter(aside.items()))
            raise BadInput(f"{self.stage.name}: every unit is put aside, the first ({unit}) because {reason}")

    def _remove(self, extra: list[str]) -> None:
        for unit in extra:
            self._throw_away(self.data / self.stage.name / unit, f"extra-{unit}")
            self.outcome.removed.append(unit)
            self.on_step("removed")

    def _throw_away(self, path: Path, as_name: str) -> None:
        self.trash.mkdir(parents=True, exist_ok=True)
        path.rename(self.trash / as_name)

    def _tidy(self, plan: Plan) -> None:
        """Only now are old versions deleted: who opened a folder before the swap has read it whole by then."""
        known = {unit or "_whole" for unit in plan.units}
        rejected = sorted(path.name for path in self.rejects.iterdir()) if self.rejects.is_dir() else []
        for unit in rejected:
            if unit not in known and unit != "_data_docs":
                self._throw_away(self.rejects / unit, f"rejected-{unit}")
        if self.rejects.is_dir() and [path.name for path in self.rejects.iterdir()] in ([], ["_data_docs"]):
            self._throw_away(self.rejects, "rejects")
        if self.staging.exists():
            shutil.rmtree(self.staging)
        self.on_step("tidied")
        for folder in (self.rejects.parent, self.staging.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _read_versions(self, plan: Plan) -> None:
        for unit in plan.units:
            folder = self.stage.folder(self.data, unit)
            found = version(folder)
            if found is not None:
                self.outcome.versions[unit] = found
            reason = aside_reason(folder)
            if reason is not None:
                self.outcome.aside[unit] = reason
