"""Choices of a soft prompt, each trained alone around a frozen language model and judged on films kept out of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd
import torch
from pydantic import ValidationError

from common.errors import BadInput
from corpora.film import read_film
from models.captioner.checkpoints import Captioner, load_base, load_captioner
from models.captioner.describe import describe
from models.captioner.features import FilmFeatures, read_features
from models.captioner.inputs import collate
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, SoftPromptSettings, VariantSettings
from models.captioner.speech import SoftPosition
from models.measuring.captions_rows import judgments
from models.measuring.captions_truth import clip_records, film_facts
from models.training.captioner import TRAINING_BANK, prompt_plan, train_variant
from models.training.language_model import name_weights

log = logging.getLogger(__name__)
WITH, WITHOUT = "with", "without"  # the two variants that differ in the soft prompt alone


@dataclass(frozen=True)
class Choice:
    """How many vectors, where they stand and what they start at; 0: no soft prompt."""

    tokens: int
    position: SoftPosition = "head"
    start: Literal["random", "words"] = "random"

    @property
    def name(self) -> str:
        return f"{self.tokens}, {self.position}, {self.start}" if self.tokens else "none"


NONE = Choice(0)


def choices(
    own: SoftPromptSettings, tokens: Sequence[int], positions: Sequence[str], starts: Sequence[str], *, cross: bool
) -> list[Choice]:
    """No soft prompt, the one that the settings ask for, and others, which differ from it in one thing each, or with
    `cross` in any. BadInput for what is no such thing."""
    kept = Choice(own.tokens, own.position, own.start)
    if cross:
        asked = list(product(tokens, positions, starts))
    else:
        asked = [
            *((each, kept.position, kept.start) for each in tokens),
            *((kept.tokens, each, kept.start) for each in positions),
            *((kept.tokens, kept.position, each) for each in starts),
        ]
    found = [NONE, kept]
    for count, position, start in asked:
        if count:
            chosen = _checked(own, tokens=count, position=position, start=start)
            found.append(Choice(chosen.tokens, chosen.position, chosen.start))
    return list(dict.fromkeys(found))


def _checked(own: SoftPromptSettings, **changes: Any) -> SoftPromptSettings:
    try:
        return SoftPromptSettings.model_validate({**own.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"--{first['loc'][0]}: {first['input']!r}: {first['msg']}") from None


@dataclass(frozen=True)
class World:
    """What training films say, from published data: their clip records, features, casts, and the truth's facts."""

    base: Path
    records: dict[str, list[dict[str, Any]]]
    features: dict[str, FilmFeatures]
    casts: dict[str, list[str]]
    facts: dict[str, dict[int, dict[str, Any]]]

    def kept_out(self, count: int) -> tuple[str, ...]:
        """`count` films, evenly among all, that nothing is learnt from; BadInput where none would be left."""
        films = sorted(self.records)
        if not 0 < count < len(films):
            raise BadInput(f"--held-out {count}: there are {len(films)} training films; keep at least one of each kind")
        return tuple(films[(2 * place + 1) * len(films) // (2 * count)] for place in range(count))


def read_world(data: Path) -> World:
    """The published training films under `data`; BadInput where a stage is missing or a film has no truth."""
    films = sorted(path.parent.name for path in (data / "storyboard_v2").glob("*/clips.jsonl"))
    if not films or not (data / "base_model").is_dir():
        raise BadInput(f"{data}: no training clips or no base model published; run `make repro`, or name its data")
    return World(
        base=data / "base_model",
        records={film: clip_records(data / "storyboard_v2" / film) for film in films},
        features={film: read_features(data / "clip_features" / film) for film in films},
        casts={film: [each.name for each in read_film(data / "films" / film).cast] for film in films},
        facts={film: film_facts(data / "films" / film) for film in films},
    )


def trial(
    choice: Choice, seed: int, world: World, kept_out: Sequence[str], settings: CaptionerSettings
) -> pd.DataFrame:
    """Trains a choice's vectors on the other films and judges it on those kept out: a row per clip with film, clip_id,
    tokens, position, start, seed, loss (mean over the clip's words, names weighing as in training), and judgments.

    Without a soft prompt nothing is trained: it is the base model as it is.
    """
    settings = _alone(settings, choice)
    learnt = [record for film, some in world.records.items() if film not in kept_out for record in some]
    with TemporaryDirectory() as folder:
        if choice.tokens:
            out = Path(folder) / "captioner"
            train_variant(WITH, seed, world.base, learnt, world.features, world.casts, settings, out)
            captioner = load_captioner(out, world.base)
        else:
            model, vocabulary = load_base(world.base)
            captioner = Captioner(model.eval(), vocabulary, prompt_plan(model, WITHOUT, settings))
    rows = _judged(captioner, [record for film in kept_out for record in world.records[film]], world, settings)
    return rows.assign(tokens=choice.tokens, position=choice.position, start=choice.start, seed=seed)


def _alone(settings: CaptionerSettings, choice: Choice) -> CaptionerSettings:
    """The settings with two variants, C2 with a soft prompt and without; nothing but the soft prompt is trained."""
    training = settings.training.model_copy(update={"validation_clips": 0, "sample_every": 0, "checkpoint_every": 0})
    chosen = VariantSettings(soft_prompt=True, region=True, text_prior=True, trainable="soft prompt")
    changes: dict[str, Any] = {
        "training": training,
        "variants": {WITH: chosen, WITHOUT: chosen.model_copy(update={"soft_prompt": False})},
    }
    if choice.tokens:
        asked = {"tokens": choice.tokens, "position": choice.position, "start": choice.start}
        changes["soft_prompt"] = settings.soft_prompt.model_copy(update=asked)
    return settings.model_copy(update=changes)


@torch.no_grad()
def _judged(
    captioner: Captioner, records: Sequence[dict[str, Any]], world: World, settings: CaptionerSettings
) -> pd.DataFrame:
    weights = name_weights(captioner.vocabulary)
    said = describe(captioner, records, world.features, world.casts, bank=TRAINING_BANK, settings=settings)
    rows = []
    for record, text in zip(records, said, strict=True):
        sample = record_sample(
            record, world.features, world.casts, captioner.vocabulary, bank=TRAINING_BANK, settings=settings
        )
        loss = captioner.model(collate([sample], captioner.vocabulary, captioner.plan), weights=weights)
        film, clip = record["film"], int(record["clip_id"])
        right = judgments(world.facts[film].get(clip), text, f"{film}:{clip}")
        rows.append({"film": film, "clip_id": clip, "loss": float(loss), **right})
    return pd.DataFrame(rows)


def trials(
    chosen: Sequence[Choice],
    seeds: Sequence[int],
    world: World,
    kept_out: Sequence[str],
    settings: CaptionerSettings,
) -> pd.DataFrame:
    """All choices with all seeds (`trial`); without a soft prompt every seed is the same, so one counts for all."""
    tables = []
    for number, choice in enumerate(chosen, start=1):
        for seed in seeds if choice.tokens else seeds[:1]:
            rows = trial(choice, seed, world, kept_out, settings)
            tables += [rows] if choice.tokens else [rows.assign(seed=each) for each in seeds]
            log.info("soft prompt: %s (%d of %d), seed %d: loss %.3f, action %.3f", choice.name, number, len(chosen),
                     seed, rows["loss"].mean(), rows["action"].mean())  # fmt: skip
    return pd.concat(tables, ignore_index=True)
