"""Faces found and named, against the truth: a row per true head, per detected face, and per face of a stranger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from models.measuring.truth import YAW_EDGES, Perceived, match_heads
from models.perception.bank_files import Banks
from models.perception.perceive import name_faces
from models.perception.query_bank import build_banks
from models.perception.settings import PerceptionSettings
from models.perception.shots import shot_of

BANKS = ("none", "actor", "best query")  # Table 1's words
STRANGER_COLUMNS = {"film": "object", "unlisted": "object", "listed": "int64", "best query": "object"}
OUTCOMES = ("right", "wrong", "Unknown")


def outcome(given: str, true: str) -> str:
    """What a name is worth: "right", "wrong", or "Unknown" where none was given."""
    return "Unknown" if not given else "right" if given == true else "wrong"


def observe_heads(perceived: Perceived, truth: pd.DataFrame) -> pd.DataFrame:
    """A row per head that is to be found, or turned away: film, shot, frame, yaw, height, found (0 or 1).

    To be found are the visible faces; heads turned beyond 80 degrees, which show none, are listed to see whether the
    detector takes them for faces. Heads that somebody hides are left out.
    """
    found = np.zeros(len(truth), int)
    rows = match_heads(perceived.faces, truth)
    found[rows[rows >= 0]] = 1
    heads = truth.assign(found=found)[truth["face_visible"] | (truth["yaw"] > YAW_EDGES[-2])]
    return pd.DataFrame(
        {
            "film": perceived.film.id,
            "shot": [shot_of(perceived.shots, frame) for frame in heads["frame"].tolist()],
            **{name: heads[name].to_numpy() for name in ("frame", "name", "yaw", "height", "found")},
        }
    )


def observe_faces(perceived: Perceived, truth: pd.DataFrame, settings: PerceptionSettings) -> pd.DataFrame:
    """A row per detected face: film, shot, frame, box_height, head (1 if it is one), its true name, yaw and height.

    `track`, and a column per bank ("none", "actor", "best query") with the outcome of its name ("" where it is no
    head).
    """
    faces, rows = perceived.faces, match_heads(perceived.faces, truth)
    tracks, best, actor = name_faces(faces, perceived.banks, settings)
    names = [str(truth["name"].iat[row]) if row >= 0 else "" for row in rows]
    observed = pd.DataFrame(
        {
            "film": perceived.film.id,
            "shot": faces["shot"].to_numpy(),
            "frame": faces["frame"].to_numpy(),
            "box_height": (faces["y2"] - faces["y1"]).to_numpy(float),
            "head": (rows >= 0).astype(int),
            "name": np.array(names, object),
            "yaw": _at(truth["yaw"], rows),
            "height": _at(truth["height"], rows),
            "track": tracks,
        }
    )
    given = {
        "none": ["" for _ in tracks],
        "actor": [actor[int(track)].name for track in tracks],
        "best query": [best[int(track)].name for track in tracks],
    }
    for bank in BANKS:
        outcomes = [outcome(a, b) if b else "" for a, b in zip(given[bank], names, strict=True)]
        observed[bank] = np.array(outcomes, object)
    return observed


def _at(values: pd.Series, rows: np.ndarray) -> np.ndarray:
    """The values at these positions, nan at -1."""
    return np.append(values.to_numpy(float), np.nan)[rows]


def without(perceived: Perceived, unlisted: str, settings: PerceptionSettings) -> Banks:
    """The film's banks had `unlisted` not been of the cast, from clusters and portraits alone (no labelled boxes)."""
    film, banks = perceived.film, perceived.banks
    return build_banks(
        replace(film, labelled_boxes=(), cast=tuple(each for each in film.cast if each.name != unlisted)),
        perceived.faces,
        {name: query[None] for name, query in banks.actor.items() if name != unlisted},
        settings,
        encoder=banks.encoder,
        threshold=banks.threshold,
        actor_threshold=banks.threshold_of("actor"),
    )


def observe_strangers(perceived: Perceived, truth: pd.DataFrame, settings: PerceptionSettings) -> pd.DataFrame:
    """Each of the cast in turn taken off the list, the bank made from clusters and portraits alone.

    A row per true face and per character taken off: film, unlisted (who was), listed (1 for the others' faces),
    the outcome `best query`. A stranger's face that gets a name at all is "wrong".
    """
    names = [str(truth["name"].iat[row]) if row >= 0 else "" for row in match_heads(perceived.faces, truth)]
    rows: list[dict[str, object]] = []
    for unlisted in sorted(perceived.banks.actor):
        tracks, best, _ = name_faces(perceived.faces, without(perceived, unlisted, settings), settings)
        for track, true in zip(tracks, names, strict=True):
            if true:
                given = outcome(best[int(track)].name, true)
                rows.append(
                    {
                        "film": perceived.film.id,
                        "unlisted": unlisted,
                        "listed": int(true != unlisted),
                        "best query": given,
                    }
                )
    return pd.DataFrame(rows, columns=list(STRANGER_COLUMNS)).astype(STRANGER_COLUMNS)
