"""SAM 2 as the carrier of masks: the package's own tiny configuration with random weights, inside one shot."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from common.errors import BadInput
from corpora.film import Character, Clip, Film
from corpora.video import read_frames, write_video
from models.perception.bank_files import Banks
from models.perception.carriers import Carried, ShotView, load_carrier
from models.perception.perceive import character_regions
from models.perception.propagation import FlowCarrier
from models.perception.sam2_carrier import Sam2Carrier, prompt_of, reached
from models.perception.sam2_model import load_model, untrained_model, weights_path
from models.perception.settings import PerceptionSettings, RegionSettings, Sam2Settings
from models.perception.shots import Shot

TINY = "configs/sam2.1/sam2.1_hiera_t.yaml"
HEIGHT, WIDTH, SIDE = 72, 128, 64
KEY_FRAMES = (10, 15, 20, 25, 30, 35)
FACES = np.array([[20.0, 10, 30, 22], [90.0, 12, 100, 24]])


def settings_of(checkpoint: Path, **changes: Any) -> RegionSettings:
    sam2 = {"configuration": TINY, "checkpoint": str(checkpoint), "image_size": SIDE, "device": "cpu", "doubtful": 0.0}
    return RegionSettings(backend="sam2", sam2=Sam2Settings(**{**sam2, **changes}))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny configuration's random weights in the official layout, sure that their object is there."""
    torch.manual_seed(0)
    model = untrained_model(Sam2Settings(configuration=TINY))
    with torch.no_grad():
        model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.fill_(8.0)
    path = tmp_path_factory.mktemp("sam2") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": model.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Any:
    return load_model(settings_of(checkpoint).sam2)


@pytest.fixture
def shot() -> ShotView:
    """Six key frames; the first person's face is found on the third, the second's on the first and the fifth."""
    rng = np.random.default_rng(0)
    frames = {frame: rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8) for frame in KEY_FRAMES}
    people = {3: {20: 0}, 7: {10: 0, 30: 0}}
    return ShotView(frames, KEY_FRAMES, {20: FACES, 10: FACES[1:], 30: FACES[1:]}, people, 10.0)


def test_masks_are_carried_both_ways_inside_the_shot(checkpoint: Path, model: Any, shot: ShotView) -> None:
    found = Sam2Carrier(settings_of(checkpoint), model).carry(shot)
    assert set(found) == {3, 7}
    for person, own in found.items():
        assert set(shot.people[person]) <= set(own) <= set(KEY_FRAMES)
        for carried in own.values():
            assert carried.mask.shape == (HEIGHT, WIDTH) and carried.mask.dtype == bool
            assert 0 <= carried.confidence <= 1
    assert min(found[3]) < 20 < max(found[3]), "backward and forward"
    for frame in KEY_FRAMES:
        both = [own[frame].mask for own in found.values() if frame in own and frame not in (10, 20, 30)]
        assert len(both) < 2 or not (both[0] & both[1]).any(), "a pixel belongs to one person"


def test_the_same_shot_gives_the_same_masks(checkpoint: Path, model: Any, shot: ShotView) -> None:
    first, again = (Sam2Carrier(settings_of(checkpoint), model).carry(shot) for _ in range(2))
    assert same(first, again)


def same(first: dict[int, dict[int, Carried]], second: dict[int, dict[int, Carried]]) -> bool:
    flat = [
        {(p, f): (c.mask.tobytes(), c.confidence) for p, own in each.items() for f, c in own.items()}
        for each in (first, second)
    ]
    return flat[0] == flat[1]


@pytest.fixture
def alive(model: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Counts the frames whose features live: at most at once, now, and how many were ever computed."""
    counted: dict[str, Any] = {"refs": [], "most": 0}
    prepare = model._prepare_backbone_features

    def counting(look: Any) -> Any:
        prepared = prepare(look)
        counted["refs"].append(weakref.ref(prepared[1][0]))
        counted["most"] = max(counted["most"], sum(ref() is not None for ref in counted["refs"]))
        return prepared

    monkeypatch.setattr(model, "_prepare_backbone_features", counting)
    yield counted


@pytest.mark.parametrize("held", [1, 3])
def test_no_more_frames_are_held_than_asked(
    checkpoint: Path, model: Any, shot: ShotView, alive: dict[str, Any], held: int
) -> None:
    carrier = Sam2Carrier(settings_of(checkpoint, held=held), model)
    bounded = carrier.carry(shot)
    gc.collect()
    assert alive["most"] == held
    assert not [ref for ref in alive["refs"] if ref() is not None], "a shot's features are let go with the shot"
    computed = len(alive["refs"])
    assert same(bounded, Sam2Carrier(settings_of(checkpoint, held=len(KEY_FRAMES)), model).carry(shot))
    assert len(alive["refs"]) - computed == len(KEY_FRAMES) < computed, "held features are not computed again"


def test_no_mask_crosses_a_cut_and_only_key_frames_are_read(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    rooms = rng.integers(0, 255, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    write_video(tmp_path / "film.mp4", [rooms[frame // 15] for frame in range(30)], fps=10)
    cast = (Character("Ada", "Ann Actor", "nm1", ()),)
    film = Film("tt1", "Toy", "none", "folder", 10.0, 30, WIDTH, HEIGHT, 3.0, cast, (), (), (), tmp_path)
    face = (5, 0, *FACES[0], 0.99, np.array([1, 0], np.float32))
    faces = pd.DataFrame([face], columns=["frame", "shot", "x1", "y1", "x2", "y2", "confidence", "embedding"])
    asked: list[int] = []

    def reading(path: Path, frames: set[int], **rest: Any) -> Any:
        asked.extend(frames)
        return read_frames(path, frames, **rest)

    monkeypatch.setattr("models.perception.perceive.read_frames", reading)
    found = character_regions(
        film,
        faces,
        (Shot(0, 0, 14), Shot(1, 15, 29)),
        Banks("toy", 0.5, {"Ada": np.array([1, 0], np.float32)}, {}),
        [Clip("tt1", 1, 0.0, 3.0, 0, 29)],
        PerceptionSettings(regions=settings_of(checkpoint)),
    )
    assert sorted(asked) == [0, 5, 10, 15, 20, 25]
    sources = dict(found.regions[["frame", "source"]].values.tolist())
    assert sources == {0: "propagated", 5: "recognised", 10: "propagated"}


def test_what_the_model_doubts_is_dropped_but_no_face_is_without_a_mask(
    checkpoint: Path, model: Any, shot: ShotView
) -> None:
    found = Sam2Carrier(settings_of(checkpoint, doubtful=1.0), model).carry(shot)
    assert {person: set(own) for person, own in found.items()} == {3: {20}, 7: {10, 30}}
    mask = found[3][20].mask
    assert mask[16, 25] and mask[40, 25] and not mask[16, 60], "the prior's body below the face"


def test_the_prompt_is_the_body_or_the_face(checkpoint: Path, model: Any, shot: ShotView) -> None:
    body = Sam2Carrier(settings_of(checkpoint), model)._box(shot, 3, 20)
    face = Sam2Carrier(settings_of(checkpoint, prompt="face"), model)._box(shot, 3, 20)
    assert face.tolist() == FACES[0].tolist()
    assert body[0] < face[0] and body[1] < face[1] and body[2] > face[2] and body[3] > face[3] + 20


def test_a_prompt_is_in_the_models_pixels() -> None:
    prompt = prompt_of(torch.tensor([[0.0, 0.25, 0.5, 1.0]]), SIDE, torch.device("cpu"))
    assert prompt["point_coords"].tolist() == [[[0, 16], [32, 64]]]
    assert prompt["point_labels"].tolist() == [[2, 3]]


@given(
    st.sets(st.integers(0, 30), min_size=1),
    st.sets(st.integers(0, 30)),
    st.sampled_from([1, -1]),
    st.integers(1, 40),
)
def test_a_mask_goes_no_farther_than_it_may(anchors: set[int], others: set[int], direction: int, reach: int) -> None:
    met = reached(sorted(anchors), sorted(anchors | others), direction, reach)
    assert met <= others - anchors
    for frame in others - anchors:
        behind = [abs(frame - anchor) for anchor in anchors if (frame - anchor) * direction > 0]
        assert (frame in met) == (bool(behind) and min(behind) <= reach)


def test_safetensors_of_the_same_weights_are_read(checkpoint: Path, tmp_path: Path, model: Any) -> None:
    weights = torch.load(checkpoint, weights_only=True)["model"]
    path = tmp_path / "tiny.safetensors"
    save_file(weights, path)
    again = load_model(settings_of(path).sam2).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in model.state_dict().items())


def test_weights_that_are_not_there_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    absent = Sam2Settings(revision="0" * 40)
    with pytest.raises(
        BadInput, match=r"hf download facebook/sam2\.1-hiera-large sam2\.1_hiera_large\.pt --revision 000"
    ) as told:
        load_carrier(RegionSettings(backend="sam2", sam2=absent))
    assert "\n" not in str(told.value)
    with pytest.raises(BadInput, match=r"nowhere\.pt: no such SAM 2 checkpoint"):
        weights_path(settings_of(tmp_path / "nowhere.pt").sam2)


def test_weights_that_do_not_fit_are_one_line(checkpoint: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.safetensors"
    save_file({"no_mem_embed": torch.zeros(1, 1, 256)}, short)
    with pytest.raises(BadInput, match=r"short\.safetensors: not the weights of configs/sam2\.1/sam2\.1_hiera_t"):
        load_model(settings_of(short).sam2)
    with pytest.raises(BadInput, match="its SHA-256 is not aaaa"):
        load_model(settings_of(checkpoint, sha256="a" * 64).sam2)
    with pytest.raises(BadInput, match=r"no configs/sam2\.1/sam9\.yaml; it has .*sam2\.1_hiera_l\.yaml"):
        load_model(settings_of(checkpoint, configuration="configs/sam2.1/sam9.yaml").sam2)


class Thief:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


def test_nothing_but_tensors_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "thief.pt"
    torch.save({"model": Thief()}, path)
    with pytest.raises(BadInput, match=r"thief\.pt: not a checkpoint of tensors"):
        load_model(settings_of(path).sam2)


def test_the_default_carries_by_flow() -> None:
    assert isinstance(load_carrier(RegionSettings()), FlowCarrier)
