"""Scored again: what did not change is recalled, and the numbers are the same to the last digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import bert as bert_module
from evaluation import java, local_models, spice, tokens
from evaluation import meteor as meteor_module
from evaluation import score as score_module
from evaluation.bert import BertScore
from evaluation.meteor import Meteor, start_meteor
from evaluation.remembered import named_by_code, recall, recall_numbers, remember, remember_numbers, text_key
from evaluation.score import score, score_many
from evaluation.settings import EvaluationSettings, IntervalSettings, JavaSettings

METRICS = EvaluationSettings(
    metrics=("METEOR", "BertScore", "CIDEr", "BLEU", "Recall"), intervals=IntervalSettings(draws=20)
)


def test_a_second_scoring_starts_no_java_and_no_model(
    descriptions: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = score(descriptions, METRICS, cache=tmp_path)
    monkeypatch.setattr("evaluation.tokens._known", {})
    monkeypatch.setattr("evaluation.tokens.run_java", lambda *_, **__: pytest.fail("the tokens are known"))
    monkeypatch.setattr(score_module, "start_meteor", lambda _: pytest.fail("the counts are known"))
    monkeypatch.setattr("evaluation.bert._known", {})
    monkeypatch.setattr("evaluation.bert._load", lambda _: pytest.fail("the likenesses are known"))
    again = score(descriptions, METRICS, cache=tmp_path)
    assert again.summary == first.summary and again.intervals == first.intervals
    pd.testing.assert_frame_equal(again.per_clip, first.per_clip)


def test_only_new_pairs_go_to_meteor(
    descriptions: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meteor: Meteor
) -> None:
    only = METRICS.model_copy(update={"metrics": ("METEOR",)})
    score(descriptions, only, cache=tmp_path)
    asked: list[object] = []

    class Watched:
        def counts(self, pairs: list[object]) -> np.ndarray:
            asked.extend(pairs)
            return meteor.counts(pairs)  # type: ignore[arg-type]

    monkeypatch.setattr(score_module, "start_meteor", lambda _: Watched())
    changed = descriptions.assign(text_gen=["Nora waits outside.", *descriptions.text_gen[1:]])
    found = score(changed, only, cache=tmp_path)
    assert asked == [("nora waits outside", ("nora opens the red door",))]
    fresh = start_meteor(JavaSettings())
    monkeypatch.setattr(score_module, "start_meteor", lambda _: fresh)
    assert found.summary == score(changed, only).summary


def test_other_settings_and_other_pairs_are_other_values(bert: BertScore, tmp_path: Path) -> None:
    pairs = [("Rain falls.", "Rain."), ("Nora waits.", "Rain.")]
    kept = bert.f1(pairs, cache=tmp_path)
    assert bert.f1(pairs[::-1], cache=tmp_path).tolist() == kept[::-1].tolist()
    other = BertScore(bert._settings.model_copy(update={"layers": 3}))
    assert other.f1(pairs, cache=tmp_path).tolist() != kept.tolist()
    rescaled = BertScore(bert._settings.model_copy(update={"baseline": 0.5}))
    assert rescaled.f1(pairs, cache=tmp_path) == pytest.approx((kept - 0.5) / 0.5), "raw values are kept"


def test_a_torn_or_foreign_cache_is_no_cache(tmp_path: Path, descriptions: pd.DataFrame) -> None:
    for name, content in (("a.json", "{"), ("b.json", "[]"), ("c.npy", "no array")):
        (tmp_path / name).write_text(content)
    assert recall(tmp_path, "a.json") == recall(tmp_path, "b.json") == recall(None, "a.json") == {}
    assert (
        recall_numbers(tmp_path, "c.npy") == recall_numbers(tmp_path, "none.npy") == recall_numbers(None, "c.npy") == {}
    )
    remember(tmp_path, "a.json", {"x": 1})
    remember(tmp_path, "a.json", {"y": 2})
    assert recall(tmp_path, "a.json") == {"x": 1, "y": 2}
    rain, door = text_key("Rain.") + text_key("A door."), text_key("A door.") + text_key("Rain.")
    remember_numbers(tmp_path, "c.npy", {rain: 1.0})
    remember_numbers(tmp_path, "c.npy", {door: 2.0})
    assert recall_numbers(tmp_path, "c.npy") == {rain: 1.0, door: 2.0}
    np.save(tmp_path / "c.npy", np.array([1.0, 2.0]))
    assert recall_numbers(tmp_path, "c.npy") == {}, "other numbers than these"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "c.npy"], "nothing is left behind"


def test_other_code_is_another_name(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a = 1\n")
    two.write_text("b = 1\n")
    before = named_by_code("kept.json", str(one), str(two))
    assert before == named_by_code("kept.json", str(one), str(two)) and before.endswith(".json")
    two.write_text("b = 2\n")
    assert named_by_code("kept.json", str(one), str(two)) != before
    assert named_by_code("folder", str(one)).startswith("folder.")


KEPT = {
    "ptb-tokens.json": (tokens._CACHE_FILE, tokens, java),
    "meteor-counts.json": (meteor_module._CACHE_FILE, meteor_module, java),
    "spice-scores.json": (spice._CACHE_FILE, spice, java),
    "bert-score": (bert_module._CACHE_FOLDER, bert_module, local_models),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_a_metric_keeps_is_named_by_the_code_that_computes_it(name: str) -> None:
    kept, *modules = KEPT[name]
    assert kept == named_by_code(name, *(str(module.__file__) for module in modules)) != name


def test_after_a_mend_nothing_old_is_recalled(bert: BertScore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("Rain falls.", "Rain.")]
    kept = bert.f1(pairs, cache=tmp_path)
    monkeypatch.setattr(bert, "_raw_f1", lambda _: np.array([0.25]))
    monkeypatch.setattr(bert_module, "_known", {})
    assert bert.f1(pairs, cache=tmp_path).tolist() == kept.tolist()
    monkeypatch.setattr(bert_module, "_CACHE_FOLDER", "bert-score.mended")
    monkeypatch.setattr(bert_module, "_known", {})
    assert bert.f1(pairs, cache=tmp_path).tolist() == [0.25]


def test_only_new_pairs_are_encoded(bert: BertScore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("Rain falls.", "Rain."), ("Nora waits.", "Nora sits on the bench.")]
    kept = bert.f1(pairs, cache=tmp_path)
    monkeypatch.setattr(bert_module, "_known", {})
    asked: list[list[tuple[str, str]]] = []
    computed = bert._raw_f1
    monkeypatch.setattr(bert, "_raw_f1", lambda new: asked.append(list(new)) or computed(new))
    changed = bert.f1([("Snow falls.", "Rain."), pairs[1]], cache=tmp_path)
    assert asked == [[("Snow falls.", "Rain.")]] and changed[1] == kept[1]


def test_several_tables_are_encoded_in_one_go(descriptions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    only = METRICS.model_copy(update={"metrics": ("BertScore", "Recall")})
    alone = [score(descriptions, only).summary, score(descriptions.assign(text_gen="Rain."), only).summary]
    monkeypatch.setattr(bert_module, "_known", {})
    asked: list[int] = []
    computed = BertScore._raw_f1
    monkeypatch.setattr(BertScore, "_raw_f1", lambda self, new: asked.append(len(new)) or computed(self, new))
    found = score_many({"a": descriptions, "b": descriptions.assign(text_gen="Rain.")}, only)
    assert len(asked) == 1 and [found["a"].summary, found["b"].summary] == alone
