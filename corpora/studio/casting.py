"""Portraits: the pictures an agency keeps of a film's cast, and faces of strangers to train a face encoder on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from corpora.studio.blocking import FLOOR
from corpora.studio.camera import LIGHTS, Camera, Light
from corpora.studio.figures import HeadPlace, Person, Placement, parts_of
from corpora.studio.patches import paint_parts
from corpora.studio.people import STRANGERS, Look, alternative_look, film_look, portrait_look
from corpora.studio.places import view_of
from corpora.studio.poses import Pose
from corpora.studio.screenplay import PLACES, CastMember
from corpora.studio.settings import StudioSettings
from corpora.studio.wardrobe import dress

PORTRAITS = 2  # per character
PORTRAIT_SIZE = (224, 280)  # width, height in pixels
HEAD_HEIGHT = 10.5  # world units: where a standing head's middle is, for a person of height 1
STUDIO_LIGHT = Light((-0.25, 0.45, 0.9), (1.02, 1.0, 0.97), (0.50, 0.50, 0.52))
SMALL_DETAIL = 288  # columns of a head's maps where no close-up is drawn


class StrangerFace(NamedTuple):
    """A picture with one face of somebody who plays in no film."""

    person: int
    look: int  # 0 as in a film, 1 later in its story, 2 and on: agency portraits
    image: np.ndarray  # (n, n, 3) uint8 RGB; the face is about half as wide


def _colour(rng: np.random.Generator, low: float, high: float) -> tuple[float, float, float]:
    red, green, blue = (float(c) for c in rng.uniform(low, high, 3))
    return red, green, blue


def _dressed(look: Look, rng: np.random.Generator, *, height: float = 1.0, detail: int = 432) -> Person:
    top, bottom, shoe = _colour(rng, 0.15, 0.9), _colour(rng, 0.1, 0.5), _colour(rng, 0.05, 0.3)
    return Person(look, dress(look.person, top, bottom, shoe, look.skin), height, detail=detail)


def _stand(
    picture: np.ndarray,
    person: Person,
    camera: Camera,
    light: Light,
    *,
    yaw: float,
    head_yaw: float,
    pitch: float = 0.0,
) -> HeadPlace:
    """Paints one person, standing in the camera's middle, over a picture; tells where the head is."""
    pose = Pose(head_pitch=pitch)
    placement = Placement(person, pose, camera.middle_x, FLOOR, yaw, head_yaw, False, 1)
    parts, head = parts_of(placement, camera, light)
    paint_parts(parts, light, width=camera.width, height=camera.height).over(picture)
    return head


def portraits_of(member: CastMember) -> list[np.ndarray]:
    """The character's `PORTRAITS` portraits, (280, 224, 3) uint8: bright, frontal, smiling, with other hair."""
    width, height = PORTRAIT_SIZE
    out = []
    for take in range(PORTRAITS):
        rng = np.random.default_rng([71, member.person, take])
        person = _dressed(portrait_look(member.person, take), rng)
        camera = Camera(0.0, HEAD_HEIGHT - 0.45, width / 4.1, width, height)
        v = np.linspace(1, 0, height, dtype=np.float32)[:, None, None]
        u = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
        paper = rng.uniform(0.45, 0.85, 3).astype(np.float32)
        picture = np.clip((paper * (0.75 + 0.30 * v) * (1.06 - 0.16 * u * u)) * 255, 0, 255).astype(np.uint8)
        yaw = float(rng.uniform(-16, 16))
        _stand(picture, person, camera, STUDIO_LIGHT, yaw=yaw * 1.6, head_yaw=yaw)
        out.append(picture)
    return out


STRANGER_VIEWS = (6, 4, 2, 2)  # of each look: as often as a film shows it
FIRST_PORTRAIT = 2  # number of the first look that is a portrait
STRANGER_YAWS = (0.0, 8.0, 15.0, 25.0, 35.0, 45.0, 55.0)
STRANGER_FACE_PIXELS = (30, 40, 54, 72, 92)  # face heights in wide, medium and close shots


def portraits_of_strangers(
    settings: StudioSettings, *, start: int = 0, count: int | None = None
) -> Iterator[StrangerFace]:
    """Faces of `count` of the `settings.strangers` people from number `start` on, person by person.

    Film looks at many sizes, yaws and lights, and portraits. Each image is a piece of a film frame (or a portrait) with
    one face near its middle, to be put through the same face detector as the films are.
    """
    people = STRANGERS[: settings.strangers]
    for person in people[start : None if count is None else start + count]:
        yield from _faces_of(person, settings.seed)


def _faces_of(person: int, seed: int) -> Iterator[StrangerFace]:
    rng = np.random.default_rng([72, seed, person])
    looks = (film_look(person), alternative_look(person), portrait_look(person, 0), portrait_look(person, 1))
    for number, (look, views) in enumerate(zip(looks, STRANGER_VIEWS, strict=True)):
        dressed = _dressed(look, rng, height=float(rng.uniform(0.95, 1.05)), detail=SMALL_DETAIL)
        for _ in range(views):
            draw = _portrait_view if number >= FIRST_PORTRAIT else _film_view
            yield StrangerFace(person, number, draw(dressed, rng))


def _portrait_view(person: Person, rng: np.random.Generator) -> np.ndarray:
    side = 200
    picture = np.full((side, side, 3), rng.uniform(0.5, 0.9, 3) * 255, np.uint8)
    camera = Camera(0.0, HEAD_HEIGHT * person.height - 0.2, side / 4.4, side, side)
    yaw = float(rng.uniform(-18, 18))
    _stand(picture, person, camera, STUDIO_LIGHT, yaw=yaw, head_yaw=yaw, pitch=float(rng.uniform(-5, 5)))
    return picture


def _film_view(person: Person, rng: np.random.Generator) -> np.ndarray:
    """A square cut from a film frame around somebody's head, the face off the middle a little."""
    pixels = float(rng.choice(STRANGER_FACE_PIXELS))
    scale = pixels / 1.9
    side = int(pixels * 2.1) // 2 * 2
    name, light = str(rng.choice(PLACES)), str(rng.choice(sorted(LIGHTS)))
    middle_x = float(rng.uniform(-18, 18))
    camera = Camera(middle_x, HEAD_HEIGHT * person.height + float(rng.uniform(-0.3, 0.2)), scale, side, side)
    picture = view_of(name, int(rng.integers(3)), light, camera, blur=max(0.0, scale / 16.4 - 1.0))
    yaw = float(rng.choice(STRANGER_YAWS, p=(0.2, 0.15, 0.2, 0.15, 0.12, 0.1, 0.08)) * rng.choice((-1, 1)))
    body = yaw * float(rng.uniform(0.6, 1.4))
    _stand(picture, person, camera, LIGHTS[light], yaw=body, head_yaw=yaw, pitch=float(rng.uniform(-9, 12)))
    return picture
