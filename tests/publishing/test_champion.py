"""The alias `champion` in a real registry: given, refused, given back, one promotion at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from common.files import read_json
from evaluation.settings import IntervalSettings
from publishing import champion, tracking
from publishing.promotion import Cost, Decision, Evidence, decide
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
    made = Evidence(tracking.data_version(folder), versions, {"mad_eval_named": scores}, {"METEOR": "1.5"}, 1.0)
    return replace(made, cost=Cost(millions=2.5, gflops=changes.get("gflops", 1.0), working_mib=40.0))


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

    dear = ask(registered("dear", 25.0, tmp_path, home, gflops=1000.0), home)
    assert not dear.decision.promote and dear.decision.reasons == ("too dear: 1000 GFLOPs a clip, allowed 1",)

    better = ask(registered("better", 25.0, tmp_path, home), home)
    assert better.decision.promote and champion.champion_version(home) == better.version == "5"
    assert champion.roll_back(home=home) == ("5", "1") and champion.champion_version(home) == "1"
    with pytest.raises(BadInput, match="no earlier champion"):
        champion.roll_back(home=home)

    decisions = [
        ("promoted", "1"),
        ("refused", "2"),
        ("refused", "3"),
        ("refused", "4"),
        ("promoted", "5"),
        ("rolled back", "1"),
    ]
    past = champion.history(home)
    assert [(entry["action"], entry["version"]) for entry in past] == decisions
    assert past[-1]["evidence"] == past[0]["evidence"], "what the champion gone back to was promoted on"
    for entry in past[:-1]:
        kept = kept_evidence(entry, home, tmp_path)
        assert kept["decision"]["promote"] == (entry["action"] == "promoted")
        assert kept["decision"]["reasons"] == entry["reasons"] != []
        assert kept["cost"]["millions"] == 2.5 and {"git_commit", "dvc_lock", "lineage"} <= kept.keys()


def kept_evidence(entry: dict[str, Any], home: Path, scratch: Path) -> dict[str, Any]:
    """What lies with the version's run, beside the scores of every clip."""
    run, _, place = entry["evidence"].partition("/")
    client = tracking.client(home)
    assert run == client.get_model_version(tracking.MODEL, entry["version"]).run_id
    (scratch / run).mkdir(exist_ok=True)
    folder = Path(client.download_artifacts(run, place, str(scratch / run)))
    assert {path.name for path in folder.iterdir()} == {"evidence.json", "mad_eval_named.parquet"}
    return dict(read_json(folder / "evidence.json"))


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


def test_of_two_promotions_at_once_one_wins_and_one_says_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (registered(name, meteor, tmp_path, home) for name, meteor in (("first", 30.0), ("second", 40.0)))
    deciding, go_on = threading.Event(), threading.Event()

    def slowly(*asked: Any) -> Decision:
        deciding.set()
        assert go_on.wait(60)
        return decide(*asked)

    monkeypatch.setattr(champion, "decide", slowly)
    with ThreadPoolExecutor(1) as other:
        winning = other.submit(ask, first, home)
        assert deciding.wait(60)
        with pytest.raises(BadInput, match="another promotion is under way; wait for it"):
            ask(second, home)
        go_on.set()
        won = winning.result()
    assert won.decision.promote and champion.champion_version(home) == won.version
    assert [(entry["action"], entry["version"]) for entry in champion.history(home)][-1] == ("promoted", won.version)
