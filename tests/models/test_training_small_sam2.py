"""The small SAM 2: what it learns from, its loss, and the way from a film to the backend that carries masks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora.film import Character, Film, write_film
from corpora.video import write_video
from models.perception.carriers import ShotView
from models.perception.regions import encode_mask
from models.perception.sam2_carrier import Sam2Carrier
from models.perception.sam2_model import load_model
from models.perception.settings import RegionSettings, Sam2Settings
from models.perception.small_sam2 import SmallSam2Shape, build, read_shape, write
from models.training import small_sam2
from models.training.film_masks import STORED, CutOut, read_film_masks
from models.training.small_sam2 import draw, loss_of, train

HEIGHT, WIDTH, FRAMES = 72, 128, 30
TINY = SmallSam2Shape(side=64, channels=(8, 8, 16), width=32, memory=16, memories=3)


def standing(frame: int) -> np.ndarray:
    """The mask of somebody who walks to the right, a pixel a frame."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (40 + frame, 16), (6, 8), 0, 0, 360, 1, -1)
    cv2.rectangle(mask, (30 + frame, 24), (50 + frame, HEIGHT), 1, -1)
    return mask > 0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in normal form with truth: half of it in one place, half in another."""
    folder = tmp_path_factory.mktemp("films") / "tt1"
    folder.mkdir()
    rng = np.random.default_rng(0)
    places = cv2.resize(rng.integers(0, 255, (18, 32, 6), dtype=np.uint8), (WIDTH, HEIGHT))
    frames, rows = [], []
    for frame in range(FRAMES):
        picture = places[..., :3].copy() if frame < 15 else places[..., 3:].copy()
        picture[standing(frame)] = (200, 40, 60)
        frames.append(picture)
        if frame % 5 == 0:
            face = (34.0 + frame, 8.0, 46.0 + frame, 24.0)
            rows.append((frame, "Ada", *face, 10.0 if frame else 120.0, True, encode_mask(standing(frame))))
    write_video(folder / "film.mp4", frames, fps=10)
    cast = (Character("Ada", "Ann Actor", "nm1", ()),)
    write_film(Film("tt1", "Toy", "none", "folder", 10.0, FRAMES, WIDTH, HEIGHT, 3.0, cast, (), (), (), folder), folder)
    (folder / "truth").mkdir()
    columns = ["frame", "name", "face_x1", "face_y1", "face_x2", "face_y2", "yaw", "face_visible", "mask"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "truth" / "tracks.parquet")
    return folder


def test_key_frames_come_shot_by_shot_with_masks_and_boxes(film: Path) -> None:
    masks = read_film_masks([film, film], stride=5, feet=3.0)
    assert masks.frames_nhwc.shape == (12, STORED, STORED, 3) and masks.people_nhw.shape == (12, STORED, STORED)
    assert [run.tolist() for run in masks.shots] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert not masks.faces[0], "a face turned away asks for nobody"
    assert masks.faces[1][1] == pytest.approx(np.array([39, 8, 51, 24]) / [WIDTH, HEIGHT, WIDTH, HEIGHT])
    true = cv2.resize(standing(5).astype(np.uint8), (STORED, STORED), interpolation=cv2.INTER_NEAREST)
    assert (masks.people_nhw[1] == true).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_a_cut_out_moves_pictures_and_boxes_alike(seed: int) -> None:
    view = CutOut.draw(np.random.default_rng(seed))
    people = np.zeros((STORED, STORED), np.uint8)
    people[80:160, 100:140] = 1
    seen = view.people(people, 128)
    expected = view.box(np.array([100, 80, 140, 160]) / STORED) * 128
    if (expected[2] - expected[0]) * (expected[3] - expected[1]) > 200:
        ys, xs = np.nonzero(seen)
        assert np.abs(np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) - expected).max() <= 2


def test_a_sequence_stays_in_its_shot(film: Path) -> None:
    masks = read_film_masks([film], stride=5, feet=3.0)
    plain = np.zeros_like(masks.frames_nhwc)
    plain[masks.shots[1]] = 255
    masks, rng = replace(masks, frames_nhwc=plain), np.random.default_rng(0)
    samples = [draw(masks, [start], 4, 64, rng) for start in ((0, 2), (1, 0)) for _ in range(10)]
    drawn = [sample for sample in samples if sample is not None]
    assert len(drawn) > 10
    for sample in drawn:
        assert sample.frames.shape == (4, 64, 64, 3) and (sample.frames == sample.frames[0]).all()
        assert sample.masks_ntgg.shape == (1, 4, 16, 16) and sample.boxes_n4.shape == (1, 4)
        assert sample.masks_ntgg.min() >= 0 and sample.masks_ntgg.max() <= 1


def answer(logits: torch.Tensor, presence: float) -> tuple[torch.Tensor, ...]:
    count = len(logits)
    return logits[:, None], torch.ones(count, 1), torch.zeros(count, 1, 1), torch.full((count, 1), presence)


def test_the_loss_knows_right_from_wrong() -> None:
    true = torch.zeros(1, 16, 16)
    true[:, 4:12, 4:12] = 1
    right, ious = loss_of(answer(20 * true - 10, 5.0), true)
    wrong, _ = loss_of(answer(10 - 20 * true, 5.0), true)
    assert ious == [1.0] and right < 0.05 < wrong
    nobody = torch.zeros(1, 16, 16)
    absent, none = loss_of(answer(20 * true - 10, -5.0), nobody)
    thought, _ = loss_of(answer(20 * true - 10, 5.0), nobody)
    assert none == [] and absent < 0.05 < thought, "who is not there counts for the presence alone"


def test_a_few_steps_teach_something_and_the_backend_loads_it(film: Path, tmp_path: Path) -> None:
    masks = read_film_masks([film], stride=5, feet=3.0)
    model, curve = train(masks, steps=12, seed=3, shape=TINY, rate=4e-3)
    assert np.mean(curve.loss[-3:]) < np.mean(curve.loss[:2])
    write(model, TINY, tmp_path / "small")
    assert read_shape(tmp_path / "small") == TINY
    told = Sam2Settings(checkpoint=str(tmp_path / "small"), device="cpu", doubtful=0.0, prompt="face")
    carrier = Sam2Carrier(RegionSettings(backend="sam2", sam2=told))
    frames = {frame: np.zeros((HEIGHT, WIDTH, 3), np.uint8) for frame in (0, 5, 10)}
    shot = ShotView(frames, (0, 5, 10), {5: np.array([[39.0, 8, 51, 24]])}, {4: {5: 0}}, 10.0)
    found = carrier.carry(shot)[4]
    assert 5 in found and all(each.mask.shape == (HEIGHT, WIDTH) for each in found.values())
    loaded = load_model(told).state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in model.state_dict().items())


def test_a_seed_is_one_model(film: Path) -> None:
    masks = read_film_masks([film], stride=5, feet=3.0)
    first, again = (train(masks, steps=2, seed=1, shape=TINY)[0].state_dict() for _ in range(2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())


def test_the_command_writes_a_checkpoint(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(small_sam2, "SINGLES", 2)
    monkeypatch.setattr(small_sam2, "CLIPS", 1)
    asked = ["--films", str(film), "--out", str(tmp_path / "out"), "--minutes", str(2 / small_sam2.STEPS_A_MINUTE)]
    with caplog.at_level("INFO"):
        assert small_sam2.main(asked) == 0
    assert "step 2 of 2" in caplog.text
    curve = json.loads((tmp_path / "out" / "training.json").read_text())
    assert curve["loss"]["step"] == [1, 2]
    assert load_model(Sam2Settings(checkpoint=str(tmp_path / "out"), device="cpu")).image_size == SmallSam2Shape().side


def test_a_film_without_truth_is_one_line(tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "film.json").write_text((film / "film.json").read_text())
    assert small_sam2.main(["--films", str(bare), "--out", str(tmp_path / "out")]) == 2
    assert "no truth beside this film" in capsys.readouterr().err
    assert small_sam2.main(["--films", str(film), "--out", str(tmp_path / "out"), "--minutes", "nan"]) == 2


@pytest.mark.parametrize(
    ("facts", "told"),
    [({"kind": "tower"}, "not a folder of"), ({"kind": "small_sam2", "width": 40}, "multiples of 16"), ([], "not a")],
)
def test_a_folder_of_something_else_is_one_line(tmp_path: Path, facts: Any, told: str) -> None:
    write(build(TINY), TINY, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(facts))
    with pytest.raises(BadInput, match=told):
        load_model(Sam2Settings(checkpoint=str(tmp_path)))
