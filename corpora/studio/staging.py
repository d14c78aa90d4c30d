"""Who stands where, and what the camera takes in: shots in which an action can be read and its second person is known.

The rule that makes a second person resolvable: towards the side of the action, the second person is the nearest, and
anybody else stands on the other side or well behind. So who sees positions and the action's direction can name them.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpora.studio.dice import Dice
from corpora.studio.language import PLACES, VERBS, Verb
from corpora.studio.screenplay import (
    LARGE_PROPS,
    SMALL_PROPS,
    Action,
    CastMember,
    Placed,
    Prop,
    Shot,
    Size,
)
from corpora.studio.sentences import Facts

# How far from the middle of the picture a person is still wholly in it.
HALF_VIEW: dict[Size, float] = {"wide": 13.2, "medium": 6.9, "close": 3.6}
ROOM = 3.2  # between two people, so that no figure covers another
STOP_BEFORE = {"car": 3.4, "bench": 2.2, "table": 2.2}  # how far from a prop's middle a walker stops
WATCHING = 0.5  # share of shots whose bystanders turn to the subject
NEARBY_PROP = 0.4


@dataclass(frozen=True)
class Scene:
    """One place and time of the story, and who is there."""

    place: str
    place_seed: int
    light: str
    middle: float  # world x around which the scene plays: another piece of the backdrop
    present: tuple[CastMember, ...]
    events: tuple[str, ...]  # what can happen to the place itself; one kind of weather per scene


@dataclass(frozen=True)
class Choice:
    """An action before it is staged."""

    subject: CastMember
    verb: str
    object: str | None
    second: CastMember | None
    others: tuple[CastMember, ...]  # who else may stand in the picture
    faceless: bool


def possible_verbs(place: str, *, faceless: bool, second: bool) -> list[str]:
    """What can be done there, with or without somebody to do it with."""
    return [
        name
        for name, verb in VERBS.items()
        if (not faceless or verb.faceless)
        and (second or not verb.needs_second)
        and (not verb.needs_object or possible_objects(verb, place))
    ]


def possible_objects(verb: Verb, place: str) -> list[str]:
    return [o for o in verb.objects if o in SMALL_PROPS or o in PLACES[place].props]


def stage_action(choice: Choice, scene: Scene, dice: Dice, *, start: float, end: float) -> tuple[Shot, Facts]:
    """A shot of the action, and the facts that are visible in it."""
    verb = VERBS[choice.verb]
    x, toward, prop_x = _lay_out(choice, verb, dice)
    taken = [x, *([toward] if toward is not None and choice.verb in ("walk", "run") else [])]
    people = [(choice.subject, x)]
    if choice.second is not None and toward is not None:
        people.append((choice.second, toward))
        taken.append(toward)
    people += _bystanders(choice, x, taken, dice)
    props = [] if choice.object is None or prop_x is None else [Prop(choice.object, prop_x)]
    size: Size = "wide"
    if "medium" in verb.sizes and (toward is None or abs(toward - x) <= 5.4) and not dice.chance(0.4):
        size = "medium"
    focus = dice.uniform(-1, 1) if size == "wide" else (x if toward is None else (x + toward) / 2) + dice.uniform(-1, 1)
    people = [(member, at) for member, at in people if abs(at - focus) <= HALF_VIEW[size]]
    near = _nearby_prop(choice, scene, x, [at for _, at in people], dice)
    if near:
        props.append(near)
    watching = dice.chance(WATCHING)
    placed = [_place(member, at, x, watching, choice, scene, dice) for member, at in people]
    others = sorted((at, member.name) for member, at in people if member not in (choice.subject, choice.second))
    shot = Shot(
        place=scene.place, place_seed=scene.place_seed, light=scene.light, size=size,
        focus_x=_round(focus + scene.middle), start=start, end=end, people=tuple(placed),
        props=tuple(Prop(prop.kind, _round(prop.x + scene.middle)) for prop in props),
        action=Action(
            subject=choice.subject.name, verb=choice.verb, second=choice.second.name if choice.second else None,
            object=choice.object, toward_x=None if toward is None else _round(toward + scene.middle),
            faceless=choice.faceless,
        ),
    )  # fmt: skip
    facts = Facts(
        subject=choice.subject.name, pronoun=choice.subject.pronoun, verb=choice.verb, place=scene.place,
        object=choice.object, second=choice.second.name if choice.second else None,
        second_pronoun=choice.second.pronoun if choice.second else "he", faceless=choice.faceless,
        near=near.kind if near else None, others=tuple(name for _, name in others), watching=watching,
        alone=len(people) == 1,
    )  # fmt: skip
    return shot, facts


def _lay_out(choice: Choice, verb: Verb, dice: Dice) -> tuple[float, float | None, float | None]:
    """(subject's x, the action's target, the x of the object if it stands or lies there), around 0."""
    side = dice.pick((-1, 1))
    if verb.needs_second:
        x = dice.uniform(-4.2, 4.2)
        side = side if abs(x + side * 3.2) < 8 else -side
        # An arm that points or waves needs room of its own; who hugs or gives walks up.
        nearest = 3.8 if choice.verb in ("point", "wave") else 3.2
        return x, x + side * dice.uniform(nearest, 5.3), None
    if choice.verb in ("walk", "run"):
        x = -side * dice.uniform(2.5, 6.5)
        prop = side * dice.uniform(3.0, 7.0)
        return x, prop - side * STOP_BEFORE.get(choice.object or "", 1.7), prop
    x = dice.uniform(-5, 5)
    if choice.verb == "sit":
        return x, None, x
    if verb.directional:
        reach = 2.0 if choice.verb == "pick" else 2.8
        return x, x + side * reach, x + side * reach
    return x, None, None


def _bystanders(choice: Choice, x: float, taken: list[float], dice: Dice) -> list[tuple[CastMember, float]]:
    """The others, at free marks; with a second person, never between or near them on their side."""
    placed: list[tuple[CastMember, float]] = []
    marks = dice.shuffled([mark for mark in (-9.2, -7.4, -5.6, -3.7, 0.0, 3.7, 5.6, 7.4, 9.2) if abs(mark - x) < 9])
    for member in choice.others:
        for mark in marks:
            free = all(abs(mark - at) > ROOM for at in taken)
            if choice.second is not None:
                second = taken[-1 - len(placed)]
                side = 1 if second > x else -1
                free = free and ((mark - x) * side < 0 or (mark - second) * side > 0)
            if free:
                at = mark + dice.uniform(-0.1, 0.1)
                placed.append((member, at))
                taken.append(at)
                break
    return placed


def _nearby_prop(choice: Choice, scene: Scene, x: float, people: list[float], dice: Dice) -> Prop | None:
    """Something large beside the subject, where the action has nothing large of its own to be mistaken for it."""
    verb = VERBS[choice.verb]
    if any(o in LARGE_PROPS for o in verb.objects) or verb.needs_second or not dice.chance(NEARBY_PROP):
        return None
    kind = dice.pick([kind for kind in PLACES[scene.place].props if kind not in ("window", "door")])
    offset = 3.4 if kind in ("car", "bench", "table") else 2.4
    side = dice.pick((-1, 1))
    for at in (x + side * offset, x - side * offset):
        if all(abs(at - other) > 1.5 for other in people):
            return Prop(kind, at)
    return None


def _place(
    member: CastMember, at: float, subject_x: float, watching: bool, choice: Choice, scene: Scene, dice: Dice
) -> Placed:
    yaw = dice.uniform(-25, 25)
    if member is choice.subject:
        yaw = 180 + dice.uniform(-25, 25) if choice.faceless else yaw
    elif member is not choice.second and watching:
        # Turned to the subject, not so far that the face is lost.
        yaw = (1 if subject_x > at else -1) * dice.uniform(24, 38)
    return Placed(member.name, _round(at + scene.middle), round(dice.uniform(0.0, 1.0), 2), round(yaw, 1))


def stage_people(
    members: list[CastMember], scene: Scene, dice: Dice, *, size: Size, start: float, end: float, facing: bool = False,
    event: str | None = None, speaker: str | None = None, prop: str | None = None,
) -> Shot:  # fmt: skip
    """People who stand, side by side and seen from the front; or an empty place, when there are none.

    In a close shot the first of them has the picture alone.
    """
    gap = {"wide": 4.4, "medium": 3.8, "close": 3.8}[size]
    if size == "close":
        members = members[:1]
    order = dice.shuffled(members)
    placed = []
    for index, member in enumerate(order):
        at = (index - (len(order) - 1) / 2) * gap + dice.uniform(-0.4, 0.4)
        yaw = dice.uniform(-18, 18)
        if facing and len(order) == 2:
            yaw = (1 if index == 0 else -1) * dice.uniform(46, 62)
        placed.append(Placed(member.name, _round(at + scene.middle), round(dice.uniform(0.0, 1.0), 2), round(yaw, 1)))
    props: tuple[Prop, ...] = ()
    if prop is not None:
        at = (len(order) / 2 * gap + 2.0) * dice.pick((-1, 1)) if order else dice.uniform(-5, 5)
        props = (Prop(prop, _round(at + scene.middle)),)
    return Shot(
        place=scene.place, place_seed=scene.place_seed, light=scene.light, size=size,
        focus_x=_round(scene.middle + dice.uniform(-0.5, 0.5)), start=start, end=end, people=tuple(placed), props=props,
        speaker=speaker, event=event,
    )  # fmt: skip


def _round(value: float) -> float:
    return round(value, 2)
