"""The metrics' benchmark: the same pairs every time, and no ratio of unequal values."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from common.errors import BadInput
from orchestration.bench import metrics
from orchestration.bench.metrics import Measured


def test_pairs_are_the_same_every_time_and_of_both_kinds() -> None:
    pairs = list(metrics.sample_pairs(60))
    assert pairs == list(metrics.sample_pairs(60)) and len(pairs) == 60
    near = [set(said.split()) <= set(truth.split()) for truth, said in pairs]
    assert 10 < sum(near) < 50 and all(said for _, said in pairs)


def test_written_tables_share_their_references() -> None:
    tables = metrics.written_tables(metrics.WRITTEN_TABLE + 20)
    first, second = tables.values()
    assert (len(first), len(second)) == (metrics.WRITTEN_TABLE, 20)
    assert [truth for truth, _ in second] == [truth for truth, _ in first[:20]]


def test_published_tables_are_taken_in_order_until_there_are_enough(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        table = pd.DataFrame({"text_gt": ["Rain.", "NA"], "text_gen": ["", f"Snow {name}."]})
        table.to_csv(tmp_path / name / "predictions.csv", index=False)
    found = metrics.published_tables(tmp_path, 3)
    assert found == {"a": [("Rain.", ""), ("NA", "Snow a.")], "b": [("Rain.", "")]}
    assert metrics.published_tables(tmp_path, 5) == metrics.published_tables(None, 3) == {}


def test_seconds_are_held_against_the_peer_only_at_equal_values(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"peer": 30.0, "ours": 10.0}

    def measured(side: str, tables: metrics.Tables, cache: Path) -> Measured:
        values = dict.fromkeys(metrics.METRICS, 50.0)
        found = {name: values if side == "ours" else values | {"METEOR": off} for name in tables}
        return Measured(found, seconds[side], 2 * seconds[side])

    monkeypatch.setattr(metrics, "_measured", measured)
    off = 50.0
    found = metrics.against_the_peer(30)
    assert [(each.ours, each.peer, each.ratio) for each in found] == [(10.0, 30.0, 3.0)] * 4
    assert "wall 20.0 s against 60.0 s" in found[0].note and "30 pairs" in found[1].note
    off = 50.1
    with pytest.raises(BadInput, match="nothing is compared"):
        metrics.against_the_peer(30)
