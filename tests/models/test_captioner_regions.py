"""Mask pooling takes from inside the mask and from nowhere else, at any raster."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.captioner.crops import clip_pixels, mirrored, spread
from models.captioner.regions import mask_pool, resize_masks


def test_the_papers_pooling_is_the_mean_inside_the_mask() -> None:
    features = torch.arange(16.0).view(1, 1, 4, 4)
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    mask[0, 1, 1:3] = True
    assert mask_pool(features, mask).item() == (5 + 6) / 2


def test_a_finer_grid_pools_per_cell_and_leaves_empty_cells_zero() -> None:
    features = torch.arange(16.0).view(1, 1, 4, 4)
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    mask[0, 0, 0] = mask[0, 3, 2:] = True
    pooled = mask_pool(features, mask, grid=(2, 2))[0, 0]
    assert pooled.tolist() == [[0.0, 0.0], [0.0, (14 + 15) / 2]]


def test_an_empty_mask_pools_to_zero() -> None:
    assert mask_pool(torch.randn(2, 3, 4, 4), torch.zeros(2, 9, 9, dtype=torch.bool)).abs().sum() == 0


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.data())
def test_no_mask_vanishes_when_it_is_resized(
    height: int, width: int, rows: int, columns: int, data: st.DataObject
) -> None:
    mask = torch.zeros(1, height, width, dtype=torch.bool)
    mask[0, data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = True
    assert resize_masks(mask, (rows, columns)).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 5), st.integers(1, 5))
def test_a_larger_raster_pools_the_same_region(seed: int, taller: int, wider: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(1, 3, 27, 27, generator=generator)
    mask = torch.rand(1, 27, 27, generator=generator) > 0.8
    larger = mask.repeat_interleave(taller, 1).repeat_interleave(wider, 2)  # whatever the frame's shape
    torch.testing.assert_close(mask_pool(features, larger), mask_pool(features, mask))


def test_a_line_thinner_than_a_cell_counts_where_bilinear_resizing_loses_it() -> None:
    features = torch.arange(27.0 * 27).view(1, 1, 27, 27)
    mask = torch.zeros(1, 270, 270, dtype=torch.bool)
    mask[0, 50, 100:110] = True  # one pixel high, in the fifth row of cells and the tenth column
    bilinear = torch.nn.functional.interpolate(mask[None].float(), size=(27, 27), mode="bilinear")
    assert not bilinear.any()
    assert mask_pool(features, mask).item() == 5 * 27 + 10


def test_what_is_outside_the_mask_does_not_matter() -> None:
    mask = torch.zeros(1, 56, 40, dtype=torch.bool)
    mask[0, :24, :16] = True
    features = torch.randn(1, 3, 7, 5)
    changed = features.clone()
    changed[..., 5:, 4:] = 99
    torch.testing.assert_close(mask_pool(features, mask), mask_pool(changed, mask))


def test_short_clips_repeat_frames_in_place() -> None:
    assert spread(5, 8) == [0, 0, 1, 2, 2, 3, 4, 4]
    assert spread(8, 8) == list(range(8))
    assert spread(9, 3) == [1, 4, 7]
    assert spread(1, 4) == [0, 0, 0, 0]


def moving_box(frames: int) -> tuple[np.ndarray, np.ndarray]:
    pictures = np.zeros((frames, 270, 480, 3), np.uint8)
    masks = np.zeros((frames, 270, 480), bool)
    for index in range(frames):
        masks[index, 60:220, 40 * index + 20 : 40 * index + 80] = True
    pictures[masks] = 200
    return pictures, masks


def test_boxes_follow_the_mask_and_crops_show_it() -> None:
    pictures, masks = moving_box(8)
    masks[3] = False
    region = clip_pixels(pictures, [masks]).regions[0]
    assert region.seen.tolist() == [True] * 3 + [False] + [True] * 4
    np.testing.assert_allclose(region.boxes[0], [50 / 480, 140 / 270, 60 / 480, 160 / 270], atol=0.01)
    assert (np.diff(region.boxes[4:, 0]) > 0).all()
    assert region.boxes[3].sum() == 0
    assert region.crops[3].sum() == 0
    inside = region.masks[0]
    assert region.crops[0][inside].mean() > 180
    assert region.crops[0][~inside].mean() < 40


def test_a_crop_hangs_on_the_head_whatever_part_of_the_body_the_mask_holds() -> None:
    pictures, masks = np.zeros((8, 270, 480, 3), np.uint8), np.zeros((8, 270, 480), bool)
    masks[:, 60:220, 200:240] = True
    pictures[masks] = 200
    half = masks.copy()
    half[5, 120:] = False  # a mask that ends at the hip
    whole, cut = (clip_pixels(pictures, [some]).regions[0] for some in (masks, half))
    assert cut.boxes[5, 3] < 0.5 * whole.boxes[5, 3]
    np.testing.assert_array_equal(cut.crops[5], whole.crops[5])
    above, below = (np.flatnonzero(whole.crops[5].any((1, 2)))[index] for index in (0, -1))
    assert 8 < above < 20
    assert 55 < below < 66


def test_a_mirror_turns_everything_around_and_back() -> None:
    pictures, masks = moving_box(8)
    clip = clip_pixels(pictures, [masks])
    turned = mirrored(clip)
    assert (np.diff(turned.regions[0].boxes[:, 0]) < 0).all()
    back = mirrored(turned)
    np.testing.assert_array_equal(back.scene, clip.scene)
    np.testing.assert_array_equal(back.regions[0].crops, clip.regions[0].crops)
    np.testing.assert_allclose(back.regions[0].boxes, clip.regions[0].boxes, atol=1e-6)
