"""Training of the AutoAD-I style model: GPT-2 on text alone, then the mapping network on Storyboard-v2's clips.

As in its paper, what is scarce (clips with their context) comes last, and text without pictures first; the text is the
mini world's (`corpora.studio.facts_text`), which our own language model reads too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from common.errors import BadInput
from corpora.studio.facts_text import TextWorld
from models.baselines.autoad import (
    LEAST_TOLD,
    AutoAD,
    Shape,
    contexts,
    padded,
    save_autoad,
    scenes,
)
from models.baselines.names import named_in, without_strangers
from models.baselines.perceived import answering_tower, answers_of
from models.baselines.settings import AutoADSettings
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Augmentation, Sample, augmented
from models.captioner.records import NO_BANK, record_sample
from models.captioner.settings import CaptionerSettings, OptimiserSettings
from models.captioner.tower import Tower
from models.captioner.vocabulary import Vocabulary, read_vocabulary
from models.prior.text_prior import prior_tokens
from models.training.captioner import split
from models.training.draws import Draws
from models.training.language_model import name_weights, speaking_cast
from models.training.loop import Curve, by_length, fit, write_curves

log = logging.getLogger(__name__)
WITHOUT_CONTEXT = WITHOUT_SCENE = 0.4  # shares of the text samples that lack one half


@dataclass(frozen=True)
class Row:
    """A text sample's ids, and the scene feature that fits it (features,)."""

    context: list[int]
    scene: np.ndarray
    target: list[int]


def train_autoad(
    seed: int,
    base: Path,
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    settings: AutoADSettings,
    captioner: CaptionerSettings,
    out: Path,
) -> None:
    """Trains the model and writes it with its curves to `out`: as many steps over clips as a captioner's variant.

    `BadInput` where there are no clips.
    """
    if not records:
        raise BadInput("AutoAD-I: no training clips; storyboard_v2 must publish at least one")
    torch.manual_seed(seed)
    tower, vocabulary = answering_tower(base), read_vocabulary(base / "vocabulary.json")
    _, learnt = split(records, captioner.training.validation_clips)
    samples = [
        record_sample(record, features, casts, vocabulary, bank=NO_BANK, settings=captioner) for record in learnt
    ]
    shape = Shape(
        features=samples[0].views[0].scene.shape[-1],
        width=settings.width,
        layers=settings.layers,
        heads=settings.heads,
        prefix_tokens=settings.prefix_tokens,
        mapping_layers=settings.mapping_layers,
        positions=places(captioner, settings.prefix_tokens, longest=max(len(sample.target) for sample in samples)),
    )
    model = AutoAD(shape, vocabulary).train()
    model.mapping.standardise(scenes(samples).flatten(0, 1))
    text = pretrain_on_text(model, vocabulary, tower, settings.pretraining, seed=seed, longest=captioner.prior_words)
    films = [str(record["film"]) for record in learnt]
    clips = train_on_clips(model, vocabulary, samples, films, settings, captioner, seed=seed)
    save_autoad(out, model, vocabulary, seed=seed, clips=len(samples), trainable=settings.trainable)
    write_curves(out / "training.json", text=text, clips=clips)
    log.info("baselines: AutoAD-I.%d text %.3f, clips %.3f", seed, text.mean_of_last(), clips.mean_of_last())


def places(captioner: CaptionerSettings, prefix_tokens: int, *, longest: int) -> int:
    """Positions that GPT-2 needs for the longest context, the prefix, begin, and a description: one that is generated,
    or the `longest` to learn from (tokens)."""
    return captioner.prior_words + prefix_tokens + 1 + max(LEAST_TOLD, captioner.generation.max_tokens, longest)


def pretrain_on_text(
    model: AutoAD, vocabulary: Vocabulary, tower: Tower, settings: OptimiserSettings, *, seed: int, longest: int
) -> Curve:
    """Both parts learn from text that has one half of what a clip has: a context, or what the tower would have seen.

    Every step sees new text.
    """
    cast = speaking_cast(vocabulary)
    world, rng = TextWorld(seed, cast.names), np.random.default_rng([seed, 51])
    nothing = model.mapping.mean.numpy()
    weights = name_weights(vocabulary)

    def draw() -> Row:
        sample, part = world.sample("description"), rng.random()
        context = prior_tokens(
            sample.prior, lambda text: vocabulary.encode(text, cast), vocabulary.tags, longest=longest
        )
        context = [] if part < WITHOUT_CONTEXT else context
        scene = nothing if part > 1 - WITHOUT_SCENE else answers_of(sample, tower, nothing)
        target = vocabulary.target(sample.target, cast)
        return Row(context, scene, without_strangers(target, named_in(context, vocabulary), vocabulary))

    batches = by_length(draw, lambda row: len(row.context) + len(row.target), rng, batch=settings.batch)

    def loss_of(step: int) -> Tensor:
        rows = next(batches)
        seen = torch.from_numpy(np.stack([row.scene for row in rows]))[:, None]
        seen = seen.expand(-1, tower.shape.scene_frames, -1)
        said = padded([row.target for row in rows], model.pad)
        return model.loss(padded([row.context for row in rows], model.pad, left=True), seen, said, weights=weights)

    return fit(model.parameters(), loss_of, settings, what="AutoAD-I on text")


def train_on_clips(
    model: AutoAD,
    vocabulary: Vocabulary,
    samples: Sequence[Sample],
    films: Sequence[str],
    settings: AutoADSettings,
    captioner: CaptionerSettings,
    *,
    seed: int,
) -> Curve:
    """The mapping network (with "all", GPT-2 too) learns from clips, drawn as a captioner's variant draws them."""
    training = captioner.training
    draws = Draws(films, seed=seed, sequences=training.sequences, consecutive=training.consecutive)
    steps = training.steps if training.epochs is None else draws.steps(training.epochs)
    assert steps is not None
    model.gpt.requires_grad_(settings.trainable == "all")
    weights = name_weights(vocabulary)
    augmentation = Augmentation(
        drop_prior=captioner.drop_prior,
        noise=captioner.feature_noise,
        scene_channels=samples[0].views[0].scene.shape[-1],
    )

    def loss_of(step: int) -> Tensor:
        drawn = [
            augmented(samples[clip], vocabulary, augmentation, draws.of_place(step, place))
            for place, clip in enumerate(draws.batch(step))
        ]
        said = [without_strangers(sample.target, named_in(sample.prior, vocabulary), vocabulary) for sample in drawn]
        return model.loss(contexts(drawn, model.pad), scenes(drawn), padded(said, model.pad), weights=weights)

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    schedule = training.schedule(steps).model_copy(update={"rate": settings.rate})
    return fit(trained, loss_of, schedule, what="AutoAD-I on clips")
