"""One call from a table to numbers: what is there, what is missing and why."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from evaluation import meteor as meteor_module
from evaluation import score as score_module
from evaluation.java import JavaFailed, JavaMissing
from evaluation.meteor import Meteor
from evaluation.score import score, score_many
from evaluation.settings import (
    BertSettings,
    EvaluationSettings,
    IntervalSettings,
    RecallWindow,
    RedundancySettings,
)
from evaluation.store import read_scores, write_scores


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EvaluationSettings:
    """All metrics, on a machine without SPICE's jars."""
    monkeypatch.setattr("evaluation.spice.JARS_FOLDER", str(tmp_path / "tools/spice"))
    return EvaluationSettings(
        recall=(RecallWindow(k=1, neighbours=3), RecallWindow(k=5, neighbours=16)),
        intervals=IntervalSettings(draws=100),
    )


def test_every_metric_has_a_value_or_a_reason(descriptions: pd.DataFrame, settings: EvaluationSettings) -> None:
    found = score(descriptions, settings)
    assert list(found.summary)[:4] == ["SPICE", "METEOR", "BertScore", "R"]
    missing = {name for name, value in found.summary.items() if value is None}
    of_cast = {"CRITIC", "name precision", "name recall", "words/s", "too fast", "reference words/s"}
    assert missing == set(found.missing) == {"SPICE", "R@5/16"} | of_cast
    assert "make spice" in found.missing["SPICE"]
    assert found.missing["R@5/16"] == "no film has 16 clips"
    assert found.counts == {"clips": 6, "films": 2, "empty predictions": 1, "clips without R": 1}
    assert set(found.identities) >= {"METEOR", "BertScore", "R", "CIDEr"}
    for name, (low, high) in found.intervals.items():
        value = found.summary[name]
        assert value is not None and low <= value <= high, name


def test_a_copy_is_perfect_and_silence_is_worth_nothing(
    descriptions: pd.DataFrame, settings: EvaluationSettings
) -> None:
    clips = score(descriptions, settings).per_clip.set_index(["film", "clip_id"])
    copy, silence = clips.loc[("b", "1")], clips.loc[("b", "2")]
    assert copy[["METEOR", "BertScore", "ROUGE_L", "R"]].tolist() == pytest.approx([100, 100, 100, 0], abs=1e-3)
    assert silence[["METEOR", "BertScore", "ROUGE_L", "CIDEr"]].tolist() == [0, 0, 0, 0]
    assert math.isnan(silence["R"]), "silence holds nothing redundant, and must not gain by it"


def test_all_predictions_may_be_empty(descriptions: pd.DataFrame, settings: EvaluationSettings) -> None:
    found = score(descriptions.assign(text_gen=""), settings)
    for metric in ("METEOR", "BertScore", "CIDEr", "ROUGE_L", "BLEU_4", "R@1/3"):
        assert found.summary[metric] == 0.0, metric
    assert found.summary["R"] is None and found.missing["R"] == "no clip has a value"


def test_references_of_punctuation_only_score_nothing(settings: EvaluationSettings) -> None:
    table = pd.DataFrame({"film": "f", "clip_id": [1, 2], "text_gt": "...", "text_gen": ["A man.", "!"]})
    found = score(table, settings)
    assert [found.summary[name] for name in ("METEOR", "CIDEr", "ROUGE_L", "BLEU_1")] == pytest.approx([0.0] * 4)


def test_newlines_and_separators_in_a_caption_are_white_space(settings: EvaluationSettings) -> None:
    plain = pd.DataFrame({"film": "f", "clip_id": [1, 2], "text_gt": "A man walks in.", "text_gen": "A man walks."})
    rough = plain.assign(text_gt="A man\nwalks in.", text_gen=["A man ||| walks.", "A\tman\r\nwalks. "])
    assert score(rough, settings).summary == score(plain, settings).summary


def test_neither_the_order_of_rows_nor_company_changes_a_table(
    descriptions: pd.DataFrame, settings: EvaluationSettings
) -> None:
    alone = score(descriptions, settings)
    shuffled = score(descriptions.sample(frac=1, random_state=1), settings)
    other = descriptions.assign(text_gen=descriptions.text_gt)
    together = score_many({"other": other, "this": descriptions}, settings)["this"]
    for found in (shuffled, together):
        assert found.summary == alone.summary and found.intervals == alone.intervals
        pd.testing.assert_frame_equal(found.per_clip, alone.per_clip)


def test_the_best_of_several_references_counts(settings: EvaluationSettings) -> None:
    only = settings.model_copy(update={"metrics": ("BertScore", "METEOR", "ROUGE_L")})
    table = pd.DataFrame({"film": ["f"], "clip_id": [1], "text_gen": ["Rain falls."]})
    found = score(table.assign(text_gt=[["A dog.", "Rain falls."]]), only).summary
    assert [found[name] for name in only.metrics] == pytest.approx([100.0] * 3, abs=1e-3)


def test_only_what_is_asked_for_is_computed(descriptions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_module, "start_meteor", lambda _: pytest.fail("nobody asked for METEOR"))
    monkeypatch.setattr(score_module, "tokenise", lambda *_: pytest.fail("nobody asked for tokens"))
    found = score(descriptions, EvaluationSettings(metrics=("R",)))
    assert list(found.summary) == ["R", "words", "reference words"]


def test_without_java_the_rest_is_still_scored(descriptions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_java(*_: object) -> None:
        raise JavaMissing("no Java: install it")

    monkeypatch.setattr(score_module, "tokenise", no_java)
    monkeypatch.setattr(score_module, "start_meteor", no_java)
    found = score(descriptions, EvaluationSettings(metrics=("METEOR", "BLEU", "R")))
    assert found.summary["R"] is not None
    for metric in ("METEOR", "BLEU_1", "BLEU_4"):
        assert found.summary[metric] is None and "no Java" in found.missing[metric]


def test_without_the_model_the_rest_is_still_scored(
    descriptions: pd.DataFrame, without_tokens: EvaluationSettings
) -> None:
    asked = without_tokens.model_copy(
        update={
            "metrics": ("BertScore", "Recall", "R", "ROUGE_L"),
            "bert": BertSettings(model="no_such_model"),
            "redundancy": RedundancySettings(embedding="no_such_model"),
        }
    )
    found = score(descriptions, asked)
    assert found.summary["ROUGE_L"] is not None
    assert set(found.missing) == {"BertScore", "R", "R@5/16", "R@1/5"}
    assert all("no_such_model" in reason or "no-such-model" in reason for reason in found.missing.values())


class _Dead:
    """A METEOR that was killed."""

    def counts(self, _: object) -> None:
        raise JavaFailed("killed")

    def close(self) -> None:
        pass


def test_a_meteor_that_died_is_started_once_more(
    descriptions: pd.DataFrame, without_tokens: EvaluationSettings, meteor: Meteor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_module, "start_meteor", lambda _: _Dead())
    monkeypatch.setattr(meteor_module, "start_meteor", lambda _: meteor)
    monkeypatch.setattr(meteor_module, "_running", {})
    only = without_tokens.model_copy(update={"metrics": ("METEOR",)})
    assert score(descriptions, only).summary["METEOR"] is not None


def test_a_meteor_that_dies_again_is_a_failure_and_no_missing_value(
    descriptions: pd.DataFrame, without_tokens: EvaluationSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(_: object) -> _Dead:
        started.append("METEOR")
        return _Dead()

    monkeypatch.setattr(score_module, "start_meteor", lambda _: _Dead())
    monkeypatch.setattr(meteor_module, "start_meteor", start)
    monkeypatch.setattr(meteor_module, "_running", {})
    with pytest.raises(JavaFailed, match="killed"):
        score(descriptions, without_tokens.model_copy(update={"metrics": ("METEOR", "R")}))
    assert len(started) == 1


def test_a_tokenizer_or_a_spice_that_fails_is_a_failure(
    descriptions: pd.DataFrame, without_tokens: EvaluationSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise JavaFailed("Java ended with status -9: it said nothing")

    monkeypatch.setattr(score_module, "tokenise", killed)
    monkeypatch.setattr("evaluation.spice.spice_scores", killed)
    with pytest.raises(JavaFailed, match="status -9"):
        score(descriptions, EvaluationSettings(metrics=("CIDEr", "R")))
    spice = without_tokens.model_copy(update={"metrics": ("SPICE",)})
    for tables in ({"one": descriptions}, {"one": descriptions, "two": descriptions}):
        with pytest.raises(JavaFailed, match="status -9"):
            score_many(tables, spice)


def test_a_clip_that_occurs_twice_is_bad_input(descriptions: pd.DataFrame, settings: EvaluationSettings) -> None:
    with pytest.raises(BadInput, match=r"^C2 on MAD:7: clip 1 of a is also row 1"):
        score(pd.concat([descriptions, descriptions.head(1)]), settings, name="C2 on MAD")


def test_scores_survive_their_files_to_the_byte(
    descriptions: pd.DataFrame, settings: EvaluationSettings, tmp_path: Path
) -> None:
    found = score(descriptions, settings)
    write_scores(found, tmp_path / "one")
    kept = read_scores(tmp_path / "one")
    assert (kept.summary, kept.missing, kept.intervals) == (found.summary, found.missing, found.intervals)
    pd.testing.assert_frame_equal(kept.per_clip, found.per_clip)
    write_scores(score(descriptions, settings), tmp_path / "two")
    for name in ("scores.json", "per_clip.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_torn_scores_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_scores(tmp_path)
    (tmp_path / "scores.json").write_text("{}")
    with pytest.raises(BadInput, match=r"per_clip\.parquet: no such file"):
        read_scores(tmp_path)


def test_whatever_a_model_says_every_metric_has_a_number(settings: EvaluationSettings) -> None:
    """Nothing, line breaks, METEOR's separator, signs and letters of all kinds, a book: none of it breaks a table, and
    none of it moves what the other clips score."""
    said = [
        "",
        None,
        "Nora\nopens\r\nthe ||| door.",
        "Nora 🚪🏃‍♀️ öffnet die Tür 门",
        " ".join(f"door{n}" for n in range(10_000)),
        "🚪",
    ]
    rough = pd.DataFrame(
        {"film": "f", "clip_id": range(7), "text_gt": "Nora opens the door.", "text_gen": [*said, "Rain."]}
    )
    found = score(rough, settings)
    clips = found.per_clip
    assert len(clips) == 7 and found.counts["empty predictions"] == 2
    assert np.isfinite(clips[["METEOR", "BertScore", "ROUGE_L", "CIDEr"]].to_numpy()).all()
    assert clips["METEOR"].tolist()[:2] == [0, 0] and clips["METEOR"][2] == pytest.approx(100)
    assert clips["words"][4] == 10_000 and clips["METEOR"][4] < 20
    alone = score(rough[rough.clip_id == 6], settings).per_clip
    same = ["METEOR", "BertScore", "ROUGE_L", "R"]  # CIDEr's document frequencies are of the whole table
    assert clips[same].iloc[6].tolist() == alone[same].iloc[0].tolist()


def test_a_text_that_is_too_much_for_meteor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def counts(self, pairs: list[object]) -> np.ndarray:
            raise JavaFailed("java.lang.OutOfMemoryError: Java heap space")

    for name in ("start_meteor", "restart_meteor"):
        monkeypatch.setattr(score_module, name, lambda _: Full())
    table = pd.DataFrame({"film": "f", "clip_id": [1, 2], "text_gt": "Rain.", "text_gen": ["Rain.", "A door. " * 5000]})
    with pytest.raises(JavaFailed, match=r"text of 10000 words, a door a door .*memory_mb \(java.lang.OutOf") as told:
        score(table, EvaluationSettings(metrics=("METEOR",)))
    assert "\n" not in str(told.value)
