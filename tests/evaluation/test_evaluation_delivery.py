"""Pace and repetition, and intervals that keep a film's clips together."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from evaluation.delivery import TimesMissing, repetition, words_per_second
from evaluation.intervals import film_interval, mean_interval
from evaluation.naming import Cast
from evaluation.score import score
from evaluation.settings import EvaluationSettings, IntervalSettings
from evaluation.store import read_scores, write_scores
from evaluation.texts import Item

DRAWS = IntervalSettings(draws=200)


def test_pace_is_words_over_the_slot() -> None:
    items = [Item("f", "1", 1.0, ("A man runs.", "He runs."), "A man runs away fast.", 3.0)]
    spoken, truth = words_per_second(items)
    assert spoken.tolist() == [2.5] and truth.tolist() == [1.25]


@pytest.mark.parametrize(("start", "end"), [(None, 3.0), (1.0, None), (2.0, 2.0), (3.0, 2.0)])
def test_a_clip_without_a_slot_is_a_reason(start: float | None, end: float | None) -> None:
    with pytest.raises(TimesMissing):
        words_per_second([Item("f", "1", start, ("A man.",), "A man.", end)])


def test_repetition_is_the_share_of_content_words_the_line_before_holds() -> None:
    texts = ["Nora opens the door.", "Nora closes the door.", "He is.", "Nora closes the door."]
    found = repetition(["f"] * 4, texts)
    assert math.isnan(found[0]) and math.isnan(found[2])
    assert found[1] == pytest.approx(2 / 3) and found[3] == 0.0
    assert math.isnan(repetition(["f", "g"], texts[:2])[1]), "another film's last line is not the line before"


@given(st.lists(st.sampled_from(["Nora opens the door.", "Rain falls.", "", "He waits there."]), min_size=2))
def test_repetition_is_a_share_and_the_same_line_again_is_all_of_it(texts: list[str]) -> None:
    found = repetition(["f"] * len(texts), texts)
    assert all(math.isnan(value) or 0 <= value <= 1 for value in found)
    for number in range(1, len(texts)):
        if texts[number] == texts[number - 1] and not math.isnan(found[number]):
            assert found[number] == 1.0


def test_films_drawn_whole_widen_the_interval_where_clips_of_a_film_are_alike() -> None:
    films = np.repeat([f"film {n}" for n in range(10)], 20).tolist()
    rng = np.random.default_rng(0)
    alike = np.repeat(rng.normal(50, 10, 10), 20) + rng.normal(0, 1, 200)
    over_clips, over_films = mean_interval(alike, DRAWS), film_interval(alike, films, DRAWS)
    assert over_clips is not None and over_films is not None
    assert over_films[0] < over_clips[0] < alike.mean() < over_clips[1] < over_films[1]
    assert film_interval(alike, films[::-1], DRAWS) != over_films


def test_films_interval_weighs_clips_and_needs_two_films_with_a_value() -> None:
    values = np.array([1.0, 1.0, 1.0, 5.0, np.nan])
    low, high = film_interval(values, ["a", "a", "a", "b", "c"], DRAWS) or (0, 0)
    assert (low, high) == (1.0, 5.0)
    assert film_interval(values, ["a"] * 5, DRAWS) is None
    assert film_interval(values, ["a", "a", "a", "a", "b"], DRAWS) is None, "b has no value"


def test_one_call_gives_people_pace_and_repetition_with_their_clips(descriptions: pd.DataFrame, tmp_path: Path) -> None:
    settings = EvaluationSettings(metrics=("METEOR", "CRITIC", "names", "pace", "repetition"), intervals=DRAWS)
    table = descriptions.assign(end=descriptions.start + 2)
    names = ("Nora", "Victor", "Jonas")
    cast = Cast(names, lambda text: [name for name in names if name in text])
    found = score(table, settings, casts={"a": cast, "b": cast})
    assert not found.missing
    wanted = ["METEOR", "CRITIC", "name precision", "name recall", "words/s", "too fast", "reference words/s"]
    assert list(found.summary)[:7] == wanted
    assert set(wanted) <= set(found.per_clip) and set(found.film_intervals) >= {"METEOR", "CRITIC"}
    low, high = found.film_intervals["METEOR"]
    assert low <= (found.summary["METEOR"] or 0) <= high
    assert found.summary["words/s"] == pytest.approx(found.summary["words"] / 2)  # type: ignore[operator]
    write_scores(found, tmp_path)
    assert read_scores(tmp_path).film_intervals == found.film_intervals


def test_without_cast_and_times_the_others_are_scored(descriptions: pd.DataFrame) -> None:
    settings = EvaluationSettings(metrics=("CRITIC", "names", "pace", "repetition", "R"), intervals=DRAWS)
    found = score(descriptions, settings)
    assert found.missing["CRITIC"] == found.missing["name recall"] == "no cast is given"
    assert "no start and end" in found.missing["words/s"]
    assert found.summary["repetition"] is not None and found.summary["R"] is not None


def test_an_end_that_is_no_number_is_named(descriptions: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match=r"predictions:1: end is 'late'; give seconds"):
        score(descriptions.assign(end="late"), EvaluationSettings(metrics=("R",)))
