"""A captioner small enough for tests: untrained, over random features, with a real film's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.captioner.checkpoints import save_base
from models.captioner.features import FilmFeatures
from models.captioner.model import FocusedCaptioner
from models.captioner.settings import CaptionerSettings, LanguageModelSettings, TuningSettings
from models.captioner.tower import Tower, TowerLabels, TowerShape
from models.captioner.vocabulary import Vocabulary, build_vocabulary
from models.training.base_model import captioner_config

LABELS = TowerLabels(
    acts=("stand", "partner", "walk", "wave"),
    events=("walk", "wave", "rain"),
    props=("door", "cup"),
    places=("park", "street"),
)
SHAPE = TowerShape(frames=8, scene_frames=4, region_channels=12, scene_channels=16, grid=(1, 1))
WORDS = ["walks to the door", "waves at", "and waits in the park", "it rains", "thank you"]
FILM = "tt9000001"
CAST = ("ANNA", "LIN-MANUEL", "Carla")


def small_settings(**changes: Any) -> CaptionerSettings:
    """A few steps over small batches."""
    training = TuningSettings(steps=4, sequences=4, rate=2e-3, warm_up=1, validation_clips=0)
    return CaptionerSettings(training=training).model_copy(update=changes)


def toy_vocabulary() -> Vocabulary:
    return build_vocabulary(WORDS)


def toy_model(vocabulary: Vocabulary, tower: Tower, *, seed: int = 0) -> FocusedCaptioner:
    torch.manual_seed(seed)
    language = LanguageModelSettings(hidden=16, layers=2, heads=2, key_value_heads=1, feed_forward=32)
    return FocusedCaptioner(captioner_config(vocabulary, tower, language=language)).eval()


def toy_base(folder: Path) -> Path:
    """An untrained base model's folder."""
    torch.manual_seed(0)
    tower, vocabulary = Tower(LABELS, SHAPE), toy_vocabulary()
    save_base(folder, toy_model(vocabulary, tower), vocabulary, tower)
    return folder


def toy_features(clips: int = 4, *, seed: int = 0) -> FilmFeatures:
    """Two tracks (3 and 5) in every clip but the last, which has none; track 5 stands left of track 3."""
    rng = np.random.default_rng(seed)
    tower = Tower(LABELS, SHAPE)
    regions = 2 * (clips - 1)
    boxes = np.tile(np.array([0.5, 0.5, 0.2, 0.5], np.float32), (2, regions, 8, 1))
    boxes[0, 0::2, :, 0], boxes[0, 1::2, :, 0] = 0.8, 0.2
    boxes[1, ..., 0] = 1 - boxes[0, ..., 0]
    return FilmFeatures(
        scene=rng.standard_normal((2, clips, 4, tower.scene_size)).astype(np.float32),
        regions=rng.standard_normal((2, regions, 8, tower.region_size)).astype(np.float32),
        boxes=boxes,
        seen=np.ones((regions, 8), bool),
        index={clip + 1: (clip, {3: 2 * clip, 5: 2 * clip + 1} if clip < clips - 1 else {}) for clip in range(clips)},
    )


def toy_record(clip: int, **changes: Any) -> dict[str, Any]:
    record = {
        "film": FILM,
        "clip_id": clip,
        "start": 10.0 * clip,
        "end": 10.0 * clip + 3,
        "text": "Anna waves at Lin-Manuel.",
        "type": 1,
        "prior": [{"kind": "description", "text": "Carla waits."}, {"kind": "subtitle", "text": "Thank you, Anna!"}],
        "characters": {
            "best query": [
                {"name": "ANNA", "track": 3, "first_seen": 0},
                {"name": "LIN-MANUEL", "track": 5, "first_seen": 5},
            ],
            "actor": [{"name": "Carla", "track": 3, "first_seen": 0}],
        },
    }
    return {**record, **changes}


def toy_records(clips: int = 4) -> list[dict[str, Any]]:
    last = toy_record(clips, text="It rains in the park.", type=0, prior=[], characters={"best query": [], "actor": []})
    return [*(toy_record(clip) for clip in range(1, clips)), last]
