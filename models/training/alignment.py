"""Alignment: connectors and language model learn to read the tower's tokens, on labelled stock clips.

The mini counterpart of VideoRefer's region-text alignment. One clip is told in several styles, chosen by a cue at the
head of the prompt; without a cue every style may come. A describer's style is one of them, which gives fine-tuning (and
the soft prompt, which sits where the cue sat) something to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.captioner.inputs import Augmentation, PromptPlan, Sample, augmented, collate, encode_sample
from models.captioner.model import FocusedCaptioner
from models.captioner.settings import OptimiserSettings
from models.captioner.speech import Speech
from models.captioner.tower import ClipTokens
from models.training.language_model import name_weights
from models.training.loop import Curve, by_length, fit

FACELESS = 2  # the description type whose subject's face is not seen
FACELESS_WEIGHT = 2.0  # rarer than it should be learnt


CUED = 0.5  # share of samples that say which style they want


@dataclass(frozen=True)
class Style:
    """A way to tell a clip: the words that ask for it, and how often it is asked for."""

    name: str
    cue: str
    weight: float


@dataclass(frozen=True)
class AlignedClip:
    """A stock clip ready to be told: its sample without target, and per style the ids of its possible texts."""

    sample: Sample
    cues: Mapping[str, tuple[int, ...]]
    targets: Mapping[str, Sequence[tuple[int, ...]]]
    weight: float


def aligned_clip(
    facts: Mapping[str, Any],
    views: Sequence[ClipTokens],
    vocabulary: Speech,
    styles: Sequence[Style],
    *,
    prior_words: int = 60,
) -> AlignedClip:
    """Encodes a clip's facts (`stock_set.LabelledClip.facts`); only people whose face is seen are known characters, as
    perception would have it. `facts["texts"]` holds the clip's sentences by style."""
    cast = vocabulary.bind(facts["cast"])
    known = [(name, row) for row, (name, face) in enumerate(zip(facts["names"], facts["face"], strict=True)) if face]
    sample = encode_sample(
        vocabulary, cast, views=views, characters=known, prior=facts["prior"], prior_words=prior_words
    )
    targets = {
        style.name: [tuple(vocabulary.target(text, cast)) for text in facts["texts"][style.name]]
        for style in styles
        if facts["texts"].get(style.name)
    }
    cues = {style.name: tuple(vocabulary.encode(style.cue, cast)) for style in styles}
    mirrors = not any(side in text for texts in facts["texts"].values() for text in texts for side in ("left", "right"))
    weight = FACELESS_WEIGHT if facts["type"] == FACELESS else 1.0
    return AlignedClip(replace(sample, mirrors=mirrors), cues, targets, weight)


def align(
    model: FocusedCaptioner,
    vocabulary: Speech,
    clips: Sequence[AlignedClip],
    styles: Sequence[Style],
    settings: OptimiserSettings,
    *,
    seed: int,
    augmentation: Augmentation,
    on_step: Callable[[int, float], None] | None = None,
) -> Curve:
    """Trains connectors and language model together; the soft prompt is not part of these prompts."""
    rng = np.random.default_rng([seed, 17])
    torch.manual_seed(seed)
    plan = base_plan(model)
    chance = np.array([clip.weight for clip in clips])
    chance = chance / chance.sum()
    weights = name_weights(vocabulary)
    asked = {style.name: style.weight for style in styles}

    batches = by_length(
        lambda: _told(clips[int(rng.choice(len(clips), p=chance))], asked, rng),
        lambda sample: 9 * len(sample.characters) + len(sample.prior) + len(sample.target),
        rng,
        batch=settings.batch,
    )

    def loss_of(step: int) -> Tensor:
        samples = [augmented(sample, vocabulary, augmentation, rng) for sample in next(batches)]
        return model(collate(samples, vocabulary, plan), weights=weights)

    model.train()
    parameters = [parameter for name, parameter in model.named_parameters() if not name.startswith("soft_prompt.")]
    return fit(parameters, loss_of, settings, on_step=on_step, what="alignment")


def base_plan(model: FocusedCaptioner) -> PromptPlan:
    """The base model's prompt: a cue or nothing where a variant's soft prompt will be."""
    return PromptPlan(
        soft_prompt=False, region_tokens=model.config.region_tokens, scene_tokens=model.config.scene_tokens
    )


def _told(clip: AlignedClip, asked: Mapping[str, float], rng: np.random.Generator) -> Sample:
    names = [name for name in asked if name in clip.targets]
    chance = np.array([asked[name] for name in names])
    style = names[int(rng.choice(len(names), p=chance / chance.sum()))]
    texts = clip.targets[style]
    cue = clip.cues[style] if rng.random() < CUED else ()
    return replace(clip.sample, cue=cue, target=texts[int(rng.integers(len(texts)))])
