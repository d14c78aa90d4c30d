"""The whole lineage in small, killed again and again and resumed by the same command, against an undisturbed run.

Two turns: from nothing, and over what lies there after parameters changed (a studio of another seed with one film more,
so that every stage replaces what it published). In each, a second clone runs undisturbed first. A turn is one passage
through the lineage: each kill is followed by a resumption, which is killed at the next moment.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import read_json, write_json
from orchestration.faults.moments import AUDITING, PHASES, Target, Watch, lengths, spread, unit_files
from orchestration.faults.report import Row
from orchestration.faults.runs import NAMES_RUNS, Left, left_by
from orchestration.faults.scratch import Clone, Ended, differences, kill_group

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.004
UNSEEN = {AUDITING: 0.3}  # seconds: an undisturbed run is not told which files a unit will have; others were too short
STUCK_SECONDS = 1800
NOT_REACHED = "not reached: stopped before"
REFUSED = "refused"  # in place of the phase where the lineage could not be resumed: no kill, but wrong
MOST_RESUMPTIONS = 5  # after the last kill; one is enough where nothing is wrong


@dataclass(frozen=True)
class Turn:
    name: str
    parameters: tuple[tuple[tuple[str, ...], object], ...] = ()


TURNS = (
    Turn("from nothing"),
    Turn("over old data", ((("studio", "seed"), 8), (("studio", "train_films"), 3))),
)


@dataclass
class Kill:
    """Where it was meant to hit and where it hit, what was mended before it resumed, and what was wrong."""

    turn: int
    aimed: str
    stage: str
    phase: str
    mended: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class State:
    """What is done, kept beside the clones so that a harness that was stopped goes on."""

    commit: str
    seed: int
    count: int
    kills: list[Kill] = field(default_factory=list)
    undisturbed: dict[str, Any] = field(default_factory=dict)  # turn -> what it left, and how long each phase took
    compared: dict[str, list[str]] = field(default_factory=dict)  # turn -> what differed at its end

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))

    def as_table(self) -> list[dict[str, Any]]:
        return [asdict(kill) for kill in self.kills]

    @staticmethod
    def read(path: Path) -> State | None:
        if not path.is_file():
            return None
        content = read_json(path)
        return State(**{**content, "kills": [Kill(**kill) for kill in content["kills"]]})


class Kills:
    """The part `kills`. `told` is called after every step that is worth a page."""

    def __init__(
        self, scratch: Path, *, count: int, seed: int, minutes: float | None, told: Callable[[State], None]
    ) -> None:
        self.file, self.told = scratch / "kills.json", told
        self.reference, self.subject = (Clone(scratch / name) for name in ("undisturbed", "killed"))
        self.until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
        fresh = State(self.subject.commit, seed, count)
        known = State.read(self.file)
        self.state = fresh if known is None else known
        if (self.state.commit, self.state.seed, self.state.count) != (fresh.commit, seed, count):
            raise BadInput(f"{scratch}: holds kills of another commit, seed or number; remove it, or ask for the same")

    def run(self) -> State:
        for number, turn in enumerate(TURNS):
            if str(number) in self.state.compared:
                continue
            if number and time.monotonic() > self.until:
                break
            if str(number) not in self.state.undisturbed:
                self._undisturbed(number, turn)
            if not self._targets(number):
                continue
            self._disturbed(number, turn)
            self._note()
        return self.state

    def _note(self) -> None:
        self.state.write(self.file)
        self.told(self.state)

    def _targets(self, number: int) -> list[Target]:
        share = [self.state.count - self.state.count // len(TURNS), self.state.count // len(TURNS)][number]
        order = self.state.undisturbed[str(number)]["order"]
        return spread(share, order, seed=self.state.seed, turn=number)

    def _prepare(self, clone: Clone, turn: Turn) -> None:
        clone.must_run("python", "-m", "orchestration.cli", "profile", "smoke")
        for path, value in turn.parameters:
            clone.change(*path, value=value)

    def _undisturbed(self, number: int, turn: Turn) -> None:
        log.info("kills: %s, undisturbed", turn.name)
        if number == 0:
            self.reference.forget()
        self._prepare(self.reference, turn)
        self.reference.must_run("python", "-m", "publishing.versions")
        begun = time.monotonic()
        watch, ended = self._follow(self.reference, {})
        if ended is None or ended.status:
            raise BadInput(f"faults: the undisturbed run failed: {' | '.join(ended.lines[-3:]) if ended else ''}")
        self.state.undisturbed[str(number)] = {
            "seconds": round(time.monotonic() - begun, 1),
            "order": list(dict.fromkeys(watch.order)),
            "lengths": [[stage, phase, spent] for (stage, phase), spent in lengths(watch.began).items()],
            "units": self.reference.units(),
            "left": left_by(self.reference).as_table(),
            "unit_files": unit_files(self.reference.root / "data"),
        }
        self._note()

    def _follow(
        self, clone: Clone, files: Mapping[str, Sequence[str]], target: tuple[Target, float, list[str]] | None = None
    ) -> tuple[Watch, Ended | None]:
        """One `dvc repro`; None in place of how it ended where it was killed at the target (moment, seconds after its
        beginning, order of the stages)."""
        output = clone.root / ".cache" / "repro.log"
        process = clone.start("dvc", "repro", log=output)
        watch = Watch(clone.root, output, process.pid, files)
        deadline = time.monotonic() + STUCK_SECONDS
        try:
            while process.poll() is None:
                if target is None:
                    watch.look()
                elif watch.reached(target[0], target[2]):
                    time.sleep(target[1])
                    watch.look()
                    if process.poll() is None:
                        return watch, None
                if time.monotonic() > deadline:
                    raise BadInput(f"faults: `dvc repro` stands still at {watch.stage} since {STUCK_SECONDS} s")
                time.sleep(LOOK_SECONDS)
            watch.look()
        finally:
            kill_group(process)
            watch.close()
        return watch, Ended(process.returncode, output.read_text(encoding="utf-8", errors="replace"))

    def _disturbed(self, number: int, turn: Turn) -> None:
        known = self.state.undisturbed[str(number)]
        spent = {(stage, phase): seconds for stage, phase, seconds in known["lengths"]}
        done = sum(kill.turn == number for kill in self.state.kills)
        if not done:
            self._prepare(self.subject, turn)
        targets = self._targets(number)
        for place, target in list(enumerate(targets))[done:]:
            if time.monotonic() > self.until:
                log.info("kills: the time is over; the lineage is made to its end")
                break
            seconds = target.share * spent.get((target.stage, target.phase), UNSEEN.get(target.phase, 0.0))
            kill = self._kill(number, target, seconds, known)
            if kill is None:
                break
            self.state.kills.append(kill)
            self._note()
            where = f"{kill.stage}, {kill.phase}"
            log.info("kills: %s, %d of %d: %s%s", turn.name, place + 1, len(targets), where, _shown(kill.wrong))
        self._finish(number, turn, known)

    def _kill(self, number: int, target: Target, seconds: float, known: Mapping[str, Any]) -> Kill | None:
        """Resumes, kills, looks at what is left; None where the lineage came to its end before."""
        before = self.subject.units()
        mended = self.subject.must_run("python", "-m", "publishing.versions").lines
        watch, ended = self._follow(self.subject, known["unit_files"], (target, seconds, known["order"]))
        if ended is not None:
            if ended.status == 0:
                return None
            wrong = self._blame(number, f"not resumed: {' | '.join(ended.lines[-3:])}")
            return Kill(number, str(target), watch.stage, REFUSED, mended, wrong)
        kill = Kill(number, str(target), watch.stage, PHASES[watch.phase], mended)
        kill.wrong += [f"outlives the kill: {process}" for process in self.subject.survivors()]
        kill.wrong += differences(before, self.subject.units(), known["units"], whole_is_enough=(NAMES_RUNS,))
        return kill

    def _blame(self, number: int, what: str) -> list[str]:
        """What shows itself only at the next start belongs to the kill before it; given back where there is none."""
        for kill in reversed(self.state.kills):
            if kill.turn == number and kill.phase != REFUSED:
                kill.wrong.append(what)
                return []
        return [what]

    def _finish(self, number: int, turn: Turn, known: Mapping[str, Any]) -> None:
        wrong = []
        for _ in range(MOST_RESUMPTIONS):
            ended = self.subject.repro()
            if ended.status == 0:
                break
            wrong += self._blame(number, f"not resumed: {' | '.join(ended.lines[-3:])}")
        else:
            wrong.append("the lineage could not be made to its end")
        wrong += left_by(self.subject).differs_from(Left(**known["left"]))
        status = self.subject.must_run("dvc", "status")
        wrong += [] if "up to date" in status.said else [f"dvc status: {' '.join(status.lines[:3])}"]
        self.state.compared[str(number)] = wrong
        log.info("kills: %s, compared with the undisturbed run%s", turn.name, _shown(wrong) or ": equal")


def _shown(wrong: Sequence[str]) -> str:
    return f": WRONG: {'; '.join(wrong[:4])}" if wrong else ""


def kill_rows(state: State) -> list[Row]:
    """What the page says: kills turn by turn, then the comparisons that were reached."""
    rows = []
    for number, turn in enumerate(TURNS):
        kills = [kill for kill in state.kills if kill.turn == number]
        if not kills:
            rows.append(Row(f"`dvc repro` of the profile `smoke`, {turn.name}: killed and resumed", 0, [], NOT_REACHED))
            continue
        hits = [kill for kill in kills if kill.phase != REFUSED]
        stages = {kill.stage for kill in hits}
        mended = Counter(line for kill in kills for line in kill.mended)
        found = f"{len(stages)} stages hit; what was published stayed whole, every resumption went on"
        if any(kill.wrong for kill in kills):
            found = f"{len(stages)} stages hit"
        for line, times in sorted(mended.items()):
            found += f"; {times} times mended before: {line.split(':')[0]}"
        wrong = [f"{kill.stage}, {kill.phase}: {each}" for kill in kills for each in kill.wrong]
        rows.append(
            Row(f"`dvc repro` of the profile `smoke`, {turn.name}: killed and resumed", len(hits), wrong, found)
        )
        if str(number) in state.compared:
            seconds = state.undisturbed[str(number)]["seconds"]
            what = f"{turn.name}: at the end `dvc.lock`, every file, `dvc status` and MLflow's trainings compared"
            left = Left(**state.undisturbed[str(number)]["left"])
            end = f"{len(left.files)} files and {len(left.trainings)} entries; the undisturbed run took {seconds:.0f} s"
            rows.append(Row(what, 1, state.compared[str(number)], end))
        else:
            rows.append(Row(f"{turn.name}: compared with an undisturbed run", 0, [], NOT_REACHED))
    return rows
