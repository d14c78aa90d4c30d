"""`focusedad crate`: when the stages ran, what the model's card says, and mistakes in one line."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from good_units import scores
from toy_stages import TOYS
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from orchestration.cli import main
from orchestration.crate_command import _commit, card_of, stage_times
from orchestration.factory import build_definitions
from orchestration.run import execute
from publishing.records import version, write_record
from publishing.settings import check_settings

VALUES = {"experiments": {"rows": {"mad_eval_named": ["C2"]}}}


def test_times_are_those_of_the_run_that_made_the_stage(world: ToyWorld) -> None:
    definitions = build_definitions(TOYS, world.settings, root=world.root, code_root=world.root)
    with dg.DagsterInstance.ephemeral() as instance:
        assert execute(definitions, TOYS[0], world.settings, units=None, instance=instance) == 0
        times = stage_times(TOYS, world.settings, root=world.root, instance=instance)
        assert list(times) == ["words"], "a stage that never ran has no times"
        start, end = map(datetime.fromisoformat, times["words"])
        assert start <= end and start.tzinfo is not None

        before = (world.data / "raw" / f"{FILMS[1]}.txt").read_text()
        world.raw(FILMS[1], "another text")
        world.publish("words")  # as what a clone or `dvc checkout` brings: no run of this Dagster made it
        assert stage_times(TOYS, world.settings, root=world.root, instance=instance) == {}
        assert execute(definitions, TOYS[0], world.settings, units=[FILMS[0]], instance=instance) == 0
        world.raw(FILMS[1], before)
        world.publish("words")
        assert stage_times(TOYS, world.settings, root=world.root, instance=instance) == times, "the run that made it"


def test_times_of_a_stage_that_is_one_whole(world: ToyWorld) -> None:
    world.publish_all()
    total = TOYS[2]
    definitions = build_definitions(TOYS, world.settings, root=world.root, code_root=world.root)
    with dg.DagsterInstance.ephemeral() as instance:
        assert execute(definitions, total, world.settings, units=None, instance=instance) == 0
        assert list(stage_times(TOYS, world.settings, root=world.root, instance=instance)) == [total.name]
        world.raw(FILMS[0], "a much longer text")
        world.publish_all()
        assert stage_times(TOYS, world.settings, root=world.root, instance=instance) == {}


def test_the_card_says_what_was_measured_and_its_limits(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("captioner/C2.0", "scores/C2.mad_eval_named.0"):
        (data / folder).mkdir(parents=True)
    settings = check_settings(VALUES, source="params.yaml")
    with pytest.raises(BadInput, match=r"captioner/C2\.0: not published"):
        card_of(settings, data)
    write_record(data / "captioner/C2.0", key="", made_from={}, audit="")
    scores(data / "scores/C2.mad_eval_named.0")
    card = card_of(settings, data)
    assert str(version(data / "captioner/C2.0")) in card
    assert "| mad_eval_named | METEOR | 20.00 | - | 40 |" in card and "SPICE" not in card
    assert "the numbers are that world's" in card and "Not for identifying people" in card


def test_the_crate_names_the_commit_of_the_code(tmp_path: Path) -> None:
    assert _commit(tmp_path) == "not in git"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    for asked in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *asked], check=True)
    assert re.fullmatch(r"[0-9a-f]{40}", _commit(tmp_path))


def test_nothing_published_is_one_line_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert main(["profile", "smoke"]) == 0
    capsys.readouterr()
    assert main(["crate", str(tmp_path / "crate")]) == 2
    told = capsys.readouterr().err.strip()
    assert "not published" in told and "\n" not in told and not (tmp_path / "crate").exists()
