"""Who plays in which film, under which names.

Names come from one pool, so that films share names; people never play in two films, nor in two splits: a model that
has learnt a face in training cannot meet it in a test.
"""

from __future__ import annotations

import colorsys
import re

from corpora.studio.dice import Dice, number_of
from corpora.studio.people import CAST_PEOPLE, STOCK_PEOPLE, pronoun_of
from corpora.studio.screenplay import RGB, CastMember, Pronoun

WOMENS_NAMES = (
    "Anna", "Clara", "Elena", "Hanna", "Iris", "Karen", "Maria", "Olivia", "Rosa", "Tara", "Uma", "Wendy", "Yara",
    "Zoe", "Alice", "Carol", "Emma", "Gina", "Irene", "Kira", "Mona", "Nina", "Petra", "Ruth", "Tess", "Vera", "Lena",
    "Paula", "Sofia", "Judith", "Marta", "Edith",
)  # fmt: skip
MENS_NAMES = (
    "Ben", "David", "Felix", "Henry", "Leo", "Noah", "Paul", "Quentin", "Sam", "Victor", "Xavier", "Boris", "Diego",
    "Hugo", "Jonas", "Liam", "Oscar", "Simon", "Ugo", "Walter", "Anton", "Carlos", "Emil", "Georg", "Ivan", "Kurt",
    "Martin", "Otto", "Rafael", "Tom", "Vito", "Yusuf",
)  # fmt: skip
SURNAMES = (
    "Abbott", "Becker", "Castro", "Dalton", "Ekman", "Farrell", "Garcia", "Haas", "Ibsen", "Jensen", "Keller",
    "Lombard", "Marsh", "Novak", "Ortega", "Parker", "Quist", "Rossi", "Santos", "Turner", "Ullman", "Vargas", "Weber",
    "Xu", "Yamada", "Zeller", "Bergman", "Corwin", "Duarte", "Evans", "Fischer", "Grady", "Holt", "Iverson", "Kovacs",
    "Lund", "Mercer", "Nolan", "Olsen", "Petit",
)  # fmt: skip
NAMES = WOMENS_NAMES + MENS_NAMES + SURNAMES  # every word that a character can be called

# People of a split, inside CAST_PEOPLE. A film draws its cast from a block of its own.
CASTING_RANGES = {
    "train": range(40_000),
    "mad_eval_named": range(40_000, 70_000),
    "cinepile_ad": range(70_000, 90_000),
    "none": range(90_000, 100_000),
}
BLOCK = 16
CALLED_BY_SURNAME = 0.12  # share of characters


def people_of_film(film_id: str, split: str) -> range:
    """The block of people who may play in this film and in no other."""
    people = CASTING_RANGES[split]
    assert people.start in CAST_PEOPLE and people.stop - 1 in CAST_PEOPLE
    digits = re.search(r"(\d{1,4})$", film_id)
    blocks = len(people) // BLOCK
    block = (int(digits.group(1)) if digits else number_of(film_id)) % blocks
    return people[block * BLOCK : (block + 1) * BLOCK]


def cast_film(film_id: str, split: str, *, size: int, dice: Dice) -> tuple[CastMember, ...]:
    """`size` characters for a film; both sexes wherever the block has them, names that cannot be mistaken."""
    return _cast(dice.shuffled(list(people_of_film(film_id, split))), size, dice)


def cast_stock(*, size: int, pool: int, dice: Dice) -> tuple[CastMember, ...]:
    """`size` of the `pool` people who play in stock clips only."""
    return _cast(dice.shuffled(list(STOCK_PEOPLE[:pool])), size, dice)


def _cast(people: list[int], size: int, dice: Dice) -> tuple[CastMember, ...]:
    by_pronoun: dict[Pronoun, list[int]] = {"she": [], "he": []}
    for person in people:
        by_pronoun["she" if pronoun_of(person) == "she" else "he"].append(person)
    chosen: list[int] = []
    queues = dice.shuffled([by_pronoun["she"], by_pronoun["he"]])
    while len(chosen) < size and any(queues):
        for queue in queues:
            if queue and len(chosen) < size:
                chosen.append(queue.pop())
    clothes = _clothes(len(chosen), dice)
    cast: list[CastMember] = []
    surnames = dice.shuffled(SURNAMES)
    for index, person in enumerate(dice.shuffled(chosen)):
        pronoun: Pronoun = "she" if pronoun_of(person) == "she" else "he"
        taken = {member.name[:2] for member in cast}
        first_names = [n for n in (WOMENS_NAMES if pronoun == "she" else MENS_NAMES) if n[:2] not in taken]
        name = dice.pick(first_names)
        if dice.chance(CALLED_BY_SURNAME):
            name = next(n for n in reversed(surnames) if n[:2] not in taken)
        top, bottom, shoe = clothes[index]
        cast.append(
            CastMember(
                name=name,
                actor=f"{dice.pick(WOMENS_NAMES if pronoun == 'she' else MENS_NAMES)} {surnames[index]}",
                person=person,
                pronoun=pronoun,
                top=top,
                bottom=bottom,
                shoe=shoe,
                height=round(dice.uniform(0.95, 1.05) + (-0.015 if pronoun == "she" else 0.015), 3),
            )
        )
    return tuple(cast)


def _clothes(count: int, dice: Dice) -> list[tuple[RGB, RGB, RGB]]:
    """Tops whose hues lie far apart, so that a viewer can tell people from behind; muted trousers and shoes."""
    turn = dice.random()
    sets = []
    for index in range(count):
        top = _colour(turn + index / count + dice.uniform(-0.03, 0.03), dice.uniform(0.45, 0.9), dice.uniform(0.5, 0.9))
        bottom = _colour(dice.random(), dice.uniform(0.1, 0.5), dice.uniform(0.18, 0.5))
        shoe = _colour(dice.random(), dice.uniform(0.1, 0.4), dice.uniform(0.08, 0.3))
        sets.append((top, bottom, shoe))
    return dice.shuffled(sets)


def _colour(hue: float, saturation: float, value: float) -> RGB:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red, 3), round(green, 3), round(blue, 3)
