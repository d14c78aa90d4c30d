"""Titles for films that nobody has seen."""

from __future__ import annotations

from corpora.studio.dice import Dice

PATTERNS = (
    "The {Adjective} {Thing}",
    "A {Thing} for {Time}",
    "{Time} at the {Place}",
    "The {Thing} and the {Place}",
    "{Adjective} {Time}",
    "The {Place}",
    "The Last {Thing}",
    "Return to the {Place}",
)
ADJECTIVES = ("Red", "Lost", "Silent", "Second", "Borrowed", "Broken", "Hidden", "Little", "Other", "Cold")
TIMES = ("Midnight", "Monday", "Winter", "Tomorrow", "Evening", "Spring", "Sunday", "Dawn")


def title_of(thing: str, place: str, dice: Dice) -> str:
    """A title from the plot's thing and a place of the story."""
    return (
        dice.pick(PATTERNS)
        .replace("{Adjective}", dice.pick(ADJECTIVES))
        .replace("{Time}", dice.pick(TIMES))
        .replace("{Thing}", thing.capitalize())
        .replace("{Place}", place.capitalize())
    )
