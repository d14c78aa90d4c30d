"""A person in the picture: skeleton, clothes and head as parts with their depths."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from corpora.studio.camera import Camera, Light
from corpora.studio.head_views import EXTENT, HeadSprites
from corpora.studio.heads import build_head, open_mouth
from corpora.studio.patches import Part, Sprite
from corpora.studio.people import Look
from corpora.studio.poses import Pose
from corpora.studio.props import prop_sprite
from corpora.studio.skeleton import HEAD_SCALE, Joints, joints_of
from corpora.studio.solids import Solid
from corpora.studio.wardrobe import Clothes

MOUTH_OPENING = 0.055  # head units


class Person:
    """Everything a film draws of one person; heads and sprites are made when first needed."""

    def __init__(
        self, look: Look, clothes: Clothes, height: float, *, detail: int = 432, head: HeadSprites | None = None
    ) -> None:
        """`detail`: columns of the head's maps; `head` takes the place of building one."""
        self.look, self.clothes, self.height = look, clothes, height
        self._closed = head or HeadSprites(build_head(look, width=detail))
        self._open: HeadSprites | None = None

    def head(self, speaking: bool) -> HeadSprites:
        if not speaking:
            return self._closed
        if self._open is None:
            self._open = HeadSprites(open_mouth(self._closed.head, MOUTH_OPENING))
        return self._open


@dataclass(frozen=True)
class Placement:
    """A person at one moment: where they stand, how they hold themselves, what they hold."""

    person: Person
    pose: Pose
    x: float
    floor: float
    yaw: float
    head_yaw: float
    speaking: bool
    number: int  # the person's number in the frame's instance map, from 1
    held: str | None = None


@dataclass(frozen=True)
class HeadPlace:
    """Where a head is in the picture, whether or not it can be seen: centre and unit (pixels per head unit)."""

    x: float
    y: float
    unit: float
    yaw: float
    roll: float


class Projector:
    """Body coordinates to pixels and depth, for one placement and camera."""

    def __init__(self, placement: Placement, camera: Camera) -> None:
        yaw = np.deg2rad(placement.yaw)
        self.cos, self.sin = float(np.cos(yaw)), float(np.sin(yaw))
        roll = np.deg2rad(placement.pose.roll)
        self.roll_cos, self.roll_sin = float(np.cos(roll)), float(np.sin(roll))
        self.placement, self.camera = placement, camera
        self.unit = camera.scale * placement.person.height

    def __call__(self, point: np.ndarray) -> tuple[tuple[float, float], float]:
        at, k = self.placement, self.placement.person.height
        x = (float(point[0]) * self.cos + float(point[2]) * self.sin) * k
        y = float(point[1]) * k
        if at.pose.roll:
            x, y = x * self.roll_cos + y * self.roll_sin, -x * self.roll_sin + y * self.roll_cos
        depth = (-float(point[0]) * self.sin + float(point[2]) * self.cos) * k
        return self.camera(at.x + at.pose.sway + x, at.floor + y), depth


def _limb(
    at: Projector, owner: int, a: np.ndarray, b: np.ndarray, widths: tuple[float, float, float], colour: np.ndarray,
    nearer: float = 0.0, flat: tuple[float, float] = (1.0, 1.0), fold: float = 0.0,
) -> Part:  # fmt: skip
    (start, depth_a), (end, depth_b) = at(a), at(b)
    pixels = (widths[0] * at.unit, widths[1] * at.unit, widths[2] * at.unit)
    shape = Solid(start, end, pixels, colour, None, flat[0], flat[1], fold)
    return Part((depth_a + depth_b) / 2 + nearer, owner, shape)


def _legs(at: Projector, joints: Joints, clothes: Clothes, owner: int, seated: bool) -> list[Part]:
    parts = []
    bare = clothes.skirt
    shin_colour = clothes.skin if bare else clothes.bottom
    shin = (0.36, 0.38, 0.24) if bare else (0.45, 0.42, 0.33)
    for index in (0, 1):
        hip, knee, ankle = joints.thighs[index], joints.knees[index], joints.ankles[index]
        thigh = (0.74, 0.78, 0.66) if bare and seated else (0.64, 0.58, 0.46)
        parts.append(_limb(at, owner, knee, ankle, shin, shin_colour, -0.12))
        parts.append(_limb(at, owner, hip, knee, thigh, clothes.bottom, 0.30, (2.0, 1.0), 0.015))
        toe = ankle + np.array([0.0, -0.16, 0.72])
        parts.append(_limb(at, owner, ankle + np.array([0, -0.12, -0.1]), toe, (0.30, 0.30, 0.25), clothes.shoe, -0.08))
    if bare and not seated:
        hem = (joints.knees[0] + joints.knees[1]) / 2 + np.array([0, 0.35, 0])
        top = joints.hip + np.array([0, 0.35, 0])
        parts.append(_limb(at, owner, top, hem, (0.88, 1.04, 1.24), clothes.bottom, 0.40, (6.0, 9.0), 0.03))
    return parts


def _arms(at: Projector, joints: Joints, clothes: Clothes, owner: int) -> list[Part]:
    parts = []
    sleeve, lower = clothes.top * np.float32(0.97), clothes.skin if clothes.short_sleeves else clothes.top
    for index in (0, 1):
        shoulder, elbow, wrist = joints.shoulders[index], joints.elbows[index], joints.wrists[index]
        parts.append(_limb(at, owner, shoulder, elbow, (0.46, 0.42, 0.35), sleeve, 0.05, fold=0.02))
        widths = (0.32, 0.29, 0.20) if clothes.short_sleeves else (0.35, 0.33, 0.25)
        parts.append(_limb(at, owner, elbow, wrist, widths, lower * np.float32(0.96), 0.10))
        way = (wrist - elbow) / (np.linalg.norm(wrist - elbow) + 1e-6)
        parts.append(_limb(at, owner, wrist + way * 0.12, wrist + way * 0.55, (0.25, 0.30, 0.20), clothes.skin, 0.16))
    return parts


def _torso(at: Projector, joints: Joints, placement: Placement, owner: int) -> list[Part]:
    clothes, woman = placement.person.clothes, placement.person.look.woman
    turn = placement.yaw + placement.pose.twist
    face_on, edge_on = abs(np.cos(np.deg2rad(turn))), abs(np.sin(np.deg2rad(turn)))
    broad = (0.92, 0.84, 1.10) if woman else (0.90, 0.96, 1.24)
    deep = (0.72, 0.66, 0.66) if woman else (0.70, 0.72, 0.74)
    widths = tuple(
        float(np.hypot(b * face_on, d * edge_on)) * at.unit for b, d in zip(broad, deep, strict=True)
    )  # fmt: skip
    (start, depth_a), (end, depth_b) = at(joints.hip - joints.up * 0.12), at(joints.neck - joints.up * 0.42)
    shape = Solid(
        start, end, (widths[0], widths[1], widths[2]), clothes.top, clothes.torso(turn), 3.2, 2.0, 0.015
    )  # fmt: skip
    torso = Part((depth_a + depth_b) / 2, owner, shape)
    waist = widths[0] / at.unit
    # The trousers' top is drawn over the garment, with a straight edge: a belt.
    belt = _limb(at, owner, joints.hip + joints.up * 0.42, joints.hip - [0, 0.30, 0],
                 (waist * 0.99, waist * 1.03, waist * 0.90), clothes.bottom, flat=(7.0, 2.6))  # fmt: skip
    belt = replace(belt, depth=torso.depth + 0.01)
    neck = _limb(at, owner, joints.neck - joints.up * 0.45, joints.head - [0, 0.5, 0.1], (0.54, 0.45, 0.43),
                 clothes.skin * np.float32(0.86))  # fmt: skip
    # The neck comes out of the collar and goes up under the hair: behind both, however the body leans or turns.
    neck = replace(neck, depth=min(neck.depth, torso.depth, at(joints.head)[1]) - 0.05)
    return [belt, neck, torso]


def _head(
    at: Projector, joints: Joints, placement: Placement, light: Light, owner: int
) -> tuple[list[Part], HeadPlace]:
    person, pose = placement.person, placement.pose
    (x, y), depth = at(joints.head)
    unit = HEAD_SCALE * at.unit
    size = max(8, 2 * round(EXTENT * unit))
    sprite = person.head(placement.speaking).sprite(
        size=size, yaw=placement.head_yaw, pitch=float(np.clip(pose.lean * 0.5 + pose.head_pitch, -24, 40)), light=light
    )
    if pose.roll:
        turn = cv2.getRotationMatrix2D((size / 2 - 0.5, size / 2 - 0.5), -pose.roll, 1)
        sprite = cv2.warpAffine(sprite, turn, (size, size))
    parts = [Part(depth + 0.02, owner, Sprite(sprite, x, y, True))]
    if person.look.style == "long":
        back = joints.head + np.array([0, -0.1, -0.55])
        low = joints.neck - joints.up * 1.0 + np.array([0, 0, -0.62])
        hair = np.array(person.look.hair, np.float32) * np.float32(0.85)
        parts.append(_limb(at, owner, back, low, (0.84, 0.92, 0.70), hair, -0.04, (1.0, 2.0), 0.10))
    return parts, HeadPlace(x, y, unit, placement.head_yaw, pose.roll)


def _held(at: Projector, joints: Joints, placement: Placement, light: Light, owner: int) -> list[Part]:
    holds = placement.pose.holds
    if placement.held is None or holds is None:
        return []
    reach = [w + (w - e) * 0.25 for w, e in zip(joints.wrists, joints.elbows, strict=True)]
    point = (reach[0] + reach[1]) / 2 if holds == "both" else reach[holds == "right"]
    (x, y), depth = at(point)
    sprite, (dx, dy) = prop_sprite(placement.held, scale=at.camera.scale, light=light, held=True)
    # Held things lie in front of the hands that carry them, beside a body in profile, behind a back.
    nearer = 1.5 if abs(at.sin) > 0.5 else 0.35 if at.cos > -0.2 else -0.35
    return [Part(depth + nearer, owner, Sprite(sprite, x + dx, y + dy, False))]


def parts_of(placement: Placement, camera: Camera, light: Light) -> tuple[list[Part], HeadPlace]:
    """Every part of a person with its depth, unsorted, and where the head is."""
    at, joints, owner = Projector(placement, camera), joints_of(placement.pose), placement.number
    clothes = placement.person.clothes
    seated = max(placement.pose.hips) > 45
    head, place = _head(at, joints, placement, light, owner)
    parts = _legs(at, joints, clothes, owner, seated) + _torso(at, joints, placement, owner)
    parts += _arms(at, joints, clothes, owner) + head + _held(at, joints, placement, light, owner)
    return parts, place
