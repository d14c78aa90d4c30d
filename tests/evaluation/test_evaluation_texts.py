"""Tables as they come: what is put in order, and what its user is told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from evaluation.texts import clean, read_items


def _table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"film": ["f"], "clip_id": [1], "text_gt": ["A man."], "text_gen": ["A woman."]} | columns)


@given(st.text())
def test_a_clean_text_is_one_line_without_the_separator(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.splitlines() in ([], [cleaned])
    assert "|||" not in cleaned
    assert "  " not in cleaned
    assert clean(cleaned) == cleaned


def test_newlines_and_separators_part_words() -> None:
    assert clean(" A man\n||| walks\t in.\x00\u2028") == "A man walks in."


def test_rows_come_in_order_of_film_and_time_whatever_the_table() -> None:
    table = pd.DataFrame(
        {
            "film": ["b", "a", "a", "a"],
            "clip_id": [1, 10, 2, 3],
            "start": [0.0, 1.0, 5.0, None],
            "text_gt": "x",
            "text_gen": "y",
        }
    )
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        found = [(item.film, item.clip_id) for item in read_items(table.iloc[order])]
        assert found == [("a", "3"), ("a", "10"), ("a", "2"), ("b", "1")]


def test_clip_numbers_are_ordered_as_numbers() -> None:
    table = pd.DataFrame({"film": "f", "clip_id": [10, 9, 1], "text_gt": "x", "text_gen": "y"})
    assert [item.clip_id for item in read_items(table)] == ["1", "9", "10"]


def test_several_references_are_kept_once_each() -> None:
    (item,) = read_items(_table(text_gt=[["A man.", "A man.", "A boy\nwalks."]]))
    assert item.references == ("A man.", "A boy walks.")


def test_a_prediction_may_be_missing() -> None:
    assert read_items(_table(text_gen=[None]))[0].prediction == ""
    assert read_items(_table(text_gen=[float("nan")]))[0].prediction == ""


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (_table().drop(columns="text_gen"), "no column text_gen"),
        (_table().iloc[:0], "no rows"),
        (_table(text_gt=[""]), ":1: the reference in text_gt is empty"),
        (_table(text_gt=[[]]), ":1: the reference in text_gt is empty"),
        (_table(text_gt=[["A man.", " "]]), ":1: the reference in text_gt is empty"),
        (_table(text_gen=[7]), ":1: text_gen is 7, not a text"),
        (_table(start=["soon"]), ":1: start is 'soon'"),
        (_table(start=[float("inf")]), ":1: start is inf"),
        (pd.concat([_table(), _table(text_gt=["Another."])]), ":2: clip 1 of f is also row 1"),
    ],
)
def test_what_cannot_be_scored_is_named_by_row(table: pd.DataFrame, told: str) -> None:
    with pytest.raises(BadInput, match=r"^predictions") as caught:
        read_items(table)
    assert told in str(caught.value)


def test_a_clip_may_be_called_by_any_number_of_digits_and_by_no_null_character() -> None:
    items = read_items(_table(clip_id=["9" * 5000]))
    assert items[0].clip_id == "9" * 5000
    with pytest.raises(BadInput, match="predictions:1: a null character in film or clip_id; take it out"):
        read_items(_table(clip_id=["1\0"]))
