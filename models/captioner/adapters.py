"""LoRA on the language model, kept apart from it: peft's folder layout, its weights in safetensors.

peft's own names and files, so that `PeftModel.from_pretrained` reads the folder too; written by hand because peft
writes a set in no order and the base model's place on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file, save_file

from common.errors import BadInput, blaming
from common.files import read_json, write_json

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.captioner.settings import LoraSettings

ADAPTER = "adapter"  # the folder's name inside a captioner's
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


def add_adapter(language_model: nn.Module, settings: LoraSettings) -> None:
    """Puts untrained LoRA layers into the language model; they change nothing until they are trained."""
    _inject(
        language_model,
        {
            "r": settings.rank,
            "lora_alpha": settings.alpha,
            "lora_dropout": settings.dropout,
            "target_modules": list(settings.targets),
        },
    )


def write_adapter(folder: Path, language_model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Writes `adapter_model.safetensors` and `adapter_config.json`; `weights` are by their names in the model."""
    from peft import get_peft_model_state_dict

    folder.mkdir(parents=True, exist_ok=True)
    known: Any = language_model
    state = get_peft_model_state_dict(known, state_dict=dict(weights))
    # As peft writes it: names below a wrapper called base_model.model.
    named = {f"base_model.model.{name}": value.detach().cpu().clone().contiguous() for name, value in state.items()}
    save_file(named, folder / WEIGHTS, metadata={"format": "pt"})
    config = known.peft_config["default"]
    write_json(
        folder / CONFIG,
        {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "inference_mode": True,
            "bias": "none",
            "r": config.r,
            "lora_alpha": config.lora_alpha,
            "lora_dropout": config.lora_dropout,
            "target_modules": sorted(config.target_modules),
            "base_model_name_or_path": "../../../base_model/language_model",  # as data/ lies
        },
    )


def read_adapter(folder: Path, language_model: nn.Module) -> None:
    """Adds the adapter of `folder` to the language model; `BadInput` where it does not fit."""
    from peft import set_peft_model_state_dict

    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise BadInput(f"{folder / CONFIG}: not a LoRA adapter; train the variant again")
    wanted = ("r", "lora_alpha", "lora_dropout", "target_modules")
    with blaming(folder / CONFIG, "train the variant again"):
        if not 0 < int(config["r"]) <= 4096:
            raise ValueError(f"{config['r']} is no rank")
        _inject(language_model, {name: config[name] for name in wanted})
    if not (folder / WEIGHTS).is_file():
        raise BadInput(f"{folder / WEIGHTS}: no such file; train the variant again")
    with blaming(folder / WEIGHTS, "train the variant again"):
        state = load_file(folder / WEIGHTS)
    named = {name.removeprefix("base_model.model."): value for name, value in state.items()}
    try:
        found: Any = set_peft_model_state_dict(language_model, named)
    except RuntimeError as error:
        raise BadInput(f"{folder / WEIGHTS}: does not fit the base model ({error}); train the variant again") from None
    missing = [name for name in found.missing_keys if ".lora_" in name]
    if found.unexpected_keys or missing:
        strange = [*found.unexpected_keys, *missing][0]
        raise BadInput(f"{folder / WEIGHTS}: {strange} fits no layer of the base model; train the variant again")


def _inject(language_model: nn.Module, options: dict[str, Any]) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    try:
        inject_adapter_in_model(LoraConfig(task_type="CAUSAL_LM", **options), language_model)
    except ValueError as error:
        raise BadInput(f"captioner.lora: {error}; change its targets") from None
