"""The beats of a film before anybody is named: which slots are described and of which type, where they talk, how long.

A described slot of type 2 (named, no face seen) comes right after a description of the same person, so that a listener
knows who is meant; that is why types are dealt in chains and not one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpora.studio.dice import Dice
from corpora.studio.settings import StudioSettings

TALK_SECONDS = (2.2, 4.0)
TALK_PER_SLOT = 1.6  # seconds of dialogue between two described slots, on average
SECONDS_PER_SCENE = 18.0
CHAIN_LONGEST = 3  # descriptions of one person in a row that rest on one seen face


@dataclass(frozen=True)
class Beat:
    """A piece of the film: a described slot (`type` 0 to 3) or a dialogue shot (`type` None)."""

    scene: int
    type: int | None
    first_frame: int
    frames: int
    opens: bool  # the first beat of its scene


def plan_beats(settings: StudioSettings, *, seconds: float, dice: Dice) -> list[Beat]:
    """Beats that fill exactly `seconds` (on the frame grid)."""
    total = round(seconds * settings.fps)
    told_bounds = (round(settings.slot_min * settings.fps), round(settings.slot_max * settings.fps))
    talk_bounds = (round(TALK_SECONDS[0] * settings.fps), round(TALK_SECONDS[1] * settings.fps))
    told, talks = _counts(total, told_bounds, talk_bounds, fps=settings.fps)
    scenes = max(1, min(round(seconds / SECONDS_PER_SCENE), told // 2))
    chains = deal_chains(settings, told, dice)
    order: list[tuple[int, int | None]] = []
    for scene, types in enumerate(_into_scenes(chains, told, scenes, dice)):
        here = talks * (scene + 1) // scenes - talks * scene // scenes
        order += [(scene, type_) for type_ in _with_talk(types, here, dice)]
    bounds = [talk_bounds if type_ is None else told_bounds for _, type_ in order]
    frames = _lengths(bounds, total, dice)
    beats, first, before = [], 0, -1
    for (scene, type_), length in zip(order, frames, strict=True):
        beats.append(Beat(scene=scene, type=type_, first_frame=first, frames=length, opens=scene != before))
        first, before = first + length, scene
    return beats


def _counts(total: int, told: tuple[int, int], talk: tuple[int, int], *, fps: int) -> tuple[int, int]:
    """How many described slots and dialogue shots fill `total` frames within their bounds, as far as they can."""
    told_mean, talk_mean = 0.48 * sum(told), 0.45 * sum(talk)
    slots = max(1, round(total / (told_mean + TALK_PER_SLOT * fps)))
    talks = max(0, round((total - slots * told_mean) / talk_mean))
    while slots * told[0] + talks * talk[0] > total and (talks or slots > 1):
        if talks:
            talks -= 1
        else:
            slots -= 1
    while slots * told[1] + talks * talk[1] < total:
        talks += 1
    return slots, talks


def deal_chains(settings: StudioSettings, count: int, dice: Dice) -> list[list[int]]:
    """`count` types in the settings' shares, as chains in random order: [1], [1, 2], [1, 2, 2], [3], [0]."""
    shares = (settings.share_empty, settings.share_named, settings.share_faceless, settings.share_unnamed)
    offset, reached, numbers = dice.random(), 0.0, [0, 0, 0, 0]
    # One offset for all: over many films the shares are exact, and within a film each is off by less than one slot.
    for type_, share in enumerate(shares):
        before = int(reached * count + offset + 1e-9)
        reached += share
        numbers[type_] = int(reached * count + offset + 1e-9) - before
    numbers[1] += count - sum(numbers)
    surplus = numbers[2] - (CHAIN_LONGEST - 1) * numbers[1]
    if surplus > 0:
        # Too many faceless slots for the seen ones to carry: they become seen ones.
        moved = -(-surplus // CHAIN_LONGEST)
        numbers[1], numbers[2] = numbers[1] + moved, numbers[2] - moved
    chains = [[1] for _ in range(numbers[1])]
    open_chains = dice.shuffled(chains)
    for turn in range(numbers[2]):
        open_chains[turn % len(open_chains)].append(2)
    return dice.shuffled([*chains, *([3] for _ in range(numbers[3])), *([0] for _ in range(numbers[0]))])


def _into_scenes(chains: list[list[int]], told: int, scenes: int, dice: Dice) -> list[list[int]]:
    """Whole chains per scene, about equally many slots; a place is often shown before its people act in it."""
    filled: list[list[list[int]]] = [[] for _ in range(scenes)]
    dealt = 0
    for chain in chains:
        filled[min(scenes - 1, dealt * scenes // told)].append(chain)
        dealt += len(chain)
    for here in filled:
        views = [index for index, chain in enumerate(here) if chain[0] in (0, 3)]
        if views and dice.chance(0.6):
            here.insert(0, here.pop(views[0]))
    return [[type_ for chain in here for type_ in chain] for here in filled if here]


def _with_talk(types: list[int], talks: int, dice: Dice) -> list[int | None]:
    """Dialogue between the described slots, spread so that runs of either stay short; mostly a description first."""
    order: list[int | None] = list(types)
    for turn in range(talks):
        at = round((turn + 0.5 + dice.uniform(-0.3, 0.3)) * len(types) / talks) + turn
        order.insert(max(1 if dice.chance(0.85) else 0, min(len(order), at)), None)
    return order


def _lengths(bounds: list[tuple[int, int]], total: int, dice: Dice) -> list[int]:
    """Random lengths in frames within their bounds that sum to `total`."""
    lengths = [round(dice.uniform(low, high)) for low, high in bounds]
    while sum(lengths) != total:
        step = 1 if sum(lengths) < total else -1
        free = [
            index
            for index, (low, high) in enumerate(bounds)
            if (lengths[index] < high if step > 0 else lengths[index] > low)
        ]
        # A film too short or too long for its bounds stretches any of its beats.
        index = dice.pick(free or list(range(len(bounds))))
        lengths[index] += step
    return lengths
