"""The face encoder: its loss, its threshold, its training on people of plain colours, its folder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from common.files import read_json, write_json
from corpora.studio.settings import StudioSettings
from models.perception.encoders import load_encoder, square_crop, unit_rows, write_pretrained
from models.perception.settings import EncoderSettings
from models.training import face_encoder
from models.training.contrastive_loss import contrastive_loss
from models.training.face_crops import FaceCrops, through_a_codec
from models.training.verification import pair_distances, verify

TINY = EncoderSettings(
    image_size=32, width=4, size=16, steps=25, people_per_batch=4, crops_per_person=3, held_out=0.4, learning_rate=5e-3
)


def crops(people: int = 8, each: int = 6) -> FaceCrops:
    """People who differ in colour; the last two pictures of each are portraits, a little off."""
    rng = np.random.default_rng(1)
    pictures, numbers, portrait = [], [], []
    for person in range(people):
        colour = rng.uniform(40, 215, 3)
        for take in range(each):
            tint = colour + (12 if take >= each - 2 else 0)
            pictures.append(np.clip(tint + rng.normal(0, 8, (32, 32, 3)), 0, 255).astype(np.uint8))
            numbers.append(person)
            portrait.append(take >= each - 2)
    return FaceCrops(np.array(pictures), np.array(numbers), np.array(portrait))


def test_the_loss_worked_by_hand() -> None:
    angles = torch.tensor([0.0, np.pi / 2, np.pi])  # cosines: 0 between the two of one person; 0 and -1 to the other
    rows = torch.stack([angles.cos(), angles.sin()], 1)
    people = torch.tensor([0, 0, 1])
    # Face 0 sees 0 and -1, face 1 sees 0 and 0, face 2 has nobody to be like.
    expected = (np.log(1 + np.exp(-1 / 0.5)) + np.log(2) + 0) / 3
    assert float(contrastive_loss(rows, people, temperature=0.5)) == pytest.approx(expected, abs=1e-5)


def test_people_far_apart_cost_nothing() -> None:
    rows = torch.eye(2).repeat_interleave(2, 0)
    assert float(contrastive_loss(rows, torch.tensor([0, 0, 1, 1]), temperature=0.05)) == pytest.approx(0, abs=1e-6)


def test_a_face_alone_of_its_person_pulls_nothing() -> None:
    rows = torch.eye(3).requires_grad_()
    loss = contrastive_loss(rows, torch.arange(3), temperature=0.1)
    loss.backward()
    assert loss.item() == 0 and rows.grad is not None and not rows.grad.any()


def test_the_threshold_parts_one_person_from_two() -> None:
    found = verify(np.array([0.1, 0.2, 0.3]), np.array([0.9, 1.0, 1.4]))
    assert 0.3 < found.threshold < 0.9 and found.balanced_accuracy == 1 and found.area == 1
    assert verify(np.ones(3), np.ones(3)).area == pytest.approx(0.5)
    with pytest.raises(ValueError, match="pairs"):
        verify(np.zeros(0), np.ones(2))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_balanced_accuracy_is_at_least_a_coins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = verify(rng.uniform(0, 4, 9), rng.uniform(0, 4, 14))
    assert 0.5 <= found.balanced_accuracy <= 1 and 0 <= found.threshold <= 4


def test_pairs_are_of_one_person_or_of_two() -> None:
    rows = unit_rows(np.array([[1, 0], [1, 0.1], [0, 1]]))
    film = np.array([True, True, True])
    same, other = pair_distances(rows, np.array([7, 7, 8]), film, film)
    assert len(same) == 1 and len(other) == 2 and same[0] < 0.05 < other.min()


def test_held_out_people_are_never_trained_on() -> None:
    training, held_out = face_encoder.split_people(crops(), TINY)
    assert not set(training.people) & set(held_out.people)
    assert len(np.unique(held_out.people)) == 3


def test_training_is_repeatable_and_tells_people_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_encoder, "render_crops", lambda *_, **__: crops())
    for name in ("one", "two"):
        metrics = face_encoder.train_face_encoder(TINY, tmp_path / name, studio=StudioSettings(), jobs=1)
    assert metrics["film_film_area"] > 0.8
    assert metrics == read_json(tmp_path / "one" / "metrics.json")
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]
    curve = read_json(tmp_path / "one" / "training.json")
    assert curve["step"] == [10, 20, 25] and len(curve["loss_face"]) == len(curve["loss_head"]) == 3
    encoder = load_encoder(tmp_path / "one")
    assert (encoder.name, encoder.size, encoder.threshold) == ("studio", 16, metrics["threshold"])
    assert encoder.portrait_threshold == metrics["film_portrait_threshold"]
    frame = np.full((60, 80, 3), 90, np.uint8)
    rows = encoder.encode([encoder.crop(frame, np.array([20, 10, 50, 45]))] * 3)
    assert rows.shape == (3, 16) and np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode([]).shape == (0, 16)


@pytest.mark.parametrize("box", [(-20, -10, 15, 30), (60, 40, 120, 90), (0, 0, 400, 300)], ids=["out", "edge", "large"])
def test_crops_are_square_wherever_the_box_is(box: tuple[int, ...]) -> None:
    frame = np.full((60, 80, 3), 77, np.uint8)
    crop = square_crop(frame, np.array(box, np.float32), side=32, margin=0.18)
    assert crop.shape == (32, 32, 3) and (crop == 77).all()


def test_an_encoder_without_weights_or_of_no_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"config\.json: no such file"):
        load_encoder(tmp_path)
    write_json(tmp_path / "config.json", {"kind": "studio", "size": 16, "width": 4, "image_size": 32, "threshold": 1})
    with pytest.raises(BadInput, match="face_encoder stage"):
        load_encoder(tmp_path)
    write_json(tmp_path / "config.json", {"kind": "guess"})
    with pytest.raises(BadInput, match="guess"):
        load_encoder(tmp_path)


def test_missing_facenet_weights_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("facenet_pytorch.models.inception_resnet_v1.download_url_to_file", unreachable)
    write_pretrained("facenet", tmp_path / "encoder")
    with pytest.raises(BadInput, match=r"vggface2.*no network.*TORCH_HOME"):
        load_encoder(tmp_path / "encoder")


def test_dlib_that_is_not_installed_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)
    write_pretrained("dlib", tmp_path)
    with pytest.raises(BadInput, match="make dlib"):
        load_encoder(tmp_path)


def test_a_films_faces_have_been_through_a_codec_and_portraits_have_not() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (48, 48, 3), dtype=np.uint8)
    coded = through_a_codec(picture, np.random.default_rng([7, 0]))
    assert coded.shape == picture.shape and coded.dtype == np.uint8 and not np.array_equal(coded, picture)
    assert np.array_equal(coded, through_a_codec(picture, np.random.default_rng([7, 0])))
    flat = np.full((48, 48, 3), (200, 60, 20), np.uint8)
    assert np.abs(through_a_codec(flat, rng).astype(int) - flat).max() <= 6, (
        "red stays red: the channels keep their order"
    )


def test_a_batch_holds_faces_of_both_resolutions() -> None:
    stripes = np.zeros((64, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    seen = face_encoder.augmented(stripes, torch.Generator().manual_seed(0))
    contrast = (seen[..., 1:] - seen[..., :-1]).abs().mean((1, 2, 3))
    assert float(contrast.min()) < 0.5 * float(contrast.max())
