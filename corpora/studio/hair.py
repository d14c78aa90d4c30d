"""Hair: where it grows for each style, how thick it lies, and its colour with strands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpora.studio.heads import Face, Map, step


@dataclass(frozen=True)
class Style:
    """How a hair style lies: lengths in head units, angles in radians from the face's middle."""

    thickness: float
    side_low: float  # lower edge beside the ear
    back_low: float  # lower edge at the neck
    edge: float  # where the side hair begins, seen from the front
    covers_ears: bool
    curl: float  # share of coarse noise in the thickness


STYLES = {
    "short": Style(0.08, -0.08, -1.02, 1.12, False, 0.0),
    "bob": Style(0.14, -0.66, -1.08, 0.86, True, 0.0),
    "long": Style(0.15, -1.20, -1.20, 0.88, True, 0.0),
    "crop": Style(0.03, -0.02, -0.92, 1.18, False, 0.0),
    "receding": Style(0.05, -0.06, -0.98, 1.10, False, 0.0),
    "curly": Style(0.19, -0.34, -1.02, 1.00, True, 1.0),
    "parted": Style(0.11, -0.14, -1.02, 1.06, False, 0.0),
    "bun": Style(0.06, 0.00, -0.84, 1.20, False, 0.0),
}


def _hairline(face: Face) -> Map:
    """Height of the hair's lower edge above the forehead, by the place across it."""
    look, u, au = face.look, face.u, face.au
    line = look.hairline - 0.10 * (au / 0.6) ** 2 + 0.012 * face.grid.coarse
    if look.style in ("short", "bob", "long"):
        line = line + 0.025 * np.sin(u * 9 + look.person)
    if look.style in ("parted", "long"):
        side = 1.0 if look.person % 2 else -1.0
        # Swept from a parting: high at the parting's side, falling across the forehead to the other.
        line = line + 0.07 - 0.16 * step(-0.25, 0.5, -side * u) + 0.10 * np.exp(-(((u - side * 0.2) / 0.07) ** 2))
    if look.style in ("bun", "curly"):
        line = line + 0.05
    if look.style == "receding":
        line = line + 0.22 + 0.16 * np.exp(-(((au - 0.42) / 0.16) ** 2)) - 0.10 * np.exp(-((u / 0.12) ** 2))
    return line


def grow_hair(face: Face) -> tuple[Map, Map, Map]:
    """Mask (h, w) 0-1, thickness (h, w) in head units, planes of colour (3, h, w)."""
    look, v, g = face.look, face.v, face.grid
    style = STYLES[look.style]
    around = np.abs(g.lon)
    front_cap = step(-0.045, 0.045, v - _hairline(face)) * step(1.9, 1.6, around)
    low = style.side_low + (style.back_low - style.side_low) * step(1.75, 2.35, around)
    low = low + 0.02 * g.strands
    # Long hair opens towards the cheeks as it falls, so that it frames the face instead of covering the chin.
    opening = 0.75 * np.clip(-v - 0.30, 0, 1) if look.style in ("bob", "long") else 0.0
    sides = step(style.edge - 0.09, style.edge + 0.09, around - opening) * step(low - 0.07, low + 0.07, v)
    if not style.covers_ears:
        sides = sides * (1 - np.clip(face.ears * 1.4, 0, 1))
    sides = sides * (1 - step(-0.70, -0.90, v) * step(-0.35, -0.05, g.dz))  # none under the chin
    mask = np.clip(np.maximum(front_cap, sides), 0, 1)
    crown = 0.75 + 0.35 * step(0.3, 1.0, v)
    texture = 1 + 0.10 * g.strands * (1 - style.curl) + 0.10 * g.coarse * style.curl
    thickness = style.thickness * mask * texture * crown
    if look.style in ("bob", "long"):
        thickness = thickness * (1 - 0.35 * step(1.15, 0.75, around) * step(0.1, -0.3, v))
    if look.style == "bun":
        towards = g.dy * np.sin(1.12) - g.dz * np.cos(1.12)
        thickness = thickness + 0.33 * step(0.90, 0.985, towards) * (1 + 0.06 * g.strands)
    hair = np.array(look.hair, np.float32)[:, None, None]
    # Darker towards the tips, brighter at the crown: one gradient, no band.
    tone = 0.92 + 0.14 * step(-0.9, 0.9, v) + (0.17 * g.strands + 0.05 * g.fine) * (1 - 0.6 * style.curl)
    tone = tone + 0.12 * g.coarse * style.curl
    colour = hair * np.clip(tone, 0.35, 1.5)
    if look.style in ("crop",):
        mask = mask * 0.86
    return mask, thickness, colour
