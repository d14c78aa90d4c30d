"""A head as maps over longitude and latitude: radius, colour, normal and hair, built from a `Look`.

The head is a star-shaped surface: one radius for each direction from its centre. Every feature (eyes, nose, lips, ears,
hair, beard, glasses) is a soft mask in the face's own plane that moves the radius and paints the colour, so one build
serves every yaw, pitch and light, and a detector trained on photographs meets shading it knows.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

import cv2
import numpy as np

from corpora.studio.people import Look

Map = np.ndarray


@dataclass(frozen=True)
class Grid:
    """Directions from the head's centre, (rows, columns) float32; row 0 looks down, the middle column forward."""

    lon: Map
    lat: Map
    dx: Map
    dy: Map
    dz: Map
    fine: Map  # unit-variance noise, skin grain
    coarse: Map  # slower noise, curls
    strands: Map  # noise drawn out along the latitude lines' normal: hair

    def window(self, rows: slice, columns: slice) -> Grid:
        return Grid(**{f.name: getattr(self, f.name)[rows, columns] for f in dataclasses.fields(self)})


@functools.lru_cache(maxsize=4)
def grid(width: int) -> Grid:
    height = width * 2 // 3
    lon = (((np.arange(width) + 0.5) / width * 2 - 1) * np.pi).astype(np.float32)
    lat = (((np.arange(height) + 0.5) / height - 0.5) * np.pi).astype(np.float32)
    lon, lat = np.meshgrid(lon, lat)
    rng = np.random.default_rng([21, 480])

    def noise(sigma_x: float, sigma_y: float) -> Map:
        blurred = cv2.GaussianBlur(rng.standard_normal((320, 480), np.float32), (0, 0), sigmaX=sigma_x, sigmaY=sigma_y)
        # Longitude wraps: fade the last columns into the first, or a seam shows at the back of the head.
        fade = np.linspace(0, 1, 32, dtype=np.float32)
        blurred[:, -32:] = blurred[:, -32:] * (1 - fade) + blurred[:, 31::-1][:, :32] * fade
        return cv2.resize(blurred / blurred.std(), (width, height), interpolation=cv2.INTER_AREA)

    return Grid(
        lon, lat, np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon),
        noise(1.2, 1.2), noise(5, 5), noise(1.5, 12),
    )  # fmt: skip


def step(low: float | Map, high: float | Map, x: Map | float) -> Map:
    """Smooth step from 0 at `low` to 1 at `high`; falling where `low` > `high`."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def spot(u: Map, v: Map, at_u: float, at_v: float, size_u: float, size_v: float) -> Map:
    return np.exp(-0.5 * (((u - at_u) / size_u) ** 2 + ((v - at_v) / size_v) ** 2))


class Face:
    """The face plane of one look: coordinates u (right), v (up) in head units, and the masks features share."""

    def __init__(self, look: Look, g: Grid) -> None:
        narrow = 1 - look.jaw * step(-0.1, -0.95, g.dy) * np.clip(g.dz + 0.35, 0, 1)
        half_width = np.maximum(look.half_width * narrow, 0.2)
        self.radius = 1 / np.sqrt(
            (g.dx / half_width) ** 2 + (g.dy / look.half_height) ** 2 + (g.dz / look.half_depth) ** 2
        )
        # Under the jaw and above the neck the skull is cut away, or a profile has no chin.
        self.radius = self.radius * (1 - 0.19 * step(-0.25, -0.85, g.dy) * step(0.25, -0.55, g.dz))
        self.look, self.grid = look, g
        self.u, self.v = self.radius * g.dx, self.radius * g.dy
        self.au = np.abs(self.u)
        self.front = step(0.0, 0.35, g.dz)
        # eyes
        self.eye_u = self.au - look.eye_x
        self.eye_v = self.v - look.eye_y - self.eye_u * look.eye_tilt
        self.lid = look.eye_height * np.sqrt(np.clip(1 - (self.eye_u / look.eye_width) ** 2, 0, 1))
        within = np.abs(self.eye_u) < look.eye_width
        self.eye = step(0.012, -0.012, np.abs(self.eye_v) - self.lid) * within * self.front
        # nose and mouth
        self.nose_v = look.eye_y - 0.02 - look.nose_length
        self.mouth_v = self.nose_v - look.mouth_y
        across = self.u / look.mouth_width
        self.lip_line_v = self.v - self.mouth_v - look.smile * across**2
        bow = np.sqrt(np.clip(1 - across**2, 0, 1))
        self.gap = look.mouth_open * bow
        top = look.lip_top * bow * (1 + 0.25 * np.cos(across * 5) * (np.abs(across) < 0.6))
        bottom = look.lip_bottom * bow
        # An open jaw drops: the lower lip goes further down than the upper goes up.
        self.lips = (
            step(0.012, -0.012, self.lip_line_v - 0.5 * self.gap - top)
            * step(0.012, -0.012, -self.lip_line_v - 1.5 * self.gap - bottom)
            * (np.abs(across) < 1) * self.front
        )  # fmt: skip
        closed = np.clip(np.abs(self.lip_line_v) - self.gap, 0, 9)
        self.lip_line = np.exp(-((closed / 0.012) ** 2)) * step(1.08, 0.95, np.abs(across)) * self.front
        self.mouth = ((self.lip_line_v < 0.45 * self.gap) & (self.lip_line_v > -1.4 * self.gap)) * self.front
        # ears
        ear_v = look.eye_y - 0.08
        self.ears = np.clip(
            spot(g.lon, self.v, -1.66, ear_v, 0.085, 0.17) + spot(g.lon, self.v, 1.66, ear_v, 0.085, 0.17), 0, 1
        )

    def relief(self) -> Map:
        """How far the features stand out of the bare head, head units."""
        look, u, au, v, front = self.look, self.u, self.au, self.v, self.front
        along = np.clip((look.eye_y + 0.06 - v) / (look.eye_y + 0.06 - self.nose_v), 0, 1)
        width = 0.035 + look.nose_width * 0.62 * along**1.5
        ridge = np.where(
            v > self.nose_v,
            look.nose_bridge * (1 - along) + look.nose_height * along**1.3,
            look.nose_height * np.exp(-(((v - self.nose_v) / 0.05) ** 2)),
        )
        out = ridge * np.exp(-0.5 * (u / width) ** 2) * step(look.eye_y + 0.16, look.eye_y - 0.02, v)
        out += 0.45 * look.nose_height * spot(au, v, look.nose_width, self.nose_v, 0.035, 0.04)
        out -= look.socket * spot(au, v, look.eye_x - 0.02, look.eye_y + 0.02, 0.14, 0.085)
        out += 0.055 * spot(au, v, look.eye_x, look.eye_y, 0.10, 0.06)
        out += look.brow_ridge * spot(au, v, look.eye_x - 0.03, look.eye_y + look.brow_y, 0.17, 0.05)
        out += look.cheek * spot(au, v, 0.42, self.nose_v + 0.05, 0.16, 0.16)
        out += 0.055 * spot(u, v, 0, self.mouth_v + 0.012, look.mouth_width * 0.8, 0.10)
        out += self.lips * 0.022 - self.lip_line * 0.03
        out -= 0.03 * spot(u, v, 0, self.mouth_v - 0.14, 0.16, 0.035)
        out += look.chin * spot(u, v, 0, -0.88 * look.half_height, look.chin_width, 0.13)
        return out * front + look.ear * self.ears


@dataclass(frozen=True)
class HeadMaps:
    """One look's head on a grid: radius (h, w), colour (h, w, 3), normal (h, w, 3), hair mask (h, w); all float32."""

    look: Look
    radius: Map
    colour: Map
    normal: Map
    hair: Map


def _normals(radius: Map, g: Grid) -> Map:
    x, y, z = points = np.stack([radius * g.dx, radius * g.dy, radius * g.dz])
    ax, ay, az = np.roll(points, -1, 2) - np.roll(points, 1, 2)
    across = np.empty_like(points)
    across[:, 1:-1] = points[:, 2:] - points[:, :-2]
    across[:, 0], across[:, -1] = across[:, 1], across[:, -2]
    bx, by, bz = across
    nx, ny, nz = normal = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
    normal /= np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    normal *= np.sign(nx * x + ny * y + nz * z + 1e-9)
    normal[:, :3], normal[:, -3:] = np.array([0, -1, 0])[:, None, None], np.array([0, 1, 0])[:, None, None]
    return np.ascontiguousarray(np.moveaxis(normal, 0, -1), np.float32)


def _surface(look: Look, g: Grid) -> tuple[Map, Map, Map]:
    from corpora.studio.face_paint import paint_face
    from corpora.studio.hair import grow_hair

    face = Face(look, g)
    colour, raised = paint_face(face)
    hair, thickness, hair_colour = grow_hair(face)
    colour = colour * (1 - hair * 0.97) + hair_colour * hair * 0.97
    radius = face.radius + (face.relief() + raised) * (1 - hair * 0.85) + thickness
    colour = np.ascontiguousarray(np.moveaxis(np.clip(colour, 0, 1), 0, -1), np.float32)
    return radius.astype(np.float32), colour, hair.astype(np.float32)


def build_head(look: Look, *, width: int = 432) -> HeadMaps:
    """Maps of a look; `width` columns by two thirds as many rows (432 for close-ups, 288 for small faces)."""
    g = grid(width)
    radius, colour, hair = _surface(look, g)
    radius = cv2.GaussianBlur(radius, (0, 0), 1.1 * width / 480, borderType=cv2.BORDER_REPLICATE)
    return HeadMaps(look, radius, colour, _normals(radius, g), hair)


def open_mouth(head: HeadMaps, opening: float) -> HeadMaps:
    """The same head speaking; only the lower middle of the face is built again."""
    look = dataclasses.replace(head.look, mouth_open=opening)
    height, width = head.radius.shape
    rows, columns = slice(int(height * 0.16), int(height * 0.52)), slice(int(width * 0.36), int(width * 0.64))
    g = grid(width)
    window = g.window(rows, columns)
    radius_open, colour_open, _ = _surface(look, window)
    radius_closed, _, _ = _surface(head.look, window)
    radius, colour = head.radius.copy(), head.colour.copy()
    # Only the difference is laid on: the window's rim, blurred on one side only, would show as a crease.
    radius[rows, columns] += cv2.GaussianBlur(radius_open - radius_closed, (0, 0), 1.1 * width / 480)
    colour[rows, columns] = colour_open
    return HeadMaps(look, radius, colour, _normals(radius, g), head.hair)
