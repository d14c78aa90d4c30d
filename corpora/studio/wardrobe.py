"""What people wear: the cut and pattern of their clothes, in the colours their screenplay gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpora.studio.people import is_woman
from corpora.studio.solids import Texture

RGB = tuple[float, float, float]
CUTS = ("pullover", "shirt", "jacket", "stripes", "vest")


@dataclass(frozen=True)
class Clothes:
    """One outfit, the same all through a film; colours (3,) float32."""

    top: np.ndarray
    bottom: np.ndarray
    shoe: np.ndarray
    skin: np.ndarray
    cut: str
    short_sleeves: bool
    skirt: bool

    def torso(self, yaw: float) -> Texture:
        """Colours around the torso when it is turned by `yaw` degrees: buttons, lapels and neckline stay in front."""
        turn = np.float32(np.deg2rad(yaw))
        top, skin, under = self.top, self.skin * 0.94, np.float32(0.25) * self.top + np.float32(0.66)
        cut = self.cut

        tones = {
            "stripes": (top, under),
            "jacket": (top, under, top * np.float32(0.72), under * np.float32(0.72)),
            "vest": (top, under, top * np.float32(0.72), under * np.float32(0.72)),
            "shirt": (top, top * np.float32(1.12), np.full(3, 0.9, np.float32)),
        }
        palette = np.stack(tones.get(cut, (top,)))

        def texture(t: np.ndarray, side: np.ndarray) -> np.ndarray:
            around = np.arcsin(side) - turn
            around = (around + np.float32(np.pi)) % np.float32(2 * np.pi) - np.float32(np.pi)
            front = np.abs(around)
            tone = np.zeros(side.shape, np.intp)
            if cut == "stripes":
                tone[np.sin(t * np.float32(34)) > 0.15] = 1
            if cut in ("jacket", "vest"):
                width = 0.16 + 0.50 * np.clip(t - 0.45, 0, 1)
                tone = (front < width) + 2 * (np.abs(front - width) < 0.08)
            if cut == "shirt":
                tone[front < 0.09] = 1
                tone[(front < 0.05) & (np.sin(t * np.float32(40)) > 0.80)] = 2
            colour = palette.take(tone, axis=0)
            neck = np.clip(((t - 0.84) * np.float32(3.6) - front) * np.float32(9) + 0.5, 0, 1)
            bare = np.flatnonzero(neck > 0)
            dressed = colour.take(bare, axis=0)
            colour[bare] = dressed + (skin - dressed) * neck[bare, None]
            return colour

        return texture


def dress(person: int, top: RGB, bottom: RGB, shoe: RGB, skin: RGB) -> Clothes:
    rng = np.random.default_rng([15, person])
    cut = str(rng.choice(CUTS))
    return Clothes(
        top=np.array(top, np.float32),
        bottom=np.array(bottom, np.float32),
        shoe=np.array(shoe, np.float32),
        skin=np.array(skin, np.float32),
        cut=cut,
        short_sleeves=bool(rng.random() < (0.0 if cut == "jacket" else 0.35)),
        skirt=is_woman(person) and bool(rng.random() < 0.45),
    )
