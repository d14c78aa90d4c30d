"""Clip records as they would be at another recognition threshold: what Figure 7 of the paper varies.

Faces, banks and masks are the published ones; only equation 6 is decided again. Masks were made for the people that the
threshold in use names, so a face named only at a looser one has its name and its track, but may have no region.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from models.perception.bank_files import Banks
from models.perception.perceive import name_faces
from models.perception.settings import PerceptionSettings

BANK = "best query"


def records_at(
    records: Sequence[dict[str, Any]],
    faces: pd.DataFrame,
    banks: Banks,
    multiple: float,
    settings: PerceptionSettings,
) -> list[dict[str, Any]]:
    """A film's records with the characters of the best-query bank named at `multiple` of the encoder's own threshold.

    At 1 they hold the published names and tracks; `first_seen` is the first face's, not that of a mask carried to an
    earlier frame. `faces` and `banks` are the film's, as `query_banks` published them. A name that
    several tracks of a clip get stands once, with the track that shows most faces.
    """
    tracks, _, _ = name_faces(faces, banks, settings)
    names = names_at(faces, banks, BANK, multiple, settings)
    frames = faces["frame"].to_numpy()
    return [
        record | {"characters": record["characters"] | {BANK: _characters(record, frames, tracks, names)}}
        for record in records
    ]


def _characters(
    record: dict[str, Any], frames: np.ndarray, tracks: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Who is named in the clip: name, track and first frame, in order of appearance.

    Tracks of a clip are numbered as in `character_regions`: by their first face on its key frames.
    """
    rows = np.flatnonzero(np.isin(frames, record["key_frames"]))
    numbers: dict[int, int] = {}
    shown: dict[str, Counter[int]] = {}
    first_seen: dict[str, int] = {}
    for row in rows.tolist():
        number = numbers.setdefault(int(tracks[row]), len(numbers))
        if names[row]:
            shown.setdefault(names[row], Counter())[number] += 1
            first_seen.setdefault(names[row], int(frames[row]))
    found = [
        {"name": name, "track": min(counts, key=lambda n: (-counts[n], n)), "first_seen": first_seen[name]}
        for name, counts in shown.items()
    ]
    return sorted(found, key=lambda each: (each["first_seen"], each["track"]))


def names_at(faces: pd.DataFrame, banks: Banks, bank: str, multiple: float, settings: PerceptionSettings) -> list[str]:
    """Each face's name by `bank` with `multiple` of the encoder's threshold; tracks are linked as they always are."""
    if bank == "actor":
        banks = replace(banks, actor_threshold=multiple * banks.threshold_of("actor"))
        tracks, _, naming = name_faces(faces, banks, settings)
    else:
        threshold = in_distance(multiple * banks.threshold, settings)
        recognition = settings.recognition.model_copy(update={"threshold": threshold})
        tracks, naming, _ = name_faces(faces, banks, settings.model_copy(update={"recognition": recognition}))
    return [naming[int(track)].name for track in tracks]


def in_distance(squared: float, settings: PerceptionSettings) -> float:
    """A squared L2 threshold in the settings' distance."""
    return squared if settings.recognition.distance == "squared" else float(np.sqrt(squared))
