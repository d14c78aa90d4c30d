"""VideoRefer-7B, Qwen2-7B-Instruct and SigLIP in small: random weights in exactly the published layouts, and a short
film to look at."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pycocotools import mask as coco_mask
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2Config, Qwen2ForCausalLM, SiglipVisionConfig, SiglipVisionModel

from corpora.film import Character, Description, Film
from corpora.video import write_video
from models.captioner.model import FocusedCaptioner
from models.captioner.published.layout import captioner_config
from models.captioner.published.videorefer import VIDEOREFER
from models.captioner.published.weights import published_files
from models.captioner.settings import BaseModelSettings, PublishedSettings, Qwen2Settings, VideoReferSettings

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOWER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
VISION = {
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 4,
}
SENTENCES = [
    "Anna waves at Tom.",
    "He walks to the door and it rains.",
    "Describe what happens in the video in one sentence, as audio description.",
    "The name of [] is Anna. What is she doing? You are a helpful assistant.",
    "There are two main characters. <visual descriptions> <subtitle> Thank you!",
]
# Qwen2's: a system message of its own, then the turns.
CHAT = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")  # Qwen2's; VideoRefer's tokenizer has one more
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def write_tokenizer(folder: Path, *, special: tuple[str, ...] = (*SPECIAL, "<region>")) -> int:
    """A byte-level BPE in Qwen2's layout, trained on a few sentences; returns its size. The special words are last."""
    from tokenizers import Regex

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "bos_token": None,
        "unk_token": None,
        "add_prefix_space": False,
        "model_max_length": 2048,
        "chat_template": CHAT,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    (folder / "vocab.json").write_text(json.dumps(content["vocab"]), encoding="utf-8")
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in content["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


LANGUAGE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "tie_word_embeddings": False,
}


def published_settings(rows: int) -> dict[str, Any]:
    """VideoRefer's config.json, in small; the embedding has a few rows that no word has, as the real one."""
    return {
        **LANGUAGE,
        "model_type": "videorefer_qwen2",
        "architectures": ["VideoreferQwen2ForCausalLM"],
        "vocab_size": rows + 5,
        "eos_token_id": rows - 2,
        "mm_projector_type": "stc_connector_v35",
        "mm_region_encoder_type": "pooling",
        "mm_vision_select_layer": -2,
        "mm_vision_tower": "google/siglip-so400m-patch14-384",
        "mm_hidden_size": VISION["hidden_size"],
        "image_aspect_ratio": "square",
        "num_frames": 16,
    }


def write_videorefer(folder: Path) -> FocusedCaptioner:
    """A random VideoRefer in `folder`: two shards and their index, configuration, tokenizer; returns the model that its
    tensors were taken from."""
    folder.mkdir(parents=True, exist_ok=True)
    published = published_settings(write_tokenizer(folder))
    (folder / "config.json").write_text(json.dumps(published), encoding="utf-8")
    torch.manual_seed(3)
    config = captioner_config(
        VIDEOREFER,
        published,
        SiglipVisionConfig(**VISION),
        scene_frames=4,
        region_tokens=4,
        pad_id=published["vocab_size"] - 9,
        region_id=None,
    )
    model = FocusedCaptioner(config).eval()
    own = model.state_dict()
    tensors = {theirs: own[mine].clone() for theirs, mine in VIDEOREFER.key_map(model).items()}
    # The published file holds the frozen tower once more.
    tensors["model.vision_tower.vision_tower.vision_model.post_layernorm.bias"] = torch.zeros(VISION["hidden_size"])
    write_shards(folder, tensors)
    return model


def write_qwen2(folder: Path) -> Qwen2ForCausalLM:
    """A random Qwen2-7B-Instruct in `folder`, its tokenizer without `<region>`; the tensors' names are those that
    transformers' own class has."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = write_tokenizer(folder, special=SPECIAL)
    published = {**LANGUAGE, "vocab_size": rows + 5, "bos_token_id": rows - 3, "eos_token_id": rows - 1}
    torch.manual_seed(5)
    model = Qwen2ForCausalLM(Qwen2Config(**published)).eval()
    published |= {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "use_sliding_window": False}
    (folder / "config.json").write_text(json.dumps(published), encoding="utf-8")
    write_shards(folder, {name: value.clone() for name, value in model.state_dict().items()})
    return model


def write_shards(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Two shards and their index, as the hub has them."""
    names = sorted(tensors)
    shards = {f"model-0000{part + 1}-of-00002.safetensors": names[part::2] for part in range(2)}
    for shard, keys in shards.items():
        save_file({key: tensors[key] for key in keys}, folder / shard, metadata={"format": "pt"})
    total = sum(tensor.numel() * 4 for tensor in tensors.values())
    index = {
        "metadata": {"total_size": total},
        "weight_map": {key: shard for shard, keys in shards.items() for key in keys},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def write_siglip(folder: Path) -> SiglipVisionModel:
    """A random SigLIP in `folder`, text and all, as its repository has it."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(4)
    model = SiglipVisionModel(SiglipVisionConfig(**VISION)).eval()
    tensors = {f"vision_model.{name}": value.clone() for name, value in model.state_dict().items()}
    tensors |= {"text_model.head.bias": torch.zeros(2), "logit_scale": torch.zeros(1), "logit_bias": torch.zeros(1)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    content = {"model_type": "siglip", "vision_config": {"model_type": "siglip_vision_model", **VISION}}
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    return model


def snapshot(cache: Path, repository: str, commit: str) -> Path:
    """Where Hugging Face's cache has a repository's commit."""
    return cache / f"models--{repository.replace('/', '--')}" / "snapshots" / commit


def as_cached(folder: Path) -> None:
    """Makes a snapshot what Hugging Face's cache has: links to files elsewhere, named by their content."""
    blobs = folder.parents[1] / "blobs"
    blobs.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        blob = blobs / hashlib.sha256(path.read_bytes()).hexdigest()
        path.rename(blob)
        path.symlink_to(Path("../../blobs") / blob.name)


def write_cache(cache: Path) -> tuple[FocusedCaptioner, SiglipVisionModel]:
    """VideoRefer and SigLIP in a cache, as `hf download` leaves them."""
    settings = toy_settings()
    folder = snapshot(cache, settings.videorefer.repository, settings.videorefer.revision)
    tower = snapshot(cache, settings.published.tower, settings.published.tower_revision)
    written = write_videorefer(folder), write_siglip(tower)
    as_cached(folder)
    as_cached(tower)
    return written


def toy_settings(kind: str = "videorefer", **changes: Any) -> BaseModelSettings:
    """The settings of a profile with published weights, on a CPU; `changes` are of the kind's own section."""
    own = {"videorefer": VideoReferSettings, "qwen2": Qwen2Settings}[kind]
    shared = PublishedSettings(tower_revision=TOWER_COMMIT, scene_frames=4, precision="float32")
    sections = {"published": shared, kind: own(**{"revision": COMMIT, **changes})}
    return BaseModelSettings.model_validate({"kind": kind, **sections})


def shard_of(folder: Path, key: str) -> Path:
    return folder / published_files(folder).place[key]


def toy_film(folder: Path) -> tuple[Film, pd.DataFrame]:
    """Two clips of a film of 60 frames (96 by 54), and a region in the first: a bright square that moves right."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = np.zeros((60, 54, 96, 3), np.uint8)
    rows = []
    for number, frame in enumerate(frames):
        left = 2 + number
        frame[..., 1] = 4 * number
        frame[10:40, left : left + 16] = 230
        if number % 5 == 0 and number <= 30:
            inside = np.zeros((54, 96), np.uint8, order="F")
            inside[10:40, left : left + 16] = 1
            counts = coco_mask.encode(inside)["counts"].decode()
            rows.append({"clip": 1, "track": 7, "frame": number, "mask": counts})
    write_video(folder / "film.mp4", iter(frames), fps=10)
    film = Film(
        id="tt0000001", title="Toy", split="none", source="folder",
        fps=10, frames=60, width=96, height=54, duration=6.0,
        cast=(Character("ANNA", "", "c1", ()), Character("Mr. Tom", "", "c2", ())),
        descriptions=(Description(1, 0.0, 3.0, "Anna waves."), Description(2, 3.5, 5.9, "It rains.")),
        labelled_boxes=(), put_aside=(), folder=folder,
    )  # fmt: skip
    return film, pd.DataFrame(rows)


def toy_records() -> list[dict[str, Any]]:
    """The clips' records; the second has nobody in it."""
    shared = {"film": "tt0000001", "type": 1, "key_frames": []}
    prior = [{"kind": "description", "text": "Anna waits."}, {"kind": "subtitle", "text": "Thank you, Mr. Tom!"}]
    known = [{"name": "ANNA", "track": 7, "first_seen": 0}, {"name": "Mr. Tom", "track": 9, "first_seen": 4}]
    return [
        {**shared, "clip_id": 1, "text": "Anna waves.", "prior": prior, "characters": {"best query": known}},
        {**shared, "clip_id": 2, "text": "It rains.", "prior": [], "characters": {"best query": []}},
    ]
