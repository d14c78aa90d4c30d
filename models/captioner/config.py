"""The captioner's configuration, in transformers' form, so that `config.json` rebuilds the model."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig, Qwen2Config


class FocusedCaptionerConfig(PretrainedConfig):
    """Sizes of the connectors and the soft prompt, the ids of the placeholders, and the language model's own
    configuration (`language`, Qwen2's)."""

    model_type = "focused_captioner"

    def __init__(
        self,
        *,
        language: dict[str, Any] | None = None,
        region_size: int = 152,
        region_channels: int = 128,
        scene_size: int = 200,
        scene_channels: int = 160,
        frames: int = 8,
        scene_tokens: int = 4,
        region_tokens: int = 4,
        soft_prompt_tokens: int = 4,
        name_on_region: bool = True,
        region_id: int = 4,
        scene_id: int = 5,
        soft_id: int = 6,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.language = language or {}
        self.region_size, self.region_channels = region_size, region_channels
        self.scene_size, self.scene_channels = scene_size, scene_channels
        self.frames, self.scene_tokens, self.region_tokens = frames, scene_tokens, region_tokens
        self.soft_prompt_tokens = soft_prompt_tokens
        self.name_on_region = name_on_region
        self.region_id, self.scene_id, self.soft_id = region_id, scene_id, soft_id

    def language_config(self) -> Qwen2Config:
        """The language model's configuration as transformers' class."""
        return Qwen2Config(**self.language)
