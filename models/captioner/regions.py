"""Mask pooling (section 3.3): a region's feature is taken from inside its mask and from nowhere else.

Shapes: n regions, c channels, h by w cells of the feature map.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor


def resize_masks(masks_nhw: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks on another raster: every cell that the mask touches belongs to it, so no mask vanishes.

    The released code gets nearly the same from bilinear interpolation and `> 0`, but that looks at four pixels per cell
    only, and a region thinner than a cell can fall between them.
    """
    return functional.adaptive_max_pool2d(masks_nhw[:, None].float(), size)[:, 0] > 0


def mask_pool(features_nchw: Tensor, masks_nhw: Tensor, *, grid: tuple[int, int] = (1, 1)) -> Tensor:
    """Means of the features inside the masks, per cell of a grid laid over the map; (n, c, grid rows, grid columns).

    `grid=(1, 1)` is the paper's pooling: one vector per region. A finer grid keeps where in the region something is,
    which a small network needs to tell a raised arm from a hanging one. A cell without mask is zero, and so is a
    region whose mask is empty.
    """
    inside = resize_masks(masks_nhw, (features_nchw.shape[-2], features_nchw.shape[-1]))[:, None].to(
        features_nchw.dtype
    )
    return _means(features_nchw * inside, grid) / _means(inside, grid).clamp(min=1e-8)


def _means(maps_nchw: Tensor, grid: tuple[int, int]) -> Tensor:
    """Per cell of the grid; a grid as fine as the map is the map, which pooling would only copy, and slowly."""
    if maps_nchw.shape[-2:] == grid:
        return maps_nchw
    return functional.adaptive_avg_pool2d(maps_nchw, grid)
