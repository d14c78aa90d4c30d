"""What the tower's nets are given: bytes looked up in tables are the numbers that arithmetic gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.captioner.vision import LEVELS, SceneNet, inner_window, normalised, region_pictures

RNG = np.random.default_rng(3)


def test_looked_up_pixels_are_the_computed_ones() -> None:
    pixels = RNG.integers(0, 256, (3, 2, 12, 10, 3), np.uint8)
    computed = ((torch.from_numpy(pixels).float() / 255 - 0.45) / 0.25).movedim(-1, -3)
    assert torch.equal(normalised(pixels), computed)
    assert normalised(pixels).flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_every_clip_may_have_levels_of_its_own() -> None:
    pixels = RNG.integers(0, 256, (3, 2, 12, 10, 3), np.uint8)
    gain, cast = RNG.random((3, 1, 1), np.float32), RNG.random((3, 1, 3), np.float32)
    computed = normalised(pixels) * torch.from_numpy(gain)[..., None, None] + torch.from_numpy(cast)[..., None, None]
    assert torch.equal(normalised(pixels, LEVELS[:, None] * gain + cast), computed)


@pytest.mark.parametrize("kind", [bool, np.uint8])
def test_a_region_is_seen_in_colours_with_its_mask(kind: type) -> None:
    crops = RNG.integers(0, 256, (2, 3, 12, 10, 3), np.uint8)
    masks = RNG.integers(0, 2, (2, 3, 12, 10)).astype(kind)
    pictures = region_pictures(crops, masks)
    assert torch.equal(pictures[:, :, :3], normalised(crops))
    assert np.array_equal(pictures[:, :, 3].numpy(), masks.astype(np.float32))


def test_a_shifted_window_stays_inside_the_margins() -> None:
    crop = np.zeros((72, 54))
    for down, right in ((-4, -3), (0, 0), (4, 3)):
        assert crop[inner_window(down=down, right=right)].shape == (64, 48)


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_the_scene_net_sees_frames_and_their_changes(frames: int) -> None:
    net = SceneNet(labels=5, channels=8, frames=frames).eval()
    pictures = normalised(RNG.integers(0, 256, (2, frames, 108, 192, 3), np.uint8))
    before = torch.cat([pictures[:, 1:2], pictures[:, :-1]], 1) if frames > 1 else pictures
    given = []
    net.trunk.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    net(pictures)
    assert torch.equal(given[0], torch.cat([pictures, pictures - before], 2).flatten(0, 1))
    assert given[0].is_contiguous(memory_format=torch.channels_last)
