"""What the frozen tower answers, as words, and words as the tower would answer them.

A scene feature ends with the tower's answers: chances of each event, prop and place; a region's with those of act,
direction and pronoun. Systems that read text take the words; a mapping network that should learn from text alone takes
the answers that fit it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput
from corpora.studio.facts_text import TextSample
from corpora.studio.language import COLUMNS, NOTHING
from models.captioner.checkpoints import load_tower
from models.captioner.features import FilmFeatures
from models.captioner.records import known_characters
from models.captioner.tower import DIRECTIONS, PRONOUNS, Tower

SEEN = 0.5  # a thing is there from this chance on


def answers_of(sample: TextSample, tower: Tower, mean_f: np.ndarray) -> np.ndarray:
    """(features,): a scene feature whose answers are the sample's facts; hidden units stand at their mean, for the text
    knows nothing of them."""
    labels, channels = tower.labels, tower.shape.scene_channels
    feature = mean_f.astype(np.float32)
    feature[channels:] = 0.0
    said = sample.scene_words
    events = [word for word in said if word in labels.events]
    # "phone" and "book" are things, and one is also something done: what is no thing is what happens.
    event = next((word for word in events if word not in labels.props), events[0] if events else None)
    if event is not None:
        feature[channels + labels.events.index(event)] = 1.0
    props = channels + len(labels.events)
    for word in said:
        if word in labels.props and (word != event or said.count(word) > 1):
            feature[props + labels.props.index(word)] = 1.0
        if word in labels.places:
            feature[props + len(labels.props) + labels.places.index(word)] = 1.0
    return feature


@dataclass(frozen=True)
class Perceived:
    """A clip in words: `scene` is event, thing, thing nearby and place; `people` are those recognised, left to right,
    with act, direction, column and pronoun."""

    scene: tuple[str, ...]
    people: tuple[tuple[str, tuple[str, ...]], ...]

    def told(self) -> str:
        """As a line of text for a language model that reads any."""
        event, *things, place = self.scene
        things = [thing for thing in things if thing != NOTHING]
        seen = [f"{name} ({', '.join(words)})" for name, words in self.people]
        return (
            f"place: {place}. likely event: {event}. things: {', '.join(things) or 'none'}. "
            f"recognised: {'; '.join(seen) or 'nobody'}."
        )


def answering_tower(base: Path) -> Tower:
    """The tower of a base model, which must be one that answers in words; `BadInput` for the published one."""
    tower = load_tower(base)
    if not isinstance(tower, Tower):
        raise BadInput(
            "AutoAD-I and MM-Narrator read the mini tower's answers, which the published tower does not give; take "
            "them out of experiments.rows, or choose base_model.kind studio"
        )
    return tower


def perceive(record: Mapping[str, Any], features: FilmFeatures, tower: Tower, *, bank: str) -> Perceived:
    """What the tower answers about a record's clip and about those whom the bank recognised in it."""
    views, rows = features.clip(record["clip_id"])
    view, labels = views[0], tower.labels
    answers = view.scene[0, tower.shape.scene_channels :]
    events, props, places = np.split(answers, [len(labels.events), len(labels.events) + len(labels.props)])
    likely = [labels.props[place] for place in np.argsort(-props, kind="stable")[:2] if props[place] > SEEN]
    thing, nearby = [*likely, NOTHING, NOTHING][:2]
    people = []
    for name, track in known_characters(record, bank):
        if track in rows:
            across = float(view.boxes[rows[track], :, 0].mean())
            people.append((across, name, _person(view.regions[rows[track], 0], across, tower)))
    scene = (_likeliest(labels.events, events), thing, nearby, _likeliest(labels.places, places))
    return Perceived(scene, tuple((name, words) for _, name, words in sorted(people)))


def _person(region_f: np.ndarray, across: float, tower: Tower) -> tuple[str, ...]:
    acts = tower.labels.acts
    answers = np.split(region_f[tower.shape.region_channels :], [len(acts), len(acts) + len(DIRECTIONS)])
    column = COLUMNS[min(max(int(across * len(COLUMNS)), 0), len(COLUMNS) - 1)]
    act, direction, pronoun = (_likeliest(*each) for each in zip((acts, DIRECTIONS, PRONOUNS), answers, strict=True))
    return act, direction, column, pronoun


def _likeliest(words: Sequence[str], chances: np.ndarray) -> str:
    return words[int(chances.argmax())]
