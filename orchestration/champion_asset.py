"""champion: which registered captioner is to be used, as an asset beside the data that it was decided on.

It is no stage of DVC. A stage is a function of its inputs, made again at will; a decision depends on who was champion
before, happens once, and its result lies in the registry. So `dvc repro` promotes nobody, and a materialization does
what `focusedad promote` does: decide, and keep the evidence and the history.
"""

# no `from __future__ import annotations` here: Dagster compares the annotation of `context` with its class
import logging
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.automation import DVC_POOL
from orchestration.factory import one_line
from orchestration.metadata import as_metadata
from publishing.settings import Settings

if TYPE_CHECKING:
    from publishing.champion import Outcome
    from publishing.promotion import Evidence

log = logging.getLogger(__name__)

GATES = "gates"
READS = ("captioner", "predictions", "scores")


class Asked(dg.Config):
    """What a person may say when materializing it."""

    dry_run: bool = False
    seed: int | None = None


def build_promotion(settings: Settings) -> dg.Definitions:
    @dg.asset(
        name="champion",
        deps=list(READS),
        group_name="results",
        kinds={"mlflow"},
        owners=["team:focusedad"],
        pool=DVC_POOL,
        check_specs=[
            dg.AssetCheckSpec(
                GATES,
                asset="champion",
                description="Every gate up to the raw films, passed for exactly the data versions behind the evidence",
            )
        ],
        description="Who is champion in the registry, and why: the captioner that lies here against the one before.",
    )
    def champion(context: dg.AssetExecutionContext, config: Asked) -> dg.MaterializeResult:
        from orchestration.promote_command import challenge

        with one_line():
            outcome, evidence = challenge(settings, seed=config.seed, dry_run=config.dry_run)
        for reason in outcome.decision.reasons:
            log.info("champion: %s", reason)
        shown = decision_metadata(outcome, evidence, dry_run=config.dry_run)
        check = dg.AssetCheckResult(check_name=GATES, passed=not evidence.unmet, metadata=_gates(evidence))
        return dg.MaterializeResult(
            metadata=shown, check_results=[check], data_version=dg.DataVersion(outcome.champion or "none")
        )

    return dg.Definitions(assets=[champion])


def decision_metadata(outcome: "Outcome", evidence: "Evidence", *, dry_run: bool) -> dict[str, Any]:
    """The decision, the table behind it, the versions it rests on, and every decision before it."""
    import pandas as pd

    from publishing.champion import history

    decision = outcome.decision
    said = "promoted" if decision.promote else "refused"
    past = [{**entry, "reasons": "; ".join(entry["reasons"])} for entry in reversed(history())]
    return as_metadata(
        {
            "decision": f"{said} (dry run: nothing was changed)" if dry_run else said,
            "challenger": f"version {outcome.version}",
            "champion": f"version {outcome.champion}" if outcome.champion else "none",
            "reasons": "\n".join(f"- {reason}" for reason in decision.reasons) + "\n",
            "differences": pd.DataFrame(decision.as_json()["differences"]) if decision.differences else "none",
            "captioner": evidence.captioner,
            "cost": evidence.cost.line() if evidence.cost else "not counted: not all gates are passed",
            "units behind it": len(evidence.lineage),
            "history": pd.DataFrame(past) if past else "no decision yet",
        }
    )


def _gates(evidence: "Evidence") -> dict[str, Any]:
    told = "\n".join(f"- {each}" for each in evidence.unmet)
    return {"unmet": dg.MetadataValue.md(told or "none"), "units": len(evidence.lineage)}
