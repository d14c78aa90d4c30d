"""Captioners in files: safetensors and JSON, nothing pickled.

A base model's folder holds `tower.safetensors`, `language_model/` (transformers' Qwen2), `connectors.safetensors`,
`vocabulary.json` and `config.json`, or, where its weights are the published ones, what `published/base.py` says; a
variant's folder holds `model.safetensors` (only what its training changed) and `config.json`, and needs its base
model's folder for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Qwen2ForCausalLM
from transformers.utils.logging import disable_progress_bar

from common.errors import BadInput, blaming
from common.files import digest, file_md5, read_json, write_json
from models.captioner.adapters import ADAPTER, read_adapter, write_adapter
from models.captioner.config import FocusedCaptionerConfig, config_fields, of_bounded_depth
from models.captioner.inputs import PromptPlan
from models.captioner.model import FocusedCaptioner
from models.captioner.published.base import KINDS, open_base, open_tower
from models.captioner.published.siglip import PublishedTower
from models.captioner.speech import Speech
from models.captioner.tower import Tower, tower_from
from models.captioner.vocabulary import Vocabulary, read_vocabulary

LANGUAGE_MODEL = "language_model"
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Captioner:
    """A model with the words it speaks and the prompt it was trained on."""

    model: FocusedCaptioner
    vocabulary: Speech
    plan: PromptPlan


def save_base(folder: Path, model: FocusedCaptioner, vocabulary: Vocabulary, tower: Tower) -> None:
    """Writes a base model."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(folder / "tower.safetensors", tower.state_dict())
    save_language_model(folder / LANGUAGE_MODEL, model.language_model)
    save_tensors(folder / "connectors.safetensors", _outside_language_model(model))
    vocabulary.write(folder / "vocabulary.json")
    write_json(folder / "config.json", {"captioner": config_fields(model.config), "tower": tower.description()})


def save_language_model(folder: Path, model: Qwen2ForCausalLM) -> None:
    """Writes a language model in transformers' layout, without its progress bar."""
    disable_progress_bar()
    model.save_pretrained(folder)


def load_language_model(folder: Path) -> Qwen2ForCausalLM:
    """A language model in transformers' layout; `BadInput` where there is none."""
    if not (folder / "config.json").exists():
        raise BadInput(f"{folder}: no language model; make base_model again")
    disable_progress_bar()
    with blaming(folder, "make base_model again"):
        of_bounded_depth(dict(read_json(folder / "config.json")))
        loaded: Any = Qwen2ForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        model: Qwen2ForCausalLM
        model, told = loaded
        for what in ("missing_keys", "mismatched_keys", "unexpected_keys"):  # which transformers only mentions
            if told[what]:
                raise ValueError(f"{what.replace('_', ' ')}: {sorted(map(str, told[what]))[0]}")
        return model


def load_tower(folder: Path) -> Tower | PublishedTower:
    """The frozen tower of a base model."""
    if _read_config(folder).get("kind") in KINDS:
        return open_tower(folder)
    with blaming(folder / "config.json", "make base_model again"):
        tower = _built(lambda: tower_from(_read_config(folder)["tower"]), folder)
    _load_into(tower, folder / "tower.safetensors")
    return tower.eval().requires_grad_(False)


def load_base(folder: Path) -> tuple[FocusedCaptioner, Speech]:
    """A base model ready to be fine-tuned: its connectors and language model; the soft prompt is untrained."""
    if _read_config(folder).get("kind") in KINDS:
        return open_base(folder)
    with blaming(folder / "config.json", "make base_model again"):
        config = FocusedCaptionerConfig(**_read_config(folder)["captioner"])
        model = _built(lambda: FocusedCaptioner(config), folder)
    with blaming(folder / LANGUAGE_MODEL, "make base_model again"):
        model.language_model.load_state_dict(load_language_model(folder / LANGUAGE_MODEL).state_dict())
    _load_into(model, folder / "connectors.safetensors", partly=True)
    return model, read_vocabulary(folder / "vocabulary.json")


def save_captioner(
    folder: Path, captioner: Captioner, *, weights: Mapping[str, torch.Tensor], base: Path, **facts: Any
) -> None:
    """Writes a variant: the `weights` that were trained, by name (LoRA's apart, in peft's layout), its prompt, the
    digest of the base model it needs, and `facts` about it."""
    folder.mkdir(parents=True, exist_ok=True)
    lora = {name: value for name, value in weights.items() if ".lora_" in name}
    save_tensors(folder / "model.safetensors", {name: weights[name] for name in weights.keys() - lora.keys()})
    if lora:
        inner = {name.removeprefix(f"{LANGUAGE_MODEL}."): value for name, value in lora.items()}
        write_adapter(folder / ADAPTER, captioner.model.language_model, inner)
    write_json(folder / "config.json", {"plan": asdict(captioner.plan), "base": base_digest(base), **facts})


def load_captioner(folder: Path, base: Path) -> Captioner:
    """A fine-tuned variant on top of the base model it was trained from; `BadInput` where that is another one."""
    config = read_json(folder / "config.json")
    if not isinstance(config, dict) or "plan" not in config:
        raise BadInput(f"{folder / 'config.json'}: not a captioner's configuration; train the variant again")
    found = base_digest(base)
    if config.get("base", found) != found:
        raise BadInput(
            f"{folder}: trained on the base model {config['base']}, but {base} is {found}; "
            "fetch that base model (dvc checkout) or train the variant again"
        )
    model, vocabulary = load_base(base)
    with blaming(folder / "config.json", "train the variant again"):
        plan = PromptPlan(**config["plan"])
        if plan.soft_prompt and plan.soft_prompt_tokens != len(model.soft_prompt()):
            if not 0 <= plan.soft_prompt_tokens <= 4096:
                raise ValueError(f"{plan.soft_prompt_tokens} is no number of tokens")
            model.soft_prompt.hold(torch.zeros(plan.soft_prompt_tokens, model.soft_prompt().shape[1]))
    _load_into(model, folder / "model.safetensors", partly=True)
    if (folder / ADAPTER).is_dir():
        read_adapter(folder / ADAPTER, model.language_model)
    return Captioner(model.eval(), vocabulary, plan)


def base_digest(folder: Path) -> str:
    """Digest of what a base model computes with: its weights, words and configuration, not the notes beside them."""
    notes = {"metrics.json", "training.json"}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "_.")
    return digest({path.relative_to(folder).as_posix(): file_md5(path) for path in files if path.name not in notes})


def save_tensors(path: Path, state: dict[str, torch.Tensor] | dict[str, nn.Parameter]) -> None:
    """Tensors by name, contiguous and on the CPU; shared ones are written once each."""
    save_file({name: value.detach().cpu().clone().contiguous() for name, value in state.items()}, path)


def _built(make: Callable[[], Module], folder: Path) -> Module:
    """The module that a configuration asks for; `ValueError`, before memory is asked for, where that has more numbers
    than all weights in `folder` have bytes."""
    with torch.device("meta"):
        asked = sum(value.numel() for value in make().parameters())
    held = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    if asked > held:
        raise ValueError(f"asks for {asked:,} numbers, and the weights beside it hold {held:,} bytes")
    return make()


def _load_into(module: nn.Module, path: Path, *, partly: bool = False) -> None:
    if not path.exists():
        raise BadInput(f"{path}: no such file; make it again")
    with blaming(path, "make it again"):
        state = load_file(path)
    try:
        _missing, unexpected = module.load_state_dict(state, strict=not partly)
    except RuntimeError as error:
        raise BadInput(f"{path}: does not fit the model ({error}); make it again") from None
    if unexpected:
        raise BadInput(f"{path}: holds {unexpected[0]}, which the model does not know; make it again")


def _read_config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / "config.json")
    if not isinstance(config, dict) or not {"captioner", "tower"} <= set(config):
        raise BadInput(f"{folder / 'config.json'}: not a base model's configuration; make base_model again")
    return config


def _outside_language_model(model: FocusedCaptioner) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if not name.startswith("language_model.")}
