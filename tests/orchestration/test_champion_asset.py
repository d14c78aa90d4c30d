"""The decision as Dagster shows it: promoted, refused, stopped by a gate, each with its reasons and the history."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from assets import STAGES
from evaluation.score import Scores
from evaluation.store import write_scores
from orchestration.champion_asset import GATES, build_promotion
from publishing import champion, tracking
from publishing.audits import Auditor
from publishing.locks import stage_locks
from publishing.promotion import Cost
from publishing.records import version, write_record
from publishing.settings import Settings, check_settings
from publishing.stage import graph_of

UNIT = "C2.mad_eval_named.0"
VALUES = {"experiments": {"rows": {"mad_eval_named": ["C2"]}}, "promotion": {"metrics": ["METEOR"], "fewest_clips": 5}}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return check_settings(VALUES, source="params.yaml")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Path:
    """A captioner with its predictions and scores, published and registered."""
    root = tmp_path_factory.mktemp("root")
    made: dict[str, str] = {}

    def published(stage: str, unit: str, inputs: dict[str, dict[str, str]]) -> None:
        audit = Auditor(graph_of(STAGES)[stage], settings).digest
        folder = root / "data" / stage / unit
        write_record(folder, key="k", made_from={"inputs": inputs}, audit=audit)
        made[stage] = version(folder) or ""

    for stage in ("captioner/C2.0", f"predictions/{UNIT}", f"scores/{UNIT}", "films/tt1"):
        (root / "data" / stage).mkdir(parents=True)
    published("films", "tt1", {})
    model = root / "data/captioner/C2.0"
    (model / "model.safetensors").write_bytes(b"weights")
    how = {"stage": "captioner", "unit": "C2.0", "parameters": {}, "metrics": {}, "curves": {}, "inputs": {}}
    tracking.log_training_run(**how, folder=model, data=root / "data", model=tracking.MODEL, home=root / ".home")
    published("captioner", "C2.0", {"films": {"tt1": made["films"]}})
    (root / f"data/predictions/{UNIT}/predictions.csv").write_text("text_gen\n")
    published("predictions", UNIT, {"captioner": {"C2.0": made["captioner"]}})
    clips = pd.DataFrame({"film": "tt1", "clip_id": range(20), "METEOR": 20 + np.linspace(-1, 1, 20)})
    write_scores(
        Scores({"METEOR": 20.0}, clips, {}, {}, {"METEOR": "1.5"}, {"clips": 20}), root / f"data/scores/{UNIT}"
    )
    published("scores", UNIT, {"predictions": {UNIT: made["predictions"]}})
    return root


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model here is seven bytes, which nobody can load; `test_model_cost.py` counts a real one."""
    cost = Cost(millions=2.5, gflops=1.0, working_mib=40.0)
    monkeypatch.setattr("orchestration.model_cost.cost_of", lambda data, experiments, settings: cost)


def materialized(settings: Settings, **config: object) -> dg.ExecuteInProcessResult:
    job = build_promotion(settings).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        given = {"ops": {"champion": {"config": config}}}
        return job.execute_in_process(run_config=given, instance=instance, raise_on_error=False)


def shown(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    (event,) = result.asset_materializations_for_node("champion")
    return {name: str(value.value) for name, value in event.metadata.items()}


def test_the_decision_is_shown_with_its_reasons_and_history(
    root: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(root))
    dry = shown(materialized(settings, dry_run=True))
    assert dry["decision"] == "promoted (dry run: nothing was changed)" and dry["champion"] == "none"
    assert champion.champion_version() is None
    assert dry["cost"] == "2.50 million parameters, 1 GFLOPs a clip, 40.0 MiB of tensors"

    first = materialized(settings)
    assert shown(first)["decision"] == "promoted" and shown(first)["champion"] == "version 1"
    assert "no champion yet" in shown(first)["reasons"] and "| promoted | 1 |" in shown(first)["history"]
    (check,) = first.get_asset_check_evaluations()
    assert check.passed and check.check_name == GATES

    again = shown(materialized(settings))
    assert again["decision"] == "refused" and "champion already" in again["reasons"]

    stricter = check_settings({**VALUES, "gates": {"films": {"shortest_seconds": 50}}}, source="params.yaml")
    stopped = materialized(stricter)
    assert "not counted" in shown(stopped)["cost"], "nothing is computed of data that lack a gate"
    assert stopped.success and shown(stopped)["decision"] == "refused"
    assert "gates: films/tt1: has not passed its gate as it stands now" in shown(stopped)["reasons"]
    (check,) = stopped.get_asset_check_evaluations()
    assert not check.passed and "films/tt1" in str(check.metadata["unmet"].value)
    assert champion.champion_version() == "1"
    assert [entry["action"] for entry in champion.history()] == ["promoted", "refused", "refused"]


def test_nothing_is_decided_while_a_stage_is_being_written(
    root: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(root))
    before = champion.history()
    with stage_locks(root / "data", write="scores", read=()):
        result = materialized(settings)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "champion: scores is being written by process" in str(failure.step_failure_data.user_failure_data)
    assert champion.history() == before
