"""What the published sizes cost: parameters by part, tokens, memory. Prints the plan of docs/captioner.md.

    python -m models.captioner.published.sizes

Parameters are counted on modules of the real classes on the meta device; everything else is arithmetic over them, said
beside each figure. No weights are needed. 1 GB is 1e9 bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from models.captioner.config import FocusedCaptionerConfig
from models.captioner.model import FocusedCaptioner
from models.captioner.published.layout import CONNECTOR_DEPTH, captioner_config
from models.captioner.published.stc import stc_tokens
from models.captioner.published.videorefer import VIDEOREFER
from models.captioner.settings import LoraSettings

# The public configurations. VideoRefer's vocabulary is Qwen2's padded one, into which <region> fits.
SIGLIP_SO400M: dict[str, Any] = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 384,
    "patch_size": 14,
}
VIDEOREFER_7B: dict[str, Any] = {
    "vocab_size": 152064,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "tie_word_embeddings": False,
    "mm_projector_type": "stc_connector_v35",
    "mm_hidden_size": 1152,
}
PAD_ID = 151643  # <|endoftext|>
REGION_ID = 151646  # the first id after Qwen2's own special tokens
HALF, FULL = 2, 4  # bytes
ADAMW = 3 * FULL  # gradient and two moments of a trained weight in full precision
WRITTEN = 90  # tokens of system message, instruction and turns, with two characters
PRIOR, TARGET, REGION_TOKENS, CHARACTERS = 256, 60, 4, 2
LORA = LoraSettings(rank=64, targets=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"))


def published_config(*, scene_frames: int = 8, soft_prompt_tokens: int = 4) -> FocusedCaptionerConfig:
    """The captioner's configuration with VideoRefer-7B's sizes."""
    return captioner_config(
        VIDEOREFER,
        VIDEOREFER_7B,
        SiglipVisionConfig(**SIGLIP_SO400M),
        scene_frames=scene_frames,
        region_tokens=REGION_TOKENS,
        soft_prompt_tokens=soft_prompt_tokens,
        pad_id=PAD_ID,
        region_id=REGION_ID,
    )


def count(module: nn.Module) -> int:
    """Parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def counts(config: FocusedCaptionerConfig) -> dict[str, int]:
    """Parameters by part, the tower's among them where the configuration has one; nothing is allocated."""
    with torch.device("meta"):
        model = FocusedCaptioner(config)
        vision = config.vision_config()
        parts = {"tower": count(SiglipVisionModel(vision))} if vision else {}
    return parts | {
        "scene connector": count(model.scene_connector),
        "region encoder": count(model.region_connector),
        "language model": count(model.language_model),
        "soft prompt": count(model.soft_prompt),
    }


def lora_parameters(language: Mapping[str, Any], settings: LoraSettings) -> int:
    """rank x (inputs + outputs) of every adapted layer."""
    width, inner = language["hidden_size"], language["intermediate_size"]
    narrow = width // language["num_attention_heads"] * language["num_key_value_heads"]
    shapes = {"q": (width, width), "k": (width, narrow), "v": (width, narrow), "o": (width, width)}
    shapes |= {"gate": (width, inner), "up": (width, inner), "down": (inner, width)}
    each = sum(sum(shapes[name.removesuffix("_proj")]) for name in settings.targets)
    return settings.rank * each * int(language["num_hidden_layers"])


def cache_bytes(language: Mapping[str, Any]) -> int:
    """Keys and values of one token in all layers, in half precision."""
    head = language["hidden_size"] // language["num_attention_heads"]
    return 2 * int(language["num_hidden_layers"]) * int(language["num_key_value_heads"]) * int(head) * HALF


def layer_bytes(language: Mapping[str, Any]) -> int:
    """What a layer keeps of one token for its gradient, in half precision: the inputs of two norms, of queries, keys
    and values, of the output projection and of the MLP, the projections themselves, and the MLP's three wide rows."""
    width, inner = int(language["hidden_size"]), int(language["intermediate_size"])
    narrow = width // language["num_attention_heads"] * language["num_key_value_heads"]
    return int(HALF * (7 * width + 2 * narrow + 4 * inner))


def connector_bytes(frames: int) -> int:
    """What the scene connector keeps of a clip for its gradient, in half precision: 11 maps of each block (the inputs
    of three convolutions, norms and activations, of squeeze and excite, of the sum), at both of its rasters."""
    side = SIGLIP_SO400M["image_size"] // SIGLIP_SO400M["patch_size"]
    places = frames * side * side + stc_tokens(frames, side)
    return int(HALF * 11 * CONNECTOR_DEPTH * places * VIDEOREFER_7B["hidden_size"])


def parameters_table(parts: Mapping[str, int]) -> str:
    rows = [[name, f"{size:,}", giga(size * HALF)] for name, size in parts.items()]
    together = sum(parts.values())
    return table(["part", "parameters", "GB in bf16"], [*rows, ["together", f"{together:,}", giga(together * HALF)]])


def prompt_tokens(frames: int, soft: int) -> int:
    """Tokens of a prompt with two characters and a full text prior."""
    side = SIGLIP_SO400M["image_size"] // SIGLIP_SO400M["patch_size"]
    return stc_tokens(frames, side) + soft + WRITTEN + PRIOR + CHARACTERS * REGION_TOKENS


def tokens_table(config: FocusedCaptionerConfig) -> str:
    side = SIGLIP_SO400M["image_size"] // SIGLIP_SO400M["patch_size"]
    patches = side * side * SIGLIP_SO400M["hidden_size"] * HALF
    rows = []
    for frames in (8, 16):
        prompt = prompt_tokens(frames, config.soft_prompt_tokens)
        cache = 5 * (prompt + TARGET) * cache_bytes(config.language)
        sizes = (stc_tokens(frames, side), prompt, prompt + TARGET)
        rows.append([frames, *(f"{size:,}" for size in sizes), f"{frames * patches / 1e6:.1f}", giga(cache)])
    head = ["scene frames", "scene tokens", "prompt", "with answer", "cached MB a clip", "KV cache GB, 5 beams"]
    return table(head, rows)


def training_table(parts: Mapping[str, int], config: FocusedCaptionerConfig) -> str:
    """By `captioner.trainable`: trained weights in full precision with gradient and AdamW's moments, the rest in half.
    Per clip of 8 frames the activations with gradient checkpointing and without, full-precision logits in both."""
    language = config.language
    connectors = parts["scene connector"] + parts["region encoder"]
    adapters = lora_parameters(language, LORA)
    captioner = sum(parts.values()) - parts["tower"]
    length = prompt_tokens(8, config.soft_prompt_tokens) + TARGET
    layers = int(language["num_hidden_layers"])
    logits = 3 * TARGET * int(language["vocab_size"]) * FULL
    entries = length * HALF * int(language["hidden_size"]) * layers  # every layer's input
    rows = []
    for name, trained, added in (
        ("soft prompt (Figure 2)", 0, 0),
        ("soft prompt and connectors", connectors, 0),
        (f"lora, rank {LORA.rank}", connectors, adapters),
        ("all", connectors + parts["language model"], 0),
    ):
        changed = parts["soft prompt"] + trained + added
        weights = (captioner + added - changed) * HALF + changed * FULL
        own = connector_bytes(8) if trained else 0
        thrifty = logits + own + entries + length * layer_bytes(language)
        whole = logits + own + length * layer_bytes(language) * layers
        together = weights + changed * ADAMW + 4 * thrifty
        rows.append([name, f"{changed:,}", *map(giga, (weights, changed * ADAMW, thrifty, whole, together))])
    head = ["trained", "weights trained", "weights GB", "gradient and AdamW GB", "a clip, checkpointed GB"]
    return table([*head, "a clip, all kept GB", "together, 4 clips, checkpointed GB"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in lines)


def giga(size: float) -> str:
    return f"{size / 1e9:.2f}" if size < 1e9 else f"{size / 1e9:.1f}"


def plan() -> str:
    """The page's tables: parameters, tokens and caches, training."""
    config = published_config()
    parts = counts(config)
    return "\n\n".join([parameters_table(parts), tokens_table(config), training_table(parts, config)])


def main() -> None:
    """Prints the plan."""
    sys.stdout.write(plan() + "\n")


if __name__ == "__main__":
    main()
