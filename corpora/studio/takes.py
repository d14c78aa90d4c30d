"""A shot at a time becomes a frame: place, props, people, weather, and the truth of who is where."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from corpora.studio.blocking import FLOOR, placements
from corpora.studio.camera import LIGHTS, camera_of
from corpora.studio.figures import HeadPlace, Person, Placement, parts_of
from corpora.studio.patches import Part, Patch, Sprite, paint_parts
from corpora.studio.places import view_of
from corpora.studio.poses import ease
from corpora.studio.props import SMALL, prop_sprite
from corpora.studio.screenplay import Prop, Shot
from corpora.studio.weather import with_event

# The face inside a head, head units: how far its middle is from the head's, and its half width and height. Measured
# against the boxes that MTCNN gives for these heads.
FACE_FORWARD, FACE_DOWN, FACE_HALF_WIDTH, FACE_HALF_HEIGHT = 0.41, 0.10, 0.665, 0.83
FACE_YAW = 75.0  # beyond it a head shows no face


@dataclass(frozen=True)
class Seen:
    """The truth about one person in one frame; boxes x1 y1 x2 y2 in pixels, clipped to the frame."""

    name: str
    mask: np.ndarray  # (h, w) bool, what can be seen
    box: tuple[float, float, float, float]  # of the mask
    face: tuple[float, float, float, float] | None  # None where the head is outside the picture
    yaw: float  # of the head, -180..180
    visible: float  # share of the figure inside the picture that nobody hides
    face_visible: bool


def face_box(head: HeadPlace) -> tuple[float, float, float, float]:
    """x1 y1 x2 y2 of the face on a head, pixels, not clipped."""
    turn, roll = np.deg2rad(head.yaw), np.deg2rad(head.roll)
    across, down = FACE_FORWARD * np.sin(turn), FACE_DOWN
    x = head.x + head.unit * (across * np.cos(roll) - down * np.sin(roll))
    y = head.y + head.unit * (across * np.sin(roll) + down * np.cos(roll))
    w, h = FACE_HALF_WIDTH * head.unit, FACE_HALF_HEIGHT * head.unit
    if abs(np.sin(roll)) > 0.7:
        w, h = h, w
    return float(x - w), float(y - h), float(x + w), float(y + h)


@dataclass(frozen=True)
class Frame:
    picture: np.ndarray  # (h, w, 3) uint8 RGB
    owners: np.ndarray  # (h, w) uint8: number of the person in `names` a pixel shows, from 1; 0 for none
    names: tuple[str, ...]
    heads: Mapping[int, HeadPlace]
    drawn: Mapping[int, int]  # pixels each person would fill were nobody in front

    def people(self) -> list[Seen]:
        """Everybody of whom at least a few pixels can be seen, in the shot's order."""
        out = []
        for number, name in enumerate(self.names, start=1):
            mask = self.owners == number
            count = int(np.count_nonzero(mask))
            if count < 20:
                continue
            left, top, wide, tall = cv2.boundingRect(mask.view(np.uint8))
            box = (float(left), float(top), float(left + wide), float(top + tall))
            head = self.heads[number]
            face, seen = self._face(head, mask)
            yaw = (head.yaw + 180) % 360 - 180
            visible = count / max(self.drawn[number], count)
            out.append(Seen(name, mask, box, face, yaw, visible, seen))
        return out

    def _face(self, head: HeadPlace, mask: np.ndarray) -> tuple[tuple[float, float, float, float] | None, bool]:
        height, width = mask.shape
        turn, roll = np.deg2rad(head.yaw), np.deg2rad(head.roll)
        across, down = FACE_FORWARD * np.sin(turn), FACE_DOWN
        x = head.x + head.unit * (across * np.cos(roll) - down * np.sin(roll))
        y = head.y + head.unit * (across * np.sin(roll) + down * np.cos(roll))
        if not (0 <= x < width and 0 <= y < height):
            return None, False
        w, h = FACE_HALF_WIDTH * head.unit, FACE_HALF_HEIGHT * head.unit
        if abs(np.sin(roll)) > 0.7:
            w, h = h, w
        whole = (x - w, y - h, x + w, y + h)
        x1, y1, x2, y2 = (
            max(whole[0], 0.0),
            max(whole[1], 0.0),
            min(whole[2], float(width)),
            min(whole[3], float(height)),
        )
        core = mask[
            int(y - h * 0.6) if y > h * 0.6 else 0 : int(y + h * 0.6) + 1,
            max(int(x - w * 0.6), 0) : int(x + w * 0.6) + 1,
        ]
        shown = float(core.mean()) if core.size else 0.0
        inside = (x2 - x1) * (y2 - y1) / (4 * w * h)
        facing = abs((head.yaw + 180) % 360 - 180) <= FACE_YAW
        return (x1, y1, x2, y2), bool(facing and shown > 0.6 and inside > 0.8)


class Take:
    """One shot ready to be drawn: the place and everything that stands still are painted once."""

    def __init__(self, shot: Shot, people: Mapping[str, Person], *, width: int, height: int) -> None:
        self.shot, self.people = shot, people
        self.camera = camera_of(shot.size, shot.focus_x, width=width, height=height)
        self.light = LIGHTS[shot.light]
        self.still = view_of(shot.place, shot.place_seed, shot.light, self.camera)
        self.moving: list[Prop] = []
        action = shot.action
        for prop in sorted(shot.props, key=lambda p: (p.kind in SMALL, p.kind, p.x)):
            changes = action is not None and action.verb in ("open", "pick") and action.object == prop.kind
            if changes and action is not None and action.toward_x is not None:
                changes = abs(prop.x - action.toward_x) < 1.0
            if changes:
                self.moving.append(prop)
            else:
                self._prop(self.still, prop, 0.0)
        self._kept: dict[tuple[Placement, ...], tuple[Patch, dict[int, HeadPlace]]] = {}

    def frame(self, time: float, *, speaking: Collection[str] = ()) -> Frame:
        """The frame at a time of the film's clock; `speaking` are those whose mouths are open."""
        shot, seconds = self.shot, max(time - self.shot.start, 0.0)
        picture = self.still.copy()
        owners = np.zeros(picture.shape[:2], np.uint8)
        for prop in self.moving:
            self._moving_prop(picture, prop, seconds)
        everybody = placements(shot, self.people, time, speaking=speaking)
        for placement in everybody:
            self._shadow(picture, placement)
        heads: dict[int, HeadPlace] = {}
        drawn: dict[int, int] = {}
        for group in self._groups(everybody):
            patch, places = self._patch(group)
            heads.update(places)
            for placement in group:
                drawn[placement.number] = int(np.count_nonzero(patch.owner == placement.number))
            patch.over(picture, owners)
        if shot.event is not None:
            picture = with_event(picture, shot.event, seconds=seconds, length=shot.end - shot.start)
        return Frame(picture, owners, tuple(p.name for p in shot.people), heads, drawn)

    def _groups(self, everybody: list[Placement]) -> list[tuple[Placement, ...]]:
        """People whose limbs pass in front of and behind each other are painted together, all others alone."""
        action = self.shot.action
        if action is None or action.second is None or action.verb not in ("hug", "give"):
            return [(p,) for p in everybody]
        names = [p.name for p in self.shot.people]
        pair = {names.index(n) + 1 for n in (action.subject, action.second) if n in names}
        together = tuple(p for p in everybody if p.number in pair)
        return [(p,) for p in everybody if p.number not in pair] + [together]

    def _patch(self, group: tuple[Placement, ...]) -> tuple[Patch, dict[int, HeadPlace]]:
        if group in self._kept:
            return self._kept[group]
        parts, places = [], {}
        for placement in group:
            own, places[placement.number] = parts_of(placement, self.camera, self.light)
            parts += own
        patch = paint_parts(parts, self.light, width=self.camera.width, height=self.camera.height)
        if len(self._kept) < 48:  # standing people repeat after a few beats; those who act do not
            self._kept[group] = (patch, places)
        return patch, places

    def _prop(self, picture: np.ndarray, prop: Prop, opened: float) -> None:
        sprite, (dx, dy) = prop_sprite(prop.kind, scale=self.camera.scale, light=self.light, opened=opened)
        x, y = self.camera(prop.x, FLOOR + (0.0 if prop.kind in SMALL else 0.25))
        width = sprite.shape[1]
        if prop.kind not in ("window",):
            _darken(picture, x, y, width * 0.55, max(3.0, 0.35 * self.camera.scale), 0.30)
        part = Part(0.0, 0, Sprite(sprite, x + dx, y + dy, False))
        paint_parts([part], self.light, width=self.camera.width, height=self.camera.height).over(picture)

    def _moving_prop(self, picture: np.ndarray, prop: Prop, seconds: float) -> None:
        action = self.shot.action
        assert action is not None
        if action.verb == "open":
            self._prop(picture, prop, round(ease((seconds - 0.8) / 1.1) * 8) / 8)
        elif not self._lifted(seconds):
            self._prop(picture, prop, 0.0)

    def _lifted(self, seconds: float) -> bool:
        """Whether the thing on the floor is in the subject's hand by now."""
        action = self.shot.action
        return action is not None and any(
            p.held is not None and p.pose.holds is not None
            for p in placements(self.shot, self.people, self.shot.start + seconds)
            if self.shot.people[p.number - 1].name == action.subject
        )

    def _shadow(self, picture: np.ndarray, placement: Placement) -> None:
        x, y = self.camera(placement.x + placement.pose.sway, placement.floor - 0.05)
        lift = max(placement.pose.drop, 0.0) if not placement.pose.roll else 0.0
        wide = 1.7 if not placement.pose.roll else 1.7 + 3.6 * abs(np.sin(np.deg2rad(placement.pose.roll)))
        if placement.pose.roll:
            x += self.camera.scale * 4.6 * np.sin(np.deg2rad(placement.pose.roll))
        _darken(picture, x, y, wide * self.camera.scale * (1 - 0.12 * lift), 0.40 * self.camera.scale, 0.42)


def _darken(picture: np.ndarray, x: float, y: float, half_width: float, half_height: float, strength: float) -> None:
    """A soft contact shadow on the floor."""
    height, width = picture.shape[:2]
    x0, x1 = max(int(x - half_width), 0), min(int(x + half_width) + 1, width)
    y0, y1 = max(int(y - half_height), 0), min(int(y + half_height) + 1, height)
    if x0 >= x1 or y0 >= y1:
        return
    u = (np.arange(x0, x1, dtype=np.float32) - np.float32(x)) / np.float32(half_width)
    v = (np.arange(y0, y1, dtype=np.float32) - np.float32(y)) / np.float32(half_height)
    away = u[None] ** 2 + v[:, None] ** 2
    shade = 1 - np.float32(strength) * np.clip(1 - away, 0, 1)
    part = picture[y0:y1, x0:x1]
    part[:] = (part * shade[..., None]).astype(np.uint8)
