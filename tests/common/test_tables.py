"""A table of our own is read as it was written, or refused with the column that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from common.tables import read_table, table, write_table

COLUMNS = {"clip": "int64", "name": "str", "far": "float64", "face": "vector"}
ROW: dict[str, Any] = {"clip": 1, "name": "Ada", "far": 0.5, "face": np.ones(3, np.float32)}


def written(folder: Path, **changed: Any) -> Path:
    rows = pd.DataFrame({name: [ROW[name], changed.get(name, ROW[name])] for name in ROW})
    write_table(rows, folder / "x.parquet")
    return folder / "x.parquet"


def test_a_table_comes_back_and_equal_tables_are_equal_bytes(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    found = read_table(path, COLUMNS, advice="run it again")
    assert found["name"].tolist() == ["Ada", "Ada"] and np.stack([*found["face"]]).shape == (2, 3)
    assert written(tmp_path / "b").read_bytes() == path.read_bytes()


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    plain = {"clip": "int64", "name": "str"}
    write_table(table([], plain), tmp_path / "x.parquet")
    assert list(read_table(tmp_path / "x.parquet", plain, advice="run it again").columns) == ["clip", "name"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"far": float("nan")}, "column far has a value that is no number"),
        ({"far": float("inf")}, "column far has a value that is no number"),
        ({"face": np.full(3, np.nan, np.float32)}, "column face has a value that is no number"),
        ({"face": np.ones(4, np.float32)}, "must have the same shape"),
        ({"name": None}, "column name has a value that is no text"),
        ({"name": "A\0"}, "column name has a value that is no text"),
    ],
)
def test_values_that_are_none_are_refused(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=rf"x\.parquet: .*{told}.*; run it again"):
        read_table(written(tmp_path, **changed), COLUMNS, advice="run it again")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("name", "int64"), ("far", "int64"), ("clip", "str"), ("far", "vector"), ("name", "float64"), ("gone", "str")],
)
def test_columns_of_another_kind_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(BadInput, match=rf"x\.parquet: .*column {name} is"):
        read_table(written(tmp_path), {name: kind}, advice="run it again")


def test_a_number_may_be_missing_where_the_table_says_so_and_is_never_infinite(tmp_path: Path) -> None:
    path = written(tmp_path, far=float("nan"))
    assert read_table(path, COLUMNS, advice="run it again", gaps=("far",))["far"].isna().tolist() == [False, True]
    assert len(read_table(path, {"clip": "int64"}, advice="run it again")) == 2, "a column that nobody asked for"
    for columns in (COLUMNS, {"clip": "int64"}):
        with pytest.raises(BadInput, match="no number"):
            read_table(written(tmp_path, far=float("inf")), columns, advice="run it again", gaps=("far",))
