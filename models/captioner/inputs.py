"""From clips to batches: the prompt's row of ids, the regions beside it, and the augmentation of training.

What a prompt reads like is its words' business (`speech.py`). Texts are encoded once; what changes per sample and step
is the draw of names, the mirror, and what is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from models.captioner.speech import Cast, Layout, SoftPosition, Speech
from models.captioner.tower import ClipTokens
from models.prior.text_prior import newest, prior_tokens


@dataclass(frozen=True)
class PromptPlan:
    """Which parts a prompt has (a variant of Table 1) and how they are laid out."""

    soft_prompt: bool = True
    region: bool = True
    text_prior: bool = True
    soft_prompt_tokens: int = 4
    soft_prompt_position: SoftPosition = "head"
    region_tokens: int = 4
    scene_tokens: int = 4
    left_to_right: bool = True
    max_characters: int = 4
    shot_context: bool = False
    positions: bool = True


@dataclass(frozen=True)
class Augmentation:
    """What training changes at random, as shares of the samples; names are always drawn anew.

    `noise` is a standard deviation on the first `channels` entries of the features; the answers behind them stay.
    """

    drop_names: float = 0.0
    drop_regions: float = 0.0
    drop_prior: float = 0.0
    noise: float = 0.0
    region_channels: int = 0
    scene_channels: int = 0
    mirror: bool = True


@dataclass(frozen=True)
class Sample:
    """An encoded clip. `views` are the clip's features as filmed and, where cached, mirrored; a character is its name's
    id and its row in the features (-1: no region)."""

    views: tuple[ClipTokens, ...]
    characters: tuple[tuple[int, int], ...]
    prior: tuple[int, ...]
    target: tuple[int, ...]
    cast: Cast
    cue: tuple[int, ...] = ()
    mirrors: bool = True
    weight: float = 1.0


@dataclass(frozen=True)
class CaptionBatch:
    """What the model takes; regions come in the order of their places in the prompts.

    prompt_ids (b, p) padded at the left, prompt_mask (b, p) bool, scene (b, s, scene size), region_features
    (n, f, region size), region_boxes (n, f, 4), region_seen (n, f) bool, region_names (n,) ids, target_ids (b, t)
    padded at the right, or None.
    """

    prompt_ids: Tensor
    prompt_mask: Tensor
    scene: Tensor
    region_features: Tensor
    region_boxes: Tensor
    region_seen: Tensor
    region_names: Tensor
    target_ids: Tensor | None

    def to(self, device: torch.device | str) -> CaptionBatch:
        """The batch on another device."""
        moved = {name: value.to(device) for name, value in vars(self).items() if value is not None}
        return replace(self, **moved)


def encode_sample(
    vocabulary: Speech,
    cast: Cast,
    *,
    views: Sequence[ClipTokens],
    characters: Sequence[tuple[str, int]],
    prior: Sequence[Mapping[str, str]],
    text: str = "",
    cue: str = "",
    previous_descriptions: int = 3,
    prior_words: int = 60,
) -> Sample:
    """Encodes a clip's texts against its cast; `characters` are names and rows in the features."""
    kept = newest(prior, descriptions=previous_descriptions)
    target = tuple(vocabulary.target(text, cast)) if text else ()
    sided = any(word in text.lower().split() for word in ("left", "right", "left.", "right."))
    return Sample(
        views=tuple(views),
        characters=tuple((vocabulary.name_id(cast.index(name)), row) for name, row in characters),
        prior=tuple(
            prior_tokens(kept, lambda said: vocabulary.encode(said, cast), vocabulary.tags, longest=prior_words)
        ),
        target=target,
        cast=cast,
        cue=tuple(vocabulary.encode(cue, cast)),
        mirrors=not sided,
    )


def augmented(sample: Sample, vocabulary: Speech, augmentation: Augmentation, rng: np.random.Generator) -> Sample:
    """The sample with new names, perhaps mirrored, perhaps without names, regions or prior."""
    drops = rng.random(3) < (augmentation.drop_names, augmentation.drop_regions, augmentation.drop_prior)
    first, count = vocabulary.name_id(0), vocabulary.names
    drawn = rng.permutation(count) + first

    def renamed(ids: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(drawn[number - first]) if first <= number < first + count else number for number in ids)

    names = renamed([name for name, _ in sample.characters])
    rows = [-1 if drops[1] else row for _, row in sample.characters]
    mirror = augmentation.mirror and sample.mirrors and len(sample.views) > 1 and bool(rng.random() < 0.5)
    return replace(
        sample,
        views=(_noisy(sample.views[int(mirror)], augmentation, rng),),
        characters=() if drops[0] else tuple(zip(names, rows, strict=True)),
        prior=() if drops[2] else renamed(sample.prior),
        target=renamed(sample.target),
    )


def collate(samples: Sequence[Sample], vocabulary: Speech, plan: PromptPlan) -> CaptionBatch:
    """Samples as one batch; the first view of each is used."""
    prompts: list[list[int]] = []
    regions: list[tuple[ClipTokens, int, int]] = []
    for sample in samples:
        prompt, shown = _prompt(sample, vocabulary, plan)
        prompts.append(prompt)
        regions += [(sample.views[0], row, name) for name, row in shown]
    width = max(map(len, prompts))
    prompt_ids = torch.tensor([[vocabulary.pad] * (width - len(prompt)) + prompt for prompt in prompts])
    targets = None
    if all(sample.target for sample in samples):
        length = max(len(sample.target) for sample in samples)
        targets = torch.tensor(
            [[*sample.target] + [vocabulary.pad] * (length - len(sample.target)) for sample in samples]
        )
    frames = max(sample.views[0].regions.shape[1] for sample in samples)
    size = samples[0].views[0].regions.shape[2]
    return CaptionBatch(
        prompt_ids=prompt_ids,
        prompt_mask=prompt_ids != vocabulary.pad,
        scene=torch.from_numpy(np.stack([_scene(sample.views[0], plan) for sample in samples])),
        region_features=_stacked([view.regions[row] for view, row, _ in regions], (frames, size)),
        region_boxes=_stacked([view.boxes[row] * plan.positions for view, row, _ in regions], (frames, 4)),
        region_seen=_stacked([view.seen[row] for view, row, _ in regions], (frames,)).bool(),
        region_names=torch.tensor([name for _, _, name in regions], dtype=torch.long),
        target_ids=targets,
    )


def prompt_length(sample: Sample, vocabulary: Speech, plan: PromptPlan) -> int:
    """How many places a sample's prompt has."""
    return len(_prompt(sample, vocabulary, plan)[0])


def _prompt(sample: Sample, vocabulary: Speech, plan: PromptPlan) -> tuple[list[int], list[tuple[int, int]]]:
    """The prompt's ids, and names and rows of the regions it keeps places for, in order."""
    characters = list(sample.characters[: plan.max_characters])
    if plan.left_to_right and plan.region:  # without regions the order must not tell who stands where
        characters.sort(key=lambda character: _across(sample.views[0], character[1]))
    has_region = [plan.region and row >= 0 for _, row in characters]
    scene = plan.scene_tokens * (3 if plan.shot_context else 1)
    prompt = vocabulary.prompt(
        [name for name, _ in characters],
        has_region,
        sample.cast,
        Layout(
            plan.soft_prompt_tokens if plan.soft_prompt else 0, scene, plan.region_tokens, plan.soft_prompt_position
        ),
        cue=sample.cue,
        prior=sample.prior if plan.text_prior else (),
    )
    return prompt, [character for character, has in zip(characters, has_region, strict=True) if has]


def _scene(view: ClipTokens, plan: PromptPlan) -> np.ndarray:
    """The clip's scene tokens; with shot context, those of the shots before and after follow."""
    if not plan.shot_context:
        return view.scene
    assert view.around is not None, "a prompt with shot context wants samples made with it"
    return np.concatenate([view.scene, *view.around])


def _across(view: ClipTokens, row: int) -> float:
    """Mean horizontal place of a region while it is seen; characters without region come last."""
    if row < 0 or not view.seen[row].any():
        return 2.0
    return float(view.boxes[row, view.seen[row], 0].mean())


def _noisy(view: ClipTokens, augmentation: Augmentation, rng: np.random.Generator) -> ClipTokens:
    if not augmentation.noise:
        return view
    scene, regions = view.scene.copy(), view.regions.copy()
    around = None if view.around is None else view.around.copy()
    for features, channels in ((scene, augmentation.scene_channels), (regions, augmentation.region_channels)):
        _add_noise(features[..., :channels], augmentation.noise, rng)
    if around is not None:
        _add_noise(around[..., : augmentation.scene_channels], augmentation.noise, rng)
    return replace(view, scene=scene, regions=regions, around=around)


def _add_noise(hidden: np.ndarray, noise: float, rng: np.random.Generator) -> None:
    hidden += noise * rng.standard_normal(hidden.shape, np.float32)


def _stacked(arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> Tensor:
    """Arrays over frames as one tensor; where clips have fewer key frames than others, zeros follow."""
    if not arrays:
        return torch.zeros(0, *shape)
    stacked = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for row, array in enumerate(arrays):
        stacked[row, : len(array)] = array
    return torch.from_numpy(stacked)
