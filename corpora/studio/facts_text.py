"""A world of text alone: facts as words and what one would say about them, for a small language model to learn from.

The paper's language model comes able to copy a name, to follow an instruction's style and to use what was said before.
A model that has only seen a few thousand captions cannot; this world teaches it in the language of the mini world,
without a picture: where tokens of regions and of the scene will stand later, there stand four words each. The same
rules hold as in the studio: the subject is who acts, the second person is the neighbour on the side that the action
points to, and a subject whose face is not seen is the subject of the description before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from corpora.studio import sentences
from corpora.studio.dialogue import LINES, Exchange, fill_line
from corpora.studio.dice import Dice
from corpora.studio.language import (
    COLUMNS,
    DESCRIPTION_TAG,
    IDLE,
    NOTHING,
    NUMBERS,
    PARTNER,
    PLACES,
    SUBTITLE_TAG,
    VERBS,
)
from corpora.studio.screenplay import INDOOR_PLACES, LARGE_PROPS, OUTDOOR_EVENTS, SMALL_PROPS
from corpora.studio.sentences import Facts
from corpora.studio.staging import possible_objects, possible_verbs

Style = Literal["caption", "description", "count", "who"]
STYLES: tuple[Style, ...] = get_args(Style)
STYLE_SHARES = (0.25, 0.50, 0.10, 0.15)
CUES: dict[Style, tuple[str, ...]] = {
    "caption": ("a", "person", "is", "doing"),
    "description": ("who", "is", "doing", "what"),
    "count": ("the", "people", "in", "this"),
    "who": ("who", "is", "there", "and"),
}
CUED = 0.5  # share of samples whose style is announced; otherwise the description is expected most
WITH_SUBTITLES = 0.35
TYPE_SHARES = (0.08, 0.55, 0.27, 0.10)  # types 0 to 3; more faceless ones than in films, they are the hardest

_PLACES = tuple(PLACES)
_VERBS = {
    (place, faceless, second): tuple(possible_verbs(place, faceless=faceless, second=second))
    for place in PLACES
    for faceless in (False, True)
    for second in (False, True)
}
_OBJECTS = {
    (place, name): tuple(possible_objects(verb, place))
    for place in PLACES
    for name, verb in VERBS.items()
    if verb.needs_object
}
_STANDING = {place: tuple(p for p in PLACES[place].props if p not in ("door", "window")) for place in PLACES}
_EVENTS = {place: ("dark", "fire") if place in INDOOR_PLACES else (*OUTDOOR_EVENTS, "dark") for place in PLACES}


@dataclass(frozen=True)
class TextSample:
    """One text-only training sample; every word is in `language.all_words()` or one of the names given."""

    cue: tuple[str, ...]  # four words that announce the style, or none
    previous: list[str]  # oldest first, each after its tag
    people: list[tuple[str, tuple[str, ...]]]  # left to right: name, and pose, direction, column, pronoun in any order
    scene_words: tuple[str, ...]  # verb or event, object, prop nearby, place, in any order
    target: str
    style: Style
    subject: str | None  # of the description, whatever the style
    second: str | None
    type: int

    @property
    def prior(self) -> list[dict[str, str]]:
        """`previous` as a clip record's text prior."""
        kinds = {DESCRIPTION_TAG: "description", SUBTITLE_TAG: "subtitle"}
        cut = (line.partition("> ") for line in self.previous)
        return [{"kind": kinds[f"{tag}>"], "text": text} for tag, _, text in cut]


@dataclass(frozen=True)
class _View:
    """A sample's facts before they become words."""

    type: int
    place: str
    facts: Facts | None  # types 1 and 2, and type 3 when a pronoun stands for the name
    event: str  # or "group", "empty"; where nobody acts
    prop: str | None
    people: list[tuple[str, tuple[str, ...]]]
    facing: bool = False


class TextWorld:
    """An endless stream of samples about people with the given names; equal seeds, equal streams."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        if len(names) < 4:
            raise ValueError(f"{len(names)} names; a text world needs at least 4")
        self._dice = Dice(seed, 3)
        self._names = tuple(names)

    def sample(self, style: Style | None = None) -> TextSample:
        """The next sample, in a random style or the given one."""
        dice = self._dice
        cast = self._cast()
        type_ = _weighted(TYPE_SHARES, dice)
        previous, subject = self._previous(cast, needs_subject=type_ == 2)
        view = self._view(type_, cast, subject)
        style = STYLES[_weighted(STYLE_SHARES, dice)] if style is None else style
        cue = CUES[style] if dice.chance(CUED) else ()
        scene = (
            view.facts.verb if view.facts else view.event,
            (view.facts.object if view.facts else view.prop) or NOTHING,
            (view.facts.near if view.facts else None) or NOTHING,
            view.place,
        )
        return TextSample(
            cue=cue, previous=previous, people=view.people, scene_words=tuple(dice.shuffled(scene)),
            target=_target(view, style, dice), style=style, subject=view.facts.subject if view.facts else None,
            second=view.facts.second if view.facts else None, type=view.type,
        )  # fmt: skip

    def _cast(self) -> list[tuple[str, str]]:
        """Four different names, with a pronoun each."""
        chosen: list[str] = []
        while len(chosen) < 4:
            name = self._dice.pick(self._names)
            if name not in chosen:
                chosen.append(name)
        return [(name, "she" if self._dice.chance(0.5) else "he") for name in chosen]

    def _previous(
        self, cast: list[tuple[str, str]], *, needs_subject: bool
    ) -> tuple[list[str], tuple[str, str] | None]:
        """(up to three tagged descriptions, with dialogue in between for some; who the last one is about)."""
        dice = self._dice
        lines: list[str] = []
        subject: tuple[str, str] | None = None
        talk = dice.chance(WITH_SUBTITLES)
        count = 1 + dice.below(3) if needs_subject else dice.below(4)
        for turn in range(count):
            place = dice.pick(_PLACES)
            if (needs_subject and turn == count - 1) or dice.chance(0.82):
                who, *others = dice.shuffled(cast)
                subject = subject if subject and dice.chance(0.35) else who
                facts = self._facts(place, subject, [o for o in others if o != subject][:1], faceless=False)
                lines.append(f"{DESCRIPTION_TAG} {sentences.tell(facts, dice, seconds=dice.uniform(2.5, 4.5))}")
            else:
                subject = None
                text = sentences.tell_event(dice.pick(_EVENTS[place]), place, dice, seconds=3.0)
                lines.append(f"{DESCRIPTION_TAG} {text}")
            if talk and dice.chance(0.6):
                lines.append(f"{SUBTITLE_TAG} {self._line(cast)}")
        return lines, subject

    def _line(self, cast: list[tuple[str, str]]) -> str:
        dice = self._dice
        you, who = dice.sample([name for name, _ in cast], 2)
        thing, place = dice.pick(SMALL_PROPS), dice.pick(_PLACES)
        return fill_line(dice.pick(LINES), Exchange(you, who, thing, PLACES[place].within[0]))

    def _facts(
        self,
        place: str,
        subject: tuple[str, str],
        others: list[tuple[str, str]],
        *,
        faceless: bool,
        nameless: bool = False,
    ) -> Facts:
        """An action of the subject's; the first of `others` is its second person where it needs one."""
        dice = self._dice
        name = dice.pick(_VERBS[place, faceless, bool(others) and not nameless])
        verb = VERBS[name]
        second = others[0] if verb.needs_second else None
        rest = tuple(other for other, _ in others[1 if second else 0 :])
        large = any(o in LARGE_PROPS for o in verb.objects)
        near = None if large or second or not dice.chance(0.3) else dice.pick(_STANDING[place])
        return Facts(
            subject=subject[0], pronoun=subject[1], verb=name, place=place,
            object=dice.pick(_OBJECTS[place, name]) if verb.needs_object else None,
            second=second[0] if second else None, second_pronoun=second[1] if second else "he", faceless=faceless,
            near=near, others=rest, watching=dice.chance(0.5), alone=not others,
        )  # fmt: skip

    def _view(self, type_: int, cast: list[tuple[str, str]], before: tuple[str, str] | None) -> _View:
        """Facts for a description of that type; `before` is whom the description before was about."""
        dice = self._dice
        place = dice.pick(_PLACES)
        if type_ == 2 and before is not None:
            rest = [one for one in dice.shuffled(cast) if one != before]
            facts = self._facts(place, before, rest[: dice.below(2)] if dice.chance(0.6) else rest[:1], faceless=True)
            # Seen are only the others: nobody points to where the subject stands.
            order = [(one, "") for one in rest if one[0] in (facts.second, *facts.others)]
            return _View(2, place, facts, "", None, self._people(order, facts))
        if type_ == 1 or (type_ == 3 and before is not None and dice.chance(0.3)):
            subject = before if before and (type_ == 3 or dice.chance(0.3)) else dice.pick(cast)
            rest = [one for one in dice.shuffled(cast) if one != subject][: dice.below(3)]
            facts = self._facts(place, subject, rest, faceless=False, nameless=type_ == 3)
            return self._acted(type_, place, facts, subject, rest)
        if type_ == 3:
            members = dice.sample(cast, 2 + dice.below(2))
            event = dice.pick(_EVENTS[place]) if dice.chance(0.5) else "group"
            facing = event == "group" and len(members) == 2 and dice.chance(0.5)
            directions = ("right", "left") if facing else ("none",) * len(members)
            people = self._people(list(zip(members, directions, strict=True)), None)
            return _View(3, place, None, event, None, people, facing)
        event = dice.pick(_EVENTS[place]) if dice.chance(0.5) else "empty"
        prop = dice.pick(_STANDING[place]) if event == "empty" and dice.chance(0.6) else None
        return _View(0, place, None, event, prop, [])

    def _acted(
        self, type_: int, place: str, facts: Facts, subject: tuple[str, str], rest: list[tuple[str, str]]
    ) -> _View:
        """People from left to right around an action: the second person is next to the subject, on its side."""
        dice = self._dice
        direction = dice.pick(("left", "right")) if VERBS[facts.verb].directional else "none"
        order = [subject]
        if facts.second is not None:
            order.insert(1 if direction == "right" else 0, rest[0])
            rest = rest[1:]
        for one in rest:
            at = dice.below(len(order) + 1)
            if facts.second is not None and at == 1:
                at = dice.pick((0, 2))
            order.insert(at, one)
        place_of = {one[0]: index for index, one in enumerate(order)}
        others = tuple(sorted(facts.others, key=place_of.__getitem__))
        facts = replace(facts, others=others)
        turned = []
        for one in order:
            to_subject = "right" if place_of[one[0]] < place_of[subject[0]] else "left"
            looks = one[0] == facts.second or (facts.watching and one[0] in facts.others)
            turned.append((one, direction if one is subject else to_subject if looks else "none"))
        return _View(type_, place, facts, "", None, self._people(turned, facts))

    def _people(
        self, order: list[tuple[tuple[str, str], str]], facts: Facts | None
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Name and shuffled fact words of those whose faces are seen."""
        dice = self._dice
        columns = sorted(dice.sample(range(len(COLUMNS)), len(order)))
        people = []
        for ((name, pronoun), direction), column in zip(order, columns, strict=True):
            pose = IDLE
            if facts is not None and name == facts.subject:
                pose = facts.verb
            elif facts is not None and name == facts.second and facts.verb in ("hug", "give"):
                pose = PARTNER
            words = (pose, direction or dice.pick(("left", "none", "right")), COLUMNS[column], pronoun)
            people.append((name, tuple(dice.shuffled(words))))
        return people


def _target(view: _View, style: Style, dice: Dice) -> str:
    seconds = dice.uniform(2.5, 4.5)
    seen = len(view.people) + (view.type == 2)
    if style == "count":
        number = "nobody is" if seen == 0 else "one person is" if seen == 1 else f"{NUMBERS[seen]} people are"
        return sentences.finish(f"{number} {PLACES[view.place].within[0]}")
    if style == "who":
        names = [name for name, _ in view.people] or (["somebody"] if seen else ["nobody"])
        spoken = f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"
        return sentences.finish(f"{spoken} here")
    if view.facts is not None:
        if style == "caption":
            return sentences.caption(view.facts, dice)
        return sentences.tell(view.facts, dice, seconds=seconds, he_or_she=view.type == 3)
    if view.event == "group":
        return sentences.tell_group(seen, view.place, dice, seconds=seconds, facing=view.facing)
    if view.event == "empty":
        return sentences.tell_empty(view.place, dice, seconds=seconds, prop=view.prop)
    return sentences.tell_event(view.event, view.place, dice, seconds=seconds, people=seen)


def _weighted(shares: Sequence[float], dice: Dice) -> int:
    throw = dice.random()
    for index, share in enumerate(shares):
        throw -= share
        if throw < 0:
            return index
    return len(shares) - 1
