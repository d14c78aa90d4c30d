"""AutoAD-I style: it learns, one seed is one model, and it names only whom its context names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from corpora.studio.facts_text import TextWorld
from models.baselines.autoad import describe_autoad, load_autoad
from models.baselines.autoad_training import places, train_autoad
from models.baselines.names import SOMEONE, named_in, without_strangers
from models.baselines.perceived import answers_of
from models.baselines.settings import AutoADSettings
from models.captioner.checkpoints import load_tower
from models.captioner.settings import OptimiserSettings, TuningSettings
from models.captioner.vocabulary import build_vocabulary

TINY = AutoADSettings(
    width=16, layers=1, heads=2, prefix_tokens=3, mapping_layers=1, rate=1e-2,
    pretraining=OptimiserSettings(steps=12, batch=4, rate=1e-2, warm_up=1),
)  # fmt: skip
CASTS, FEATURES = {FILM: CAST}, {FILM: toy_features()}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = toy_base(tmp_path_factory.mktemp("base_model"))
    build_vocabulary(["walks to the door", "waves at", "it rains in the park", SOMEONE]).write(
        folder / "vocabulary.json"
    )
    return folder


def train(base: Path, out: Path, seed: int = 0, **changes: Any) -> dict[str, Any]:
    settings = small_settings(training=TuningSettings(steps=16, sequences=4, warm_up=1, validation_clips=0))
    train_autoad(seed, base, toy_records(), FEATURES, CASTS, TINY.model_copy(update=changes), settings, out)
    return json.loads((out / "training.json").read_text())


def test_both_parts_learn(base: Path, tmp_path: Path) -> None:
    curves = train(base, tmp_path)
    assert (len(curves["text"]["loss"]), len(curves["clips"]["loss"])) == (12, 16)
    for curve in curves.values():
        assert sum(curve["loss"][-4:]) < sum(curve["loss"][:4])


def test_one_seed_is_one_model_to_the_byte(base: Path, tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        train(base, tmp_path / name, seed)
    first, second, other = (
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second", "other")
    )
    assert first == second != other


def test_gpt_stays_as_its_text_made_it_unless_all_is_trained(base: Path, tmp_path: Path) -> None:
    embeddings = {}
    for name, changes in (("frozen", {}), ("all", {"trainable": "all"})):
        train(base, tmp_path / name, **changes)
        model, _ = load_autoad(tmp_path / name)
        embeddings[name] = model.gpt.get_input_embeddings().weight.detach()
    assert not embeddings["frozen"].equal(embeddings["all"])


@pytest.mark.parametrize("previous", ["own", "reference"])
def test_it_names_only_whom_the_context_names_and_always_says_something(
    base: Path, tmp_path: Path, previous: str
) -> None:
    train(base, tmp_path)
    model, vocabulary = load_autoad(tmp_path)
    records = toy_records()  # the prior of all but the last names Carla and Anna; LIN-MANUEL is only seen
    settings = small_settings(previous_at_test=previous)
    said = describe_autoad(model, vocabulary, records, FEATURES, CASTS, settings)
    assert len(said) == len(records) and all(said)
    assert not any("Lin" in text for text in said)
    assert not any(name in said[-1] for name in ("Carla", "Anna")), "the last clip has no context at all"
    assert said == describe_autoad(model, vocabulary, records, FEATURES, CASTS, settings)


def test_a_context_of_any_length_has_its_places(base: Path, tmp_path: Path) -> None:
    long = [{"kind": "description", "text": "Carla walks to the door. " * 30} for _ in range(3)]
    records = [record | {"prior": long} for record in toy_records()]
    training = TuningSettings(steps=2, sequences=4, warm_up=1, validation_clips=0)
    settings = small_settings(training=training, prior_words=400, previous_at_test="reference")
    train_autoad(0, base, records, FEATURES, CASTS, TINY, settings, tmp_path)
    model, vocabulary = load_autoad(tmp_path)
    assert all(describe_autoad(model, vocabulary, records, FEATURES, CASTS, settings))


def test_what_may_be_said_and_what_is_learnt_from_have_their_places() -> None:
    settings = small_settings()
    assert places(settings, 10, longest=20) == 256
    told = settings.generation.model_copy(update={"max_tokens": 300})
    assert places(settings.model_copy(update={"generation": told}), 10, longest=20) == 60 + 10 + 1 + 300
    assert places(settings, 10, longest=500) == 60 + 10 + 1 + 500


@given(st.lists(st.integers(0, 60), max_size=12), st.lists(st.integers(0, 60), max_size=12))
def test_strangers_become_someone(target: list[int], context: list[int]) -> None:
    vocabulary = build_vocabulary([SOMEONE])
    kept = without_strangers(target, named_in(context, vocabulary), vocabulary)
    assert named_in(kept, vocabulary) <= set(context)
    assert [new for old, new in zip(target, kept, strict=True) if old != new] == [vocabulary.ids[SOMEONE]] * sum(
        old != new for old, new in zip(target, kept, strict=True)
    )


def test_facts_of_a_text_are_written_as_the_tower_answers(base: Path) -> None:
    tower = load_tower(base)
    labels, channels = tower.labels, tower.shape.scene_channels
    words = (*labels.events, *labels.props, *labels.places)
    world = TextWorld(0, [f"Person{number}" for number in range(8)])
    for _ in range(50):
        sample = world.sample("description")
        answers = answers_of(sample, tower, 9 + load_mean(tower))
        assert (answers[:channels] == 9).all(), "of hidden units the text knows nothing"
        told = {words[place] for place in answers[channels:].nonzero()[0]}
        assert told <= set(sample.scene_words)
        assert set(sample.scene_words) & set(labels.places) <= told


def load_mean(tower: Any) -> Any:
    import numpy as np

    return np.zeros(tower.scene_size, np.float32)


def test_mistakes_are_told(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no training clips"):
        train_autoad(0, base, [], {}, {}, TINY, small_settings(), tmp_path)
    with pytest.raises(BadInput, match="no such file"):
        load_autoad(tmp_path / "nowhere")
