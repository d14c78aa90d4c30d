"""What the frozen tower answers, as words, and words as the tower would answer them.

A scene feature ends with the tower's answers: chances of each event, prop and place; a region's with those of act,
direction and pronoun. Systems that read text take the words; a mapping network that should learn from text alone takes
the answers that fit it.
"""

from __future__ import annotations

import numpy as np

from corpora.studio.facts_text import TextSample
from models.captioner.tower import Tower


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
