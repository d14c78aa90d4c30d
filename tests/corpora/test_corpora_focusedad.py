"""The authors' JSON files: both shapes of `detect characters`, and what is written comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import focusedad
from corpora.focusedad import CinepileAd, Detection, EvalClip, Narration, Triplet

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=8)
PIXELS = st.floats(0, 2000)
DETECTIONS = st.builds(
    Detection, NAMES, st.tuples(PIXELS, PIXELS, PIXELS, PIXELS), st.floats(0, 1), st.integers(0, 999)
)
TRIPLETS = st.builds(
    Triplet,
    movie_id=NAMES,
    global_id=st.integers(0, 20000),
    type=st.sampled_from([1, 2, 3]),
    resolution=st.tuples(st.integers(1, 999), st.integers(1, 999)),
    main_characters=st.lists(NAMES, max_size=3).map(tuple),
    synopses=NAMES,
    movie_clips=NAMES,
    detections=st.lists(DETECTIONS, max_size=3).map(tuple),
)
# The layout of the published README, with its two shapes.
PUBLISHED = {
    "movie_id": "tt0286106",
    "global_id": 12,
    "type": 1,
    "resolution": [720, 1280],
    "main characters": ["HARRY", "RON"],
    "#characters": 2,
    "synopses": "HARRY looks at RON.",
    "movie_clips": "movie_clips/tt0286106/12/1.mp4",
}
HARRY, RON = [10, 20, 30.5, 40, 0.99, 95], [50, 60, 70, 80, 0.98, 245]


@settings(max_examples=60, deadline=None)
@given(triplets=st.lists(TRIPLETS, min_size=1, max_size=3))
def test_triplets_come_back(triplets: list[Triplet], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("v2") / "storyboard_v2.json"
    focusedad.write_storyboard_v2(path, triplets)
    assert focusedad.read_storyboard_v2(path) == focusedad.Reading(tuple(triplets), ())


@pytest.mark.parametrize("shape", [[{"HARRY": HARRY}, {"RON": RON}], [{"HARRY": HARRY, "RON": RON}]])
def test_both_published_shapes_are_read(tmp_path: Path, shape: list[dict[str, list[float]]]) -> None:
    path = tmp_path / "storyboard_v2.json"
    path.write_text(json.dumps([{**PUBLISHED, "detect characters": shape}]))
    (triplet,) = focusedad.read_storyboard_v2(path).rows
    assert triplet.detections == (
        Detection("HARRY", (10, 20, 30.5, 40), 0.99, 95),
        Detection("RON", (50, 60, 70, 80), 0.98, 245),
    )


def test_the_written_entry_has_the_published_fields(tmp_path: Path) -> None:
    path = tmp_path / "storyboard_v2.json"
    path.write_text(json.dumps([{**PUBLISHED, "detect characters": [{"HARRY": HARRY}]}]))
    focusedad.write_storyboard_v2(path, focusedad.read_storyboard_v2(path).rows)
    assert json.loads(path.read_text()) == [{**PUBLISHED, "detect characters": [{"HARRY": HARRY}]}]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": 4},
        {"type": "x"},
        {"synopses": ""},
        {"resolution": 720},
        {"main characters": "HARRY"},
        {"detect characters": [{"HARRY": [1, 2, 3, 4]}]},
        {"detect characters": ["HARRY"]},
        {"detect characters": [{"HARRY": [1, 2, 3, 4, 0.9, 1.5]}]},
    ],
)
def test_bad_triplets_are_put_aside(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "storyboard_v2.json"
    good = {**PUBLISHED, "detect characters": []}
    path.write_text(json.dumps([{**good, **changes}, good]))
    read = focusedad.read_storyboard_v2(path)
    assert len(read.rows) == 1 and read.problems[0].startswith("storyboard_v2.json:1: ")
    path.write_text(json.dumps([{**good, **changes}]))
    with pytest.raises(BadInput, match="no row can be read"):
        focusedad.read_storyboard_v2(path)


def test_mad_eval_clips_come_back(tmp_path: Path) -> None:
    path = tmp_path / "tt0286106.json"
    clips = (EvalClip(1, "1005_Signs", "tt0286106", 6391.2, 126.568, 130.799, "He looks up."),)
    focusedad.write_mad_eval(path, clips)
    assert focusedad.read_mad_eval(path).rows == clips
    assert set(json.loads(path.read_text())[0]) == {"id", "movie", "imdb", "movie_duration", "start", "end", "sentence"}
    path.write_text(json.dumps([*json.loads(path.read_text()), {"id": 2, "start": 5, "end": 4}]))
    assert focusedad.read_mad_eval(path).problems == ("tt0286106.json:2: ends (4) before it starts (5); left out",)


def test_cinepile_ad_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "abcdefghijk.json"
    film = CinepileAd("The Lantern", "abcdefghijk", (Narration("1", "Peter steps close to Edgar."),))
    focusedad.write_cinepile_ad(path, film)
    assert focusedad.read_cinepile_ad(path) == (film, ())
    record = json.loads(path.read_text())
    assert record["type"] == "narration" and record["narrations"][0]["clip_id"] == "1"
    path.write_text(json.dumps({**record, "narrations": [{"clip_id": "1"}, *record["narrations"]]}))
    assert focusedad.read_cinepile_ad(path)[1] == ("abcdefghijk.json:1: has no 'content'; left out",)
    path.write_text("{}")
    with pytest.raises(BadInput, match="not Cinepile-AD"):
        focusedad.read_cinepile_ad(path)
