"""Records at another recognition threshold: the same clips, other names."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.perception.bank_files import Banks
from models.perception.settings import PerceptionSettings
from models.training.thresholds import records_at

SETTINGS = PerceptionSettings(key_frame_stride=5)
ADA, BEN = np.eye(8, dtype=np.float32)[:2]
BANKS = Banks(encoder="toy", threshold=0.5, best={"Ada": ADA, "Ben": BEN}, actor={})


def _face(frame: int, left: float, embedding: np.ndarray) -> dict[str, Any]:
    box = {"x1": left, "y1": 10.0, "x2": left + 30, "y2": 45.0}
    return {"frame": frame, "shot": 0, **box, "confidence": 0.99, "embedding": embedding}


def _near(towards: np.ndarray, squared: float) -> np.ndarray:
    """A unit vector at this squared distance from `towards`, away from both queries."""
    cosine = 1 - squared / 2
    return (cosine * towards + np.sqrt(1 - cosine**2) * np.eye(8)[5]).astype(np.float32)


@pytest.fixture
def faces() -> pd.DataFrame:
    """Ada clearly, Ben doubtfully, side by side on four key frames; the clip holds the last three."""
    rows = [
        _face(frame, left, vector)
        for frame in (0, 5, 10, 15)
        for left, vector in ((20, _near(BEN, 0.4)), (200, _near(ADA, 0.05)))
    ]
    return pd.DataFrame(rows)


RECORD = {
    "film": "f",
    "clip_id": 1,
    "key_frames": [5, 10, 15],
    "text": "Ada waits.",
    "characters": {"best query": ["as published"], "actor": ["kept"]},
}


def _named(faces: pd.DataFrame, multiple: float) -> list[tuple[str, int, int]]:
    (record,) = records_at([RECORD], faces, BANKS, multiple, SETTINGS)
    assert record["characters"]["actor"] == ["kept"] and record["text"] == RECORD["text"]
    return [(each["name"], each["track"], each["first_seen"]) for each in record["characters"]["best query"]]


def test_a_stricter_threshold_names_fewer(faces: pd.DataFrame) -> None:
    assert _named(faces, 1.0) == [("Ben", 0, 5), ("Ada", 1, 5)]
    assert _named(faces, 0.5) == [("Ada", 1, 5)], "a track keeps its number when its neighbour loses his name"
    assert _named(faces, 0.05) == []
    assert RECORD["characters"]["best query"] == ["as published"], "the published record stays as it is"


def test_names_only_grow_with_the_threshold(faces: pd.DataFrame) -> None:
    found = [{name for name, _, _ in _named(faces, multiple)} for multiple in (0.05, 0.2, 0.7, 1.0, 2.0)]
    assert all(fewer <= more for fewer, more in pairwise(found))


def test_a_clip_without_faces_names_nobody(faces: pd.DataFrame) -> None:
    (record,) = records_at([RECORD | {"key_frames": [500]}], faces, BANKS, 1.0, SETTINGS)
    assert record["characters"]["best query"] == []
