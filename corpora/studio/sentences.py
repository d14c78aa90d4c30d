"""From facts to a describer's sentence, about two words per second of the slot.

A sentence is a subject, a predicate, and as much of the rest as the slot has time for: the place, a prop nearby, how
the action goes on, who watches. The rest is picked among what the picture shows, so every word but the choice between
phrasings can be known by who sees it. Pronouns stand in second clauses only (`he_or_she` makes the exception: a whole
sentence without a name, for type 3), and never for a subject whose face is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpora.studio import language
from corpora.studio.dice import Dice
from corpora.studio.language import PLACES, PRONOUNS, VERBS

WORDS_PER_SECOND = 2.0
FIRST_PHRASE = 0.45  # share of the usual phrasing
ADVERB = 0.08
PRONOUN_IN_TAIL = 0.5  # "and she stops" rather than "and stops"


@dataclass(frozen=True)
class Facts:
    """What a shot shows of one person's action; names as they are spoken."""

    subject: str
    pronoun: str  # "he" or "she"
    verb: str
    place: str
    object: str | None = None
    second: str | None = None
    second_pronoun: str = "he"
    faceless: bool = False
    near: str | None = None  # a large prop that stands beside the subject and is no part of the action
    others: tuple[str, ...] = ()  # everybody else in view but the second person, left to right
    watching: bool = False  # the others look at the subject
    alone: bool = False


def tell(facts: Facts, dice: Dice, *, seconds: float, he_or_she: bool = False) -> str:
    """One sentence about an action. With `he_or_she` the subject is the pronoun and no name is spoken at all."""
    verb = VERBS[facts.verb]
    budget = round(seconds * WORDS_PER_SECOND + dice.uniform(-0.5, 0.5))
    predicates = [p for p in verb.phrases if not (facts.faceless and ("{his}" in p or "{him}" in p))]
    predicate = dice.first_most(predicates, probability=FIRST_PHRASE)
    if verb.adverb and not predicate.startswith(("hurries", "rushes")) and dice.chance(ADVERB):
        predicate = f"{verb.adverb} {predicate}"
    missing = budget - 1 - len(predicate.split())
    end, place, front = _fitting_rest(facts, predicate, missing, dice, nameless=he_or_she)
    subject = facts.pronoun if he_or_she else facts.subject
    clause = f"{subject} {predicate}{place}{end}"
    return finish(fill(f"{front}{clause}" if front else clause, facts))


def _fitting_rest(facts: Facts, predicate: str, missing: int, dice: Dice, *, nameless: bool) -> tuple[str, str, str]:
    """(end, place after the predicate, place before the subject), together nearest to `missing` words."""
    within = dice.first_most(PLACES[facts.place].within, probability=0.8)
    ends: list[tuple[int, str]] = [(0, "")]
    tail = _tail(facts, dice)
    if tail:
        ends.append((len(tail.split()), f" {tail}"))
    company = "" if nameless else _company(facts, dice)
    if company:
        ends.append((len(company.split()), f" {company}"))
    middles: list[tuple[int, str]] = [(0, "")]
    if facts.faceless and dice.chance(0.35):
        away = dice.pick(language.AWAY)
        middles.append((len(away.split()), f", {away},"))
    elif facts.alone and facts.verb in language.OFTEN_ALONE:
        within = f"{language.ALONE} {within}"
    if facts.near:
        near = dice.pick(language.NEAR).replace("{o}", facts.near)
        middles.append((len(near.split()), f" {near}"))
    options: list[tuple[int, str, str, str]] = []
    where = len(within.split())
    for end_words, end in ends:
        for middle_words, middle in middles:
            words = end_words + middle_words
            options.append((words, end, middle, ""))
            # "walks to the car in the street and stops beside it": which "it"? The place goes to the front then.
            if end or middle.endswith(","):
                options.append((words + where, end, middle, f"{within}, "))
            else:
                options.append((words + where, end, f"{middle} {within}", ""))
    best = min(abs(words - missing) for words, *_ in options)
    _, end, middle, front = dice.pick([option for option in options if abs(option[0] - missing) <= max(best, 1)])
    if middle.endswith(",") and not end:
        middle = middle[:-1]
    return end, middle, front


def _tail(facts: Facts, dice: Dice) -> str:
    tails = [t for t in VERBS[facts.verb].tails if not facts.faceless or "{h" not in t]
    if facts.faceless and facts.second:
        tails = [t.replace("{he2}", "{b}") for t in VERBS[facts.verb].tails if "{him}" not in t]
    if not tails:
        return ""
    tail = dice.pick(tails)
    if tail.startswith(("{", "they")) or facts.faceless or not dice.chance(PRONOUN_IN_TAIL):
        return f"and {tail}"
    return f"and {{he}} {tail}"


def _company(facts: Facts, dice: Dice) -> str:
    """Who else is in view, and whether they look on; nothing for a crowd that minds its own business."""
    others = facts.others
    if len(others) == 1:
        return dice.pick(language.WATCH_ONE if facts.watching else language.NEARBY_ONE).replace("{w}", others[0])
    if len(others) == 2 and facts.watching:
        return dice.pick(language.WATCH_MORE).replace("{w}", others[0]).replace("{w2}", others[1])
    return ""


def fill(text: str, facts: Facts) -> str:
    he, his, him = PRONOUNS[facts.pronoun]
    he2, _, him2 = PRONOUNS[facts.second_pronoun]
    slots = {"o": facts.object, "b": facts.second, "floor": PLACES[facts.place].floor}
    slots |= {"he": he, "his": his, "him": him, "he2": he2, "him2": him2}
    for slot, value in slots.items():
        if value is not None:
            text = text.replace(f"{{{slot}}}", value)
    return text


def tell_event(event: str, place: str, dice: Dice, *, seconds: float, people: int = 0) -> str:
    """Weather, light or fire, with `people` in view who are not named."""
    text = dice.first_most(language.EVENT_PHRASES[event], probability=FIRST_PHRASE)
    if people and len(_about(text, place).split()) + 4 <= seconds * WORDS_PER_SECOND + 1.5:
        tail = dice.pick(language.EVENT_TAILS if people > 1 else language.EVENT_TAILS[2:])
        text = f"{text} {'and' if tail.startswith('nobody') else dice.pick(('and', 'as', 'while'))} {tail}"
    return finish(_about(text, place, number=people))


def tell_group(people: int, place: str, dice: Dice, *, seconds: float, facing: bool) -> str:
    """Two or three people who stand, or two who look at each other."""
    phrases = language.FACING_PHRASES if facing and people == 2 else language.GROUP_PHRASES
    return finish(_about(_fitting(phrases, seconds, dice), place, number=people))


def tell_empty(place: str, dice: Dice, *, seconds: float, prop: str | None) -> str:
    phrases = language.EMPTY_PROP_PHRASES if prop and dice.chance(0.6) else language.EMPTY_PHRASES
    return finish(_about(_fitting(phrases, seconds, dice), place, thing=prop))


def _fitting(phrases: tuple[str, ...], seconds: float, dice: Dice) -> str:
    """One of the phrases whose length is nearest to the slot's (a place's phrase has three words)."""
    over = [abs(len(p.replace("{in}", "in the x").split()) - seconds * WORDS_PER_SECOND) for p in phrases]
    return dice.pick([phrase for phrase, words in zip(phrases, over, strict=True) if words <= min(over) + 2.5])


def _about(text: str, place: str, *, number: int = 0, thing: str | None = None) -> str:
    text = text.replace("{in}", PLACES[place].within[0]).replace("{s}", place)
    return text.replace("{n}", language.NUMBERS[number]).replace("{o}", thing or "")


def caption(facts: Facts, dice: Dice) -> str:
    """What a stranger would say who knows no names: "A person is waving at someone in the park." """
    doing = fill(dice.pick(VERBS[facts.verb].doing), facts)
    return finish(f"{dice.pick(language.SOMEONE)} is {doing} {PLACES[facts.place].within[0]}")


def finish(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
