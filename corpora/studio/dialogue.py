"""What characters say to each other between the described slots: a small plot about a thing that is sought and found.

Dialogue carries names (characters call each other, and speak of the absent), so that a model can meet a name before a
describer uses it. Slots: {you} the one spoken to, {who} a third character, {o} the thing, {in} where somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpora.studio.dice import Dice

# Four acts: want, obstacle, meeting, outcome.
ACTS: tuple[tuple[str, ...], ...] = (
    (
        "{you}, I cannot find the {o}.",
        "Good morning, {you}. Did you sleep well?",
        "Have you seen the {o}, {you}?",
        "{who} had the {o} last night.",
        "We need the {o} before tonight.",
        "Where is {who}, {you}? I need help.",
        "I think that {who} is {in}.",
        "Hello, {you}. You are early today.",
        "The {o} was here this morning.",
        "Come with me, {you}. We have to find it.",
    ),
    (
        "It is not here. Look again, {you}.",
        "We are too late, {you}.",
        "Somebody was here before us.",
        "I do not know what to do.",
        "{who} never told me about the {o}.",
        "Be quiet, {you}. I can hear somebody.",
        "Wait for me, {you}!",
        "Do you believe {who}? I do not.",
        "We cannot stay here, {you}.",
        "What if {who} does not come?",
    ),
    (
        "{you}! What are you doing here?",
        "{who} is waiting for us {in}.",
        "Please tell me the truth, {you}.",
        "I saw {who} with the {o}.",
        "Why did you not call me, {you}?",
        "Listen to me. We can still find it.",
        "I was {in} all the time.",
        "It was {who}. Now I know it.",
        "You have to tell {who} about it.",
        "I have looked for you, {you}.",
    ),
    (
        "Here is the {o}, {you}.",
        "Thank you, {you}. That was very kind.",
        "It is over. We can go home.",
        "{who} had it all the time.",
        "I am glad that you came, {you}.",
        "Let us never talk about it again.",
        "You were right about {who}.",
        "Take the {o}, {you}. It is yours.",
        "Goodbye, {you}. I will call you tonight.",
        "We did it, {you}!",
    ),
)
LINES = tuple(line for act in ACTS for line in act)
SPOKEN_WORDS_PER_SECOND = 3.0


@dataclass(frozen=True)
class Exchange:
    """Who speaks to whom about what."""

    you: str
    who: str | None
    thing: str
    within: str


def say(exchange: Exchange, *, act: int, seconds: float, said: set[str], dice: Dice) -> str:
    """A line of that act that fits into `seconds`, one that has not been `said` yet if there is any left."""
    words = int(seconds * SPOKEN_WORDS_PER_SECOND)
    possible = [t for t in ACTS[act] if exchange.who or "{who}" not in t]
    possible = [t for t in possible if t not in said] or possible
    usable = [t for t in possible if len(t.split()) <= words] or [min(possible, key=lambda t: len(t.split()))]
    template = dice.pick(usable)
    said.add(template)
    return fill_line(template, exchange)


def fill_line(template: str, exchange: Exchange) -> str:
    return (
        template.replace("{you}", exchange.you)
        .replace("{who}", exchange.who or exchange.you)
        .replace("{o}", exchange.thing)
        .replace("{in}", exchange.within)
    )
