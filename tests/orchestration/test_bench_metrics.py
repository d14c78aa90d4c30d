"""The metrics' benchmark: the same pairs every time, and no ratio of unequal values."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from orchestration.bench import metrics


def test_pairs_are_the_same_every_time_and_of_both_kinds() -> None:
    pairs = list(metrics.sample_pairs(60))
    assert pairs == list(metrics.sample_pairs(60)) and len(pairs) == 60
    near = [set(said.split()) <= set(truth.split()) for truth, said in pairs]
    assert 10 < sum(near) < 50 and all(said for _, said in pairs)


def test_seconds_are_held_against_the_peer_only_at_equal_values(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"peer": 30.0, "ours": 10.0}
    values = dict.fromkeys(metrics.METRICS, 50.0)

    def measured(side: str, table: Path, cache: Path) -> tuple[dict[str, float], float]:
        assert table.is_file()
        return values if side == "ours" else values | {"METEOR": off}, seconds[side]

    monkeypatch.setattr(metrics, "_measured", measured)
    off = 50.0
    assert [(each.ours, each.peer, each.ratio) for each in metrics.against_the_peer(30)] == [(10.0, 30.0, 3.0)] * 3
    off = 50.1
    with pytest.raises(BadInput, match="nothing is compared"):
        metrics.against_the_peer(30)
