"""The perception's figures with their intervals, and all sections together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from measuring_toys import SETTINGS, film_in, perceived_in

from common.errors import BadInput
from evaluation.settings import IntervalSettings
from models.measuring.figures import mean_over
from models.measuring.observed import flat, observe, together
from models.measuring.page import cell
from models.measuring.sections import MOST_CONFIDENT, as_json, goals, sections
from models.measuring.truth import read_truth


def test_rows_of_one_unit_stay_together() -> None:
    values = np.repeat([0.0, 1.0], 50)
    films = pd.Series(np.repeat(["a", "b"], 50))
    figure = mean_over(values, films)
    assert (figure.value, figure.low, figure.high, figure.count) == (0.5, 0.0, 1.0, 100)
    apart = mean_over(values, pd.Series(np.arange(100)))
    assert 0.35 < apart.low < 0.5 < apart.high < 0.65


def test_no_rows_no_figure_and_one_unit_no_interval() -> None:
    none = mean_over(np.zeros(0), pd.Series([], dtype=object))
    assert np.isnan([none.value, none.low, none.high]).all() and none.count == 0
    one = mean_over(np.array([0.0, 1.0]), pd.Series(["a", "a"]))
    assert one.value == 0.5 and np.isnan([one.low, one.high]).all()
    assert cell(none) == "-" and cell(None) == "-" and cell(one) == ".500"


@effort(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40), st.randoms())
def test_an_interval_holds_its_figure_and_does_not_depend_on_the_values_order(
    rows: list[tuple[int, bool]], random: object
) -> None:
    rows = sorted(rows)
    units, values = pd.Series([unit for unit, _ in rows]), np.array([value for _, value in rows], float)
    figure = mean_over(values, units, IntervalSettings(draws=400))
    again = mean_over(values, units.map("film {}".format), IntervalSettings(draws=400))
    assert figure.value == pytest.approx(values.mean())
    assert np.isnan(figure.low) or 0 <= figure.low <= figure.high <= 1
    assert np.allclose([figure.low, figure.high], [again.low, again.high], equal_nan=True)


def test_sections_and_goals_of_the_toy_film(tmp_path: Path) -> None:
    found = sections(observe(perceived_in(tmp_path), SETTINGS))
    lines = {section.key: section.lines for section in found}
    assert lines["detection"]["all"]["recall"].value == pytest.approx(4 / 6)
    assert lines["detection"]["all"]["precision"].value == pytest.approx(4 / 5)
    assert lines["detection"]["50 to 80 degrees"]["recall"].value == 1
    assert lines["detection"]["above 80 degrees"]["recall"].value == 0
    assert lines["identity"]["actor: all"]["wrong"].value == 1
    assert lines["masks"]["carried"]["IoU"].value == pytest.approx((2 / 3 + 1 / 3 + 1 + 1) / 4)
    assert lines["masks"]["carried"]["lost"].value == 0.25
    assert lines["masks"][MOST_CONFIDENT]["IoU"].count == 4
    assert lines["appearances"]["best query"]["right, by carrying alone"].value == pytest.approx(3 / 8)
    assert [met for *_, met in goals(found)] == [False, False]
    assert as_json(found)["masks"]["carried"]["IoU"] == {"value": 0.75, "low": None, "high": None, "count": 4}


def test_outcomes_are_shares_of_the_same_faces(tmp_path: Path) -> None:
    for section in sections(observe(perceived_in(tmp_path), SETTINGS)):
        if section.key in ("identity", "appearances"):
            for line in section.lines.values():
                values = [figure.value for figure in line.values()]
                assert np.isnan(values).all() or sum(values) == pytest.approx(1)


def test_a_film_without_a_face_has_figures_too(tmp_path: Path) -> None:
    perceived = perceived_in(tmp_path, faces=[], regions=[], tracks=[])
    observed = observe(perceived, SETTINGS)
    found = {section.key: section.lines for section in sections(together([observed, observed]))}
    assert found["detection"]["all"]["recall"].value == 0
    assert np.isnan(found["detection"]["all"]["precision"].value)
    assert found["appearances"]["best query"]["face nowhere in the shot"].value == 1
    assert flat(observed)["regions"] == 0 and np.isnan(flat(observed)["all_iou"])


def test_a_film_without_truth_is_told(tmp_path: Path) -> None:
    film = film_in(tmp_path)
    with pytest.raises(BadInput, match=r"truth/tracks\.parquet: no truth"):
        read_truth(film, stride=5)
