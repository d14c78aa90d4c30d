"""Tables 1 and 2: every cell of the paper, beside what was measured or why nothing was."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.compare import check_orders, order_lines
from evaluation.intervals import interval, mean_interval
from evaluation.layout import as_markdown, as_text, lay_out
from evaluation.published import CINEPILE, FOCUSEDAD, MAD, NOT_RUN, PUBLISHED
from evaluation.score import Scores
from evaluation.settings import IntervalSettings
from evaluation.tables import COLUMNS, Measured, build_further_table, build_tables

DRAWS = IntervalSettings(draws=200)


def _measured(row: str, values: list[float], *, benchmark: str = MAD, run_id: str = "run") -> Measured:
    clips = pd.DataFrame({"film": "f", "clip_id": [str(n) for n in range(len(values))], "METEOR": values})
    summary: dict[str, float | None] = {"SPICE": None, "METEOR": float(np.mean(values)), "R": 40.0, "CIDEr": 100.0}
    bounds = mean_interval(np.array(values), DRAWS)
    assert bounds is not None
    scores = Scores(
        summary=summary,
        per_clip=clips,
        missing={"SPICE": "the jars are not here"},
        intervals={"METEOR": bounds},
    )
    return Measured(row, benchmark, scores, run_id=run_id, data_version="v1")


def _cell(table: pd.DataFrame, row: str, metric: str, benchmark: str = MAD) -> pd.Series:
    found = table[(table.row == row) & (table.metric == metric) & (table.benchmark == benchmark)]
    assert len(found) == 1
    return found.iloc[0]


def test_every_published_cell_is_there_without_any_measurement() -> None:
    first, second = build_tables([])
    assert list(first.columns) == list(second.columns) == list(COLUMNS)
    assert (len(first), len(second)) == (6 * 3, 5 * 2 * 4)
    assert _cell(first, "C2", "BertScore").published == 57.7
    assert _cell(second, "FocusedAD", "R", CINEPILE).published == 34.8
    assert math.isnan(_cell(second, "MM-Narrator", "R").published)
    assert first.reproduced.isna().all() and second.reproduced.isna().all()
    assert (first.note != "").all() and (second.note != "").all()
    assert len(PUBLISHED) == len(first) + len(second)


def test_a_measured_cell_stands_beside_the_published_one() -> None:
    first, second = build_tables([_measured("C2", [30.0, 40.0, 50.0])], world="mini world")
    cell = _cell(first, "C2", "METEOR")
    assert (cell.published, cell.reproduced) == (8.1, 40.0)
    assert 30 <= cell.low <= 40 <= cell.high <= 50
    assert (cell.note, cell.run_id, cell.data_version) == ("mini world", "run", "v1")
    assert _cell(second, "FocusedAD", "METEOR").reproduced == 40.0, "row C2 is FocusedAD"
    assert math.isnan(_cell(second, "FocusedAD", "METEOR", CINEPILE).reproduced)


def test_a_cell_that_cannot_be_computed_says_what_is_missing() -> None:
    first, second = build_tables([_measured("C2", [1.0])])
    assert _cell(first, "C2", "SPICE").note == "missing: the jars are not here"
    assert "not asked for" in _cell(first, "C2", "BertScore").note
    assert _cell(first, "A1", "METEOR").note == "not run yet"
    assert "not among experiments.rows" in _cell(second, "MM-Narrator", "METEOR").note
    caution = _cell(second, "AutoAD-I", "BertScore").note
    assert "another scale" in caution and "not run here" in caution


def test_a_system_that_was_run_replaces_its_reason() -> None:
    _, second = build_tables([_measured("Qwen2.5-VL", [10.0])], not_run={"VideoLLaMA3": "no room for it"})
    assert _cell(second, "Qwen2.5-VL", "METEOR").reproduced == 10.0
    assert _cell(second, "VideoLLaMA3", "METEOR").note == "no room for it"


def test_seeds_are_averaged_and_their_spread_told() -> None:
    seeds = [_measured("C2", [10.0, 20.0], run_id="a"), _measured("C2", [20.0, 30.0], run_id="b")]
    first, _ = build_tables(seeds, world="mini world")
    cell = _cell(first, "C2", "METEOR")
    assert (cell.reproduced, cell.run_id) == (20.0, "a b")
    assert cell.note == "mini world; mean of 2 seeds, 15.0 to 25.0"


def test_further_metrics_have_no_published_column() -> None:
    table = build_further_table([_measured("C2", [10.0])], metrics=("CIDEr", "R@5/16"))
    assert table.metric.tolist() == ["CIDEr"]
    assert "published" not in as_text(table)


def test_the_terminal_shows_both_numbers_aligned_and_every_note() -> None:
    first, second = build_tables([_measured("C2", [30.0, 40.0, 50.0])], world="mini world")
    text = as_text(first, title="Table 1")
    rows = [line for line in text.splitlines() if line[:2] in ("A1", "A2", "B1", "B2", "C1", "C2")]
    assert len(rows) == 6 and all(row[:60].strip() for row in rows)
    assert {row.index(value) for row, value in zip(rows, ("5.2", "6.2", "2.6", "4.8", "6.4", "7.4"), strict=True)} == {
        rows[0].index("5.2")
    }
    assert " 8.1  40.0 [" in text and "mini world" in text and "the jars are not here" in text
    markdown = as_markdown(second)
    assert markdown.count("| --- |") == 2 and "| 8.1 | 40.0 [" in markdown
    assert all(line.count("|") == markdown.splitlines()[0].count("|") for line in markdown.splitlines()[:7])


def test_orders_are_checked_in_pairs() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 80, size=60)
    better, worse = (hard + 3 + rng.normal(0, 1, 60)).tolist(), hard.tolist()
    orders = {
        order.claim.worse: order for order in check_orders([_measured("C2", better), _measured("C1", worse)], DRAWS)
    }
    order = orders["C1"]
    assert order.verdict == "the same order as the paper"
    assert order.published == 0.2 and 2 < order.low < order.here < order.high < 4
    turned = check_orders([_measured("C2", worse), _measured("C1", better)], DRAWS)
    assert [one.verdict for one in turned] == ["the other order"]
    noise = check_orders([_measured("C2", [1.0, 2.0, 3.0, 4.0]), _measured("C1", [2.0, 1.0, 4.0, 2.5])], DRAWS)
    assert "undecided" in noise[0].verdict


def test_a_claim_without_its_rows_is_told() -> None:
    lines = order_lines([_measured("C2", [2.0, 3.0]), _measured("B1", [1.0, 1.5])], DRAWS)
    assert lines[0].startswith(
        "C2 > B1 on METEOR (names help: the best-query bank against none): paper +1.4, here +1.2"
    )
    assert sum("not checked" in line for line in lines) == 5


def test_intervals_shrink_with_clips_and_skip_undefined_ones() -> None:
    rng = np.random.default_rng(1)
    few, many = rng.normal(50, 10, 30), rng.normal(50, 10, 3000)
    widths = []
    for values in (few, many):
        bounds = mean_interval(values, DRAWS)
        assert bounds is not None and bounds[0] < values.mean() < bounds[1]
        widths.append(bounds[1] - bounds[0])
    assert widths[1] < widths[0] / 5
    undefined = np.array([1.0, np.nan, 3.0, np.nan])
    assert mean_interval(undefined, DRAWS) == pytest.approx((1.0, 3.0))
    assert mean_interval(np.array([np.nan]), DRAWS) is None
    assert mean_interval(few, IntervalSettings(draws=0)) is None
    assert (
        mean_interval(few, DRAWS)
        == mean_interval(few, DRAWS)
        != mean_interval(few, IntervalSettings(draws=200, seed=1))
    )
    assert interval(few[:, None], lambda drawn: drawn.mean(axis=(1, 2)), DRAWS) == pytest.approx(
        mean_interval(few, DRAWS)
    )


def test_a_reason_that_holds_a_semicolon_is_one_note() -> None:
    one = _measured("C2", [20.0, 30.0])
    one.scores.missing["SPICE"] = "a jar is not here; `make spice` fetches it"
    about = replace(one, about="our words; not the authors'")
    first, second = build_tables([about], world="mini world", not_run={"VideoLLaMA3": "no model; name one"})
    assert lay_out(first).notes == [
        "not run yet",
        "missing: a jar is not here: `make spice` fetches it",
        "mini world",
        "our words: not the authors'",
        "missing: this metric was not asked for (evaluation.metrics)",
    ]
    assert "no model: name one" in lay_out(second).notes


def test_seeds_that_lack_a_number_for_other_reasons_have_a_note_each() -> None:
    one, other = _measured("C2", [20.0]), _measured("C2", [30.0])
    other.scores.missing["SPICE"] = "no room"
    first, _ = build_tables([one, other])
    assert _cell(first, "C2", "SPICE").note == "missing: the jars are not here; missing: no room"


def test_no_system_of_which_ours_exists_is_said_to_be_out_of_reach() -> None:
    assert set(NOT_RUN) == {cell.row for cell in PUBLISHED if cell.table == 2} - {FOCUSEDAD}
    assert all("not among experiments.rows" in reason for reason in NOT_RUN.values())


def test_a_row_without_a_run_says_why() -> None:
    untrained = replace(_measured("C2", [10.0, 20.0], run_id=""), no_run="nothing is trained")
    (first, _), trained = build_tables([untrained]), build_tables([_measured("C2", [10.0, 20.0])])[0]
    cell = _cell(first, "C2", "METEOR")
    assert (cell.run_id, cell.no_run) == ("", "nothing is trained")
    assert (
        lay_out(first).grids[0].origins[next(name for name, _ in lay_out(first).grids[0].rows if "C2" in name)].no_run
    )
    assert _cell(trained, "C2", "METEOR").no_run == ""
