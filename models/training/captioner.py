"""Fine-tuning (section 4.4): a variant of Table 1 learns to describe from Storyboard-v2's clips."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common.errors import BadInput
from common.files import write_json
from models.captioner.checkpoints import Captioner, load_base, save_captioner
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Augmentation, PromptPlan, Sample, augmented, collate
from models.captioner.model import FocusedCaptioner, set_trainable
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, VariantSettings
from models.captioner.vocabulary import Vocabulary
from models.training.language_model import name_weights
from models.training.loop import Curve, fit

log = logging.getLogger(__name__)
TRAINING_BANK = "best query"


def train_variant(
    variant: str,
    seed: int,
    base: Path,
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    settings: CaptionerSettings,
    out: Path,
    *,
    on_step: Callable[[int, float], None] | None = None,
) -> dict[str, Any]:
    """Trains one variant from the base model and writes it to `out`; returns its facts and final loss.

    `records` are the training films' clip records, `features` and `casts` (names of a film's characters) are by film.
    Every variant takes the same number of steps: with equal time, shorter prompts would get more of them. Raises
    `BadInput` for an unknown variant or for no records.
    """
    chosen = settings.variants.get(variant)
    if chosen is None:
        raise BadInput(f"captioner: no variant {variant!r}; params.yaml defines {', '.join(sorted(settings.variants))}")
    if not records:
        raise BadInput("captioner: no training clips; storyboard_v2 must publish at least one")
    torch.manual_seed(seed)
    model, vocabulary = load_base(base)
    samples = [
        record_sample(record, features, casts, vocabulary, bank=TRAINING_BANK, settings=settings) for record in records
    ]
    plan = prompt_plan(model, chosen, settings)
    trainable = settings.trainable_of(variant)
    parameters = set_trainable(model, trainable)
    curve = tune(
        model,
        vocabulary,
        samples,
        plan=plan,
        parameters=parameters,
        augmentation=_augmentation(model, settings),
        settings=settings,
        seed=seed,
        on_step=on_step,
    )
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    facts = {"variant": variant, "seed": seed, "trainable": trainable, "clips": len(samples)}
    save_captioner(out, Captioner(model, vocabulary, plan), trained=trained, **facts)
    write_json(out / "training.json", curve.as_dict())
    log.info("captioner: %s.%d %d steps, loss %.3f", variant, seed, settings.training.steps, curve.mean_of_last())
    return {**facts, "steps": settings.training.steps, "loss": curve.mean_of_last()}


def prompt_plan(model: FocusedCaptioner, variant: VariantSettings, settings: CaptionerSettings) -> PromptPlan:
    """The prompt that a variant is trained and predicts with."""
    return PromptPlan(
        soft_prompt=variant.soft_prompt,
        region=variant.region,
        text_prior=variant.text_prior,
        soft_prompt_tokens=model.config.soft_prompt_tokens,
        region_tokens=model.config.region_tokens,
        scene_tokens=model.config.scene_tokens,
        left_to_right=settings.character_order == "left to right",
        max_characters=settings.max_characters,
    )


def tune(
    model: FocusedCaptioner,
    vocabulary: Vocabulary,
    samples: Sequence[Sample],
    *,
    plan: PromptPlan,
    parameters: list[torch.nn.Parameter],
    augmentation: Augmentation,
    settings: CaptionerSettings,
    seed: int,
    on_step: Callable[[int, float], None] | None = None,
) -> Curve:
    """Runs the loop over augmented batches; clips are drawn in epochs, so none is seen twice before all were once."""
    rng = np.random.default_rng([seed, 31])
    size = settings.training.batch
    queue: list[int] = []
    weights = name_weights(vocabulary)

    def loss_of(step: int) -> torch.Tensor:
        while len(queue) < size:
            queue.extend(rng.permutation(len(samples)).tolist())
        drawn = [samples[queue.pop(0)] for _ in range(size)]
        batch = collate([augmented(sample, vocabulary, augmentation, rng) for sample in drawn], vocabulary, plan)
        return model(batch, weights=weights)

    model.train()
    return fit(parameters, loss_of, settings.training, on_step=on_step, what="captioner")


def _augmentation(model: FocusedCaptioner, settings: CaptionerSettings) -> Augmentation:
    return Augmentation(
        drop_names=settings.drop_names,
        drop_regions=settings.drop_regions,
        drop_prior=settings.drop_prior,
        noise=settings.feature_noise,
        region_channels=model.config.region_channels,
        scene_channels=model.config.scene_channels,
    )
