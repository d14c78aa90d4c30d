"""Qwen2-7B-Instruct's published layout: the language model alone, as its key map has it.

    published                           ours
    model.embed_tokens|layers.N|norm    language_model.model.embed_tokens|layers.N|norm
    lm_head                             language_model.lm_head

The connectors between the tower and it start untrained, as a training from the published parts does.
"""

from __future__ import annotations

from models.captioner.published.layout import PublishedLayout

QWEN2 = PublishedLayout(
    whose="Qwen2's",
    needed={"model_type": ("qwen2", None), "use_sliding_window": (False, False)},
    prefixes=(("lm_head.", "language_model.lm_head."), ("model.", "language_model.model.")),
)
