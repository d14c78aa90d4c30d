"""VideoRefer-7B's published layout: connectors, region encoder and language model, as its key map has them.

    published                                   ours
    model.embed_tokens|layers.N|norm            language_model.model.embed_tokens|layers.N|norm
    lm_head                                     language_model.lm_head
    model.mm_projector.s1|sampler|s2|readout    scene_connector.s1|sampler|s2|readout
    model.region_encoder.feat_linear.0|2        region_connector.per_token.0|2
    model.vision_tower...                       not read: the tower is frozen, SigLIP's own repository has it

The soft prompt was never published: it starts untrained, as everywhere.
"""

from __future__ import annotations

from models.captioner.published.layout import PublishedLayout
from models.captioner.published.qwen2 import QWEN2

VIDEOREFER = PublishedLayout(
    whose="VideoRefer's",
    needed={
        "mm_projector_type": ("stc_connector_v35", None),
        "mm_region_encoder_type": ("pooling", "pooling"),
        "mm_vision_select_layer": (-2, -2),
    },
    prefixes=(
        ("model.mm_projector.", "scene_connector."),
        ("model.region_encoder.feat_linear.", "region_connector.per_token."),
        *QWEN2.prefixes,
    ),
    left_out=("model.vision_tower.",),
    connectors=("stc", "merge-mlp"),
)
