"""What a variant past the paper changes in the prompt, and what it leaves as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records

from models.captioner.checkpoints import Captioner, load_base, load_captioner
from models.captioner.describe import describe
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Augmentation, PromptPlan, Sample, augmented, collate
from models.captioner.records import record_sample
from models.captioner.settings import GenerationSettings, VariantSettings
from models.training.captioner import train_variant

CONTEXT = PromptPlan(shot_context=True)


def around_features() -> FilmFeatures:
    features = toy_features()
    shots = np.random.default_rng(5).standard_normal((2, 3, *features.scene.shape[2:])).astype(np.float32)
    return replace(features, shots=shots, around={1: (-1, 0), 2: (0, 1), 3: (1, 2), 4: (2, -1)})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


@pytest.fixture
def captioner(base: Path) -> Captioner:
    model, vocabulary = load_base(base)
    return Captioner(model.eval(), vocabulary, PromptPlan())


def samples_of(captioner: Captioner, *, shot_context: bool) -> list[Sample]:
    return [
        record_sample(
            record,
            {FILM: around_features()},
            {FILM: CAST},
            captioner.vocabulary,
            bank="best query",
            settings=small_settings(),
            shot_context=shot_context,
        )
        for record in toy_records()
    ]


def test_with_shot_context_the_shots_before_and_after_follow_the_clips_scene(captioner: Captioner) -> None:
    samples = samples_of(captioner, shot_context=True)
    batch = collate(samples, captioner.vocabulary, CONTEXT)
    features = around_features()
    assert batch.scene.shape[1] == 12
    np.testing.assert_array_equal(batch.scene[1, :4], features.scene[0, 1])
    np.testing.assert_array_equal(batch.scene[1, 4:8], features.shots[0, 0])
    np.testing.assert_array_equal(batch.scene[1, 8:], features.shots[0, 1])
    assert not batch.scene[0, 4:8].any() and not batch.scene[3, 8:].any(), "where the film begins and ends"
    places = (batch.prompt_ids == captioner.vocabulary.ids["<scene>"]).sum(1)
    assert places.tolist() == [12] * 4
    assert torch.isfinite(captioner.model(batch))


def test_a_mirrored_clip_has_mirrored_shots_around_it_and_noise_stays_off_the_answers(captioner: Captioner) -> None:
    sample, features = samples_of(captioner, shot_context=True)[1], around_features()
    noise = Augmentation(noise=0.5, region_channels=12, scene_channels=16)
    seen = set()
    for seed in range(8):
        around = augmented(sample, captioner.vocabulary, noise, np.random.default_rng(seed)).views[0].around
        assert around is not None
        seen |= {view for view in (0, 1) if np.array_equal(around[0, :, 16:], features.shots[view, 0, :, 16:])}
        assert not np.array_equal(around[0, :, :16], features.shots[0, 0, :, :16])
    assert seen == {0, 1}
    assert sample.views[0].around is not None
    np.testing.assert_array_equal(sample.views[0].around[0], features.shots[0, 0])


def test_features_that_hold_shots_change_nothing_for_a_variant_without_them(captioner: Captioner) -> None:
    with_shots = samples_of(captioner, shot_context=False)
    assert all(view.around is None for sample in with_shots for view in sample.views)
    batch = collate(with_shots, captioner.vocabulary, PromptPlan())
    assert batch.scene.shape[1] == 4


def test_without_positions_a_region_shows_what_is_in_it_but_not_where(captioner: Captioner) -> None:
    samples, vocabulary = samples_of(captioner, shot_context=False), captioner.vocabulary
    moved = [
        replace(sample, views=tuple(replace(view, boxes=view.boxes * 0.5) for view in sample.views))
        for sample in samples
    ]

    def prompts(plan: PromptPlan) -> list[torch.Tensor]:
        with torch.no_grad():
            return [captioner.model.prompt(collate(some, vocabulary, plan))[0] for some in (samples, moved)]

    here, there = prompts(PromptPlan(positions=False))
    torch.testing.assert_close(here, there)
    here, there = prompts(PromptPlan())
    assert not torch.allclose(here, there)


@pytest.mark.parametrize("changed", [{"shot_context": True}, {"positions": False}])
def test_a_variant_is_trained_and_speaks_as_its_parameters_say(base: Path, tmp_path: Path, changed: dict) -> None:
    variant = VariantSettings(soft_prompt=True, region=True, text_prior=True, **changed)
    settings = small_settings(variants={"D": variant}, generation=GenerationSettings(max_tokens=6))
    features, casts = {FILM: around_features()}, {FILM: CAST}
    train_variant("D", 0, base, toy_records(), features, casts, settings, tmp_path)
    trained = load_captioner(tmp_path, base)
    assert (trained.plan.shot_context, trained.plan.positions) == (variant.shot_context, variant.positions)
    said = describe(trained, toy_records(), features, casts, bank="best query", settings=settings)
    assert len(said) == 4 and all(said)
