"""The Focused Caption Module (section 3.3): T = Phi(scene tokens, character tokens, text tokens).

The prompt is a row of ids in which `<soft>`, `<scene>` and `<region>` keep places; the model puts the soft prompt, the
scene tokens and the regions' tokens there, in their order, and Qwen2 reads the row.
Shapes: b samples, p prompt places, t target tokens, n regions of the whole batch, d width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import PreTrainedModel, Qwen2ForCausalLM

from models.captioner.config import FocusedCaptionerConfig
from models.captioner.connectors import region_encoder, scene_connector
from models.captioner.inputs import CaptionBatch
from models.prior.soft_prompt import SoftPrompt


class FocusedCaptioner(PreTrainedModel):
    """Connectors, soft prompt and language model; the vision tower stays outside, its features come in."""

    config_class = FocusedCaptionerConfig
    config: FocusedCaptionerConfig

    def __init__(self, config: FocusedCaptionerConfig) -> None:
        super().__init__(config)
        self.language_model = Qwen2ForCausalLM(config.language_config())
        width = self.language_model.config.hidden_size
        self.soft_prompt = SoftPrompt(config.soft_prompt_tokens, width)
        self.scene_connector = scene_connector(config, width)
        self.region_connector = region_encoder(config, width)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """The parts initialise themselves; transformers' own scheme would draw them a second time."""

    def prompt(self, batch: CaptionBatch) -> tuple[Tensor, Tensor]:
        """Embeddings (b, p, d) of the prompt and the mask (b, p) of places that exist.

        Raises `ValueError` when the placeholders do not fit what should take their places.
        """
        batch = batch.to(self.device)
        ids, mask = batch.prompt_ids, batch.prompt_mask
        words = self.language_model.get_input_embeddings()
        # A tokenizer of its own has no row for placeholders that only stand for others' tokens.
        embedded = words(ids.masked_fill(ids >= self.language_model.config.vocab_size, 0))
        embedded = _splice(embedded, ids == self.config.soft_id, self._soft(ids))
        embedded = _splice(embedded, ids == self.config.scene_id, self.scene_connector(batch.scene).flatten(0, 1))
        if len(batch.region_names):
            tokens, exist = self.region_connector(batch.region_features, batch.region_boxes, batch.region_seen)
            if self.config.name_on_region:
                # The name beside a region is only text; added to the region's tokens it is bound to what they show.
                tokens = tokens + words(batch.region_names)[:, None]
            places = ids == self.config.region_id
            embedded = _splice(embedded, places, tokens.flatten(0, 1))
            mask = mask.masked_scatter(places, exist.flatten())
        return embedded, mask

    def forward(self, batch: CaptionBatch, *, weights: Tensor | None = None) -> Tensor:
        """Mean cross entropy of the targets, weighted by word where `weights` (one per word) are given; the prompt
        carries no loss."""
        assert batch.target_ids is not None, "a batch without targets has no loss"
        prompt, mask = self.prompt(batch)
        targets = batch.target_ids.to(prompt.device)
        words = self.language_model.get_input_embeddings()
        inputs = torch.cat([prompt, words(targets[:, :-1])], 1)
        mask = torch.cat([mask, torch.ones_like(targets[:, :-1], dtype=torch.bool)], 1)
        hidden = self.language_model.model(
            inputs_embeds=inputs, attention_mask=mask.long(), position_ids=positions(mask), use_cache=False
        ).last_hidden_state[:, prompt.shape[1] - 1 :]
        logits = self.language_model.lm_head(hidden)
        pad = self.language_model.config.pad_token_id
        assert pad is not None
        return functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), weight=weights, ignore_index=pad
        )

    def _soft(self, ids: Tensor) -> Tensor:
        rows = (ids == self.config.soft_id).any(1).sum()
        return self.soft_prompt().repeat(int(rows), 1)


def positions(mask: Tensor) -> Tensor:
    """Position of every place, counting only those that exist."""
    return (mask.long().cumsum(1) - 1).clamp(min=0)


def _splice(embedded_bpd: Tensor, places_bp: Tensor, tokens_nd: Tensor) -> Tensor:
    """The rows of `tokens_nd` at the marked places, first sample first, left to right."""
    wanted = int(places_bp.sum())
    if wanted != len(tokens_nd):
        raise ValueError(f"the prompts keep {wanted} places for {len(tokens_nd)} tokens")
    if not wanted:
        return embedded_bpd
    return embedded_bpd.masked_scatter(places_bp[..., None], tokens_nd.to(embedded_bpd.dtype))
