"""The captioner's configuration, in transformers' form, so that `config.json` rebuilds the model.

One class spans the mini model and the published 7B: it states which scene connector and which region encoder stand
between the frozen vision tower's features and the language model.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from transformers import PretrainedConfig, Qwen2Config, SiglipVisionConfig

SceneKind = Literal["answers", "mlp", "stc"]
RegionKind = Literal["timed", "mlp-merge-mlp", "merge-mlp"]
DEEPEST = 1024  # layers; published models have a tenth of that


class FocusedCaptionerConfig(PretrainedConfig):
    """Sizes of the connectors and the soft prompt, the ids of the placeholders, and the language model's own
    configuration (`language`, Qwen2's).

    `scene_connector`: `answers`, the mini tower's hidden units and answers through an MLP; `mlp`, the paper's words: an
    MLP over one vector per key frame; `stc`, VideoRefer's spatio-temporal convolutions over patches.
    `region_encoder`: `timed`, the mini one, which also reads boxes and time; `mlp-merge-mlp`, the paper's order;
    `merge-mlp`, the released one. `vision` holds SiglipVisionConfig's arguments, or none beside the mini tower; the
    tower itself is no part of this model.
    """

    model_type = "focused_captioner"

    def __init__(
        self,
        *,
        language: dict[str, Any] | None = None,
        vision: dict[str, Any] | None = None,
        scene_connector: SceneKind = "answers",
        region_encoder: RegionKind = "timed",
        region_size: int = 152,
        region_channels: int = 128,
        scene_size: int = 200,
        scene_channels: int = 160,
        frames: int = 8,
        scene_frames: int = 4,
        connector_depth: int = 4,
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
        if scene_connector not in get_args(SceneKind):
            raise ValueError(f"scene_connector is {scene_connector!r}; known are {', '.join(get_args(SceneKind))}")
        if region_encoder not in get_args(RegionKind):
            raise ValueError(f"region_encoder is {region_encoder!r}; known are {', '.join(get_args(RegionKind))}")
        if not 0 < connector_depth <= DEEPEST:
            raise ValueError(f"connector_depth {connector_depth} is no depth of a connector")
        self.language, self.vision = language or {}, vision
        self.scene_connector, self.region_encoder = scene_connector, region_encoder
        self.region_size, self.region_channels = region_size, region_channels
        self.scene_size, self.scene_channels = scene_size, scene_channels
        self.frames, self.scene_frames, self.connector_depth = frames, scene_frames, connector_depth
        self.scene_tokens, self.region_tokens = scene_tokens, region_tokens
        self.soft_prompt_tokens = soft_prompt_tokens
        self.name_on_region = name_on_region
        self.region_id, self.scene_id, self.soft_id = region_id, scene_id, soft_id

    def language_config(self) -> Qwen2Config:
        """The language model's configuration as transformers' class."""
        return Qwen2Config(**of_bounded_depth(self.language))

    def vision_config(self) -> SiglipVisionConfig | None:
        """The published tower's configuration as transformers' class; none beside the mini tower."""
        return None if self.vision is None else SiglipVisionConfig(**of_bounded_depth(self.vision))


def of_bounded_depth(config: dict[str, Any]) -> dict[str, Any]:
    """The same configuration; `ValueError` for more layers than any model has, which would be built one by one for ever
    before anything is asked of the memory."""
    if not 0 <= int(config.get("num_hidden_layers", 0)) <= DEEPEST:
        raise ValueError(f"num_hidden_layers {config['num_hidden_layers']} is no depth of a model")
    return config


CONFIG_FIELDS = (
    "scene_connector",
    "region_encoder",
    "region_size",
    "region_channels",
    "scene_size",
    "scene_channels",
    "frames",
    "scene_frames",
    "connector_depth",
    "scene_tokens",
    "region_tokens",
    "soft_prompt_tokens",
    "name_on_region",
    "region_id",
    "scene_id",
    "soft_id",
)


def config_fields(config: FocusedCaptionerConfig) -> dict[str, Any]:
    """The arguments that build the same model; transformers' own bookkeeping is left out, it names versions."""
    fields = {name: getattr(config, name) for name in CONFIG_FIELDS}
    vision = None if config.vision is None else plain_fields(config.vision)
    return {**fields, "language": plain_fields(config.language), "vision": vision}


def plain_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    """A copy of a sub-model's arguments, as JSON can hold them."""
    plain = (int, float, str, bool, type(None))
    return {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in arguments.items()
        if isinstance(value, plain)
        or (isinstance(value, dict) and all(isinstance(inner, plain) for inner in value.values()))
    }
