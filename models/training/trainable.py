"""What fine-tuning changes: the soft prompt alone (Figure 2), connectors, LoRA, or everything but the vision tower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from common.errors import BadInput
from models.captioner.adapters import add_adapter
from models.captioner.inputs import PromptPlan
from models.captioner.settings import LoraSettings, Trainable

if TYPE_CHECKING:
    from models.captioner.model import FocusedCaptioner

PARTS: dict[Trainable, tuple[str, ...]] = {
    "soft prompt": ("soft_prompt",),
    "connectors": ("connectors",),
    "soft prompt and connectors": ("soft_prompt", "connectors"),
    "lora": ("soft_prompt", "connectors", "lora"),
    "all": ("soft_prompt", "connectors", "language_model"),
}


def choose_trainable(
    model: FocusedCaptioner, trainable: Trainable, plan: PromptPlan, *, lora: LoraSettings
) -> dict[str, nn.Parameter]:
    """Marks what may change, adds LoRA where it is asked for, and gives the chosen parameters by name.

    What the variant's prompt never uses is left frozen: a soft prompt that no prompt holds, regions that none shows.
    """
    parts = PARTS[trainable]
    if "lora" in parts:
        add_adapter(model.language_model, lora)
    for name, parameter in model.named_parameters():
        part = _part(name)
        unused = (name.startswith("soft_prompt.") and not plan.soft_prompt) or (
            name.startswith("region_") and not plan.region
        )
        parameter.requires_grad_(part in parts and not unused)
    chosen = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    for parameter in chosen.values():
        parameter.data = parameter.data.float()  # a step of 2e-5 is lost in a weight of half precision
    if not chosen:
        raise BadInput(
            f"captioner.trainable: {trainable!r} trains nothing in a variant whose prompt has no soft prompt; "
            "leave that variant out of experiments.rows or train more"
        )
    return chosen


def _part(name: str) -> str:
    if name.startswith("soft_prompt."):
        return "soft_prompt"
    if ".lora_" in name:
        return "lora"
    if name.startswith("language_model."):
        return "language_model"
    return "tower" if name.startswith(("tower.", "vision_tower.")) else "connectors"
