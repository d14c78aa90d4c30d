"""Heads, faces and names against the truth, on toy tables whose answers are known by hand."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from measuring_toys import (
    ADA,
    BOB,
    SETTINGS,
    face,
    perceived_in,
    truth_of,
)

from models.measuring.names import observe_faces, observe_heads, observe_strangers, outcome
from models.measuring.truth import HEIGHT_EDGES, YAW_EDGES, band_of, bands, match_heads, read_truth
from models.perception.bank_files import Banks


def test_visible_heads_are_to_be_found_hidden_ones_are_not(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path)
    heads = observe_heads(perceived, truth_of(perceived))
    rows = sorted(heads[["name", "frame", "yaw", "found"]].itertuples(index=False, name=None))
    assert rows == [
        *[("Ada", 0, 0.0, 1), ("Ada", 5, 0.0, 1), ("Ada", 10, 0.0, 0), ("Ada", 20, 60.0, 1), ("Ada", 25, 160.0, 0)],
        *[("Bob", 0, 30.0, 1), ("Bob", 5, 30.0, 0)],
    ]


def test_a_second_box_on_one_head_is_a_false_face(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path, faces=[face(0, 7, ADA), face(0, 5, ADA), face(0, 12, ADA)])
    assert match_heads(perceived.faces, truth_of(perceived)).tolist() == [-1, 0, -1]


def test_names_are_right_wrong_or_unknown_and_nobodys_face_is_left_out(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path)
    faces = observe_faces(perceived, truth_of(perceived), SETTINGS)
    assert faces["head"].tolist() == [1, 1, 1, 0, 1]
    assert faces["best query"].tolist() == ["right", "right", "right", "", "right"]
    assert faces["actor"].tolist() == ["wrong", "wrong", "wrong", "", "wrong"]
    assert faces["none"].tolist() == ["Unknown", "Unknown", "Unknown", "", "Unknown"]
    assert outcome("", "Ada") == "Unknown"


def test_key_frames_that_were_not_looked_at_do_not_count(tmp_path: Path) -> None:
    assert set(read_truth(perceived_in(tmp_path).film, stride=10)["frame"]) == {0, 10, 20}


def test_a_stranger_whose_likeness_is_on_no_list_stays_unknown(tmp_path: Path) -> None:
    perceived = dataclasses.replace(perceived_in(tmp_path), banks=Banks("toy", 0.5, {}, {"Ada": ADA, "Bob": BOB}))
    rows = observe_strangers(perceived, truth_of(perceived), SETTINGS)
    assert len(rows) == 8 and rows["listed"].sum() == 4
    assert set(rows["best query"][rows["listed"] == 0]) == {"Unknown"}
    assert set(rows["best query"][rows["listed"] == 1]) == {"right"}


@pytest.mark.parametrize(("yaw", "band"), [(0, 0), (20, 0), (20.1, 1), (50, 1), (80, 2), (80.1, 3), (180, 3)])
def test_a_bands_upper_edge_belongs_to_it(yaw: float, band: int) -> None:
    names = bands(YAW_EDGES, "degrees")
    assert names == ["0 to 20 degrees", "20 to 50 degrees", "50 to 80 degrees", "above 80 degrees"]
    assert band_of(pd.Series([yaw]), YAW_EDGES, "degrees").tolist() == [names[band]]


@effort(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 2000), min_size=1, max_size=30))
def test_every_height_is_in_one_band(heights: list[float]) -> None:
    assert set(band_of(pd.Series(heights), HEIGHT_EDGES, "pixels")) <= set(bands(HEIGHT_EDGES, "pixels"))
