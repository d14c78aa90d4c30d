"""Sanity rows: texts that look at no picture. A system that does not beat them has learnt a describer's habit only.

A neighbour's reference shares style, place and people with the right one; a constant sentence shares the style; a
shuffled reference shares everything but the clip. A second phrasing of the truth is as good as a human gets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.errors import BadInput

Record = Mapping[str, Any]


def neighbour(records: Sequence[Record]) -> list[str]:
    """For every clip the reference of the clip before it in its film; for a film's first clip, of the one after.

    `BadInput` for a film with a single described clip: it has no neighbour.
    """
    films: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record["clip_id"]):  # ids are in time order
        films.setdefault(record["film"], []).append(record)
    said = {}
    for film, clips in films.items():
        if len(clips) < 2:
            raise BadInput(f"{film}: one described clip has no neighbour; leave the row out of experiments.rows")
        for place, clip in enumerate(clips):
            said[film, clip["clip_id"]] = str(clips[place - 1 if place else 1]["text"])
    return [said[record["film"], record["clip_id"]] for record in records]


def constant(records: Sequence[Record], training: Sequence[Record]) -> list[str]:
    """The most frequent sentence of the training films for every clip; of equally frequent ones the first in order."""
    if not training:
        raise BadInput("constant: no training sentence; storyboard_v2 must publish at least one")
    counts = Counter(str(record["text"]) for record in training)
    sentence = min(counts, key=lambda text: (-counts[text], text))
    return [sentence] * len(records)


def shuffled(records: Sequence[Record], *, seed: int) -> list[str]:
    """The references, each on another clip: along one random ring through all clips."""
    if len(records) < 2:
        raise BadInput("shuffled: a single clip cannot be exchanged; leave the row out of experiments.rows")
    ring = np.random.default_rng([seed, 41]).permutation(len(records)).tolist()
    given = dict(zip(ring, [*ring[1:], ring[0]], strict=True))
    return [str(records[given[place]]["text"]) for place in range(len(records))]


def second_phrasing(records: Sequence[Record], truth: Mapping[str, Sequence[Record]]) -> list[str]:
    """Another phrasing of what happens in every clip, by film from the studio's truth (`truth/clips.json`).

    `BadInput` where a clip has none.
    """
    phrasings = {(film, clip["id"]): clip["alternatives"] for film, clips in truth.items() for clip in clips}
    said = []
    for record in records:
        others = [text for text in phrasings.get((record["film"], record["clip_id"]), ()) if text != record["text"]]
        if not others:
            raise BadInput(f"{record['film']}:{record['clip_id']}: the studio tells it in one way only; no second one")
        said.append(str(others[0]))
    return said
