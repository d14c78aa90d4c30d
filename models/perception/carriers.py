"""What carries people's masks along a shot (paper, section 3.1): one protocol, several recipes behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.perception.settings import RegionSettings


@dataclass(frozen=True)
class Carried:
    """A mask (H, W) bool and how sure its carrier is of it, 0-1."""

    mask: np.ndarray
    confidence: float


@dataclass(frozen=True)
class ShotView:
    """One shot of a clip at working size. Nothing else is shown to a carrier, so nothing crosses a cut.

    `frames`: frame number to uint8 RGB (H, W, 3): all of the shot's, or only its key frames if the carrier wants no
    others. `key_frames`: where masks are wanted, in order. `boxes`: per key frame the faces found there, (n, 4) with
    rows x1 y1 x2 y2, strangers' too. `people`: per recognised person the key frames with their face, and its row there.
    """

    frames: Mapping[int, np.ndarray]
    key_frames: Sequence[int]
    boxes: Mapping[int, np.ndarray]
    people: Mapping[int, Mapping[int, int]]
    fps: float

    def box(self, person: int, frame: int) -> np.ndarray:
        """The person's face (4,)."""
        return self.boxes[frame][self.people[person][frame]]

    def others(self, person: int, frame: int) -> list[np.ndarray]:
        """Everybody else's faces on a frame with the person's."""
        own = self.people[person][frame]
        return [box for row, box in enumerate(self.boxes[frame]) if row != own]


class MaskCarrier(Protocol):
    """Carries masks both ways inside a shot."""

    every_frame: bool  # whether it looks at the frames between key frames

    def carry(self, shot: ShotView) -> dict[int, dict[int, Carried]]:
        """Per person of `shot.people`: a mask on each frame with their face, and where it could be carried from there.

        What is doubtful is left out, except on the frames with a face, where the confidence is the face's affair.
        """
        ...


def load_carrier(settings: RegionSettings) -> MaskCarrier:
    """The carrier that `settings.backend` names; BadInput where its weights are missing."""
    if settings.backend == "sam2":
        from models.perception.sam2_carrier import Sam2Carrier

        return Sam2Carrier(settings)
    from models.perception.propagation import FlowCarrier

    return FlowCarrier(settings)
