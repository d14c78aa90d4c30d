"""The published tower: SigLIP so400m, frozen, its last layer but one (section 2 of VideoRefer's configuration).

A frame is squashed to the tower's square whatever its aspect, as VideoRefer does, so masks are squashed alike. Shapes:
n frames, h by w pixels, g by g patches, c channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate import init_empty_weights
from PIL import Image
from torch import Tensor
from transformers import SiglipVisionConfig, SiglipVisionModel

from common.errors import BadInput
from common.files import read_json
from models.captioner.published.weights import load_by_map, published_files, refuse_unknown

LAYER = -2  # mm_vision_select_layer
MEAN, SPREAD = 0.5, 0.5  # SigLIP's image processor
FRAMES_AT_ONCE = 16


class PublishedTower:
    """SigLIP's patches of whole frames."""

    def __init__(self, model: SiglipVisionModel, *, scene_frames: int) -> None:
        self.model = model.eval().requires_grad_(False)
        self.scene_frames = scene_frames
        self.size, self.image_size, self.side = model.config.hidden_size, *raster(model.config)

    @torch.no_grad()
    def encode(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Frames (h, w, 3) uint8 of any size as patches (n, g * g, c) float16, in batches."""
        weight = next(self.model.parameters())
        patches = []
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            pixels = torch.stack([self._pixels(frame) for frame in frames[first : first + FRAMES_AT_ONCE]])
            states = self.model(pixels.to(weight), output_hidden_states=True).hidden_states
            assert states is not None
            half = states[LAYER].float().clamp(-65504, 65504).half()  # the largest a half can hold
            patches.append(half.cpu().numpy())
        return np.concatenate(patches) if patches else np.zeros((0, self.side**2, self.size), np.float16)

    def _pixels(self, frame: np.ndarray) -> Tensor:
        square = Image.fromarray(frame).resize((self.image_size, self.image_size), Image.Resampling.BICUBIC)
        return (torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255 - MEAN) / SPREAD


def raster(config: SiglipVisionConfig) -> tuple[int, int]:
    """Side of the square a frame is squashed to, in pixels and in patches."""
    pixels, patch = config.image_size, config.patch_size
    if not isinstance(pixels, int) or not isinstance(patch, int):
        raise BadInput(f"config.json: image_size {pixels} and patch_size {patch} are no squares; name SigLIP's weights")
    return pixels, pixels // patch


def vision_config(folder: Path) -> SiglipVisionConfig:
    """The tower's configuration out of SigLIP's `config.json`, which has the text's beside it."""
    content = read_json(folder / "config.json", foreign=True)
    part = content.get("vision_config", content if content.get("model_type") == "siglip_vision_model" else None)
    if not isinstance(part, dict):
        raise BadInput(f"{folder.name}/config.json: no SigLIP vision configuration; name SigLIP's weights")
    return SiglipVisionConfig(**part)


def load_siglip(
    folder: Path, *, scene_frames: int, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> PublishedTower:
    """The tower with its published weights."""
    files = published_files(folder)
    with init_empty_weights(include_buffers=False):
        model = SiglipVisionModel(vision_config(folder))
    keys = {f"vision_model.{name}": name for name, _ in model.named_parameters()}
    refuse_unknown(files, keys, _not_vision)
    load_by_map(model, files, keys, dtype=dtype)
    model.to(torch.device(device))  # type: ignore[arg-type]  # transformers types `to` by a wrapper's
    return PublishedTower(model, scene_frames=scene_frames)


def _not_vision(key: str) -> bool:
    return key.startswith("text_model.") or key in {"logit_scale", "logit_bias"} or key.endswith("position_ids")
