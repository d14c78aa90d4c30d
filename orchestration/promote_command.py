"""`focusedad promote`: the captioner that lies here against the champion, on the published scores.

The asset `champion` (`orchestration/champion_asset.py`) asks the same question in the same way.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from common.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from publishing.champion import Outcome
    from publishing.promotion import Evidence
    from publishing.settings import Settings


def add_to(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="decide, and change nothing")
    what.add_argument("--rollback", action="store_true", help="give the alias back to the champion before")
    what.add_argument("--retire", action="store_true", help="take the alias away: the next challenger needs no rival")
    what.add_argument("--history", action="store_true", help="every decision so far")
    parser.add_argument("--seed", type=int, help="which of the trainings (default: the first of captioner.seeds)")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def main(asked: argparse.Namespace, settings: Settings) -> int:
    """0: promoted, or would be; 1: refused."""
    from publishing import champion

    if asked.history:
        entries = champion.history()
        print(json.dumps(entries, indent=1, ensure_ascii=False) if asked.json else _told(entries))
        return 0
    if asked.rollback:
        left, now = champion.roll_back()
        print(json.dumps({"left": left, "champion": now}) if asked.json else f"champion: version {left} -> {now}")
        return 0
    if asked.retire:
        left = champion.retire()
        print(json.dumps({"left": left, "champion": None}) if asked.json else f"champion: version {left} -> none")
        return 0
    outcome, evidence = challenge(settings, seed=asked.seed, dry_run=asked.dry_run)
    if asked.json:
        cost = None if evidence.cost is None else asdict(evidence.cost)
        print(json.dumps({**outcome.as_json(), "cost": cost}, indent=1))
    else:
        _show(outcome, evidence, dry_run=asked.dry_run)
    return 0 if outcome.decision.promote else 1


def challenge(
    settings: Settings, *, seed: int | None = None, dry_run: bool = False, home: Path | None = None
) -> tuple[Outcome, Evidence]:
    """Holds what lies here against the champion while no stage may change it; the decision and its evidence."""
    import assets
    from orchestration.model_cost import cost_of
    from publishing import champion, places
    from publishing.audits import Auditor
    from publishing.locks import Busy, stage_locks
    from publishing.promotion import gather

    unit, experiments = put_forward(settings, seed)
    gates = {stage.name: Auditor(stage, settings).digest for stage in assets.STAGES}
    try:
        with stage_locks(places.data(), write="champion", read=list(gates)):
            evidence = gather(places.data(), unit, experiments, gates=gates)
            if not evidence.unmet:
                evidence = replace(evidence, cost=cost_of(places.data(), experiments, settings))
            rules, intervals = settings.promotion, settings.evaluation.intervals
            return champion.promote(evidence, rules, intervals, dry_run=dry_run, home=home), evidence
    except Busy as busy:
        raise BadInput(f"champion: {busy}") from None


def put_forward(settings: Settings, seed: int | None) -> tuple[str, dict[str, str]]:
    """The captioner's unit, and on each benchmark the unit of predictions and scores that is its evidence."""
    from assets.experiments import experiments

    seed = settings.captioner.seeds[0] if seed is None else seed
    mine = [each for each in experiments(settings) if (each.row, each.seed) == (settings.promotion.row, seed)]
    if not mine:
        raise BadInput(
            f"promotion.row: {settings.promotion.row} with seed {seed} is predicted on no benchmark; "
            "see experiments.rows and captioner.seeds"
        )
    return mine[0].captioner(settings), {each.benchmark: each.unit for each in mine}


def _show(outcome: Outcome, evidence: Evidence, *, dry_run: bool) -> None:
    done = "would be promoted" if dry_run else "is champion now"
    print(f"version {outcome.version} {done if outcome.decision.promote else 'is refused'}")
    if evidence.cost is not None:
        print(f"  it costs {evidence.cost.line()}")
    for reason in outcome.decision.reasons:
        print(f"  {reason}")
    for difference in outcome.decision.differences:
        print(f"    {difference.line()}")


def _told(entries: list[dict[str, Any]]) -> str:
    if not entries:
        return "no decision yet"
    return "\n".join(
        f"{entry['time']}  version {entry['version']} {entry['action']} (before: {entry['before'] or 'none'}): "
        f"{'; '.join(map(str, entry['reasons']))}"
        for entry in entries
    )
