"""clip_features: what the frozen vision tower sees in every described clip, computed once for all variants."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from models.captioner.published.siglip import PublishedTower
    from models.captioner.tower import Tower
    from publishing.settings import Settings


@lru_cache(maxsize=1)
def tower_of(base_model: Path) -> Tower | PublishedTower:
    """The tower, loaded once in a process."""
    from models.captioner.checkpoints import load_tower

    return load_tower(base_model)


def make(work: Work) -> None:
    from corpora.film import read_film
    from models.captioner.features import extract
    from models.captioner.published.cache import extract_published
    from models.captioner.published.siglip import PublishedTower
    from models.perception.regions import read_regions
    from models.perception.shots import read_shots

    film = read_film(work.read("films"))
    regions = read_regions(work.read("character_regions")).regions
    stride = work.settings.perception.key_frame_stride
    tower = tower_of(work.read("base_model"))
    if isinstance(tower, PublishedTower):
        extract_published(film, film.clips(), regions, tower, stride=stride, folder=work.out)
        return
    shots = list(read_shots(work.read("query_banks") / "shots.json"))
    extract(film, film.clips(), regions, tower, stride=stride, shots=shots).write(work.out)


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import numpy as np
    import pandas as pd

    from models.captioner.features import read_features

    features = read_features(folder)
    # Clip by clip: the published tower's features of a film are gigabytes.
    spreads = [float(np.asarray(clip, np.float32).std()) for view in features.scene for clip in view]
    whole = {name: bool(np.isfinite(getattr(features, name)).all()) for name in ("regions", "boxes")}
    row = {
        "clips": len(features.index),
        "regions": features.regions.shape[1],
        "scene_spread": float(np.mean(spreads)),
        "not_finite": sum(not value for value in whole.values()) + int((~np.isfinite(spreads)).sum()),
    }
    return {"features": pd.DataFrame([row])}


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    return [
        expect("features", between, column="clips", min_value=1),
        expect("features", between, column="not_finite", max_value=0, why="a feature that is no number"),
        expect(
            "features",
            between,
            column="scene_spread",
            min_value=0.0,
            strict_min=True,
            why="all scene tokens are the same: the tower sees nothing",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    table = facts(folder)["features"].iloc[0]
    return {"clips": int(table["clips"]), "regions": int(table["regions"])}


STAGE = Stage(
    name="clip_features",
    description="Frozen features of every clip: scene tokens and mask-pooled region features, cached for all variants.",
    make=make,
    reads=("films", "query_banks", "character_regions", "base_model"),
    units=film_ids,
    per_film=True,
    sections=("perception.key_frame_stride",),
    code=(
        *FILM,
        "models/hub.py",
        "models/perception/regions.py",
        "models/perception/settings.py",
        "models/perception/shots.py",
        *(f"models/captioner/published/{part}.py" for part in ("base", "cache", "siglip", "weights")),
        *(f"models/captioner/{part}.py" for part in ("checkpoints", "crops", "features", "regions", "tower", "vision")),
    ),
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "safetensors"),
)
