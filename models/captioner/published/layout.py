"""A published language model, with its connectors or without, as our captioner: its configuration read, its tensors
found by prefixes. What of the captioner nobody published comes from the base model's folder (`untrained.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from transformers import SiglipVisionConfig

from common.errors import BadInput
from common.files import read_json
from models.captioner.config import FocusedCaptionerConfig, RegionKind, SceneKind
from models.captioner.model import FocusedCaptioner
from models.captioner.published.siglip import raster
from models.captioner.published.stc import stc_tokens
from models.captioner.published.weights import PublishedFiles, load_by_map, refuse_unknown

LANGUAGE_FIELDS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "hidden_act",
    "max_position_embeddings",
    "initializer_range",
    "rms_norm_eps",
    "rope_theta",
    "rope_parameters",  # the same, as newer libraries write it
    "tie_word_embeddings",
    "bos_token_id",
    "eos_token_id",
)
VISION_FIELDS = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_channels",
    "image_size",
    "patch_size",
    "hidden_act",
    "layer_norm_eps",
)
CONNECTOR_DEPTH = 4  # written in VideoRefer's released code, not in its config


@dataclass(frozen=True)
class PublishedLayout:
    """Whose weights, what their `config.json` must say (with the value where it is silent, the code's default), which
    prefix of theirs is which of ours (the first that fits counts), what of them is left out, and the connectors that
    they have, if they have any."""

    whose: str
    needed: Mapping[str, tuple[Any, Any]]
    prefixes: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()
    connectors: tuple[SceneKind, RegionKind] | None = None

    def key_map(self, model: FocusedCaptioner) -> dict[str, str]:
        """Every published tensor that the model needs, and the name that it has here."""
        tied = model.config.language_config().tie_word_embeddings
        keys: dict[str, str] = {}
        for mine in model.state_dict():
            theirs = next((old + mine.removeprefix(new) for old, new in self.prefixes if mine.startswith(new)), None)
            if theirs is not None and not (tied and theirs.startswith("lm_head.")):
                keys[theirs] = mine
        return keys

    def not_read(self, key: str) -> bool:
        """Published tensors that are known and left out, and tables that are computed."""
        return key.startswith(self.left_out) or key.endswith("rotary_emb.inv_freq")

    def keys_of(self, model: FocusedCaptioner, files: PublishedFiles) -> dict[str, str]:
        """The key map; BadInput for a tensor in the files that neither it nor `not_read` knows."""
        keys = self.key_map(model)
        refuse_unknown(files, keys, self.not_read)
        return keys


def captioner_config(
    layout: PublishedLayout,
    published: Mapping[str, Any],
    vision: SiglipVisionConfig,
    *,
    scene_frames: int,
    region_tokens: int,
    soft_prompt_tokens: int = 4,
    pad_id: int,
    region_id: int | None,
    connectors: tuple[SceneKind, RegionKind] | None = None,
    connector_depth: int = CONNECTOR_DEPTH,
    where: str = "config.json",
) -> FocusedCaptionerConfig:
    """Our configuration of a published `config.json` beside its tower's. `connectors` are chosen where the weights have
    none. Placeholders that its tokenizer lacks get ids after the last row of the embedding. BadInput where the file is
    another layout's."""
    for name, (needed, silent) in layout.needed.items():
        if published.get(name, silent) != needed:
            raise BadInput(
                f"{where}: {name} is {published.get(name)!r}, {needed!r} was expected; name {layout.whose} weights"
            )
    if published.get("mm_hidden_size", vision.hidden_size) != vision.hidden_size:
        raise BadInput(
            f"{where}: mm_hidden_size is {published['mm_hidden_size']}, the tower's is {vision.hidden_size}; "
            "name the tower that it was trained with"
        )
    language = {name: published[name] for name in LANGUAGE_FIELDS if name in published}
    if missing := sorted({"vocab_size", "hidden_size", "num_hidden_layers"} - set(language)):
        raise BadInput(f"{where}: has no {missing[0]}; name {layout.whose} weights")
    chosen = layout.connectors or connectors
    if chosen is None:
        raise ValueError(f"{layout.whose} weights have no connectors: say which stand between tower and language model")
    rows = int(language["vocab_size"])
    return FocusedCaptionerConfig(
        language={**language, "pad_token_id": pad_id},
        vision={name: getattr(vision, name) for name in VISION_FIELDS},
        scene_connector=chosen[0],
        region_encoder=chosen[1],
        region_size=vision.hidden_size,
        region_channels=vision.hidden_size,
        scene_size=vision.hidden_size,
        scene_channels=vision.hidden_size,
        scene_frames=scene_frames,
        connector_depth=connector_depth,
        scene_tokens=stc_tokens(scene_frames, raster(vision)[1]) if chosen[0] == "stc" else scene_frames,
        region_tokens=region_tokens,
        soft_prompt_tokens=soft_prompt_tokens,
        name_on_region=False,
        region_id=rows if region_id is None else region_id,
        scene_id=rows + 1,
        soft_id=rows + 2,
    )


def empty_captioner(config: FocusedCaptionerConfig) -> FocusedCaptioner:
    """The captioner without memory for its weights, which are assigned when they are loaded."""
    with init_empty_weights(include_buffers=False):
        return FocusedCaptioner(config)


def load_captioner_weights(
    layout: PublishedLayout,
    files: PublishedFiles,
    untrained: PublishedFiles,
    config: FocusedCaptionerConfig,
    *,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> FocusedCaptioner:
    """The captioner with the published weights and, for all others, the untrained ones, in `dtype`; memory holds them
    once. BadInput where a tensor is in neither."""
    model = empty_captioner(config)
    keys = layout.keys_of(model, files)
    load_by_map(model, files, keys, dtype=dtype)
    load_by_map(model, untrained, {name: name for name in unpublished(model, keys)}, dtype=dtype)
    model.tie_weights()
    model.to(torch.device(device))  # type: ignore[arg-type]  # transformers types `to` by a wrapper's
    return model.eval()


def unpublished(model: FocusedCaptioner, keys: Mapping[str, str]) -> list[str]:
    """Our names of what no published tensor becomes; the language model is always whole."""
    return sorted(set(model.state_dict()) - set(keys.values()) - {"language_model.lm_head.weight"})


def read_published_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a published model."""
    content = read_json(folder / "config.json", foreign=True)
    if not isinstance(content, dict):
        raise BadInput(f"{folder.name}/config.json: not a configuration; fetch it again")
    return content
