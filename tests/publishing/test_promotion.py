"""Who may become champion: better, worse, undecided, not comparable, and evidence that does not belong together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from common.files import canonical_json
from evaluation.score import Scores
from evaluation.settings import IntervalSettings
from evaluation.store import write_scores
from publishing.promotion import Cost, Evidence, decide, gather
from publishing.records import version, write_record
from publishing.settings import PromotionSettings

SETTINGS = PromotionSettings(metrics=("METEOR", "R"), fewest_clips=20)
INTERVALS = IntervalSettings(draws=200)


def table(meteor: float, redundancy: float = 40.0, *, clips: int = 40, noise: float = 5.0) -> pd.DataFrame:
    hard = np.linspace(-15, 15, clips)  # some clips are hard for every model
    own = noise * np.random.default_rng([3, round(10 * meteor)]).normal(size=clips)
    return pd.DataFrame(
        {
            "film": "tt1",
            "clip_id": range(clips),
            "METEOR": meteor + hard + own,
            "R": redundancy + hard - own,
        }
    )


def evidence(name: str, scores: pd.DataFrame, **changes: Any) -> Evidence:
    made = Evidence(name, {"mad_eval_named": {"tt1": "v1"}}, {"mad_eval_named": scores}, {"METEOR": "1.5"}, 10.0)
    return replace(made, **{"cost": Cost(millions=2.5, gflops=1.0, working_mib=40.0), **changes})


CHAMPION = evidence("old", table(20.0))


def test_the_first_with_enough_evidence_is_champion() -> None:
    assert decide(CHAMPION, None, SETTINGS, INTERVALS).promote


def test_a_clearly_better_one_is_promoted_and_its_numbers_are_kept() -> None:
    decision = decide(evidence("new", table(26.0)), CHAMPION, SETTINGS, INTERVALS)
    assert decision.promote and decision.reasons[0].startswith("clearly better: METEOR on mad_eval_named: +")
    found = {each.metric: each for each in decision.differences}
    assert found["METEOR"].verdict == "better" and found["METEOR"].clips == 40


def test_a_clearly_worse_metric_refuses_whatever_else_is_better() -> None:
    decision = decide(evidence("new", table(26.0, redundancy=50.0)), CHAMPION, SETTINGS, INTERVALS)
    assert not decision.promote and all("clearly worse: R" in reason for reason in decision.reasons)


def test_noise_promotes_nobody() -> None:
    decision = decide(evidence("new", table(20.1)), CHAMPION, SETTINGS, INTERVALS)
    assert not decision.promote and "everywhere an interval holds 0" in decision.reasons[0]


def test_two_films_that_disagree_promote_nobody_as_in_the_report() -> None:
    """Over clips it is clear, over films it is not: the report calls that undecided."""
    old = table(20.0, clips=60).assign(film=["tt1"] * 50 + ["tt2"] * 10, R=40.0)
    new = old.assign(METEOR=old["METEOR"] + np.where(old["film"] == "tt1", 6.0, -6.0))
    decision = decide(evidence("new", new), evidence("old", old), SETTINGS, INTERVALS)
    (found,) = [each for each in decision.differences if each.metric == "METEOR"]
    assert found.low is not None and found.low > 0 and found.over_films is not None and found.over_films[0] < 0
    assert found.verdict == "undecided" and not decision.promote
    agreed = old.assign(METEOR=old["METEOR"] + 6.0)
    decision = decide(evidence("new", agreed), evidence("old", old), SETTINGS, INTERVALS)
    assert decision.promote and "over films [+6.00, +6.00]" in decision.reasons[0]


def test_a_metric_that_no_clip_has_for_both_is_a_reason_and_writable() -> None:
    first, second = table(26.0), table(20.0)
    first.loc[:19, "R"], second.loc[20:, "R"] = np.nan, np.nan
    decision = decide(evidence("new", first), evidence("old", second), SETTINGS, INTERVALS)
    assert not decision.promote and decision.reasons == ("R on mad_eval_named: no clip has R for both",)
    (found,) = [each for each in decision.differences if each.metric == "R"]
    assert (found.clips, found.mean, found.low, found.high) == (0, None, None, None)
    assert '"mean":null' in canonical_json(decision.as_json())
    without = evidence("old", table(20.0).drop(columns="R"))
    assert "no clip has R for both" in decide(evidence("new", table(26.0)), without, SETTINGS, INTERVALS).reasons[0]


def test_only_clips_that_both_have_are_counted() -> None:
    some = table(26.0)
    some.loc[:9, "METEOR"] = np.nan
    some.loc[10, "METEOR"] = np.inf
    found = decide(evidence("new", some), CHAMPION, SETTINGS, INTERVALS).differences
    assert {each.metric: each.clips for each in found} == {"METEOR": 29, "R": 40}


def test_without_draws_nothing_is_decided_against_a_champion() -> None:
    undrawn = IntervalSettings(draws=0)
    decision = decide(evidence("new", table(26.0)), CHAMPION, SETTINGS, undrawn)
    assert not decision.promote and "evaluation.intervals.draws" in decision.reasons[0]
    assert canonical_json(decision.as_json()) and decision.differences[0].low is None
    assert decide(CHAMPION, None, SETTINGS, undrawn).promote, "the first needs no rival"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"benchmarks": {"mad_eval_named": {"tt1": "v2"}}}, "another data version"),
        ({"benchmarks": {}}, "another data version"),
        ({"identities": {"METEOR": "1.0"}}, "computed otherwise"),
        ({"mib": 1000.0}, "too large"),
        ({"cost": Cost(30.0, 1.0, 40.0)}, "too many parameters: 30 millions, allowed 5"),
        ({"cost": Cost(2.5, 1.25, 40.0)}, "too dear: 1.25 GFLOPs a clip, allowed 1"),
        ({"cost": Cost(2.5, 1.0, 1024.0)}, "too much memory: 1024 MiB of tensors, allowed 64"),
        ({"cost": Cost(2.5, float("nan"), 40.0)}, "too dear: nan"),
        ({"cost": None}, "its cost was not counted"),
        ({"per_clip": {"mad_eval_named": table(30.0, clips=5)}}, "too little evidence: 5 clips"),
        ({"per_clip": {"mad_eval_named": table(30.0).drop(columns="R")}}, "not measured on mad_eval_named: R"),
        ({"per_clip": {}}, "no benchmark"),
        ({"captioner": "old"}, "champion already"),
        ({"unmet": ("films/tt1: not judged yet",)}, "gates: films/tt1: not judged yet"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(changes: dict[str, Any], told: str) -> None:
    decision = decide(evidence("new", table(30.0), **changes), CHAMPION, SETTINGS, INTERVALS)
    assert not decision.promote and told in " ".join(decision.reasons)


@given(gap=st.floats(-8, 8), other=st.floats(-8, 8))
def test_no_model_is_promoted_over_one_that_would_be_promoted_over_it(gap: float, other: float) -> None:
    one, two = evidence("one", table(20 + gap, 40 + other)), evidence("two", table(20.0))
    both = decide(one, two, SETTINGS, INTERVALS).promote, decide(two, one, SETTINGS, INTERVALS).promote
    assert both != (True, True)


# ---- from the published folders


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    model = data / "captioner" / "C2.0"
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"weights" * 1000)
    write_record(model, key="k", made_from={}, audit="passed")
    predictions = data / "predictions" / "C2.mad_eval_named.0"
    predictions.mkdir(parents=True)
    (predictions / "predictions.csv").write_text("text_gen\n")
    inputs = {"captioner": {"C2.0": version(model)}, "mad_eval_named": {"tt1": "v1"}}
    write_record(predictions, key="k", made_from={"inputs": inputs}, audit="passed")
    scores = data / "scores" / "C2.mad_eval_named.0"
    scores.mkdir(parents=True)
    write_scores(Scores({"METEOR": 20.0}, table(20.0), {}, {}, {"METEOR": "1.5"}, {"clips": 40}), scores)
    inputs = {"predictions": {"C2.mad_eval_named.0": version(predictions)}}
    write_record(scores, key="k", made_from={"inputs": inputs}, audit="passed")
    return data


UNITS = {"mad_eval_named": "C2.mad_eval_named.0"}


def test_evidence_is_gathered_along_the_lineage(data: Path) -> None:
    found = gather(data, "C2.0", UNITS)
    assert found.captioner == version(data / "captioner" / "C2.0")
    assert found.benchmarks == {"mad_eval_named": {"tt1": "v1"}} and len(found.per_clip["mad_eval_named"]) == 40
    assert 0 < found.mib < 0.1


@pytest.mark.parametrize(
    "stage", ["captioner/C2.0", *(f"{name}/{UNITS['mad_eval_named']}" for name in ("predictions", "scores"))]
)
def test_a_folder_changed_since_its_gate_is_no_evidence(data: Path, stage: str) -> None:
    (data / stage / "by_hand").write_text("better")
    with pytest.raises(BadInput, match="changed since it passed its gate"):
        gather(data, "C2.0", UNITS)


def test_predictions_of_another_model_are_no_evidence(data: Path) -> None:
    model = data / "captioner" / "C2.0"
    (model / "model.safetensors").write_bytes(b"trained again")
    write_record(model, key="k2", made_from={}, audit="passed")
    with pytest.raises(BadInput, match=r"not made with the captioner C2\.0"):
        gather(data, "C2.0", UNITS)


def test_what_was_never_published_is_no_evidence(data: Path) -> None:
    with pytest.raises(BadInput, match="not published"):
        gather(data, "C2.1", UNITS)
