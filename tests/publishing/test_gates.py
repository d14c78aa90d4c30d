"""The gate: every failure names its unit and rows, and no unit's fate hangs on its neighbours."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from toy_stages import WORDS
from toy_world import FILMS, ToyWorld

from publishing.gates import Audit, audit
from publishing.stage import Expect, expect


def table(**columns: list[object]) -> dict[str, pd.DataFrame]:
    return {"facts": pd.DataFrame(columns)}


BETWEEN = "column_values_to_be_between"


def test_rows_are_named_by_the_columns_asked_for() -> None:
    facts = table(unit=["a", "a", "b"], clip=[1, 2, 1], words=[5, 90, 7])
    found = audit(facts, [expect("facts", BETWEEN, column="words", max_value=60, rows=("clip",), why="too long")])
    assert list(found.failures) == ["a"]
    assert found.failures["a"][0].endswith("1 of 2 rows break it (clip 2 = 90); too long")


def test_a_fact_may_be_called_row() -> None:
    expected = expect("facts", BETWEEN, column="words", max_value=60, rows=("row",))
    found = audit(table(unit=["a", "a"], row=["C1", "C2"], words=[5, 90]), [expected])
    assert found.failures["a"][0].endswith("1 of 2 rows break it (row C2 = 90)")


def test_many_rows_are_cut_short() -> None:
    found = audit(table(unit=["a"] * 9, x=list(range(9))), [expect("facts", BETWEEN, column="x", min_value=100)])
    assert "(row 0 = 0, row 1 = 1, row 2 = 2, row 3 = 3, row 4 = 4 and 4 more)" in found.failures["a"][0]


@pytest.mark.parametrize(
    ("expected", "blamed"),
    [
        (expect("facts", "column_values_to_be_unique", column="clip"), ["b"]),
        (expect("facts", BETWEEN, column="x", max_value=5, mostly=0.7), ["b"]),
        (expect("facts", "column_mean_to_be_between", column="x", max_value=4), ["b"]),
        (expect("facts", "table_row_count_to_be_between", min_value=3), ["c"]),
        (expect("facts", "column_values_to_be_increasing", column="clip", strictly=True), ["b"]),
    ],
    ids=lambda value: value.kind if isinstance(value, Expect) else "",
)
def test_what_is_judged_by_other_rows_is_judged_unit_by_unit(expected: Expect, blamed: list[str]) -> None:
    facts = table(unit=["a"] * 4 + ["b"] * 3, clip=[1, 2, 3, 4, 1, 2, 2], x=[1, 1, 1, 1, 9, 9, 1])
    units = ["a", "b", "c"] if "count" in expected.kind else ["a", "b"]
    assert list(audit(facts, [expected], units=units).failures) == blamed


def test_a_table_that_does_not_exist_is_a_fault() -> None:
    with pytest.raises(KeyError, match="asks for the table 'other'"):
        audit(table(unit=["a"]), [expect("other", "table_row_count_to_be_between", min_value=1)])


def test_nothing_expected_passes_without_loading_anything() -> None:
    assert audit({}, []).passed


def test_the_documentation_of_a_failure_is_written(tmp_path: Path) -> None:
    found = audit(table(unit=["a"], x=[1]), [expect("facts", BETWEEN, column="x", min_value=2)])
    found.write_docs(tmp_path / "docs")
    assert (tmp_path / "docs/index.html").exists()
    found.write_docs(tmp_path / "docs")  # replaces what an earlier run wrote


def test_a_process_that_makes_units_loads_no_gate_beside_them(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports of two threads that share modules see each other's half loaded ones."""
    loaded_by: list[threading.Thread] = []
    monkeypatch.setattr("publishing.gates.load", lambda: loaded_by.append(threading.current_thread()))
    monkeypatch.setattr("publishing.gates.audit", lambda *_, units: Audit())
    assert world.publish("words").made == list(FILMS)
    assert loaded_by == []
    world.code("words.py", "VALUE = 2\n")
    assert world.publish(replace(WORDS, jobs=lambda settings: 2)).made == list(FILMS)
    assert loaded_by == [threading.main_thread()]
