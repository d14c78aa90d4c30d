"""A captioner of any size with random weights and prompts of the planned length, to measure speed and memory without a
download.

What it says means nothing. What it computes is the real thing's: the same modules, the same number of tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import SiglipVisionConfig, SiglipVisionModel

from models.captioner.checkpoints import Captioner
from models.captioner.config import FocusedCaptionerConfig
from models.captioner.inputs import PromptPlan, Sample
from models.captioner.model import FocusedCaptioner
from models.captioner.published.layout import captioner_config
from models.captioner.published.siglip import PublishedTower, raster
from models.captioner.published.sizes import CHARACTERS, PRIOR, TARGET, WRITTEN, published_config
from models.captioner.published.videorefer import VIDEOREFER
from models.captioner.speech import Cast, Layout
from models.captioner.tower import ClipTokens

KEY_FRAMES = 8  # of a region: four seconds at 30 frames a second and stride 15
_VISION: dict[str, Any] = {
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 4,
}
_LANGUAGE: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "mm_projector_type": "stc_connector_v35",
    "mm_hidden_size": 8,
}
SIZES = ("7B", "tiny")


def sized_config(size: str) -> FocusedCaptionerConfig:
    """`7B`: the published sizes (docs/captioner.md); `tiny`: the same layout, small enough for a test."""
    if size == "7B":
        return published_config()
    return captioner_config(
        VIDEOREFER,
        _LANGUAGE,
        SiglipVisionConfig(**_VISION),
        scene_frames=8,
        region_tokens=4,
        soft_prompt_tokens=4,
        pad_id=_LANGUAGE["vocab_size"] - 2,
        region_id=None,
        connector_depth=1,
    )


@dataclass(frozen=True)
class RandomSpeech:
    """Speech (`models.captioner.speech`) of numbers: prompts of the planned length, sentences that never end early."""

    words: int  # ids with a logit
    region_id: int
    scene_id: int
    soft_id: int
    names: int = 0

    @property
    def pad(self) -> int:
        return self.words - 2

    @property
    def tags(self) -> Mapping[str, tuple[int, ...]]:
        return {}

    def __len__(self) -> int:
        return self.words

    def bind(self, names: Iterable[str]) -> Cast:
        return Cast((), ())

    def name_id(self, token: int) -> int:
        return token

    def encode(self, text: str, cast: Cast) -> list[int]:
        return []

    def target(self, text: str, cast: Cast) -> list[int]:
        return self.some(TARGET)

    def prompt(
        self,
        names: Sequence[int],
        has_region: Sequence[bool],
        cast: Cast,
        layout: Layout,
        *,
        cue: Sequence[int],
        prior: Sequence[int],
    ) -> list[int]:
        regions = [self.region_id] * (layout.region * sum(has_region))
        parts = {
            "scene": [self.scene_id] * layout.scene,
            "prior": list(prior),
            "instruction": [*self.some(WRITTEN), *regions],
            "soft": [self.soft_id] * layout.soft,
        }
        return [each for part in layout.order(["scene", "prior", "instruction"]) for each in parts[part]]

    def ends(self, *, full_stop: bool) -> list[int]:
        return [self.words - 1]

    def unspeakable(self, cast: Cast) -> list[int]:
        return [*self.ends(full_stop=True), self.pad]

    def decode(self, ids: Iterable[int], cast: Cast) -> str:
        return " ".join(map(str, ids))

    def some(self, count: int) -> list[int]:
        """`count` ids of words, always the same."""
        return np.random.default_rng(count).integers(0, self.words // 2, count).tolist()


def random_captioner(config: FocusedCaptionerConfig, *, device: str, dtype: torch.dtype) -> Captioner:
    """Drawn on the device itself, in its precision: memory holds the weights once."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = FocusedCaptioner(config)
    finally:
        torch.set_default_dtype(before)
    speech = RandomSpeech(len_of(config), config.region_id, config.scene_id, config.soft_id)
    plan = PromptPlan(
        soft_prompt_tokens=config.soft_prompt_tokens,
        soft_prompt_position="after the scene",
        region_tokens=config.region_tokens,
        scene_tokens=config.scene_tokens,
    )
    return Captioner(model, speech, plan)


def len_of(config: FocusedCaptionerConfig) -> int:
    """Ids with a logit."""
    return int(config.language["vocab_size"])


def random_tower(config: FocusedCaptionerConfig, *, device: str, dtype: torch.dtype) -> PublishedTower:
    """The tower that stands before the captioner."""
    vision = config.vision_config()
    assert vision is not None, "a captioner of the published layout has a tower"
    with torch.device(device):
        model = SiglipVisionModel(vision)
    model.to(dtype)  # type: ignore[arg-type]  # transformers types `to` by a wrapper's
    return PublishedTower(model, scene_frames=config.scene_frames)


def random_samples(config: FocusedCaptionerConfig, speech: RandomSpeech, count: int) -> list[Sample]:
    """Clips with features like the tower's, two characters, a full text prior and a description of 60 tokens."""
    vision = config.vision_config()
    assert vision is not None
    patches = raster(vision)[1] ** 2
    random = np.random.default_rng(0)
    samples = []
    for _ in range(count):
        seen = np.ones((CHARACTERS, KEY_FRAMES), bool)
        view = ClipTokens(
            scene=random.standard_normal((config.scene_frames, patches, config.scene_size), np.float32).astype("f2"),
            regions=random.standard_normal((*seen.shape, config.region_size), np.float32).astype("f2"),
            boxes=random.random((*seen.shape, 4), np.float32),
            seen=seen,
        )
        samples.append(
            Sample(
                views=(view,),
                characters=tuple((0, row) for row in range(CHARACTERS)),
                prior=tuple(speech.some(PRIOR)),
                target=tuple(speech.some(TARGET)),
                cast=Cast((), ()),
            )
        )
    return samples


def random_frames(count: int) -> list[Any]:
    """Frames of a film, (480, 854, 3) bytes."""
    return list(np.random.default_rng(0).integers(0, 256, (count, 480, 854, 3), np.uint8))
