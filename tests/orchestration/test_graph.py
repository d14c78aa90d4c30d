"""The definitions as people find them: the graph as it is written down, selections as they are typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import STAGES, defs
from orchestration.graph_text import told

ROOT = Path(__file__).parents[2]
WRITTEN = Path(__file__).with_name("graph.txt")


def test_the_graph_is_as_written_down() -> None:
    assert told(defs) == WRITTEN.read_text(encoding="utf-8"), (
        "the lineage changed; if that is meant: python -m orchestration.graph_text > tests/orchestration/graph.txt"
    )


def test_everything_is_described() -> None:
    assert "WITHOUT A DESCRIPTION" not in told(defs)


@pytest.mark.parametrize(
    ("typed", "has", "has_not"),
    [
        ('key:"query_banks"', {"query_banks"}, {"films", "character_regions"}),
        ('key:"query_banks"+', {"query_banks", "paper_tables"}, {"films", "face_encoder"}),
        ('key:"query_banks"+1', {"query_banks", "character_regions"}, {"captioner"}),
        ('+key:"query_banks"', {"films", "face_encoder", "query_banks"}, {"character_regions"}),
        ('key:"scores"+ and not key:"paper_tables"', {"scores"}, {"paper_tables", "predictions"}),
        ('group:"perception"', {"face_encoder", "query_banks"}, {"films", "scores"}),
        ('kind:"mlflow" or kind:"video"', {"captioner", "films"}, {"scores"}),
        ('owner:"team:focusedad"', {stage.name for stage in STAGES}, set()),
        ("sinks(*)", {"paper_tables"}, {"scores"}),
    ],
)
def test_selections_typed_as_text_resolve(typed: str, has: set[str], has_not: set[str]) -> None:
    graph = defs.resolve_asset_graph()
    chosen = {key.to_user_string() for key in dg.AssetSelection.from_string(typed).resolve(graph)}
    assert has <= chosen and not has_not & chosen


@pytest.mark.slow
def test_dagsters_own_check_of_the_definitions_passes() -> None:
    program = str(Path(sys.executable).with_name("dg"))
    done = subprocess.run([program, "check", "defs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout + done.stderr
