"""Tokens stand where the prompt keeps places for them, and gradients reach what trains and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records

from common.errors import BadInput
from models.captioner.checkpoints import load_base
from models.captioner.inputs import Augmentation, CaptionBatch, PromptPlan, Sample, augmented, collate
from models.captioner.model import FocusedCaptioner
from models.captioner.records import record_sample
from models.captioner.settings import LoraSettings, Trainable
from models.captioner.vocabulary import Vocabulary
from models.training.trainable import choose_trainable

Loaded = tuple[FocusedCaptioner, Vocabulary, list[Sample]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


@pytest.fixture
def loaded(base: Path) -> Loaded:
    model, vocabulary = load_base(base)
    features, casts = {FILM: toy_features()}, {FILM: CAST}
    samples = [
        record_sample(record, features, casts, vocabulary, bank="best query", settings=small_settings())
        for record in toy_records()
    ]
    return model.eval(), vocabulary, samples


def words(vocabulary: Vocabulary, batch: CaptionBatch, row: int = 0) -> list[str]:
    return [vocabulary.words[number] for number in batch.prompt_ids[row].tolist()]


def test_the_prompt_has_the_parts_in_the_papers_order(loaded: Loaded) -> None:
    _, vocabulary, samples = loaded
    said = " ".join(words(vocabulary, collate(samples[:1], vocabulary, PromptPlan())))
    expected = (
        "<soft> <soft> <soft> <soft> <scene> <scene> <scene> <scene> "
        "<visual descriptions> <name_2> waits . <subtitle> thank you , <name_0> ! "
        "there are two characters . "
        "<name_1> is <region> <region> <region> <region> . <name_0> is <region> <region> <region> <region> . "
        "describe the scene . <begin>"
    )
    assert said == expected  # LIN-MANUEL stands left of ANNA


def test_order_of_appearance_can_be_asked_for(loaded: Loaded) -> None:
    _, vocabulary, samples = loaded
    said = words(vocabulary, collate(samples[:1], vocabulary, PromptPlan(left_to_right=False)))
    assert said.index("<name_0>", 20) < said.index("<name_1>")


@pytest.mark.parametrize(
    ("plan", "missing"),
    [
        (PromptPlan(soft_prompt=False), "<soft>"),
        (PromptPlan(region=False), "<region>"),
        (PromptPlan(text_prior=False), "<visual descriptions>"),
    ],
)
def test_a_variant_leaves_its_part_out(loaded: Loaded, plan: PromptPlan, missing: str) -> None:
    model, vocabulary, samples = loaded
    batch = collate(samples, vocabulary, plan)
    assert missing not in words(vocabulary, batch)
    assert torch.isfinite(model(batch))


def test_region_tokens_stand_in_the_order_of_the_regions(loaded: Loaded) -> None:
    model, vocabulary, samples = loaded
    batch = collate(samples, vocabulary, PromptPlan())
    with torch.no_grad():
        embedded, mask = model.prompt(batch)
        tokens, _ = model.region_connector(batch.region_features, batch.region_boxes, batch.region_seen)
        tokens = tokens + model.language_model.get_input_embeddings()(batch.region_names)[:, None]
    places = batch.prompt_ids == vocabulary.ids["<region>"]
    torch.testing.assert_close(embedded[places], tokens.flatten(0, 1))
    assert bool(mask[places].all())


def test_a_region_seen_in_two_frames_gives_two_tokens(loaded: Loaded) -> None:
    model, vocabulary, samples = loaded
    batch = collate(samples[:1], vocabulary, PromptPlan())
    seen = batch.region_seen.clone()
    seen[0, 2:] = False
    _, mask = model.prompt(replace(batch, region_seen=seen))
    places = batch.prompt_ids == vocabulary.ids["<region>"]
    assert mask[places].tolist() == [True, True, False, False] + [True] * 4


def test_places_and_tokens_must_be_as_many(loaded: Loaded) -> None:
    model, vocabulary, samples = loaded
    batch = collate(samples[:1], vocabulary, PromptPlan())
    with pytest.raises(ValueError, match="8 places for 4 tokens"):
        model.prompt(
            replace(
                batch,
                region_features=batch.region_features[:1],
                region_boxes=batch.region_boxes[:1],
                region_seen=batch.region_seen[:1],
                region_names=batch.region_names[:1],
            )
        )


@pytest.mark.parametrize("what", ["all", "soft prompt and connectors", "soft prompt", "connectors"])
def test_gradients_reach_what_trains_and_nothing_else(loaded: Loaded, what: Trainable) -> None:
    model, vocabulary, samples = loaded
    trained = choose_trainable(model, what, PromptPlan(), lora=LoraSettings())
    model(collate(samples, vocabulary, PromptPlan())).backward()
    of = {"soft_prompt": "soft prompt", "scene_connector": "connectors", "region_connector": "connectors"}
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached == (name in trained), name
        assert reached == (what == "all" or of.get(name.split(".")[0], "language model") in what.split(" and ")), name


def test_padding_does_not_change_a_sample(loaded: Loaded) -> None:
    model, vocabulary, samples = loaded
    plan = PromptPlan()
    with torch.no_grad():
        alone = [float(model(collate([sample], vocabulary, plan))) * len(sample.target) for sample in samples]
        together = float(model(collate(samples, vocabulary, plan))) * sum(len(sample.target) for sample in samples)
    assert together == pytest.approx(sum(alone), rel=1e-4)


def test_names_are_redrawn_together_in_prior_characters_and_target(loaded: Loaded) -> None:
    import numpy as np

    _, vocabulary, samples = loaded
    new = augmented(samples[0], vocabulary, Augmentation(mirror=False), np.random.default_rng(3))
    first = vocabulary.name_id(0)
    changed = {old: fresh for (old, _), (fresh, _) in zip(samples[0].characters, new.characters, strict=True)}
    assert len(set(changed.values())) == 2
    for old, fresh in changed.items():
        assert [number == old for number in samples[0].target] == [number == fresh for number in new.target]
    others = [(old, fresh) for old, fresh in zip(samples[0].prior, new.prior, strict=True) if old < first]
    assert all(old == fresh for old, fresh in others)


def test_a_mirrored_view_turns_the_order_of_the_characters(loaded: Loaded) -> None:
    _, vocabulary, samples = loaded
    as_filmed, mirrored = (replace(samples[0], views=(view,)) for view in samples[0].views)
    order = [words(vocabulary, collate([sample], vocabulary, PromptPlan())) for sample in (as_filmed, mirrored)]
    assert order[0].index("<name_1>") < order[0].index("<name_0>", 20)
    assert order[1].index("<name_0>", 20) < order[1].index("<name_1>")


def test_everything_can_be_dropped(loaded: Loaded) -> None:
    import numpy as np

    _, vocabulary, samples = loaded
    bare = augmented(samples[0], vocabulary, Augmentation(drop_names=1, drop_prior=1), np.random.default_rng(0))
    said = " ".join(words(vocabulary, collate([bare], vocabulary, PromptPlan(soft_prompt=False))))
    assert said == "<scene> <scene> <scene> <scene> describe the scene . <begin>"


def test_a_record_without_that_bank_or_features_says_so(base: Path) -> None:
    _, vocabulary = load_base(base)
    features, casts, settings = {FILM: toy_features()}, {FILM: CAST}, small_settings()
    record = toy_records()[0]
    with pytest.raises(BadInput, match=r"'sketch'.*'actor', 'best query'"):
        record_sample(record, features, casts, vocabulary, bank="sketch", settings=settings)
    with pytest.raises(BadInput, match="tt1:1"):
        record_sample({**record, "film": "tt1"}, features, casts, vocabulary, bank="actor", settings=settings)
    with pytest.raises(BadInput, match="clip 99"):
        record_sample({**record, "clip_id": 99}, features, casts, vocabulary, bank="actor", settings=settings)


def test_a_character_whose_track_has_no_features_is_named_without_region(loaded: Loaded, base: Path) -> None:
    model, vocabulary, _ = loaded
    record = toy_records()[0]
    record["characters"] = {"best query": [{"name": "ANNA", "track": 77, "first_seen": 0}]}
    sample = record_sample(
        record, {FILM: toy_features()}, {FILM: CAST}, vocabulary, bank="best query", settings=small_settings()
    )
    batch = collate([sample], vocabulary, PromptPlan())
    assert "<region>" not in words(vocabulary, batch)
    assert "here" in words(vocabulary, batch)
    assert torch.isfinite(model(batch))
