"""The words of the mini world: how a describer tells what the stage can draw, and nothing else.

Data only: `sentences` puts it together, `dialogue` holds what characters say, `all_words` is the closed vocabulary of
all of them. Everything told is visible in the shot: a predicate is the verb's drawing, a tail is how that drawing goes
on or ends, a place, a prop nearby and a watcher are in the picture. Present tense, one telling more usual than the rest
(it stands first), as in a describer's habit.

Slots: {o} object, {b} second person, {he} {his} {him} the subject's pronouns, {he2} {him2} the second person's, {floor}
what the place has under foot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from corpora.studio import screenplay
from corpora.studio.dialogue import LINES
from corpora.studio.screenplay import PROPS, SMALL_PROPS, VERB_NAMES, Size

BOTH: tuple[Size, ...] = ("wide", "medium")
WIDE: tuple[Size, ...] = ("wide",)


@dataclass(frozen=True)
class Verb:
    """One action: how it is told and what its staging needs."""

    phrases: tuple[str, ...]  # predicates in the present tense
    doing: tuple[str, ...]  # "a person is …", with nobody named
    tails: tuple[str, ...] = ()  # second clauses that the same drawing shows; without "and"
    adverb: str = ""  # what the drawing always looks like; told rarely
    objects: tuple[str, ...] = ()  # prop kinds it can take; one of them is needed if there are any
    needs_second: bool = False
    directional: bool = False  # towards the left or the right: towards the object or the second person
    sizes: tuple[Size, ...] = BOTH
    faceless: bool = False  # recognisable from behind

    @property
    def needs_object(self) -> bool:
        return bool(self.objects)


GOALS = ("door", "window", "table", "chair", "bench", "car", "tree")

VERBS: dict[str, Verb] = {
    "walk": Verb(
        ("walks to the {o}", "goes to the {o}", "walks over to the {o}", "crosses to the {o}"),
        ("walking to the {o}",),
        ("stops beside it", "stops", "waits beside it"),
        adverb="slowly", objects=GOALS, directional=True, sizes=WIDE, faceless=True,
    ),
    "run": Verb(
        ("runs to the {o}", "hurries to the {o}", "rushes to the {o}", "runs over to the {o}"),
        ("running to the {o}",),
        ("stops beside it", "stops", "waits beside it"),
        adverb="quickly", objects=GOALS, directional=True, sizes=WIDE, faceless=True,
    ),
    "sit": Verb(
        ("sits down on the {o}", "sits on the {o}", "takes a seat on the {o}", "settles on the {o}"),
        ("sitting down on the {o}",),
        ("stays there", "puts {his} hands on {his} knees"),
        objects=("chair", "bench"), sizes=WIDE, faceless=True,
    ),
    "kneel": Verb(
        ("kneels down", "kneels on the {floor}", "goes down on one knee", "drops to one knee"),
        ("kneeling down",),
        ("stays down",),
        sizes=WIDE, faceless=True,
    ),
    "fall": Verb(
        ("falls to the {floor}", "falls down", "collapses on the {floor}", "drops to the {floor}"),
        ("falling to the {floor}",),
        ("lies still", "stays down"),
        sizes=WIDE, faceless=True,
    ),
    "pick": Verb(
        ("picks up the {o}", "bends down and picks up the {o}", "lifts the {o} from the {floor}",
         "takes the {o} from the {floor}"),
        ("picking up the {o}",),
        ("holds it", "looks at it", "holds it in one hand"),
        objects=SMALL_PROPS, directional=True, sizes=WIDE, faceless=True,
    ),
    "carry": Verb(
        ("carries a {o}", "holds a {o} in both hands", "carries a {o} in both arms"),
        ("carrying a {o}",),
        ("waits",),
        objects=("box", "ball"),
    ),
    "open": Verb(
        ("opens the {o}", "pulls open the {o}", "reaches out and opens the {o}", "pushes open the {o}"),
        ("opening the {o}",),
        ("waits in front of it", "looks through it"),
        objects=("door", "window"), directional=True, faceless=True,
    ),
    "knock": Verb(
        ("knocks on the {o}", "knocks at the {o}", "bangs on the {o}"),
        ("knocking on the {o}",),
        ("waits", "waits in front of it"),
        objects=("door",), directional=True, faceless=True,
    ),
    "drink": Verb(
        ("drinks from a {o}", "takes a drink from a {o}", "lifts a {o} and drinks", "raises a {o} to {his} lips"),
        ("drinking from a {o}",),
        objects=("cup",),
    ),
    "read": Verb(
        ("reads a {o}", "reads in a {o}", "holds a {o} and reads", "looks into a {o}"),
        ("reading a {o}",),
        objects=("book",),
    ),
    "phone": Verb(
        ("talks on the {o}", "holds a {o} to {his} ear", "speaks into a {o}", "makes a call on the {o}"),
        ("talking on the {o}",),
        objects=("phone",),
    ),
    "wave": Verb(
        ("waves at {b}", "waves to {b}", "raises a hand and waves at {b}", "greets {b} with a wave"),
        ("waving at someone",),
        ("{he2} turns to {him}", "{he2} looks over"),
        needs_second=True, directional=True, faceless=True,
    ),
    "point": Verb(
        ("points at {b}", "points to {b}", "raises an arm and points at {b}", "points a finger at {b}"),
        ("pointing at someone",),
        ("{he2} turns to {him}", "{he2} looks over"),
        needs_second=True, directional=True, faceless=True,
    ),
    "hug": Verb(
        ("hugs {b}", "embraces {b}", "puts both arms around {b}", "goes to {b} and hugs {him2}"),
        ("hugging someone",),
        ("{he2} hugs {him} back", "they hold each other"),
        needs_second=True, directional=True, faceless=True,
    ),
    "give": Verb(
        ("gives the {o} to {b}", "hands the {o} to {b}", "gives {b} the {o}", "holds out the {o} to {b}"),
        ("giving the {o} to someone",),
        ("{he2} takes it",),
        objects=SMALL_PROPS, needs_second=True, directional=True, faceless=True,
    ),
    "dance": Verb(
        ("dances", "starts to dance", "dances and swings both arms", "does a little dance"),
        ("dancing",),
        sizes=BOTH, faceless=True,
    ),
    "jump": Verb(
        ("jumps up and down", "jumps into the air", "leaps into the air", "jumps with both arms in the air"),
        ("jumping up and down",),
        sizes=WIDE, faceless=True,
    ),
    "cry": Verb(
        ("hides {his} face in {his} hands", "covers {his} face", "cries into {his} hands", "weeps into {his} hands"),
        ("crying into both hands",),
    ),
    "turn": Verb(
        ("turns away", "turns around", "turns {his} back", "looks away and turns around"),
        ("turning away",),
        ("stays there", "does not look back"),
    ),
    "clap": Verb(
        ("claps", "claps {his} hands", "starts to clap", "claps with both hands"),
        ("clapping",),
    ),
    "bow": Verb(
        ("bows", "takes a bow", "bows low", "bends forward and bows"),
        ("bowing",),
    ),
    "stretch": Verb(
        ("stretches {his} arms", "stretches", "raises both arms and stretches", "stretches both arms above {his} head"),
        ("stretching both arms",),
        faceless=True,
    ),
    "fold": Verb(
        ("folds {his} arms", "crosses {his} arms", "stands with folded arms", "folds both arms across {his} chest"),
        ("standing with folded arms",),
        ("waits",),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """`within` fits after a clause ("in the kitchen"), the first one being usual; `props` are the large ones it has."""

    within: tuple[str, ...]
    floor: str
    props: tuple[str, ...]


PLACES: dict[str, Place] = {
    "kitchen": Place(("in the kitchen",), "floor", ("door", "window", "table", "chair")),
    "office": Place(("in the office",), "floor", ("door", "window", "table", "chair")),
    "bedroom": Place(("in the bedroom",), "floor", ("door", "window", "table", "chair")),
    "library": Place(("in the library",), "floor", ("door", "window", "table", "chair", "bench")),
    "station": Place(("at the station", "in the station"), "floor", ("door", "table", "chair", "bench")),
    "park": Place(("in the park",), "grass", ("bench", "tree", "table", "chair")),
    "street": Place(("in the street", "on the street"), "ground", ("bench", "car", "tree", "door")),
    "beach": Place(("on the beach", "by the sea"), "sand", ("bench", "car", "chair", "table")),
    "forest": Place(("in the forest", "among the trees"), "ground", ("bench", "tree", "car")),
}

# How a shot with nobody acting is told. {s}: the place's word; {in}: the place's phrase; {n}: "two" or "three".
EVENT_PHRASES: dict[str, tuple[str, ...]] = {
    "rain": ("rain falls on the {s}", "it rains {in}", "rain pours down on the {s}", "heavy rain falls {in}"),
    "snow": ("snow falls on the {s}", "it snows {in}", "snow drifts down on the {s}", "thick snow falls {in}"),
    "fog": ("fog drifts over the {s}", "thick fog covers the {s}", "fog fills the {s}", "the {s} disappears in fog"),
    "leaves": ("leaves fall {in}", "leaves drift down on the {s}", "leaves blow over the {s}"),
    "lightning": (
        "lightning flashes over the {s}",
        "lightning lights up the {s}",
        "a flash of lightning lights the {s}",
    ),
    "dark": ("the {s} goes dark", "the light goes out {in}", "darkness falls on the {s}", "it grows dark {in}"),
    "fire": ("flames light up the {s}", "a fire glows {in}", "the glow of a fire fills the {s}", "flames flicker {in}"),
}
EVENT_TAILS = ("{n} people stand still", "{n} people wait", "nobody moves")  # after "and", "as" or "while"
GROUP_PHRASES = (
    "{n} people stand {in}", "{n} people wait {in}", "they stand together {in}", "the {n} of them wait {in}",
    "{n} people stand side by side {in}",
)  # fmt: skip
FACING_PHRASES = (
    "they look at each other", "they face each other", "two people face each other {in}",
    "they stand face to face {in}", "two people look at each other {in}",
)  # fmt: skip
EMPTY_PHRASES = ("the {s} is empty", "there is nobody {in}", "nobody is {in}", "the {s} lies empty")
EMPTY_PROP_PHRASES = (
    "a {o} stands in the empty {s}",
    "there is only a {o} {in}",
    "a {o} stands {in}, but nobody is there",
)

NEAR = ("beside the {o}", "next to the {o}", "near the {o}")
AWAY = ("facing away", "turned away")  # of a subject whose face is not seen
ALONE = "alone"
OFTEN_ALONE = ("dance", "sit", "kneel", "read", "drink", "clap", "fold", "cry")  # what one would tell "alone" of
WATCH_ONE = ("as {w} watches", "while {w} watches", "and {w} watches", "as {w} looks on")
NEARBY_ONE = ("while {w} stands nearby", "and {w} stands nearby")
WATCH_MORE = ("as the others watch", "while the others watch", "as {w} and {w2} watch", "as the others look on")
NUMBERS = ("nobody", "one", "two", "three", "four", "five")
PRONOUNS = {"he": ("he", "his", "him"), "she": ("she", "her", "her")}
SOMEONE = ("a person", "someone", "somebody")

# Facts as words, for text-only samples: what stands where tokens of a picture stand later.
COLUMNS = tuple(f"column{number}" for number in range(1, 9))  # where in the picture, left to right
DIRECTIONS = ("left", "none", "right")
IDLE, PARTNER = "idle", "partner"  # partner: the one who is hugged or given something
POSES = (IDLE, PARTNER, *VERB_NAMES)
NOTHING = "nothing"
DESCRIPTION_TAG, SUBTITLE_TAG = "<visual descriptions>", "<subtitle>"
GLUE = "group empty and as while is are in here there who what doing people person this , . ? !"

_TOKEN = re.compile(r"<[a-z ]+>|[A-Za-z0-9']+|[^\sA-Za-z0-9']")


def tokens(text: str) -> list[str]:
    """Words and punctuation marks in lower case; a tag such as `<subtitle>` is one token."""
    return _TOKEN.findall(text.lower())


def word_count(text: str) -> int:
    """Words as they are spoken: punctuation does not count."""
    return sum(token[0].isalnum() for token in tokens(text))


@lru_cache(maxsize=1)
def all_words() -> tuple[str, ...]:
    """Every token of descriptions, captions, facts and dialogue but the names; sorted. The captioner's vocabulary."""
    sources = [
        GLUE,
        *PROPS,
        *screenplay.PLACES,
        *NEAR,
        *AWAY,
        ALONE,
        *WATCH_ONE,
        *NEARBY_ONE,
        *WATCH_MORE,
        *NUMBERS,
        *SOMEONE,
    ]
    sources += [*COLUMNS, *DIRECTIONS, *POSES, NOTHING, *LINES]
    sources += [*EVENT_TAILS, *GROUP_PHRASES, *FACING_PHRASES, *EMPTY_PHRASES, *EMPTY_PROP_PHRASES, *EVENT_PHRASES]
    sources += [phrase for phrases in EVENT_PHRASES.values() for phrase in phrases]
    sources += [form for forms in PRONOUNS.values() for form in forms]
    sources += [text for verb in VERBS.values() for text in (*verb.phrases, *verb.doing, *verb.tails, verb.adverb)]
    sources += [text for place in PLACES.values() for text in (*place.within, place.floor)]
    plain = {token for source in sources for token in tokens(re.sub(r"\{\w+\}", " ", source))}
    return tuple(sorted(plain | {DESCRIPTION_TAG, SUBTITLE_TAG}))
