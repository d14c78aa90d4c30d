"""The detector's cascade gives what facenet-pytorch's own gives, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facenet_pytorch import MTCNN
from hypothesis import given
from hypothesis import strategies as st

from corpora.studio.casting import FIRST_PORTRAIT, portraits_of_strangers
from corpora.studio.settings import StudioSettings
from models.perception.area_sums import AreaSums
from models.perception.cascade import Cascade
from models.perception.detection import pool_by_slices


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """A face as in a film, noise, the face mirrored, nothing."""
    looks = portraits_of_strangers(StudioSettings(), count=1)
    face = next(each.image for each in looks if each.look < FIRST_PORTRAIT)
    noise = np.random.default_rng(0).integers(0, 256, face.shape, dtype=np.uint8)
    return np.stack([face, noise, face[:, ::-1], np.zeros_like(face)])


@pytest.mark.parametrize("min_face", [20, 37])
def test_the_cascade_finds_what_the_package_finds(frames: np.ndarray, min_face: int) -> None:
    package, ours = (MTCNN(keep_all=True, min_face_size=min_face) for _ in range(2))
    for net in (ours.pnet, ours.rnet, ours.onet):
        pool_by_slices(net)
    boxes, probabilities = package.detect(frames)
    found = Cascade(ours).find(frames)
    assert len(found[0]) and len(found[2])
    for faces, expected, sure in zip(found, boxes, probabilities, strict=True):
        expected = np.zeros((0, 4)) if expected is None else np.asarray(expected, np.float32)
        assert np.array_equal(faces[:, :4], expected)
        assert faces[:, 4].tolist() == ([] if sure[0] is None else [float(each) for each in sure])


@given(
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    wanted=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    cut=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_areas_are_torchs_areas(
    seed: int, size: tuple[int, int], wanted: tuple[int, int], cut: tuple[float, float, float, float]
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    top, left, bottom, right = (int(share * side) for share, side in zip(cut, size * 2, strict=True))
    (y1, y2), (x1, x2) = _between(top, bottom, size[0]), _between(left, right, size[1])
    pixels = torch.from_numpy(picture[y1:y2, x1:x2]).permute(2, 0, 1)[None].float()
    expected = torch.nn.functional.interpolate(pixels, size=wanted, mode="area")[0].permute(1, 2, 0)
    assert np.array_equal(AreaSums(picture).resized(*wanted, (x1, y1, x2, y2)), expected.numpy())
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(picture).permute(2, 0, 1)[None].float(), size=wanted, mode="area"
    )
    assert np.array_equal(AreaSums(picture).resized(*wanted), whole[0].permute(1, 2, 0).numpy())


def _between(first: int, second: int, size: int) -> tuple[int, int]:
    """A range of at least one pixel within `size`."""
    start = min(first, second, size - 1)
    return start, max(start + 1, first, second)
