"""What stands on the page beside the tables of the paper: pairs, kinds of clips, curves, LaTeX, the open items."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import reproducibility
from evaluation.breakdown import by_kind
from evaluation.charts import bars, curves
from evaluation.compare import differences
from evaluation.layout import as_latex, lay_out
from evaluation.published import CINEPILE, MAD
from evaluation.score import Scores
from evaluation.settings import IntervalSettings
from evaluation.tables import COLUMNS, Measured, build_further_table, build_tables, past_the_paper

DRAWS = IntervalSettings(draws=200)
ROOT = Path(__file__).parents[2]


def _measured(
    row: str, values: list[float], *, metric: str = "METEOR", benchmark: str = MAD, run: str = ""
) -> Measured:
    films = [f"film {number // 10}" for number in range(len(values))]
    clips = pd.DataFrame({"film": films, "clip_id": [str(n) for n in range(len(values))], metric: values})
    scores = Scores(
        summary={metric: float(np.nanmean(values))},
        per_clip=clips,
        counts={"clips": len(values)},
        intervals={metric: (1.0, 2.0)},
        film_intervals={metric: (0.5, 2.5)},
    )
    return Measured(row, benchmark, scores, run_id=run, data_version=f"{row}v")


def test_rows_are_held_against_one_in_pairs() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 80, size=60)
    rows = [_measured("C2", hard.tolist())]
    for name, shift in (("better", 3.0), ("worse", -3.0)):
        rows.append(_measured(name, (hard + shift + rng.normal(0, 1, 60)).tolist()))
    rows.append(_measured("alike", (hard + rng.normal(0, 5, 60)).tolist()))
    found = {one.row: one for one in differences(rows, DRAWS)}
    assert {row: one.verdict for row, one in found.items()} == {
        "better": "better",
        "worse": "worse",
        "alike": "undecided",
    }
    assert found["better"].clips == 60 and found["better"].over_films is not None
    lower = [_measured(row, values, metric="R") for row, values in (("C2", [5.0] * 20), ("D1", [4.0] * 20))]
    assert [one.verdict for one in differences(lower, DRAWS)] == ["better"], "less redundancy is better"


def test_a_row_on_another_benchmark_is_held_against_nothing() -> None:
    assert differences([_measured("C2", [1.0] * 20), _measured("D1", [1.0] * 20, benchmark=CINEPILE)], DRAWS) == []


def test_kinds_of_clips_have_their_own_means_and_no_kind_is_invented() -> None:
    seeds = [_measured("C2", [10.0] * 10 + [30.0] * 10), _measured("C2", [20.0] * 10 + [30.0] * 10)]
    kinds = {("film 0", str(n)): "first" for n in range(10)} | {("film 1", str(n)): "second" for n in range(10, 19)}
    table = by_kind(seeds, kinds, ["first", "second", "third"], DRAWS)
    assert list(table.columns) == list(COLUMNS)
    assert table["row"].tolist() == ["first (10 clips)", "second (9 clips)"]
    assert table["reproduced"].tolist() == [15.0, 30.0], "seeds are averaged clip by clip"
    drawing = ElementTree.fromstring(bars(table, title="By kind"))
    assert "first (10 clips): METEOR 15.0" in "".join(drawing.itertext())


def test_curves_tell_where_they_begin_and_end() -> None:
    svg = curves({"C2": {"seed 0": [4.0] * 10 + [1.0] * 90}, "A1": {}}, title="Loss", across="step")
    told = "".join(ElementTree.fromstring(svg).itertext())
    assert "C2, seed 0: 4.00 at first, 1.00 at last, 100 steps" in told
    ElementTree.fromstring(curves({}, title="Loss", across="step"))
    assert (
        "nan"
        not in curves({"C2": {"seed 0": [1.0, float("nan"), 2.0]}}, title="Loss", across="step").split("</desc>")[1]
    )


def test_rows_past_the_paper_are_told_apart_and_tables_name_their_origin() -> None:
    rows = [_measured("C2", [1.0] * 20, run="r1"), _measured("D1", [2.0] * 20, run="r2")]
    assert [one.row for one in past_the_paper(rows)] == ["D1"]
    first, _ = build_tables(rows)
    cell = first[(first.row == "C2") & (first.metric == "METEOR")].iloc[0]
    assert (cell.low_films, cell.high_films, cell.seeds, cell.clips) == (0.5, 2.5, 1, 20)
    (grid,) = lay_out(build_further_table(rows, metrics=("METEOR",))).grids
    title = next(name for name, _ in grid.rows if name.startswith("C2"))
    assert grid.origins[title].runs == ("r1",) and grid.origins[title].versions == ("C2v",)
    assert {cells[0].run for _, cells in grid.rows} == {"r1", "r2"}


def test_latex_escapes_what_latex_reads() -> None:
    table = build_further_table([_measured("50% of a_b & {c}", [1.0] * 20)], metrics=("METEOR",))
    text = as_latex(table, title="A & B")
    assert "50\\% of a\\_b \\& \\{c\\} & 1.0 {\\scriptsize [1.0, 2.0]}" in text and "A \\& B. MAD-eval-Named." in text
    both = as_latex(build_tables([])[1], title="Table 2")
    for grid in both.split("\\begin{tabular}")[1:]:
        body = grid.split("\\midrule\n")[1].split("\\bottomrule")[0].strip().splitlines()
        assert {line.count(" & ") for line in body} == {8}, "four metrics, published and here"
    assert both.count("\\begin{table}") == both.count("\\end{table}") == 2 and "$\\downarrow$" in both


def test_the_page_of_open_items_is_the_list_that_the_report_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert reproducibility.main([]) == 0
    assert capsys.readouterr().out == (ROOT / "docs/reproducibility.md").read_text(encoding="utf-8")
    for item in reproducibility.ITEMS:
        assert all((item.subject, item.paper, item.published, item.here))
        assert "|" not in "".join((item.subject, item.paper, item.published, item.here))
