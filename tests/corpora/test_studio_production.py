"""A produced film: the same bytes for the same settings, and a truth that agrees with its frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as rle

from corpora.studio.production import TRUTH_STRIDE, produce
from corpora.studio.settings import FilmOverride, StudioSettings
from corpora.studio.stories import write_screenplay
from corpora.video import probe, read_frames

SETTINGS = StudioSettings(seconds=6.0)
FILM = "tt9100001"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    produce(FILM, "mad_eval_named", SETTINGS, folder)
    return folder


@pytest.fixture(scope="module")
def tracks(film: Path) -> pd.DataFrame:
    return pd.read_parquet(film / "truth" / "tracks.parquet")


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_settings_give_the_same_bytes(film: Path, tmp_path: Path) -> None:
    produce(FILM, "mad_eval_named", SETTINGS, tmp_path)
    assert _contents(tmp_path) == _contents(film)


def test_another_seed_gives_another_film(film: Path, tmp_path: Path) -> None:
    other = StudioSettings(seconds=4.0, overrides={FILM: FilmOverride(seed=8)})
    produce(FILM, "mad_eval_named", other, tmp_path)
    assert (tmp_path / "film.mp4").read_bytes() != (film / "film.mp4").read_bytes()
    assert json.loads((tmp_path / "truth/people.json").read_text()) != json.loads(
        (film / "truth/people.json").read_text()
    )


def test_film_has_sound_and_every_frame(film: Path) -> None:
    facts = probe(film / "film.mp4")
    assert (facts.frames, facts.width, facts.height, facts.has_sound) == (60, 480, 270, True)


def test_every_character_has_portraits(film: Path) -> None:
    names = json.loads((film / "truth/people.json").read_text())
    pictures = {p.name for p in (film / "portraits").iterdir()}
    assert pictures == {f"{name}{suffix}.png" for name in names for suffix in ("", "_2")}


def test_boxes_are_the_masks_bounds_inside_the_frame(tracks: pd.DataFrame) -> None:
    assert len(tracks)
    assert (tracks["frame"] % TRUTH_STRIDE == 0).all()
    for row in tracks.itertuples():
        mask = rle.decode({"size": [270, 480], "counts": str(row.mask).encode()}).astype(bool)
        ys, xs = np.nonzero(mask)
        assert (row.x1, row.y1, row.x2, row.y2) == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        assert 0 < float(row.visible) <= 1
        if row.face_visible:
            assert 0 <= row.face_x1 < row.face_x2 <= 480 and 0 <= row.face_y1 < row.face_y2 <= 270


def test_masks_of_one_frame_do_not_overlap(tracks: pd.DataFrame) -> None:
    for _, rows in tracks.groupby("frame"):
        masks = [rle.decode({"size": [270, 480], "counts": m.encode()}) for m in rows["mask"]]
        assert np.sum(masks, 0).max() <= 1


def test_truth_shows_people_where_the_frames_do(film: Path, tracks: pd.DataFrame) -> None:
    """A person's top garment, known from the screenplay, fills part of the true mask in the decoded frame."""
    screenplay = write_screenplay(FILM, "mad_eval_named", SETTINGS)
    wide = tracks[tracks["visible"] > 0.8]
    number = int(wide["frame"].iloc[0])
    frame = next(picture for _, picture in read_frames(film / "film.mp4", [number]))
    for row in wide[wide["frame"] == number].itertuples():
        mask = rle.decode({"size": [270, 480], "counts": str(row.mask).encode()}).astype(bool)
        top = np.array(screenplay.member(str(row.name)).top)
        pixels = frame[mask] / 255.0
        hue = pixels / (np.linalg.norm(pixels, axis=1, keepdims=True) + 1e-6) @ (top / np.linalg.norm(top))
        outside = frame[~mask] / 255.0
        hue_outside = outside / (np.linalg.norm(outside, axis=1, keepdims=True) + 1e-6) @ (top / np.linalg.norm(top))
        assert (hue > 0.97).mean() > max(0.10, (hue_outside > 0.97).mean())


def test_clips_tell_what_the_screenplay_tells(film: Path) -> None:
    clips = json.loads((film / "truth/clips.json").read_text())
    told = write_screenplay(FILM, "mad_eval_named", SETTINGS).descriptions
    assert [c["text"] for c in clips] == [d.text for d in told]
    assert [c["id"] for c in clips] == list(range(1, len(told) + 1))
    assert all(c["type"] in (0, 1, 2, 3) and c["size"] in ("wide", "medium", "close") for c in clips)
