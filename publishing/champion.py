"""The registry's gatekeeper: which registered version bears the alias `champion`, and on what evidence.

The evidence (decision, scores per clip, data versions, commit, hash of dvc.lock) lies with the version's run in MLflow,
so that the next challenger is held against it; every decision is a line of a history.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import BadInput, blaming
from common.files import file_md5, read_json, read_json_lines, write_json
from evaluation.settings import IntervalSettings
from publishing import places, tracking
from publishing.promotion import Decision, Evidence, decide
from publishing.settings import PromotionSettings
from publishing.tracking import MODEL
from publishing.versions import git_commit

ALIAS = "champion"
PROMOTED, REFUSED, ROLLED_BACK, RETIRED = "promoted", "refused", "rolled back", "retired"
_EVIDENCE, _REFUSALS = "promotion", "refusals"  # artifacts of the version's run; refusals by their line in the history


@dataclass(frozen=True)
class Outcome:
    """What was decided; `version` is the challenger's, `champion` the version that bears the alias now (or None)."""

    version: str
    champion: str | None
    decision: Decision

    def as_json(self) -> dict[str, Any]:
        return {"version": self.version, "champion": self.champion, **self.decision.as_json()}


def promote(
    challenger: Evidence,
    settings: PromotionSettings,
    intervals: IntervalSettings,
    *,
    dry_run: bool = False,
    home: Path | None = None,
) -> Outcome:
    """Decides, and gives the alias to the challenger's version where it may have it; a dry run only decides.

    `BadInput` where the challenger is not registered or another promotion is under way.
    """
    found = tracking.client(home)
    with _alone(home):
        version = _version_of(found, challenger.captioner)
        number, before = str(version.version), champion_version(home)
        decision = decide(challenger, _evidence(found, before) if before else None, settings, intervals)
        if dry_run:
            return Outcome(number, before, decision)
        place = _EVIDENCE if decision.promote else f"{_REFUSALS}/{len(history(home)) + 1}"
        _keep(found, version.run_id, challenger, decision, place)
        # The history first: after a kill in between it names a champion too many, never one too few.
        action = PROMOTED if decision.promote else REFUSED
        _note(home, action, number, before, decision.reasons, evidence=f"{version.run_id}/{place}")
        if decision.promote:
            found.set_registered_model_alias(MODEL, ALIAS, number)
        return Outcome(number, number if decision.promote else before, decision)


def roll_back(*, home: Path | None = None) -> tuple[str, str]:
    """Gives the alias back to the champion before; returns (version left, version that is champion now)."""
    found = tracking.client(home)
    with _alone(home):
        now = champion_version(home)
        reigns = _reigns(history(home))
        if now is None or len(reigns) < 2 or reigns[-1] != now:
            told = "there is no earlier champion to go back to; `focusedad promote --history` lists them"
            raise BadInput(f"champion: {told}")
        _note(home, ROLLED_BACK, reigns[-2], now, ("asked for",), evidence=_promotion_of(found, reigns[-2]))
        found.set_registered_model_alias(MODEL, ALIAS, reigns[-2])
        return now, reigns[-2]


def retire(*, home: Path | None = None) -> str:
    """Takes the alias away, so that the next challenger needs no rival; returns the version that was champion."""
    found = tracking.client(home)
    with _alone(home):
        now = champion_version(home)
        if now is None:
            raise BadInput("champion: there is none to retire")
        _note(home, RETIRED, now, now, ("asked for",), evidence=_promotion_of(found, now))
        found.delete_registered_model_alias(MODEL, ALIAS)
        return now


def champion_version(home: Path | None = None) -> str | None:
    """The number of the registered version that bears the alias, or None."""
    from mlflow.exceptions import MlflowException

    try:
        return str(tracking.client(home).get_model_version_by_alias(MODEL, ALIAS).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


_MEND = "mend that line, or take it out"


def history(home: Path | None = None) -> list[dict[str, Any]]:
    """Every decision, oldest first."""
    path = _history_file(home)
    if not path.is_file():
        return []
    decisions: list[Any] = read_json_lines(path, advice=_MEND)
    with blaming(path, _MEND):
        if not all(isinstance(each, dict) and {"action", "version"} <= each.keys() for each in decisions):
            raise ValueError("a line without action and version")
    return decisions


def _reigns(decisions: list[dict[str, Any]]) -> list[str]:
    """The champions one after the other as they would be rolled back through, the present one last."""
    reigns: list[str] = []
    for entry in decisions:
        if entry["action"] == PROMOTED:
            reigns.append(entry["version"])
        elif entry["action"] == ROLLED_BACK:
            reigns = reigns[:-1]
        elif entry["action"] == RETIRED:
            reigns = []
    return reigns


def _version_of(found: Any, captioner: str) -> Any:
    versions = [
        version
        for version in found.search_model_versions(f"name='{MODEL}'")
        if version.tags.get("data_version") == captioner
    ]
    if not versions:
        raise BadInput(
            f"{MODEL}: no registered version of the captioner {captioner[:8]} that lies here; run `make repro`"
        )
    return max(versions, key=lambda version: int(version.version))


def _keep(found: Any, run: str, evidence: Evidence, decision: Decision, place: str) -> None:
    from common.tables import write_table

    lock = places.root() / "dvc.lock"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for benchmark, table in evidence.per_clip.items():
            write_table(table, folder / f"{benchmark}.parquet")
        write_json(
            folder / "evidence.json",
            {
                "captioner": evidence.captioner,
                "benchmarks": {name: dict(versions) for name, versions in evidence.benchmarks.items()},
                "identities": dict(evidence.identities),
                "mib": evidence.mib,
                "cost": None if evidence.cost is None else asdict(evidence.cost),
                "lineage": dict(evidence.lineage),
                "git_commit": git_commit(places.root()),
                "dvc_lock": file_md5(lock) if lock.is_file() else None,
                "decision": decision.as_json(),
            },
        )
        found.log_artifacts(run, str(folder), place)


def _promotion_of(found: Any, version: str) -> str:
    """Where the evidence lies that the version became champion on; empty where it did without."""
    run = found.get_model_version(MODEL, version).run_id
    return f"{run}/{_EVIDENCE}" if _is_kept(found, run) else ""


def _is_kept(found: Any, run: str) -> bool:
    return any(each.path == _EVIDENCE for each in found.list_artifacts(run))


def _evidence(found: Any, version: str) -> Evidence:
    """The champion's evidence, as it was kept when it was promoted."""
    from common.tables import read_table
    from evaluation.store import CLIPS_COLUMNS

    run = found.get_model_version(MODEL, version).run_id
    with tempfile.TemporaryDirectory() as scratch:
        if not _is_kept(found, run):
            raise BadInput(
                f"{MODEL}: version {version} bears the alias {ALIAS} without evidence, so it was not given by "
                "`focusedad promote`; `focusedad promote --retire` takes it away"
            )
        folder = Path(found.download_artifacts(run, _EVIDENCE, scratch))
        kept = read_json(folder / "evidence.json")
        again = f"the evidence of {MODEL} {version} is damaged; `focusedad promote --retire` takes its alias away"
        per_clip = {
            name: read_table(folder / f"{name}.parquet", CLIPS_COLUMNS, advice=again) for name in kept["benchmarks"]
        }
    return Evidence(kept["captioner"], kept["benchmarks"], per_clip, kept["identities"], kept["mib"])


def _history_file(home: Path | None) -> Path:
    return (home or places.home()) / "mlflow" / "promotions.jsonl"


def _note(
    home: Path | None, action: str, version: str, before: str | None, reasons: tuple[str, ...], *, evidence: str
) -> None:
    """A line of the history; `evidence` is a run's id and the path of its artifacts."""
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "action": action,
        "version": version,
        "before": before,
        "git_commit": git_commit(places.root()),
        "reasons": list(reasons),
        "evidence": evidence,
    }
    with _history_file(home).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry, ensure_ascii=False) + "\n")


@contextmanager
def _alone(home: Path | None) -> Iterator[None]:
    """Held while a decision is made and carried out; the lock goes with the process, however it dies."""
    path = (home or places.home()) / "mlflow" / "promotion.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput("champion: another promotion is under way; wait for it") from None
        yield
