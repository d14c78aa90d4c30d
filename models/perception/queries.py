"""The best query of each character: equations 1 to 3 of the paper, and the search that maximises them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.perception.encoders import unit_rows

EPSILON = 1e-6  # equation 3
ROWS = 512  # of a distance matrix at a time: a film of hours shows ten thousand faces


def pairwise(rows_nd: np.ndarray) -> np.ndarray:
    """Plain L2 distances (n, n) between unit rows, by inner products: no (n, n, d) array."""
    return distances_from(rows_nd, slice(0, len(rows_nd)))


def distances_from(rows_nd: np.ndarray, some: slice) -> np.ndarray:
    """The rows `some` of `pairwise`."""
    products_mn = rows_nd[some].astype(np.float64) @ rows_nd.T.astype(np.float64)
    distances_mn = np.sqrt(np.maximum(2 - 2 * products_mn, 0))
    here = np.arange(len(distances_mn))
    distances_mn[here, here + some.start] = 0
    return distances_mn


def distances_from_medoid(rows_nd: np.ndarray) -> np.ndarray:
    """Distances (n,) from the row that is nearest to all on average; memory grows with n, not with its square."""
    least, nearest = np.inf, np.zeros(len(rows_nd))
    for first in range(0, len(rows_nd), ROWS):
        distances_mn = distances_from(rows_nd, slice(first, min(first + ROWS, len(rows_nd))))
        means_m = distances_mn.mean(1)
        best = int(means_m.argmin())
        if means_m[best] < least:
            least, nearest = means_m[best], distances_mn[best]
    return nearest


def intra_distance(portraits_nd: np.ndarray, query_d: np.ndarray) -> float:
    """Equation 1: mean plain L2 distance of a character's face embeddings to the query."""
    return float(np.linalg.norm(portraits_nd - query_d, axis=1).mean())


def inter_distance(queries_jd: np.ndarray, j: int) -> float:
    """Equation 2: plain L2 distance from query j to the nearest other; nan where there is no other."""
    others = np.delete(queries_jd, j, axis=0)
    if not len(others):
        return float("nan")
    return float(np.linalg.norm(others - queries_jd[j], axis=1).min())


def objective(queries_jd: np.ndarray, portraits: Sequence[np.ndarray]) -> float:
    """Equation 3: sum over characters of inter distance / (intra distance + 1e-6).

    With a single character there is no inter distance; its intra distance alone decides (1 stands for the other).
    """
    total = 0.0
    for j, portraits_nd in enumerate(portraits):
        external = inter_distance(queries_jd, j) if len(queries_jd) > 1 else 1.0
        total += external / (intra_distance(portraits_nd, queries_jd[j]) + EPSILON)
    return total


def drop_outliers(embeddings_nd: np.ndarray, share: float) -> np.ndarray:
    """Rows to keep (sorted indices): without the `share` that is farthest from the collection's medoid.

    The medoid, not the mean, is the measure: a wrong face moves the mean towards itself.
    """
    count = len(embeddings_nd)
    drop = int(share * count)
    if drop == 0:
        return np.arange(count)
    order = np.argsort(distances_from_medoid(embeddings_nd), kind="stable")
    return np.sort(order[: count - drop])


def candidates(portraits_nd: np.ndarray, trims: Sequence[float]) -> np.ndarray:
    """Candidate queries (t, d) of one character: centroids of nested trims of its collection.

    No single face is a candidate: near-copies of it in a long still shot would make it the best by their number alone.
    """
    return np.stack([unit_rows(portraits_nd[drop_outliers(portraits_nd, trim)].mean(0)) for trim in trims])


def best_queries(portraits: Mapping[str, np.ndarray], *, trims: Sequence[float]) -> dict[str, np.ndarray]:
    """One unit query per character that together maximise equation 3 over the candidates.

    `portraits`: each character's face embeddings (n, d), outliers already removed, so that every candidate is judged
    on the same faces. Coordinate ascent from the plain centroids: each step may only raise f(Q), so it ends.
    """
    names = sorted(portraits)
    if not names:
        return {}
    collections = [portraits[name] for name in names]
    options = [candidates(collection, trims) for collection in collections]
    queries_jd = np.stack([option[0] for option in options])
    best = objective(queries_jd, collections)
    improved = True
    while improved:
        improved = False
        for j, option in enumerate(options):
            for candidate in option:
                trial_jd = queries_jd.copy()
                trial_jd[j] = candidate
                value = objective(trial_jd, collections)
                if value > best + 1e-9:
                    best, queries_jd, improved = value, trial_jd, True
    return {name: queries_jd[j] for j, name in enumerate(names)}
