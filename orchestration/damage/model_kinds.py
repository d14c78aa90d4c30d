"""What models are loaded from, and the perception's tables: formats of our own, which a disk or a hand may damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestration.damage.kinds import Kind

TENSORS, CONFIG = "safetensors", "json"


def kinds() -> list[Kind]:
    return [*_perception(), *_captioner()]


def _perception() -> list[Kind]:
    banks: list[tuple[str, str, str]] = [
        ("query bank's table", "bank.json", "json"),
        ("query", "best_query/Ada.npy", "npy"),
    ]
    faces = [("faces of a film", "faces.parquet", "parquet"), ("shots of a film", "shots.json", "json")]
    regions = [
        ("regions' table", "regions.json", "json"),
        ("tracks", "tracks.parquet", "parquet"),
        ("regions", "regions.parquet", "parquet"),
    ]
    encoder = [("face encoder's configuration", "config.json", CONFIG), ("face encoder", "model.safetensors", TENSORS)]
    return [
        *_of(banks, _lay_banks, _read_banks, "best_query"),
        *_of(faces, _lay_faces, _read_faces),
        *_of(regions, _lay_regions, _read_regions),
        *_of(encoder, _lay_encoder, _read_encoder, "model.safetensors"),  # whichever of the two does not fit the other
    ]


def _captioner() -> list[Kind]:
    base = [
        ("base model's configuration", "config.json", CONFIG),
        ("base model's words", "vocabulary.json", "json"),
        ("base model's tower", "tower.safetensors", TENSORS),
        ("base model's connectors", "connectors.safetensors", TENSORS),
        ("language model's configuration", "language_model/config.json", CONFIG),
        ("language model", "language_model/model.safetensors", TENSORS),
    ]
    captioner = [
        ("captioner's configuration", "variant/config.json", CONFIG),
        ("captioner", "variant/model.safetensors", TENSORS),
    ]
    features = [("features' index", "index.json", "json"), ("features", "features.safetensors", TENSORS)]
    return [
        *_of(
            base, _lay_base, _read_base, "config.json", "language_model", "tower.safetensors", "connectors.safetensors"
        ),
        *_of(captioner, _lay_captioner, _read_captioner, "variant"),
        *_of(features, _lay_features, _read_features, "index.json", "features.safetensors"),
    ]


def _of(
    files: list[tuple[str, str, str]], lay: Callable[[Path], None], read: Callable[[Path], Any], *named: str
) -> list[Kind]:
    return [Kind(name, file, form, lay, read, (Path(file).name, *named)) for name, file, form in files]


def _lay_banks(folder: Path) -> None:
    import numpy as np

    from models.perception.bank_files import Banks, write_banks

    queries = {name: np.eye(4, dtype=np.float32)[at] for at, name in enumerate(("Ada", "Mr. Ben"))}
    write_banks(Banks("studio", 0.8, queries, queries, {"Ada": {"faces": 2}}), folder)


def _read_banks(folder: Path) -> Any:
    import numpy as np

    from models.perception.bank_files import read_banks

    banks = read_banks(folder)
    for queries in (banks.best, banks.actor):
        assert all(abs(float(np.linalg.norm(query)) - 1) < 1e-3 for query in queries.values()), "no unit vector"
    return banks


def _lay_faces(folder: Path) -> None:
    import numpy as np
    import pandas as pd

    from models.perception.faces import FACE_COLUMNS, write_faces
    from models.perception.shots import Shot

    table = pd.DataFrame(
        [[0, 0, 1.0, 2.0, 3.0, 4.0, 0.9], [5, 0, 1.0, 2.0, 3.0, 4.0, 0.8]], columns=list(FACE_COLUMNS)[:-1]
    )
    table["embedding"] = [np.eye(4, dtype=np.float32)[0]] * 2
    write_faces(table, [Shot(0, 0, 9), Shot(1, 10, 19)], folder)


def _read_faces(folder: Path) -> Any:
    from models.perception.faces import read_faces

    return read_faces(folder)


def _lay_regions(folder: Path) -> None:
    import numpy as np

    from common.tables import table
    from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions, encode_mask, write_regions

    names: dict[str, object] = {"name_best": "Ada", "distance_best": 0.2, "name_actor": "", "distance_actor": 1.0}
    tracks: dict[str, object] = {"clip": 1, "track": 0, "shot": 0, **names}
    boxes = dict.fromkeys([name for name, kind in REGION_COLUMNS.items() if kind == "float64"], 1.0)
    mask = encode_mask(np.ones((9, 16), bool))
    region: dict[str, object] = {"clip": 1, "track": 0, "frame": 5, **boxes, "source": "recognised", "mask": mask}
    found = Regions("tt1", 16, 9, table([tracks] * 2, TRACK_COLUMNS), table([region] * 2, REGION_COLUMNS), 1)
    write_regions(found, folder)


def _read_regions(folder: Path) -> Any:
    from models.perception.regions import GAPS, read_regions

    found = read_regions(folder)
    whole = [table.drop(columns=list(GAPS), errors="ignore") for table in (found.tracks, found.regions)]
    return found.film, found.width, found.height, found.clips, whole


def _lay_encoder(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from common.files import write_json
    from models.perception.studio_encoder import StudioFaceNet

    torch.manual_seed(0)
    write_json(folder / "config.json", {"kind": "studio", "width": 4, "size": 8, "image_size": 32, "threshold": 0.9})
    save_file(StudioFaceNet(width=4, size=8).state_dict(), folder / "model.safetensors")


def _read_encoder(folder: Path) -> Any:
    from models.perception.encoders import load_encoder

    encoder = load_encoder(folder)
    return encoder.size, encoder.threshold


def _lay_base(folder: Path) -> None:
    import torch

    from models.captioner.checkpoints import save_base
    from models.captioner.model import FocusedCaptioner
    from models.captioner.settings import LanguageModelSettings
    from models.captioner.tower import Tower, TowerLabels, TowerShape
    from models.captioner.vocabulary import build_vocabulary
    from models.training.base_model import captioner_config

    torch.manual_seed(0)
    labels = TowerLabels(("stand", "partner", "walk"), ("walk", "rain"), ("door",), ("park", "street"))
    tower = Tower(labels, TowerShape(frames=8, scene_frames=4, region_channels=12, scene_channels=16, grid=(1, 1)))
    vocabulary = build_vocabulary(["walks to the door", "it rains"])
    language = LanguageModelSettings(hidden=16, layers=1, heads=2, key_value_heads=1, feed_forward=32)
    model = FocusedCaptioner(captioner_config(vocabulary, tower, language=language))
    save_base(folder, model, vocabulary, tower)


def _read_base(folder: Path) -> Any:
    from models.captioner.checkpoints import load_base, load_tower

    load_tower(folder)
    model, vocabulary = load_base(folder)
    return sum(value.numel() for value in model.parameters()), vocabulary.names


def _lay_captioner(folder: Path) -> None:
    from models.captioner.checkpoints import Captioner, load_base, save_captioner
    from models.captioner.inputs import PromptPlan

    _lay_base(folder / "base")
    model, vocabulary = load_base(folder / "base")
    weights = {name: value for name, value in model.state_dict().items() if "soft_prompt" in name}
    captioner = Captioner(model, vocabulary, PromptPlan())
    save_captioner(folder / "variant", captioner, weights=weights, base=folder / "base", clips=2)


def _read_captioner(folder: Path) -> Any:
    from models.captioner.checkpoints import load_captioner

    captioner = load_captioner(folder / "variant", folder / "base")
    return captioner.plan.soft_prompt_tokens, captioner.plan.region


def _lay_features(folder: Path) -> None:
    import numpy as np

    from models.captioner.features import FilmFeatures

    rng = np.random.default_rng(0)
    FilmFeatures(
        scene=rng.standard_normal((2, 3, 4, 5)).astype(np.float32),
        regions=rng.standard_normal((2, 4, 8, 5)).astype(np.float32),
        boxes=np.ones((2, 4, 8, 4), np.float32),
        seen=np.ones((4, 8), bool),
        index={1: (0, {3: 0, 5: 1}), 2: (1, {3: 2}), 3: (2, {})},
    ).write(folder)


def _read_features(folder: Path) -> Any:
    from models.captioner.features import read_features

    return sorted(read_features(folder).index)  # whether they are numbers is asked by the gate of clip_features
