"""Where the camera stands and how the place is lit: shot sizes, world to picture, lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# World units of picture height, and the height of the picture's middle above the floor, by shot size.
SHOT_SIZES = {"wide": (16.5, 6.9), "medium": (9.0, 9.3), "close": (5.2, 10.6)}


@dataclass(frozen=True)
class Light:
    """A key light from a direction (x right, y up, z towards the camera), soft light from everywhere, colours 0-1."""

    direction: tuple[float, float, float]
    key: tuple[float, float, float]
    ambient: tuple[float, float, float]

    @property
    def unit(self) -> np.ndarray:
        vector = np.array(self.direction, np.float32)
        return vector / np.linalg.norm(vector)

    def on(self, colour: np.ndarray | tuple[float, ...]) -> np.ndarray:
        """A flat surface's colour (3,) under this light: for props without a shape of their own."""
        return np.clip(np.asarray(colour, np.float32) * (np.array(self.key) * 0.6 + np.array(self.ambient) * 0.8), 0, 1)


LIGHTS = {
    "day": Light((-0.45, 0.55, 0.8), (1.0, 0.96, 0.90), (0.42, 0.43, 0.48)),
    "evening": Light((0.6, 0.35, 0.75), (1.08, 0.86, 0.66), (0.36, 0.33, 0.40)),
    "bright": Light((-0.2, 0.8, 0.7), (1.08, 1.04, 0.98), (0.46, 0.46, 0.46)),
    "grey": Light((0.4, 0.7, 0.8), (0.86, 0.90, 0.98), (0.42, 0.44, 0.50)),
}

# What each light does to the painted place, as a factor on its colours.
PLACE_TINT = {
    "day": (1.0, 1.0, 1.0),
    "evening": (1.04, 0.86, 0.74),
    "bright": (1.06, 1.05, 1.02),
    "grey": (0.86, 0.90, 0.96),
}


@dataclass(frozen=True)
class Camera:
    """A still camera: world units to pixels, for one shot."""

    middle_x: float
    middle_y: float
    scale: float  # pixels per world unit
    width: int
    height: int

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        """Pixel (x, y) of a world point."""
        return (x - self.middle_x) * self.scale + self.width / 2, self.height / 2 - (y - self.middle_y) * self.scale


def camera_of(size: str, focus_x: float, *, width: int, height: int) -> Camera:
    units, middle_y = SHOT_SIZES[size]
    return Camera(focus_x, middle_y, height / units, width, height)
