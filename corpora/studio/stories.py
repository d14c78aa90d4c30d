"""Stories: who meets whom where, what is done, said and described, as a screenplay that the stage can draw.

A film is a few scenes about a thing that is sought and found. In each scene two or three of the characters are present;
dialogue shots, near enough to recognise the speaker by, alternate with described slots, in which nobody speaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from corpora.studio import sentences
from corpora.studio.dialogue import SPOKEN_WORDS_PER_SECOND, Exchange, say
from corpora.studio.dice import Dice, number_of
from corpora.studio.language import PLACES, VERBS, word_count
from corpora.studio.plan import plan_beats
from corpora.studio.screenplay import (
    INDOOR_PLACES,
    LIGHTS,
    OUTDOOR_EVENTS,
    SMALL_PROPS,
    CastMember,
    Described,
    Line,
    Screenplay,
    Shot,
    Size,
)
from corpora.studio.settings import StudioSettings
from corpora.studio.staging import Choice, Scene, possible_objects, possible_verbs, stage_action, stage_people
from corpora.studio.titles import title_of
from corpora.studio.troupe import cast_film, cast_stock

KEEPS_SUBJECT = 0.35  # how often a describer stays with the person of the sentence before
REACTION = 0.12  # share of long slots that end on a close shot of the subject
STOCK_SECONDS = 4.0  # eight key frames, half a second apart
STOCK_STREAM = 2  # parts of the studio that share a seed draw from streams of their own
FILM_STREAM = 1


@dataclass
class Telling:
    """What the story knows as it goes on."""

    settings: StudioSettings
    dice: Dice
    thing: str
    shots: list[Shot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    descriptions: list[Described] = field(default_factory=list)
    subject: CastMember | None = None  # of the description just before, if it named one
    verbs: list[str] = field(default_factory=list)  # and events, told lately
    told: dict[str, int] = field(default_factory=dict)  # how often each character was a description's subject
    faced: dict[str, int] = field(default_factory=dict)  # how often each was seen from near, speaking or spoken to
    said: set[str] = field(default_factory=set)


def write_screenplay(film_id: str, split: str, settings: StudioSettings) -> Screenplay:
    """The screenplay of a film: the same for the same id, split and settings, down to the last digit."""
    dice = Dice(settings.seed_of(film_id), FILM_STREAM, number_of(film_id))
    seconds = settings.seconds_of(film_id)
    beats = plan_beats(settings, seconds=seconds, dice=dice)
    talks = sum(beat.type is None for beat in beats)
    size = 5 if talks >= 14 or (talks >= 11 and dice.chance(0.3)) else 4 if talks >= 8 else 3
    cast = cast_film(film_id, split, size=size, dice=dice)
    scenes = _scenes(1 + max(beat.scene for beat in beats), cast, dice)
    telling = Telling(settings, dice, thing=dice.pick([p for p in SMALL_PROPS if p != "phone"]))
    for index, beat in enumerate(beats):
        start, end = beat.first_frame / settings.fps, (beat.first_frame + beat.frames) / settings.fps
        if beat.type is None:
            progress = index / len(beats)
            _talk(telling, scenes[beat.scene], cast, act=int(progress * 4), start=start, end=end)
        else:
            _tell(telling, scenes[beat.scene], beat.type, opens=beat.opens, start=start, end=end)
    return Screenplay(
        film_id=film_id,
        title=title_of(telling.thing, scenes[-1].place, dice),
        split=split,
        duration=round(seconds * settings.fps) / settings.fps,
        cast=cast,
        shots=tuple(telling.shots),
        lines=tuple(telling.lines),
        descriptions=tuple(telling.descriptions),
    )


def write_stock_scene(
    index: int, settings: StudioSettings
) -> tuple[Shot, Described, list[str], tuple[CastMember, ...]]:
    """One labelled shot of `STOCK_SECONDS` for training, what was described before it, and its cast of four.

    Stock people play in no film. The descriptions before are told of shots that nobody draws.
    """
    dice = Dice(settings.seed, STOCK_STREAM, index)
    cast = cast_stock(size=4, pool=settings.stock_people, dice=dice)
    scene = _scenes(1, cast, dice)[0]
    telling = Telling(settings, dice, thing=dice.pick(SMALL_PROPS))
    shares = (settings.share_empty, settings.share_named, settings.share_faceless, settings.share_unnamed)
    reached, throw, type_ = 0.0, dice.random(), 1
    for candidate, share in enumerate(shares):
        reached += share
        if throw < reached:
            type_ = candidate
            break
    before = dice.below(4) if type_ != 2 else 1 + dice.below(3)
    for turn in range(before):
        last = turn == before - 1
        earlier = 1 if type_ == 2 and last else dice.pick((1, 1, 1, 1, 3, 0))
        _tell(telling, scene, earlier, opens=turn == 0, start=0.0, end=_slot(settings, dice))
    previous = [described.text for described in telling.descriptions]
    telling.shots.clear()
    telling.descriptions.clear()
    # The sentence is as long as a film's slot would have it; the shot always has room for eight key frames.
    _tell(telling, scene, type_, opens=not previous, start=0.0, end=_slot(settings, dice), stretch=STOCK_SECONDS)
    return telling.shots[0], telling.descriptions[0], previous, cast


def _slot(settings: StudioSettings, dice: Dice) -> float:
    return dice.uniform(settings.slot_min, settings.slot_max)


def _scenes(count: int, cast: tuple[CastMember, ...], dice: Dice) -> list[Scene]:
    """Places that change from scene to scene; two or three are present, one of them from the scene before."""
    scenes: list[Scene] = []
    seen = {member.name: 0 for member in cast}
    for _ in range(count):
        before = scenes[-1] if scenes else None
        place = dice.pick([p for p in PLACES if before is None or p != before.place])
        waiting = sorted(dice.shuffled(cast), key=lambda member: seen[member.name])
        number = 3 if dice.chance(0.7) else 2
        stays = [dice.pick(before.present)] if before else []
        present = tuple((stays + [m for m in waiting if m not in stays])[:number])
        for member in present:
            seen[member.name] += 1
        middle = round(dice.uniform(-7, 7), 2)
        scenes.append(Scene(place, dice.below(3), dice.pick(LIGHTS), middle, present, _events(place, dice)))
    return scenes


def _events(place: str, dice: Dice) -> tuple[str, ...]:
    weather = dice.pick(OUTDOOR_EVENTS)
    return ("dark", "fire") if place in INDOOR_PLACES else (weather, weather, "dark")


def _talk(telling: Telling, scene: Scene, cast: tuple[CastMember, ...], *, act: int, start: float, end: float) -> None:
    """A line, and a shot of who speaks it: close and alone, or beside the one spoken to."""
    dice = telling.dice
    speakers = [line.speaker for line in telling.lines]
    seen = telling.faced
    speaker = min(dice.shuffled(scene.present), key=lambda m: (speakers.count(m.name), seen.get(m.name, 0)))
    listeners = dice.shuffled([member for member in scene.present if member is not speaker])
    you = min(listeners, key=lambda m: seen.get(m.name, 0)) if dice.chance(0.6) else listeners[0]
    absent = [member.name for member in cast if member not in scene.present]
    elsewhere = dice.pick([p for p in PLACES if p != scene.place])
    exchange = Exchange(
        you=you.name, who=dice.pick(absent) if absent else None, thing=telling.thing, within=PLACES[elsewhere].within[0]
    )
    text = say(exchange, act=act, seconds=end - start - 0.3, said=telling.said, dice=dice)
    fps = telling.settings.fps
    spoken = min(end - start - 0.3, max(1.0, word_count(text) / SPOKEN_WORDS_PER_SECOND + 0.3))
    first = round((start + 0.2) * fps) / fps
    telling.lines.append(
        Line(first, min(round((first + spoken) * fps), round(end * fps) - 1) / fps, speaker.name, text)
    )
    both = dice.chance(0.8 if telling.faced.get(you.name, 0) < 2 else 0.35)
    members = [speaker, you] if both else [speaker]
    for member in members:
        telling.faced[member.name] = telling.faced.get(member.name, 0) + 1
    size: Size = "medium" if both or dice.chance(0.4) else "close"
    telling.shots.append(stage_people(members, scene, dice, size=size, start=start, end=end, speaker=speaker.name))


def _tell(
    telling: Telling, scene: Scene, type_: int, *, opens: bool, start: float, end: float, stretch: float | None = None
) -> None:
    """A described slot of that type: its shot or shots, and its description."""
    if type_ in (1, 2):
        _tell_action(telling, scene, start, end, faceless=type_ == 2, stretch=stretch)
    elif type_ == 3 and not opens and telling.subject in scene.present and telling.dice.chance(0.4):
        _tell_action(telling, scene, start, end, nameless=True, stretch=stretch)
    else:
        _tell_view(telling, scene, type_, start, end, stretch=stretch)


def _tell_action(
    telling: Telling, scene: Scene, start: float, end: float, *, faceless: bool = False, nameless: bool = False,
    stretch: float | None = None,
) -> None:  # fmt: skip
    dice = telling.dice
    choice = _choose(telling, scene, faceless=faceless, nameless=nameless)
    split = None
    if not faceless and not nameless and stretch is None and end - start >= 3.8 and dice.chance(REACTION):
        fps = telling.settings.fps
        split = round((start + 0.68 * (end - start)) * fps) / fps
    shot, facts = stage_action(choice, scene, dice, start=start, end=split or (start + stretch if stretch else end))
    told = _distinct(lambda: sentences.tell(facts, dice, seconds=end - start, he_or_she=nameless))
    telling.descriptions.append(
        Described(
            start=start, end=shot.end if stretch else end, shot=len(telling.shots),
            type=2 if faceless else 3 if nameless else 1, text=told[0], alternatives=told[1:],
            subject=facts.subject, verb=facts.verb, second=facts.second, object=facts.object, place=facts.place,
        )
    )  # fmt: skip
    telling.shots.append(shot)
    if split:
        telling.shots.append(stage_people([choice.subject], scene, dice, size="close", start=split, end=end))
    telling.subject = choice.subject
    telling.told[choice.subject.name] = telling.told.get(choice.subject.name, 0) + 1
    telling.verbs = [*telling.verbs[-3:], choice.verb]


def _choose(telling: Telling, scene: Scene, *, faceless: bool, nameless: bool) -> Choice:
    dice = telling.dice
    stays = telling.subject is not None and telling.subject in scene.present
    if telling.subject is not None and (faceless or nameless or (stays and dice.chance(KEEPS_SUBJECT))):
        subject = telling.subject
    else:
        rest = dice.shuffled([m for m in scene.present if m is not telling.subject] or list(scene.present))
        # Now and then the one of whom least was told, so that nobody stays a mere name.
        subject = min(rest, key=lambda m: telling.told.get(m.name, 0)) if dice.chance(0.5) else rest[0]
    others = dice.shuffled([member for member in scene.present if member is not subject])
    verbs = possible_verbs(scene.place, faceless=faceless, second=bool(others) and not nameless)
    name = dice.pick([v for v in verbs if v not in telling.verbs] or verbs)
    verb = VERBS[name]
    second = others.pop() if verb.needs_second else None
    thing = None
    if verb.needs_object:
        things = possible_objects(verb, scene.place)
        thing = telling.thing if telling.thing in things and dice.chance(0.4) else dice.pick(things)
    if faceless and (second or not dice.chance(0.4)):
        # With no face of the subject to start from, a second person is known only if nobody else is there.
        others = []
    elif nameless or dice.chance(0.3):
        others = others[: dice.below(len(others) + 1)]
    return Choice(subject, name, thing, second, tuple(others), faceless)


def _tell_view(telling: Telling, scene: Scene, type_: int, start: float, end: float, *, stretch: float | None) -> None:
    """A place without an action: empty (type 0), or with people whom the describer does not name (type 3)."""
    dice = telling.dice
    members = list(scene.present) if type_ == 3 else []
    fresh = [event for event in scene.events if event not in telling.verbs]
    event = dice.pick(fresh) if fresh and dice.chance(0.6) else None
    facing = event is None and len(members) > 1 and dice.chance(0.3)
    if facing:
        members = dice.sample(members, 2)
    props = [prop for prop in PLACES[scene.place].props if prop not in ("door", "window")]
    prop = dice.pick(props) if (event is None and type_ == 0) or dice.chance(0.3) else None
    size: Size = "medium" if members and len(members) < 3 and dice.chance(0.3) else "wide"
    shot = stage_people(
        members, scene, dice, size=size, start=start, end=start + stretch if stretch else end, facing=facing,
        event=event, prop=prop,
    )  # fmt: skip

    def once() -> str:
        if event is not None:
            return sentences.tell_event(event, scene.place, dice, seconds=end - start, people=len(members))
        if members:
            return sentences.tell_group(len(members), scene.place, dice, seconds=end - start, facing=facing)
        return sentences.tell_empty(scene.place, dice, seconds=end - start, prop=prop)

    told = _distinct(once)
    telling.descriptions.append(
        Described(
            start=start, end=shot.end, shot=len(telling.shots), type=type_, text=told[0], alternatives=told[1:],
            subject=None, verb=event or ("group" if members else "empty"), second=None,
            object=prop if event is None and not members else None, place=scene.place,
        )
    )  # fmt: skip
    telling.shots.append(shot)
    telling.subject = None
    telling.verbs = [*telling.verbs[-3:], telling.descriptions[-1].verb]


def _distinct(tell: Callable[[], str]) -> tuple[str, ...]:
    """Three tellings of one fact, all different if the words allow it."""
    told: list[str] = []
    for _ in range(12):
        text = tell()
        if text not in told:
            told.append(text)
        if len(told) == 3:
            break
    return tuple(told)
