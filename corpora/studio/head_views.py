"""A head seen from one side: ray-marched once, lit as often as the film wants, kept for the next frame.

Geometry and light are separate: marching rays costs ten times what shading does, and one view serves every light.
Angles are rounded to steps, so that a turning head needs few views; positions are never rounded to the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from corpora.studio.camera import Light
from corpora.studio.heads import HeadMaps

EXTENT = 1.5  # a view covers [-EXTENT, EXTENT] head units each way
YAW_STEP = 10.0
PITCH_STEP = 8.0
MARCH_STEPS = 17
LEAST_STEP = 0.05  # head units
FAR = np.float32(1e30)  # out of any head's reach


def _rotation(yaw: float, pitch: float) -> np.ndarray:
    y, x = np.deg2rad([yaw, pitch])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    return (about_x @ about_y).astype(np.float32)


def _look_up(values: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Bilinear samples of a map (h, w[, c]) at n directions -> (n[, c])."""
    height, width = values.shape[:2]
    x, y = (lon / np.pi + 1) * (width / 2) - 0.5, (lat / np.pi + 0.5) * height - 0.5
    out = cv2.remap(values, _folded(x), _folded(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape((-1, *out.shape[2:]))[: x.size]


def _folded(values: np.ndarray) -> np.ndarray:
    """A list in rows of 256, filled up with zeros: remap refuses sides over 32767."""
    rows = np.zeros((-(-values.size // 256), 256), np.float32)
    rows.reshape(-1)[: values.size] = values
    return rows


@dataclass(frozen=True)
class HeadView:
    """The pixels of a head from one side, before light: which pixels (n,), and their colour, normal and hair share."""

    size: int
    pixels: np.ndarray
    colour: np.ndarray
    normal: np.ndarray
    hair: np.ndarray

    def lit(self, light: Light, size: int) -> np.ndarray:
        """Premultiplied RGBA (size, size, 4) float32 under a light."""
        toward, key, ambient = light.unit, np.array(light.key, np.float32), np.array(light.ambient, np.float32)
        facing = self.normal @ toward
        diffuse = np.clip((facing + 0.25) / 1.25, 0, 1) ** 1.2
        half = toward + np.array([0, 0, 1], np.float32)
        gloss = np.clip(self.normal @ (half / np.linalg.norm(half)), 0, 1)
        shine = 0.14 * gloss**22 * (1 - self.hair) + 0.20 * gloss**9 * self.hair * self.colour.mean(1)
        edge = np.clip(1 - self.normal[:, 2], 0, 1) ** 3 * np.clip(self.normal[:, 1] * 0.5 + 0.5, 0, 1)
        sky = 0.65 + 0.35 * (0.5 + 0.5 * self.normal[:, 1])
        diffuse, shine = 0.85 * diffuse, shine + 0.12 * edge
        rgba = np.ones((len(self.pixels), 4), np.float32)
        for channel in range(3):
            lit = self.colour[:, channel] * (key[channel] * diffuse + ambient[channel] * sky) + shine * key[channel]
            rgba[:, channel] = np.clip(lit, 0, 1)
        picture = np.zeros((self.size * self.size, 4), np.float32)
        picture[self.pixels] = rgba
        return cv2.resize(picture.reshape(self.size, self.size, 4), (size, size), interpolation=cv2.INTER_AREA)


def view_head(head: HeadMaps, *, size: int, yaw: float, pitch: float) -> HeadView:
    """Marches one ray a pixel (orthographic) from the bounding sphere inwards until it meets the surface."""
    turn = _rotation(yaw, pitch)
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * EXTENT
    x, y = (a.astype(np.float32).ravel() for a in np.meshgrid(axis, -axis))
    largest = float(head.radius.max())
    inside = np.flatnonzero(x * x + y * y < largest * largest)
    x, y = x[inside], y[inside]
    deep = np.sqrt(np.maximum(largest * largest - x * x - y * y, 0))
    across = np.stack([turn[0, k] * x + turn[1, k] * y for k in range(3)])

    def above(z: np.ndarray, at: slice | np.ndarray = slice(None)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Height over the surface along the radius, with the direction's longitude and latitude."""
        a, b, c = (across[k, at] + turn[2, k] * z for k in range(3))
        flat = np.sqrt(a * a + c * c)
        lon, lat = np.arctan2(a, c), np.arctan2(b, flat)
        return np.sqrt(flat * flat + b * b) - _look_up(head.radius, lon, lat), lon, lat

    # Walk inwards by the height above ground, never by less than a least step (or rays that graze the outline would not
    # arrive); once below ground, halve between the last places out and in.
    z, outside, below = deep.copy(), deep.copy(), np.full_like(deep, -FAR)
    for _ in range(MARCH_STEPS):
        height, _, _ = above(z)
        # Places out only come nearer, places in only rise: so minimum and maximum choose, which is fast where signs
        # change from ray to ray.
        outside = np.minimum(outside, z + FAR * (height < 0))
        below = np.maximum(below, z - FAR * (height >= 0))
        z = np.where(below == -FAR, np.maximum(z - np.maximum(0.8 * height, LEAST_STEP), -deep), (outside + below) / 2)
    height, lon, lat = above(z)
    hit = below > -FAR
    lon, lat = lon[hit], lat[hit]
    normal = _look_up(head.normal, lon, lat) @ turn.T
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return HeadView(size, inside[hit], _look_up(head.colour, lon, lat), normal, _look_up(head.hair, lon, lat))


class HeadSprites:
    """Lit sprites of one head, made when first asked for."""

    def __init__(self, head: HeadMaps) -> None:
        self.head = head
        self._views: dict[tuple[int, int, int], HeadView] = {}
        self._lit: dict[tuple[int, int, int, Light], np.ndarray] = {}

    def sprite(self, *, size: int, yaw: float, pitch: float, light: Light) -> np.ndarray:
        """Premultiplied RGBA (size, size, 4); the caller must not write into it."""
        yaw_steps = round(((yaw + 180) % 360 - 180) / YAW_STEP)
        pitch_steps = round(pitch / PITCH_STEP)
        key = (yaw_steps, pitch_steps, size)
        if (*key, light) not in self._lit:
            if key not in self._views:
                # Marched larger and averaged down, or outlines and lashes show steps.
                marched = size * 2 if size <= 72 else round(size * 1.5)
                self._views[key] = view_head(
                    self.head, size=marched, yaw=yaw_steps * YAW_STEP, pitch=pitch_steps * PITCH_STEP
                )
            self._lit[(*key, light)] = self._views[key].lit(light, size)
        return self._lit[(*key, light)]
