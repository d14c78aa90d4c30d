"""Figures are painted all parts at once: the same bytes as part after part over the whole frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from corpora.studio.camera import LIGHTS, Light
from corpora.studio.patches import Part, Sprite, paint_parts
from corpora.studio.solids import Area, Solid

WIDTH, HEIGHT = 72, 54

places = st.tuples(st.floats(-15, WIDTH + 15), st.floats(-15, HEIGHT + 15))
solids = st.builds(
    Solid,
    start=places,
    end=places,
    widths=st.tuples(*[st.floats(0.5, 14)] * 3),
    colour=st.tuples(*[st.floats(0, 1)] * 3).map(lambda colour: np.array(colour, np.float32)),
    texture=st.sampled_from([None, lambda t, side: np.stack([t, np.abs(side), 1 - t], -1)]),
    flat_start=st.sampled_from([1.0, 6.0]),
    flat_end=st.sampled_from([1.0, 2.5]),
    fold=st.sampled_from([0.0, 0.1]),
)


@st.composite
def sprites(draw: st.DrawFn) -> Sprite:
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    height, width = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    alpha = np.clip(rng.uniform(-0.5, 1.5, (height, width, 1)), 0, 1).astype(np.float32)
    rgba = np.concatenate([rng.random((height, width, 3), np.float32) * alpha, alpha], -1)
    return Sprite(rgba, *draw(places), draw(st.booleans()))


class Dense:
    """An area on which parts are painted one after another, all formulas on all pixels of a part's window."""

    def __init__(self, area: Area) -> None:
        self.area = area
        self.rgba = np.zeros((area.height, area.width, 4), np.float32)
        self.owner = np.zeros((area.height, area.width), np.uint8)

    def lay(self, rows: slice, columns: slice, rgba: np.ndarray, owner: int | None) -> None:
        under = self.rgba[rows, columns]
        under *= 1 - rgba[..., 3:]
        under += rgba
        if owner is not None:
            self.owner[rows, columns][rgba[..., 3] > 0.5] = owner

    def sprite(self, sprite: Sprite, owner: int) -> None:
        height, width = sprite.rgba.shape[:2]
        left, top = round(sprite.x - width / 2) - self.area.left, round(sprite.y - height / 2) - self.area.top
        rows = slice(max(top, 0), max(min(top + height, self.area.height), 0))
        columns = slice(max(left, 0), max(min(left + width, self.area.width), 0))
        part = sprite.rgba[max(-top, 0) :, max(-left, 0) :][: rows.stop - rows.start, : columns.stop - columns.start]
        if part.size and rows.start < rows.stop and columns.start < columns.stop:
            self.lay(rows, columns, part, owner if sprite.owned else None)

    def solid(self, solid: Solid, owner: int, light: Light) -> None:
        (x0, y0, x1, y1), area = solid.bounds(), self.area
        columns = slice(max(int(x0) - area.left, 0), min(int(np.ceil(x1)) - area.left + 1, area.width))
        rows = slice(max(int(y0) - area.top, 0), min(int(np.ceil(y1)) - area.top + 1, area.height))
        if columns.start >= columns.stop or rows.start >= rows.stop:
            return
        x = np.arange(columns.start, columns.stop, dtype=np.float32)[None]
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        x = x + np.float32(area.left + 0.5 - solid.start[0])
        y = y + np.float32(area.top + 0.5 - solid.start[1])
        dx, dy = np.float32(solid.end[0] - solid.start[0]), np.float32(solid.end[1] - solid.start[1])
        length = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
        ux, uy = dx / length, dy / length
        along, side = x * ux + y * uy, y * ux - x * uy
        t = np.clip(along / length, 0, 1)
        beyond = along - t * length
        beyond = beyond * np.where(beyond < 0, np.float32(solid.flat_start), np.float32(solid.flat_end))
        first, middle, last = (np.float32(width) for width in solid.widths)
        width = first + t * (4 * middle - 3 * first - last) + t * t * (2 * first + 2 * last - 4 * middle)
        width = np.maximum(width, np.float32(0.3))
        distance = np.sqrt(side * side + beyond * beyond)
        alpha = np.clip(width - distance + np.float32(0.5), 0, 1)
        share = np.minimum(distance / width, 1)
        out_of_plane = np.sqrt(1 - share * share * np.float32(0.98))
        scale = share / (distance + np.float32(1e-4))
        normal_x, normal_y = (beyond * ux - side * uy) * scale, -(beyond * uy + side * ux) * scale
        lx, ly, lz = light.unit
        facing = normal_x * lx + normal_y * ly + out_of_plane * lz
        if solid.fold:
            crease = along * np.float32(7.5 / max(solid.widths)) + side * 0.15
            facing = facing + np.float32(solid.fold) * np.sin(crease)
        lit = np.clip((facing + np.float32(0.25)) / np.float32(1.25), 0, 1)
        rim = 1 - np.float32(0.30) * share**6
        key, ambient = np.array(light.key, np.float32) * np.float32(0.85), np.array(light.ambient, np.float32)
        sky = np.float32(0.72) + np.float32(0.16) * out_of_plane + np.float32(0.16) * normal_y
        shade = (lit * rim)[..., None] * key + (sky * rim)[..., None] * ambient
        colour = solid.colour if solid.texture is None else solid.texture(t, np.clip(side / width, -1, 1))
        painted = np.minimum(shade * colour, np.float32(1)) * alpha[..., None]
        self.lay(rows, columns, np.concatenate([painted, alpha[..., None]], -1), owner)

    def over(self, picture: np.ndarray) -> None:
        rows = slice(self.area.top, self.area.top + self.area.height)
        columns = slice(self.area.left, self.area.left + self.area.width)
        mixed = picture[rows, columns] * (1 - self.rgba[..., 3:]) + self.rgba[..., :3] * np.float32(255)
        picture[rows, columns] = np.minimum(mixed + np.float32(0.5), 255).astype(np.uint8)


@effort(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(Part, st.floats(-3, 3), st.integers(1, 3), st.one_of(solids, sprites())), min_size=1, max_size=9
    ),
    st.sampled_from(sorted(LIGHTS)),
    st.integers(0, 99),
)
def test_all_at_once_is_one_after_another(parts: list[Part], light: str, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    owners = np.zeros((HEIGHT, WIDTH), np.uint8)
    patch = paint_parts(parts, LIGHTS[light], width=WIDTH, height=HEIGHT)
    dense, expected, found = Dense(patch.area), picture.copy(), picture.copy()
    for part in sorted(parts, key=lambda part: part.depth):
        if isinstance(part.shape, Solid):
            dense.solid(part.shape, part.owner, LIGHTS[light])
        else:
            dense.sprite(part.shape, part.owner)
    dense.over(expected)
    patch.over(found, owners)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(patch.owner, dense.owner)
    assert np.count_nonzero(owners) == np.count_nonzero(dense.owner)


@effort(max_examples=40, deadline=None)
@given(solids, st.sampled_from(sorted(LIGHTS)))
def test_solids_stay_premultiplied(solid: Solid, light: str) -> None:
    rgba = paint_parts([Part(0.0, 3, solid)], LIGHTS[light], width=WIDTH, height=HEIGHT).rgba
    assert np.isfinite(rgba).all() and (rgba[:, 3] > 0).all() and (rgba[:, 3] < 1).all()
    assert (rgba[:, :3] <= rgba[:, 3:] + 1e-5).all()
