"""What stands between a story and the camera: places, people, actions and times, and nothing about pixels or words.

`stories` and `language` write a screenplay; the stage draws it. Everything that a screenplay can ask for is listed here
by name, so that a story cannot name what cannot be drawn.

World units: x to the right, 0 in the middle of the place, people about 11 tall, floors 60 wide. A wide shot shows
about 29 units of width, a medium shot 16, a close shot 9. Yaw in degrees: 0 looks into the camera, +90 to the right
(towards larger x), 180 away. Depth 0 is the walking line, 1 is one step nearer to the backdrop. Times in seconds on
the film's clock, always on the frame grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = Literal["wide", "medium", "close"]
Pronoun = Literal["he", "she"]
RGB = tuple[float, float, float]

INDOOR_PLACES = ("kitchen", "office", "bedroom", "library", "station")
OUTDOOR_PLACES = ("park", "street", "beach", "forest")
PLACES = INDOOR_PLACES + OUTDOOR_PLACES

LIGHTS = ("day", "evening", "bright", "grey")  # direction and colour of the key light

# Events of a whole shot. Rain, snow, fog and leaves happen outdoors; the light can go and fire can shine anywhere.
# "dark": the picture dims to about a fifth in the first second and stays; "fire": a flickering orange glow from below;
# "fog": the picture fades towards white; "leaves": leaves fall; "lightning": two short white flashes.
OUTDOOR_EVENTS = ("rain", "snow", "fog", "leaves", "lightning")
EVENTS = (*OUTDOOR_EVENTS, "dark", "fire")

LARGE_PROPS = (
    "door",
    "window",
    "table",
    "chair",
    "bench",
    "car",
    "tree",
)  # stand on the floor (the window: in the wall)
SMALL_PROPS = ("cup", "book", "phone", "flower", "letter", "box", "ball", "bag")  # lie on the floor or are held
PROPS = LARGE_PROPS + SMALL_PROPS

# Verbs, by what the figure does over the shot (t from 0 to 1); `language.VERBS` says how they are told.
# With a target: `toward_x`. walk, run: to toward_x, stopping there; pick: from the floor at toward_x, then held;
# open: the door or window at toward_x opens; knock: knuckles against the door at toward_x, which stays closed;
# wave, point, hug, give: towards the second person who stands at toward_x (give: the object is held out, then in the
# second person's hands).
# Where they stand: sit (on the chair or bench at the subject's x), kneel, fall (to the floor), drink (cup), read
# (book), phone (held to the ear), carry (box, standing), dance, jump, cry (hands over the face), turn (from the camera,
# ending with the back to it), clap, bow, stretch (both arms up), fold (arms folded across the chest).
VERB_NAMES = (
    "walk", "run", "sit", "kneel", "fall", "pick", "carry", "open", "knock", "drink", "read", "phone", "wave", "point",
    "hug", "give", "dance", "jump", "cry", "turn", "clap", "bow", "stretch", "fold",
)  # fmt: skip


@dataclass(frozen=True)
class CastMember:
    """A character: what the film calls them, who plays them, and what they wear all through the film."""

    name: str  # as in dialogue and descriptions, one word
    actor: str  # first name and surname, for the character bank
    person: int  # number of the person (people.py); plays in one film only
    pronoun: Pronoun  # follows from the person's looks
    top: RGB
    bottom: RGB
    shoe: RGB
    height: float  # factor on the figure, about 0.95 to 1.05


@dataclass(frozen=True)
class Placed:
    """Where a person is when the shot begins."""

    name: str
    x: float
    depth: float
    yaw: float  # before the action turns them


@dataclass(frozen=True)
class Prop:
    kind: str  # of PROPS
    x: float


@dataclass(frozen=True)
class Action:
    """The one action of a shot. Everybody but the subject (and the second person, who turns to them) stands idle."""

    subject: str
    verb: str  # of VERB_NAMES
    second: str | None = None
    object: str | None = None  # of PROPS; a large one is also in the shot's props, a small one only if it lies there
    toward_x: float | None = None
    faceless: bool = False  # the subject's back is to the camera all through the shot (yaw 140 to 220)


@dataclass(frozen=True)
class Shot:
    """One take of the camera, from `start` to `end`; the shots of a film follow each other without a gap."""

    place: str
    place_seed: int  # 0 to 2: variants of the place
    light: str
    size: Size
    focus_x: float  # the middle of the picture
    start: float
    end: float
    people: tuple[Placed, ...] = ()
    props: tuple[Prop, ...] = ()
    action: Action | None = None
    speaker: str | None = None  # moves the mouth while their line lasts
    event: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of dialogue, heard and subtitled."""

    start: float
    end: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Described:
    """A described slot: no dialogue in it, and the sentence that a describer speaks.

    `type`: 0 nobody in view; 1 named and seen; 2 named, no face of theirs seen; 3 characters in view, none named.
    `verb` is of VERB_NAMES, or an event, "group" (people standing) or "empty" where nobody acts.
    `shot` is the index of the shot in which it happens; a slot may go on into the next shot.
    """

    start: float
    end: float
    shot: int
    type: int
    text: str
    alternatives: tuple[str, ...]  # the same fact as a second describer tells it
    subject: str | None
    verb: str
    second: str | None
    object: str | None
    place: str


@dataclass(frozen=True)
class Screenplay:
    film_id: str
    title: str
    split: str
    duration: float
    cast: tuple[CastMember, ...]
    shots: tuple[Shot, ...]
    lines: tuple[Line, ...]
    descriptions: tuple[Described, ...]

    def member(self, name: str) -> CastMember:
        """The cast member of that name; KeyError if there is none."""
        for member in self.cast:
            if member.name == name:
                return member
        raise KeyError(name)
