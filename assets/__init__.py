"""What is made: one module a stage, each thin: read, call, write, say. The order is the lineage's."""

from assets import (
    base_model,
    baselines,
    captioner,
    character_regions,
    cinepile_ad,
    clip_features,
    face_encoder,
    films,
    mad_eval_named,
    paper_tables,
    prediction_gate,
    predictions,
    query_banks,
    scores,
    storyboard_v2,
)
from publishing.stage import Stage

STAGES: tuple[Stage, ...] = (
    films.STAGE,
    face_encoder.STAGE,
    query_banks.STAGE,
    character_regions.STAGE,
    storyboard_v2.STAGE,
    mad_eval_named.STAGE,
    cinepile_ad.STAGE,
    base_model.STAGE,
    clip_features.STAGE,
    captioner.STAGE,
    baselines.STAGE,
    prediction_gate.gated(predictions.STAGE),
    scores.STAGE,
    paper_tables.STAGE,
)
