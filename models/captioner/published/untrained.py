"""What of a captioner nobody published, drawn once from a seed and kept in the base model's folder.

Kept, and not drawn again whenever it is opened: a variant holds only what its training changed, and stands on the rest
for ever, while a generator's numbers may change with the library's version. Full precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from models.captioner.config import FocusedCaptionerConfig
from models.captioner.connectors import region_encoder, scene_connector
from models.prior.soft_prompt import SoftPrompt

UNTRAINED = "untrained.safetensors"


def write_untrained(folder: Path, config: FocusedCaptionerConfig, keys: Mapping[str, str], *, seed: int) -> None:
    """Writes the parts of a captioner that the key map reaches no tensor of; they are drawn in one
    order, and the program's own generator is left as it was."""
    width = config.language_config().hidden_size
    parts: dict[str, Callable[[], nn.Module]] = {
        "soft_prompt": lambda: SoftPrompt(config.soft_prompt_tokens, width),
        "scene_connector": lambda: scene_connector(config, width),
        "region_connector": lambda: region_encoder(config, width),
    }
    tensors: dict[str, torch.Tensor] = {}
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        for name, make in parts.items():
            if not any(mine.startswith(f"{name}.") for mine in keys.values()):
                tensors |= {f"{name}.{inner}": value for inner, value in make().state_dict().items()}
    save_file(tensors, folder / UNTRAINED)
