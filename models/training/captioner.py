"""Fine-tuning (section 4.4): a variant of Table 1 learns to describe from Storyboard-v2's clips."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from common.errors import BadInput
from common.files import write_json
from models.captioner.checkpoints import Captioner, load_base, save_captioner
from models.captioner.describe import describe_samples
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Augmentation, PromptPlan, Sample
from models.captioner.model import FocusedCaptioner
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, SoftPromptSettings
from models.captioner.speech import Cast, Speech
from models.captioner.vocabulary import UNKNOWN, Vocabulary
from models.training.observing import Observer, Quietly, Said
from models.training.resuming import Checkpoints, flat
from models.training.trainable import choose_trainable
from models.training.tuning import Lesson, start_accelerator, tune

log = logging.getLogger(__name__)
TRAINING_BANK = "best query"


@dataclass(frozen=True)
class Resume:
    """Where checkpoints lie, and what to do with those of a training that was not quite this one.

    `data` names what is trained from by version, e.g. "storyboard_v2/tt9000001" -> its digest, `code` what trains.
    """

    folder: Path
    data: Mapping[str, str]
    code: str = ""
    changed: Literal["refuse", "begin anew"] = "refuse"


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
    resume: Resume | None = None,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Trains one variant from the base model and writes it to `out`; returns its facts and final loss.

    `records` are the training films' clip records, each film's in time order; `features` and `casts` (names of a film's
    characters) are by film. Every variant takes the same number of steps: with equal time, shorter prompts would get
    more of them. Every process of a group calls this alike; the first one writes. Raises `BadInput` for an unknown
    variant, for no records, and for checkpoints of another training that are not to be thrown away.
    """
    chosen = settings.variants.get(variant)
    if chosen is None:
        raise BadInput(f"captioner: no variant {variant!r}; params.yaml defines {', '.join(sorted(settings.variants))}")
    if not records:
        raise BadInput("captioner: no training clips; storyboard_v2 must publish at least one")
    accelerator = start_accelerator(settings.training)
    checkpoints = _checkpoints(resume, settings, variant, seed) if accelerator.is_main_process else None
    torch.manual_seed(seed)
    model, vocabulary = load_base(base)
    if chosen.soft_prompt:
        start_soft_prompt(model, vocabulary, settings.soft_prompt, seed=seed)
    plan, trainable = prompt_plan(model, variant, settings), settings.trainable_of(variant)
    kept, learnt = split(records, settings.training.validation_clips)
    samples, validation = (
        [
            record_sample(
                each,
                features,
                casts,
                vocabulary,
                bank=TRAINING_BANK,
                settings=settings,
                shot_context=plan.shot_context,
            )
            for each in some
        ]
        for some in (learnt, kept)
    )
    lesson = Lesson(
        model=model,
        vocabulary=vocabulary,
        plan=plan,
        chosen=choose_trainable(model, trainable, plan, lora=settings.lora),
        samples=samples,
        clips=[f"{record['film']}:{record['clip_id']}" for record in learnt],
        augmentation=_augmentation(model, settings),
        seed=seed,
    )
    captioner = Captioner(model, vocabulary, plan)
    tuned = tune(
        lesson,
        settings.training,
        accelerator=accelerator,
        checkpoints=checkpoints,
        observer=Quietly(observer if accelerator.is_main_process else None),
        say=lambda: _say(captioner, kept, validation, settings),
    )
    curve = tuned.curve
    facts = {"variant": variant, "seed": seed, "trainable": trainable, "clips": len(samples)}
    if accelerator.is_main_process:
        save_captioner(out, captioner, weights=tuned.weights, base=base, **facts)
        write_json(out / "training.json", curve.as_dict())
        log.info("captioner: %s.%d %d steps, loss %.3f", variant, seed, len(curve.loss), curve.mean_of_last())
    accelerator.wait_for_everyone()
    return {**facts, "steps": len(curve.loss), "loss": curve.mean_of_last()}


def split(records: Sequence[Mapping[str, Any]], count: int) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """`count` clips, over all films and at different times in them, that nothing is learnt from, and the others.

    Every seed and variant keeps the same ones out, at most a quarter, so their texts can be compared.
    """
    count = min(count, len(records) // 4)
    whole = len(records)
    places = {(number * whole + (number + 1) * whole // (count + 1)) // count for number in range(count)}
    return (
        [record for place, record in enumerate(records) if place in places],
        [record for place, record in enumerate(records) if place not in places],
    )


def _checkpoints(resume: Resume | None, settings: CaptionerSettings, variant: str, seed: int) -> Checkpoints | None:
    if resume is None:
        return None
    parameters = flat(settings.of_training(variant, seed))
    parameters.pop("training.launch")
    if settings.trainable_of(variant) != "lora" or not settings.lora.dropout:
        # They change no gradient; but what LoRA's dropout leaves out is drawn per micro-batch.
        parameters.pop("training.processes")
        parameters.pop("training.micro_batch")
    checkpoints = Checkpoints(
        resume.folder, {"parameter": parameters, "data": resume.data, "code": {"of the training": resume.code}}
    )
    if resume.changed == "refuse":
        checkpoints.refuse_if_changed()
    elif changed := checkpoints.changes():
        log.warning("captioner: %s.%d begins anew, for what is trained changed: %s", variant, seed, "; ".join(changed))
        checkpoints.clear()
    return checkpoints


def _say(
    captioner: Captioner,
    records: Sequence[Mapping[str, Any]],
    samples: Sequence[Sample],
    settings: CaptionerSettings,
) -> list[Said]:
    found = describe_samples(captioner, samples, settings=settings.generation) if samples else []
    return [
        Said(f"{record['film']}:{record['clip_id']}", record["text"], hypotheses[0].text)
        for record, hypotheses in zip(records, found, strict=True)
    ]


def start_soft_prompt(model: FocusedCaptioner, vocabulary: Speech, settings: SoftPromptSettings, *, seed: int) -> None:
    """Puts a soft prompt as the settings ask for in the place of the base model's untrained one. BadInput for words to
    start at that the language model does not know."""
    if settings.start == "random":
        model.soft_prompt.start_at_random(settings.tokens, spread=settings.spread, seed=seed)
        return
    ids = vocabulary.target(settings.words, Cast((), ()))[:-1]  # without the end that follows a description
    if not ids or (isinstance(vocabulary, Vocabulary) and vocabulary.ids[UNKNOWN] in ids):
        raise BadInput(
            f"captioner.soft_prompt.words: {settings.words!r} has none or another word than the language model's; "
            "take words of the base model's vocabulary"
        )
    words = model.language_model.get_input_embeddings()
    model.soft_prompt.start_from(words(torch.tensor(ids, device=model.device)), tokens=settings.tokens)


def prompt_plan(model: FocusedCaptioner, name: str, settings: CaptionerSettings) -> PromptPlan:
    """The prompt that a variant is trained and predicts with; `BadInput` for what the base model's tower cannot do."""
    variant = settings.variants[name]
    if model.config.vision is not None and (variant.shot_context or not variant.positions):
        asked = "shot_context: true" if variant.shot_context else "positions: false"
        why = "looks at no shots around a clip" if variant.shot_context else "puts no positions into region tokens"
        raise BadInput(
            f"captioner.variants.{name}: {asked} wants base_model.kind studio, the published tower {why}; "
            f"leave {name} out of experiments.rows"
        )
    return PromptPlan(
        soft_prompt=variant.soft_prompt,
        region=variant.region,
        text_prior=variant.text_prior,
        soft_prompt_tokens=len(model.soft_prompt()),
        soft_prompt_position=settings.soft_prompt.position if variant.soft_prompt else "head",
        region_tokens=model.config.region_tokens,
        scene_tokens=model.config.scene_tokens,
        left_to_right=settings.character_order == "left to right",
        max_characters=settings.max_characters,
        shot_context=variant.shot_context,
        positions=variant.positions,
    )


def _augmentation(model: FocusedCaptioner, settings: CaptionerSettings) -> Augmentation:
    return Augmentation(
        drop_names=settings.drop_names,
        drop_regions=settings.drop_regions,
        drop_prior=settings.drop_prior,
        noise=settings.feature_noise,
        region_channels=model.config.region_channels,
        scene_channels=model.config.scene_channels,
    )
