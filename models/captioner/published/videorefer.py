"""VideoRefer-7B's published layout, as our captioner: its configuration read, and its key map written down.

    published                                   ours
    model.embed_tokens|layers.N|norm            language_model.model.embed_tokens|layers.N|norm
    lm_head                                     language_model.lm_head
    model.mm_projector.s1|sampler|s2|readout    scene_connector.s1|sampler|s2|readout
    model.region_encoder.feat_linear.0|2        region_connector.per_token.0|2
    model.vision_tower...                       not read: the tower is frozen, SigLIP's own repository has it

The soft prompt was never published: it starts untrained, as everywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from transformers import SiglipVisionConfig

from common.errors import BadInput
from common.files import read_json
from models.captioner.config import FocusedCaptionerConfig
from models.captioner.model import FocusedCaptioner
from models.captioner.published.siglip import raster
from models.captioner.published.stc import stc_tokens
from models.captioner.published.weights import load_by_map, published_files, refuse_unknown

PREFIXES = (
    ("model.mm_projector.", "scene_connector."),
    ("model.region_encoder.feat_linear.", "region_connector.per_token."),
    ("lm_head.", "language_model.lm_head."),
    ("model.", "language_model.model."),
)
# What VideoRefer's config.json must say, with the value where it is silent (its code's defaults).
NEEDED = {
    "mm_projector_type": ("stc_connector_v35", None),
    "mm_region_encoder_type": ("pooling", "pooling"),
    "mm_vision_select_layer": (-2, -2),
}
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
CONNECTOR_DEPTH = 4  # written in the released code, not in its config


def captioner_config(
    published: dict[str, Any],
    vision: SiglipVisionConfig,
    *,
    scene_frames: int,
    region_tokens: int,
    soft_prompt_tokens: int,
    pad_id: int,
    region_id: int | None,
    connector_depth: int = CONNECTOR_DEPTH,
    where: str = "config.json",
) -> FocusedCaptionerConfig:
    """Our configuration of a published `config.json` beside its tower's. Placeholders that its tokenizer lacks get ids
    after the last row of the embedding. BadInput where the file is not VideoRefer's."""
    for name, (needed, silent) in NEEDED.items():
        if published.get(name, silent) != needed:
            raise BadInput(
                f"{where}: {name} is {published.get(name)!r}, {needed!r} was expected; name VideoRefer's weights"
            )
    if published.get("mm_hidden_size", vision.hidden_size) != vision.hidden_size:
        raise BadInput(
            f"{where}: mm_hidden_size is {published['mm_hidden_size']}, the tower's is {vision.hidden_size}; "
            "name the tower that it was trained with"
        )
    language = {name: published[name] for name in LANGUAGE_FIELDS if name in published}
    if missing := sorted({"vocab_size", "hidden_size", "num_hidden_layers"} - set(language)):
        raise BadInput(f"{where}: has no {missing[0]}; name VideoRefer's weights")
    rows = int(language["vocab_size"])
    return FocusedCaptionerConfig(
        language={**language, "pad_token_id": pad_id},
        vision={name: getattr(vision, name) for name in VISION_FIELDS},
        scene_connector="stc",
        region_encoder="merge-mlp",
        region_size=vision.hidden_size,
        region_channels=vision.hidden_size,
        scene_size=vision.hidden_size,
        scene_channels=vision.hidden_size,
        scene_frames=scene_frames,
        connector_depth=connector_depth,
        scene_tokens=stc_tokens(scene_frames, raster(vision)[1]),
        region_tokens=region_tokens,
        soft_prompt_tokens=soft_prompt_tokens,
        name_on_region=False,
        region_id=rows if region_id is None else region_id,
        scene_id=rows + 1,
        soft_id=rows + 2,
    )


def key_map(model: FocusedCaptioner) -> dict[str, str]:
    """Every published tensor that the model needs, and the name that it has here."""
    tied = model.config.language_config().tie_word_embeddings
    keys: dict[str, str] = {}
    for mine in model.state_dict():
        theirs = next((old + mine.removeprefix(new) for old, new in PREFIXES if mine.startswith(new)), None)
        if theirs is not None and not (tied and theirs.startswith("lm_head.")):
            keys[theirs] = mine
    return keys


def not_read(key: str) -> bool:
    """Published tensors that are known and left out: the tower's copy, and tables that are computed."""
    return key.startswith("model.vision_tower.") or key.endswith("rotary_emb.inv_freq")


def load_videorefer(
    folder: Path, config: FocusedCaptionerConfig, *, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> FocusedCaptioner:
    """The captioner with the published weights of `folder` in `dtype`; memory holds them once."""
    files = published_files(folder)
    with init_empty_weights(include_buffers=False):
        model = FocusedCaptioner(config)
    keys = key_map(model)
    refuse_unknown(files, keys, not_read)
    load_by_map(model, files, keys, dtype=dtype)
    model.tie_weights()
    width = config.language_config().hidden_size
    soft_prompt = type(model.soft_prompt)(config.soft_prompt_tokens, width)
    model.soft_prompt = soft_prompt.to(dtype)
    model.to(torch.device(device))  # type: ignore[arg-type]  # transformers types `to` by a wrapper's
    return model.eval()


def read_published_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a published model."""
    content = read_json(folder / "config.json")
    if not isinstance(content, dict):
        raise BadInput(f"{folder.name}/config.json: not a configuration; fetch it again")
    return content
