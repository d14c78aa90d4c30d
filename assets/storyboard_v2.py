"""storyboard_v2: the training triplets (clip, regions, description), typed 1, 2, 3 (section 4.1)."""

from assets.clip_gate import gated
from assets.clips import clip_stage

STAGE = gated(
    clip_stage(
        "storyboard_v2",
        "train",
        "Training triplets with types and previous descriptions, beside the published JSON layout (section 4.1).",
    )
)
