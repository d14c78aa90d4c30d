"""Which face is which character: equations 4 to 6 of the paper, one name to one face, evidence of a whole track."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.perception.settings import RecognitionSettings
from models.perception.tracks import FORBIDDEN, pooled

UNKNOWN = ""


@dataclass(frozen=True)
class Naming:
    """A track's name ("" is the paper's Unknown) and its distance to that query, or to the nearest where Unknown.

    `distance` is nan where there is no query at all.
    """

    name: str
    distance: float


def distances(embeddings_nd: np.ndarray, queries_jd: np.ndarray, kind: str = "squared") -> np.ndarray:
    """Equation 5: squared L2 (or plain L2, as the authors' code has it) of n embeddings to J queries, (n, J)."""
    squared_nj = ((embeddings_nd[:, None, :] - queries_jd[None, :, :]) ** 2).sum(2)
    return squared_nj if kind == "squared" else np.sqrt(squared_nj)


def threshold_of(settings: RecognitionSettings, encoder_threshold: float) -> float:
    """u of equation 6 in the settings' distance; the encoder's own (squared L2) where the settings give none."""
    if settings.threshold is not None:
        return settings.threshold
    return encoder_threshold if settings.distance == "squared" else float(np.sqrt(encoder_threshold))


def identify(distances_j: np.ndarray, names: list[str], threshold: float) -> Naming:
    """Equation 6 for one face: the nearest query's name if it is nearer than `threshold`, else Unknown."""
    if not len(names):
        return Naming(UNKNOWN, float("nan"))
    nearest = int(np.argmin(distances_j))
    distance = float(distances_j[nearest])
    return Naming(names[nearest] if distance < threshold else UNKNOWN, distance)


def name_tracks(
    frames: np.ndarray,
    tracks: np.ndarray,
    embeddings_nd: np.ndarray,
    bank: Mapping[str, np.ndarray],
    *,
    threshold: float,
    distance: str = "squared",
) -> dict[int, Naming]:
    """A name for each track; `frames`, `tracks` and `embeddings_nd` have one row per face.

    Each face counts with its track's mean embedding. In every frame names go to faces one to one at the least total
    distance (Hungarian), pairs beyond the threshold excluded; a track takes the name that most of its frames gave it.
    Two tracks that share a frame never end with the same name.
    """
    names = sorted(bank)
    means = pooled(embeddings_nd, tracks) if len(tracks) else {}
    if not names or not means:
        return {track: Naming(UNKNOWN, float("nan")) for track in means}
    order = sorted(means)
    queries_jd = np.stack([bank[name] for name in names])
    table = dict(zip(order, distances(np.stack([means[t] for t in order]), queries_jd, distance), strict=True))
    votes = _votes(frames, tracks, table, names, threshold)
    return _without_conflicts(votes, table, names, threshold, _companions(frames, tracks))


def _votes(
    frames: np.ndarray, tracks: np.ndarray, table: Mapping[int, np.ndarray], names: list[str], threshold: float
) -> dict[int, Counter[int]]:
    """Per track, how many frames gave it which name's index."""
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for frame in np.unique(frames):
        present = [int(track) for track in tracks[frames == frame]]
        cost = np.stack([table[track] for track in present])
        cost = np.where(cost < threshold, cost, FORBIDDEN)
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[i, j] < FORBIDDEN:
                votes[present[i]][int(j)] += 1
    return votes


def _companions(frames: np.ndarray, tracks: np.ndarray) -> dict[int, set[int]]:
    """Per track, the tracks that share a frame with it."""
    companions: dict[int, set[int]] = defaultdict(set)
    for frame in np.unique(frames):
        present = {int(track) for track in tracks[frames == frame]}
        for track in present:
            companions[track] |= present - {track}
    return companions


def _without_conflicts(
    votes: Mapping[int, Counter[int]],
    table: Mapping[int, np.ndarray],
    names: list[str],
    threshold: float,
    companions: Mapping[int, set[int]],
) -> dict[int, Naming]:
    """Tracks take their names nearest first; a name that a companion already has goes on to the next nearest query."""
    first = {track: min(count, key=lambda j: (-count[j], table[track][j])) for track, count in votes.items() if count}
    given: dict[int, Naming] = {}
    for track in sorted(table, key=lambda t: (float(table[t][first[t]]) if t in first else FORBIDDEN, t)):
        taken = {given[other].name for other in companions.get(track, ()) if other in given}
        wishes = [first[track], *np.argsort(table[track], kind="stable").tolist()] if track in first else []
        free = [j for j in wishes if names[j] not in taken and table[track][j] < threshold]
        if free:
            given[track] = Naming(names[free[0]], float(table[track][free[0]]))
        else:
            given[track] = Naming(UNKNOWN, float(table[track].min()))
    return given
