"""A published base model's folder: what it is and where its weights were, not 16 GB of copies.

`config.json` holds the captioner's configuration, the tower's, the words, and of every published file repository,
revision, size and SHA-256, so that what is made from them is keyed by them; `keys.json` is the key map as it was used;
`untrained.safetensors` is what of the captioner nobody published: the soft prompt, and, where the language model comes
from its own repository, the connectors.
No path of a machine is written: a folder of weights is named relative to where commands run, the repository's root.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from common.errors import BadInput
from common.files import read_json, write_json
from models.captioner.config import FocusedCaptionerConfig, config_fields
from models.captioner.model import FocusedCaptioner
from models.captioner.published.layout import (
    PublishedLayout,
    captioner_config,
    empty_captioner,
    load_captioner_weights,
    read_published_config,
)
from models.captioner.published.qwen2 import QWEN2
from models.captioner.published.siglip import PublishedTower, load_siglip, vision_config
from models.captioner.published.text import ChatText, load_tokenizer, region_id
from models.captioner.published.untrained import UNTRAINED, write_untrained
from models.captioner.published.videorefer import VIDEOREFER
from models.captioner.published.weights import check_facts, check_map, file_facts, named_files, published_files
from models.captioner.settings import BaseModelSettings
from models.hub import local_folder
from models.prior.template import TemplateStrings

KINDS = ("videorefer", "qwen2")
LAYOUTS: dict[str, PublishedLayout] = dict(zip(KINDS, (VIDEOREFER, QWEN2), strict=True))
TOKENIZER_FILES = (
    "added_tokens.json",
    "chat_template.jinja",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
INSTEAD = "choose base_model.kind studio"


def write_base(settings: BaseModelSettings, out: Path) -> None:
    """Checks the published weights against the key map, from their headers, and writes the folder. BadInput says which
    file or tensor is not as published, or what to fetch."""
    layout, chosen = LAYOUTS[settings.kind], settings.published
    source = settings.qwen2 if settings.kind == "qwen2" else settings.videorefer
    folder, tower = _folder(source.repository, source.revision), _folder(chosen.tower, chosen.tower_revision)
    tokenizer = load_tokenizer(folder)
    published = read_published_config(folder)
    config = captioner_config(
        layout,
        published,
        vision_config(tower),
        scene_frames=chosen.scene_frames,
        region_tokens=settings.region_tokens,
        pad_id=_pad(tokenizer, folder),
        region_id=region_id(tokenizer, int(published.get("vocab_size", 0))),
        connectors=(settings.qwen2.scene_connector, settings.qwen2.region_encoder),
    )
    files = published_files(folder)
    model = empty_captioner(config)
    keys = layout.keys_of(model, files)
    check_map(model, files, keys)
    load_siglip(tower, scene_frames=chosen.scene_frames)
    out.mkdir(parents=True, exist_ok=True)
    write_untrained(out, config, keys, seed=settings.seed)
    write_json(
        out / "config.json",
        {
            "kind": settings.kind,
            "captioner": config_fields(config),
            "tower": {"scene_frames": chosen.scene_frames},
            "words": chosen.words.model_dump(mode="json"),
            "precision": chosen.precision,
            "weights": {
                "captioner": _facts(folder, source.repository, source.revision, files.shards),
                "tower": _facts(tower, chosen.tower, chosen.tower_revision, published_files(tower).shards),
            },
        },
    )
    rows = [{"published": theirs, "ours": mine, "shape": list(files.shape[theirs])} for theirs, mine in keys.items()]
    write_json(out / "keys.json", {"read": rows, "left_out": sorted(filter(layout.not_read, files.place))})


def open_base(folder: Path) -> tuple[FocusedCaptioner, ChatText]:
    """The captioner and its words; the weights must lie where they were, whole."""
    config = read_json(folder / "config.json")
    weights = _found(config["weights"]["captioner"])
    built = FocusedCaptionerConfig(**config["captioner"])
    words = dict(config["words"])
    order = words.pop("order")
    speech = ChatText(load_tokenizer(weights), built, strings=TemplateStrings(**words), order=order)
    device, dtype = place_of(config)
    untrained = named_files(folder, (UNTRAINED,), otherwise="make base_model again")
    layout = LAYOUTS[config["kind"]]
    files = published_files(weights)
    return load_captioner_weights(layout, files, untrained, built, dtype=dtype, device=device), speech


def open_tower(folder: Path) -> PublishedTower:
    """The tower of a published base model."""
    config = read_json(folder / "config.json")
    device, dtype = place_of(config)
    weights = _found(config["weights"]["tower"])
    return load_siglip(weights, scene_frames=int(config["tower"]["scene_frames"]), dtype=dtype, device=device)


def place_of(asked: dict[str, Any]) -> tuple[str, torch.dtype]:
    """Device and precision to open a folder in: a GPU where there is one, which the folder does not say, and the
    precision that it asks for on either."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return device, torch.bfloat16 if asked["precision"] == "bf16" else torch.float32


def _folder(model: str, revision: str) -> Path:
    if Path(model).is_absolute():
        raise BadInput(
            f"base_model: {model} is a path of this machine; name a folder inside this repository (such as "
            f"data/raw/weights/{Path(model).name}), so that the data say the same everywhere"
        )
    return local_folder(model, revision, otherwise=INSTEAD)


def _found(facts: dict[str, Any]) -> Path:
    folder = _folder(facts["repository"], facts["revision"])
    check_facts(folder, facts["files"])
    return folder


def _facts(folder: Path, repository: str, revision: str, shards: tuple[str, ...]) -> dict[str, Any]:
    names = ("config.json", "model.safetensors.index.json", *shards, *TOKENIZER_FILES)
    return {"repository": repository, "revision": revision, "files": file_facts(folder, names)}


def _pad(tokenizer: Any, folder: Path) -> int:
    if tokenizer.pad_token_id is None:
        raise BadInput(f"{folder.name}: its tokenizer has no padding token; take its repository's own")
    return int(tokenizer.pad_token_id)
