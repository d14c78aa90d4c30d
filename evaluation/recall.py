"""Recall@k within N neighbours (AutoAD-II): is a prediction closer to its own reference than to the neighbours'?

CIDEr and BertScore reward the register of audio description whatever is said; this asks whether it is the right thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from evaluation.settings import RecallWindow


def windows(length: int, neighbours: int) -> list[range]:
    """Windows of N consecutive descriptions with a step of N // 2; a tail that fills no window is left out."""
    step = max(1, neighbours // 2)
    return [range(start, start + neighbours) for start in range(0, length - neighbours + 1, step)]


def window_recall(alike_pr: np.ndarray, k: int) -> float:
    """The share of rows whose own reference (the diagonal) is among the k most alike of its row.

    Of equally alike references the earlier counts as more alike. A row without likeness (an empty prediction) misses.
    """
    size = len(alike_pr)
    own = np.diag(alike_pr)[:, None]
    earlier = np.arange(size)[None, :] < np.arange(size)[:, None]
    rank = ((alike_pr > own) | ((alike_pr == own) & earlier)).sum(axis=1)
    return float(((rank < k) & (own[:, 0] > 0)).mean())


def pairs_needed(films: Sequence[str], recall: Sequence[RecallWindow]) -> Iterator[tuple[int, int]]:
    """Which (prediction, reference) index pairs the windows of all `recall` compare; `films` in order of time."""
    widest = max((window.neighbours for window in recall), default=0)
    for span in _film_spans(films):
        for row in span:
            for column in range(max(span.start, row - widest + 1), min(span.stop, row + widest)):
                yield row, column


def recall_within(films: Sequence[str], alike: dict[tuple[int, int], float], window: RecallWindow) -> float | None:
    """Mean over windows, then over films; None where no film has N descriptions.

    `films` names the film of each description in order of time; `alike` is the likeness of prediction i and reference j
    for the pairs of `pairs_needed`.
    """
    by_film = []
    for span in _film_spans(films):
        found = [
            window_recall(np.array([[alike[span[i], span[j]] for j in spread] for i in spread]), window.k)
            for spread in windows(len(span), window.neighbours)
        ]
        if found:
            by_film.append(float(np.mean(found)))
    return float(np.mean(by_film)) if by_film else None


def _film_spans(films: Sequence[str]) -> list[range]:
    edges = [index for index in range(len(films)) if index == 0 or films[index] != films[index - 1]] + [len(films)]
    return [range(start, stop) for start, stop in pairwise(edges)]
