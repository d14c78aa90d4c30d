"""Faces without labels: clusters of a film's tracks, given to the cast's portraits one to one (paper, section 3.1).

Clustering decides little by itself: cut too low, a character whose look changes has two clusters and one takes a wrong
portrait; cut too high, two people are one. So several cuts are tried; each is assigned to the portraits, refined as
K-means does, and the one that explains the film's faces and the portraits best is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import squareform

from models.perception.encoders import unit_rows
from models.perception.recognition import distances, name_tracks
from models.perception.settings import BankSettings
from models.perception.tracks import embeddings_of, pooled

CUTS = 7  # heights of the tree that are tried
ROUNDS = 4  # of refinement; it settles in two or three
# A track stays with its character within this multiple of the threshold: thresholds are of two faces, and a mean of
# several stands nearer to its members than they to each other.
WITHIN = 0.8
# What a character without a cluster costs, in portrait thresholds: a cluster farther off is somebody else, and a listed
# character may well not appear. Nearer limits lose people whose portrait is a poor likeness.
ABSENT = 1.5
# Squared distance of tracks that share a frame, which are different people. Half again the largest there is (4): one
# wrong meeting, a track that changed its person midway, must not part a character's clusters for good.
APART = 6.0


def names_from_clusters(
    faces: pd.DataFrame,
    tracks: np.ndarray,
    actor: Mapping[str, np.ndarray],
    settings: BankSettings,
    *,
    threshold: float,
    portrait_threshold: float,
) -> list[str]:
    """A name or "" for each face. `actor`: a unit query per character from its portraits.

    `threshold` between faces of films and `portrait_threshold` between these and portraits, both squared L2, are the
    encoder's; every distance counts in them, so that the settings mean the same for every encoder. Tracks that no
    query explains stay without a name: the film's strangers.
    """
    if not len(faces) or not actor:
        return [""] * len(faces)
    frames, embeddings_nd = faces["frame"].to_numpy(), embeddings_of(faces)
    tree = _tree(frames, tracks, embeddings_nd)
    best: tuple[float, list[str]] = (float("inf"), [""] * len(faces))
    for factor in np.linspace(settings.link_threshold, settings.link_limit, CUTS):
        clusters = _cut(tree, tracks, float(factor) * threshold)
        names = _assigned(clusters, embeddings_nd, actor, settings, portrait_threshold)
        for _ in range(ROUNDS):
            names = _refined(names, frames, tracks, embeddings_nd, WITHIN * threshold)
        cost = _cost(names, embeddings_nd, actor, settings, threshold, portrait_threshold)
        if cost < best[0] - 1e-9:
            best = (cost, names)
    return best[1]


def _tree(frames: np.ndarray, tracks: np.ndarray, embeddings_nd: np.ndarray) -> np.ndarray:
    """Mean linkage of the tracks' mean embeddings (squared L2); an empty tree for a single track."""
    means = pooled(embeddings_nd, tracks)
    order = sorted(means)
    means_td = np.stack([means[track] for track in order])
    distances_tt = np.maximum(2 - 2 * means_td @ means_td.T, 0).astype(np.float64)
    place = {track: i for i, track in enumerate(order)}
    for frame in np.unique(frames):
        present = [place[int(track)] for track in tracks[frames == frame]]
        distances_tt[np.ix_(present, present)] = APART
    np.fill_diagonal(distances_tt, 0)
    return linkage(squareform(distances_tt, checks=False), method="average") if len(order) > 1 else np.zeros((0, 4))


def _cut(tree: np.ndarray, tracks: np.ndarray, height: float) -> np.ndarray:
    """A cluster number for each face."""
    place = {track: i for i, track in enumerate(sorted(set(tracks.tolist())))}
    labels = fcluster(tree, t=height, criterion="distance") if len(tree) else np.ones(1, int)
    return labels[[place[int(track)] for track in tracks]]


def _assigned(
    clusters: np.ndarray,
    embeddings_nd: np.ndarray,
    actor: Mapping[str, np.ndarray],
    settings: BankSettings,
    portrait_threshold: float,
) -> list[str]:
    """Large clusters to portraits one to one at the least total squared distance (Hungarian), or to nobody."""
    sizes = Counter(clusters.tolist())
    large = [cluster for cluster, size in sorted(sizes.items()) if size >= settings.smallest_share * len(clusters)]
    if not large:
        return [""] * len(clusters)
    centroids, names = pooled(embeddings_nd, clusters), sorted(actor)
    cost = distances(np.stack([centroids[cluster] for cluster in large]), np.stack([actor[name] for name in names]))
    cost = cost / portrait_threshold
    # The cast list holds those who are seen most, so of two clusters equally like a portrait the larger is meant.
    shares = np.array([sizes[cluster] / len(clusters) for cluster in large])
    cost = cost - settings.size_weight * np.log(shares)[:, None]
    cost = np.concatenate([cost, np.full((len(names), len(names)), ABSENT)])  # a portrait may go without a cluster
    given = {large[i]: names[j] for i, j in zip(*linear_sum_assignment(cost), strict=True) if i < len(large)}
    return [given.get(int(cluster), "") for cluster in clusters]


def _centroids(names: list[str], embeddings_nd: np.ndarray) -> dict[str, np.ndarray]:
    given = np.array(names)
    return {name: unit_rows(embeddings_nd[given == name].mean(0)) for name in sorted(set(names) - {""})}


def _refined(
    names: list[str], frames: np.ndarray, tracks: np.ndarray, embeddings_nd: np.ndarray, threshold: float
) -> list[str]:
    """One round of K-means with tracks as points, at most one track of a name in a frame, strangers left out."""
    queries = _centroids(names, embeddings_nd)
    naming = name_tracks(frames, tracks, embeddings_nd, queries, threshold=threshold)
    return [naming[int(track)].name for track in tracks]


def _cost(
    names: list[str],
    embeddings_nd: np.ndarray,
    actor: Mapping[str, np.ndarray],
    settings: BankSettings,
    threshold: float,
    portrait_threshold: float,
) -> float:
    """Mean squared distance of the faces to their centroids, and of the centroids to their portraits, in thresholds.

    A face without a name costs 1, as one just at the threshold would: were it more, strangers would be drawn in.
    """
    queries = _centroids(names, embeddings_nd)
    of_faces = [
        float(((row - queries[name]) ** 2).sum()) / threshold if name else 1.0
        for name, row in zip(names, embeddings_nd, strict=True)
    ]
    of_portraits = [
        float(((queries[name] - actor[name]) ** 2).sum()) / portrait_threshold if name in queries else ABSENT
        for name in actor
    ]
    return float(np.mean(of_faces) + settings.portrait_weight * np.mean(of_portraits))
