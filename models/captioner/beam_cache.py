"""What a language model keeps of prompts that several beams share.

transformers' cache moves all keys and values whenever beams change places and copies all of them to add a token. Beams
of one clip have its prompt in common, so only what came after it moves here, and tokens go into room that is kept
beforehand. The values are the same.
Shapes: b prompts, n rows (b times beams), h heads, p prompt places, d width of a head.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer


class BeamLayer(DynamicLayer):
    """Keys and values of one layer: a common prompt, then what each beam said."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.prompt = self.length = 0

    def spread(self, beams: int, room: int) -> None:
        """From rows of prompts (b, h, p, d) to as many rows for each as it has beams, with room for `room` tokens."""
        self.keys, self.values = (_spread(each, beams, room) for each in self._both())
        self.prompt = self.length = self.keys.shape[2] - room

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self.length:
            return super().update(key_states, value_states)
        end = self.length + key_states.shape[2]
        keys, values = self._both()
        keys[:, :, self.length : end], values[:, :, self.length : end] = key_states, value_states
        self.length = end
        return keys[:, :, :end], values[:, :, :end]

    def get_seq_length(self) -> int:
        return self.length or super().get_seq_length()

    def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
        """Row i goes on with what row `beam_idx[i]`, a beam of the same prompt, has said."""
        for kept in self._both():
            said = kept[:, :, self.prompt : self.length]
            said.copy_(said.index_select(0, beam_idx))

    def batch_select_indices(self, indices: Tensor) -> None:
        """Only these rows are still needed."""
        self.keys, self.values = (each.index_select(0, indices) for each in self._both())

    def _both(self) -> tuple[Tensor, Tensor]:
        assert self.keys is not None and self.values is not None, "nothing was read yet"
        return self.keys, self.values


def _spread(kept_bhpd: Tensor, beams: int, room: int) -> Tensor:
    prompts, heads, places, width = kept_bhpd.shape
    rows = kept_bhpd.new_zeros(prompts, beams, heads, places + room, width)
    rows[:, :, :, :places] = kept_bhpd[:, None]
    return rows.flatten(0, 1)


def read_prompts(
    language_model: Any, prompt_bpd: Tensor, mask_bp: Tensor, positions_bp: Tensor, *, beams: int, room: int
) -> tuple[Tensor, Cache]:
    """The logits (b, v) after each prompt, and what is kept of it for its beams."""
    cache = Cache(layer_class_to_replicate=BeamLayer)
    output = language_model(
        inputs_embeds=prompt_bpd,
        attention_mask=mask_bp.long(),
        position_ids=positions_bp,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    for layer in cache.layers:
        assert isinstance(layer, BeamLayer)
        layer.spread(beams, room)
    return torch.as_tensor(output.logits[:, -1]), cache
