"""The alias `champion` in a real registry: given, refused, given back, one promotion at a time."""

import fcntl
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from evaluation.settings import IntervalSettings
from publishing import champion, tracking
from publishing.promotion import Evidence
from publishing.settings import PromotionSettings

SETTINGS = PromotionSettings(metrics=("METEOR",), fewest_clips=5)
INTERVALS = IntervalSettings(draws=100)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def registered(name: str, meteor: float, tmp_path: Path, home: Path, **changes: Any) -> Evidence:
    """A registered version of a model whose clips all score about `meteor`."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "training.json").write_text("{}")
    (folder / "model.safetensors").write_text(name)
    tracking.log_training_run(
        stage="captioner",
        unit="C2.0",
        folder=folder,
        data=tmp_path,
        inputs={},
        parameters={},
        metrics={},
        curves={},
        model=tracking.MODEL,
        home=home,
    )
    scores = pd.DataFrame({"film": "tt1", "clip_id": range(20), "METEOR": meteor + np.linspace(-1, 1, 20)})
    versions = {"mad_eval_named": {"tt1": changes.get("data", "v1")}}
    return Evidence(tracking.data_version(folder), versions, {"mad_eval_named": scores}, {"METEOR": "1.5"}, 1.0)


def ask(evidence: Evidence, home: Path, **how: bool) -> champion.Outcome:
    return champion.promote(evidence, SETTINGS, INTERVALS, home=home, **how)


def test_the_life_of_the_alias(home: Path, tmp_path: Path) -> None:
    assert champion.champion_version(home) is None
    first = registered("first", 20.0, tmp_path, home)
    assert ask(first, home, dry_run=True).decision.promote
    assert champion.champion_version(home) is None and champion.history(home) == [], "a dry run changes nothing"
    assert ask(first, home).champion == "1" == champion.champion_version(home)

    worse = ask(registered("worse", 15.0, tmp_path, home), home)
    assert not worse.decision.promote and worse.champion == "1" == champion.champion_version(home)

    elsewhere = ask(registered("elsewhere", 90.0, tmp_path, home, data="v2"), home)
    assert not elsewhere.decision.promote and "another data version" in elsewhere.decision.reasons[0]

    better = ask(registered("better", 25.0, tmp_path, home), home)
    assert better.decision.promote and champion.champion_version(home) == better.version == "4"
    kept = tracking.client(home).list_artifacts(
        tracking.client(home).get_model_version(tracking.MODEL, "4").run_id, "promotion"
    )
    assert {Path(each.path).name for each in kept} == {"evidence.json", "mad_eval_named.parquet"}

    assert champion.roll_back(home=home) == ("4", "1") and champion.champion_version(home) == "1"
    with pytest.raises(BadInput, match="no earlier champion"):
        champion.roll_back(home=home)
    actions = [(entry["action"], entry["version"]) for entry in champion.history(home)]
    assert actions == [("promoted", "1"), ("refused", "2"), ("refused", "3"), ("promoted", "4"), ("rolled back", "1")]
    assert all(entry["reasons"] for entry in champion.history(home))


def test_the_alias_given_by_hand_is_no_evidence_and_can_be_retired(home: Path, tmp_path: Path) -> None:
    other = registered("by hand", 20.0, tmp_path, home)
    champion.retire(home=home)
    with pytest.raises(BadInput, match="none to retire"):
        champion.retire(home=home)
    tracking.client(home).set_registered_model_alias(tracking.MODEL, champion.ALIAS, "2")
    with pytest.raises(BadInput, match="without evidence"):
        ask(other, home)
    assert champion.retire(home=home) == "2"
    assert ask(other, home).decision.reasons == ("there is no champion yet, and the evidence is complete",)


def test_rolling_back_goes_on_to_earlier_champions_and_ends() -> None:
    def told(*actions: tuple[str, str]) -> list[dict[str, str]]:
        return [{"action": action, "version": version} for action, version in actions]

    three = [(champion.PROMOTED, number) for number in ("1", "2", "1")]
    assert champion._reigns(told(*three)) == ["1", "2", "1"]
    assert champion._reigns(told(*three, (champion.ROLLED_BACK, "2"))) == ["1", "2"]
    assert champion._reigns(told(*three, (champion.REFUSED, "3"), (champion.RETIRED, "1"))) == []


def test_a_model_that_is_not_registered_is_refused(home: Path) -> None:
    table = pd.DataFrame({"film": ["tt1"], "clip_id": [1], "METEOR": [1.0]})
    with pytest.raises(BadInput, match="no registered version"):
        ask(Evidence("f" * 32, {}, {"mad_eval_named": table}, {}, 1.0), home)


def test_a_second_promotion_at_the_same_time_says_so(home: Path, tmp_path: Path) -> None:
    waiting = registered("waiting", 30.0, tmp_path, home)
    before = champion.champion_version(home)
    with (home / "mlflow" / "promotion.lock").open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another promotion is under way"):
            ask(waiting, home)
    assert champion.champion_version(home) == before
