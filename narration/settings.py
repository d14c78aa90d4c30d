"""What a describer may set: light, typed, with the guidelines' values as defaults."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NarrationSettings(BaseModel):
    """Where descriptions may stand and how much they may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest_slot: float = Field(
        1.0, gt=0, description="seconds; human describers rarely use less (MAD: 5th percentile .96)"
    )
    longest_slot: float = Field(
        4.5, gt=0, description="seconds; a longer pause is cut into several lines, at shots if it can be"
    )
    margin: float = Field(0.1, ge=0, description="seconds left free after and before dialogue")
    key_frame_seconds: float = Field(0.5, gt=0, le=5, description="seconds from one key frame to the next, at any rate")
