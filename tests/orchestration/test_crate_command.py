"""`focusedad crate`: when the stages ran, what the model's card says, and mistakes in one line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from good_units import scores
from toy_stages import TOYS
from toy_world import ToyWorld

from common.errors import BadInput
from orchestration.cli import main
from orchestration.crate_command import model_card, stage_times
from orchestration.factory import build_definitions
from orchestration.run import execute
from publishing.records import version, write_record
from publishing.settings import check_settings

VALUES = {"experiments": {"rows": {"mad_eval_named": ["C2"]}}}


def test_times_are_those_of_the_run_that_made_the_stage(world: ToyWorld) -> None:
    definitions = build_definitions(TOYS, world.settings, root=world.root, code_root=world.root)
    with dg.DagsterInstance.ephemeral() as instance:
        assert execute(definitions, TOYS[0], world.settings, units=None, instance=instance) == 0
        times = stage_times(["words", "lengths"], instance=instance)
    assert list(times) == ["words"], "a stage that never ran has no times"
    start, end = map(datetime.fromisoformat, times["words"])
    assert start <= end and start.tzinfo is not None


def test_the_card_says_what_was_measured_and_its_limits(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("captioner/C2.0", "scores/C2.mad_eval_named.0"):
        (data / folder).mkdir(parents=True)
    settings = check_settings(VALUES, source="params.yaml")
    with pytest.raises(BadInput, match=r"captioner/C2\.0: not published"):
        model_card(settings, data)
    write_record(data / "captioner/C2.0", key="", made_from={}, audit="")
    scores(data / "scores/C2.mad_eval_named.0")
    card = model_card(settings, data)
    assert str(version(data / "captioner/C2.0")) in card
    assert "| mad_eval_named | METEOR | 20.00 | - | 40 |" in card and "SPICE" not in card
    assert "the numbers are that world's" in card


def test_nothing_published_is_one_line_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert main(["profile", "smoke"]) == 0
    capsys.readouterr()
    assert main(["crate", str(tmp_path / "crate")]) == 2
    told = capsys.readouterr().err.strip()
    assert "not published" in told and "\n" not in told and not (tmp_path / "crate").exists()
