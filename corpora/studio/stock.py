"""Stock clips: short labelled shots with people who play in no film, for training what sees and what speaks.

They are drawn by the same stage at the same size as the films, at their key frames only: eight, half a second apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from corpora.studio.casting import SMALL_DETAIL
from corpora.studio.figures import Person
from corpora.studio.head_views import HeadSprites
from corpora.studio.heads import build_head
from corpora.studio.people import film_look
from corpora.studio.screenplay import CastMember, Described, Shot
from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_stock_scene
from corpora.studio.takes import Frame, Take
from corpora.studio.wardrobe import dress

FRAMES = 8  # per clip
SPACING = 0.5  # seconds between them: the key frames of a film
STOCK_HEIGHT = 1.0
DIRECTED = ("walk", "run", "hug", "pick", "open", "knock", "point", "wave", "give")  # verbs with a left and a right


@dataclass(frozen=True)
class StockClip:
    """One labelled clip; t key frames, 8 at most. Everything is keyed by the names of the people in the picture."""

    index: int
    frames_thw3: np.ndarray  # (t, height, width, 3) uint8 RGB
    masks: dict[str, np.ndarray]  # (t, height, width) bool: what can be seen of the person
    boxes: dict[str, np.ndarray]  # (t, 4) float32 x1 y1 x2 y2 in pixels, NaN where the person cannot be seen
    faces: dict[str, np.ndarray]  # (t,) bool: the face can be seen
    acts: dict[str, str]  # "idle", "partner" (the second person of a hug or a giving), or the verb
    directions: dict[str, str]  # "left", "none", "right": where the act leads
    event: str | None
    place: str
    props: tuple[str, ...]  # kinds to be seen, held ones included, sorted
    described: Described  # text, alternatives and what they tell
    previous: tuple[str, ...]  # descriptions before it, oldest first
    cast: tuple[CastMember, ...]

    @property
    def cast_names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.cast)


def render_stock(
    settings: StudioSettings, *, start: int, count: int, shown: Callable[[int], int] = lambda index: FRAMES
) -> Iterator[StockClip]:
    """Clips `start` to `start + count - 1` of an endless numbered row; the same number is always the same clip.

    `shown` tells how many of a clip's `FRAMES` key frames, from the first on, are drawn.
    """
    for index in range(start, start + count):
        yield _clip(index, settings, shown(index))


# Heads and their lit views are shared by all clips of a person, who wears other clothes in each.
@functools.lru_cache(maxsize=64)
def _head_of(person: int) -> HeadSprites:
    return HeadSprites(build_head(film_look(person), width=SMALL_DETAIL))


def _person(member: CastMember) -> Person:
    look = film_look(member.person)
    clothes = dress(member.person, member.top, member.bottom, member.shoe, look.skin)
    # One height for all: a sprite per height and person would never be used twice.
    return Person(look, clothes, STOCK_HEIGHT, head=_head_of(member.person))


def _clip(index: int, settings: StudioSettings, shown: int) -> StockClip:
    shot, described, previous, cast = write_stock_scene(index, settings)
    take = Take(shot, {m.name: _person(m) for m in cast}, width=settings.width, height=settings.height)
    spacing = min(SPACING, (shot.end - shot.start) / FRAMES)
    frames = [take.frame(shot.start + (k + 0.2) * spacing) for k in range(shown)]
    names = tuple(placed.name for placed in shot.people)
    masks, boxes, faces = _regions(frames, names)
    return StockClip(
        index=index,
        frames_thw3=np.stack([frame.picture for frame in frames]),
        masks=masks,
        boxes=boxes,
        faces=faces,
        acts={name: _act(shot, name) for name in names},
        directions={name: _direction(shot, name) for name in names},
        event=shot.event,
        place=shot.place,
        props=tuple(sorted({prop.kind for prop in shot.props} | _held(shot))),
        described=described,
        previous=tuple(previous),
        cast=cast,
    )


def _regions(
    frames: list[Frame], names: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    shape = frames[0].owners.shape
    masks = {name: np.zeros((len(frames), *shape), bool) for name in names}
    boxes = {name: np.full((len(frames), 4), np.nan, np.float32) for name in names}
    faces = {name: np.zeros(len(frames), bool) for name in names}
    for number, frame in enumerate(frames):
        for seen in frame.people():
            masks[seen.name][number] = seen.mask
            boxes[seen.name][number] = seen.box
            faces[seen.name][number] = seen.face_visible
    return masks, boxes, faces


def _act(shot: Shot, name: str) -> str:
    action = shot.action
    if action is None:
        return "idle"
    if action.subject == name:
        return action.verb
    return "partner" if action.second == name and action.verb in ("hug", "give") else "idle"


def _direction(shot: Shot, name: str) -> str:
    action = shot.action
    if action is None or action.subject != name or action.toward_x is None or action.verb not in DIRECTED:
        return "none"
    x = next((placed.x for placed in shot.people if placed.name == name), 0.0)
    return "right" if action.toward_x >= x else "left"


def _held(shot: Shot) -> set[str]:
    return set() if shot.action is None or shot.action.object is None else {shot.action.object}
