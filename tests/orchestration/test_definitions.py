"""The lineage as Dagster knows it, on toy stages; and the repository's own against dvc.yaml."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from toy_stages import TOYS, WORDS
from toy_world import FILMS, ToyWorld

from assets.films import STAGE as FILMS_STAGE
from common.errors import BadInput
from orchestration.factory import build_definitions
from orchestration.run import execute
from orchestration.sync import sync_all
from publishing.publish import refuse_without_units
from publishing.records import version
from publishing.settings import check_settings
from publishing.stage import Stage, graph_of

ONE, TWO, THREE = FILMS
DATA_VERSION = "dagster/data_version"


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def definitions(world: ToyWorld, stages: tuple[Stage, ...] = TOYS) -> dg.Definitions:
    return build_definitions(stages, world.settings, root=world.root, code_root=world.root)


def run(world: ToyWorld, name: str, instance: dg.DagsterInstance, units: list[str] | None = None) -> int:
    stage = graph_of(TOYS)[name]
    return execute(definitions(world), stage, world.settings, units=units, instance=instance)


def latest(instance: dg.DagsterInstance, name: str, film: str | None = None) -> dg.AssetMaterialization:
    asked = dg.AssetRecordsFilter(dg.AssetKey(name), asset_partitions=[film] if film else None)
    event = instance.fetch_materializations(asked, limit=1).records[0].asset_materialization
    assert event is not None
    return event


def test_the_graph(world: ToyWorld) -> None:
    graph = definitions(world).resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get(dg.AssetKey("total")).parent_keys} == {"lengths"}
    words = graph.get(dg.AssetKey("words"))
    assert words.partitions_def is not None and words.partitions_def.get_partition_keys() == list(FILMS)
    assert graph.get(dg.AssetKey("shares")).partitions_def is None
    assert {key.name for key in graph.asset_check_keys} == {"audit"}


def test_a_run_without_any_film_is_a_mistake_told_in_one_line(world: ToyWorld, instance: dg.DagsterInstance) -> None:
    stages = tuple(replace(stage, units=lambda settings: []) if stage.per_film else stage for stage in TOYS)
    with pytest.raises(BadInput, match=r"data/raw/<split>/<film> \(docs/corpora\.md\)"):
        execute(definitions(world, stages), stages[0], world.settings, units=None, instance=instance)


def test_films_are_what_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    settings = check_settings({"films": {"source": "corpora"}}, source="params.yaml")
    with pytest.raises(BadInput, match=r"^films: there are none"):
        refuse_without_units(FILMS_STAGE, settings)
    (tmp_path / "data/raw/train/tt1").mkdir(parents=True)
    refuse_without_units(FILMS_STAGE, settings)


def test_selections_written_as_text_resolve(world: ToyWorld) -> None:
    graph = definitions(world).resolve_asset_graph()
    chosen = dg.AssetSelection.from_string('key:"lengths"+').resolve(graph)
    assert {key.to_user_string() for key in chosen} == {"lengths", "total", "shares"}


def test_no_stages_make_empty_definitions(world: ToyWorld) -> None:
    assert list(definitions(world, ()).resolve_asset_graph().get_all_asset_keys()) == []


def test_a_run_publishes_and_every_film_has_its_own_version(world: ToyWorld, instance: dg.DagsterInstance) -> None:
    for stage in TOYS:
        assert run(world, stage.name, instance) == 0
    for film in FILMS:
        assert (latest(instance, "lengths", film).tags or {})[DATA_VERSION] == version(world.data / "lengths" / film)
    assert len({(latest(instance, "lengths", film).tags or {})[DATA_VERSION] for film in FILMS}) == 3
    assert (latest(instance, "total").tags or {})[DATA_VERSION] == version(world.data / "total")
    assert (
        sync_all(world.settings, graph=graph_of(TOYS), root=world.root, code_root=world.root, instance=instance) == {}
    )


def test_only_asked_films_are_made(world: ToyWorld, instance: dg.DagsterInstance) -> None:
    assert run(world, "words", instance, units=[ONE, THREE]) == 0
    assert not (world.data / "words" / TWO).exists()
    assert (world.data / "words" / THREE).is_dir()


def test_units_without_partitions_are_named_in_the_metadata(world: ToyWorld, instance: dg.DagsterInstance) -> None:
    for stage in TOYS:
        run(world, stage.name, instance)
    assert "| half | made |" in str(latest(instance, "shares").metadata["units"].value)


def test_a_failed_audit_fails_the_run_and_reports_the_good_films(
    world: ToyWorld, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    world.raw(TWO, "an incomprehensible text")
    assert run(world, "words", instance) == 1
    told = capsys.readouterr().err
    assert f"words/{TWO}" in told and "word incomprehensible" in told and "Traceback" not in told
    assert (latest(instance, "words", ONE).tags or {})[DATA_VERSION] == version(world.data / "words" / ONE)
    key = dg.AssetCheckKey(dg.AssetKey("words"), "audit")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.status.value == "FAILED"


def test_a_users_mistake_is_one_line_and_status_2(
    world: ToyWorld, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    for film in FILMS:
        world.raw(film, "broken")
    assert run(world, "words", instance) == 2
    told = capsys.readouterr().err.strip()
    assert told.endswith("mend that line") and "\n" not in told


def test_a_fault_of_the_program_keeps_its_trace_in_a_log(
    world: ToyWorld, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(world.root))
    world.raw(ONE, "crash")
    assert run(world, "words", instance) == 1
    assert "a fault of the program: trace in .home/logs/words.log" in capsys.readouterr().err
    assert "make_words" in (world.root / ".home/logs/words.log").read_text()


def test_data_changed_behind_the_interface_is_put_right(world: ToyWorld, instance: dg.DagsterInstance) -> None:
    for stage in TOYS:
        run(world, stage.name, instance)
    world.raw(TWO, "another text")
    world.publish_all()  # as `dvc checkout` of another revision would
    told = sync_all(world.settings, graph=graph_of(TOYS), root=world.root, code_root=world.root, instance=instance)
    assert told == {"words": [TWO], "lengths": [TWO], "total": ["total"], "shares": ["shares"]}
    assert (
        sync_all(world.settings, graph=graph_of(TOYS), root=world.root, code_root=world.root, instance=instance) == {}
    )
    event = latest(instance, "lengths", TWO)
    assert (event.tags or {})["dagster/input_data_version/words"] == version(world.data / "words" / TWO)


def test_a_summary_shows_numbers_tables_and_pictures(world: ToyWorld, tmp_path: Path) -> None:
    import pandas as pd

    from orchestration.metadata import as_metadata

    picture = tmp_path / "clusters.png"
    picture.write_bytes(b"\x89PNG")
    shown = as_metadata({"films": 3, "a table": pd.DataFrame({"name": ["A|B"], "share": [0.25]}), "picture": picture})
    assert shown["films"] == 3
    assert "| A\\|B | 0.25 |" in shown["a_table"].value
    assert "data:image/png;base64,iVBORw==" in shown["picture"].value
    assert as_metadata({"picture": tmp_path / "none.png"})["picture"].value == "no picture"


def test_loading_the_definitions_imports_nothing_heavy() -> None:
    heavy = [
        "torch",
        "transformers",
        "great_expectations",
        "mlflow",
        "bert_score",
        "matplotlib",
        "dvc",
        "numpy",
        "pandas",
        "cv2",
    ]
    code = f"import sys, json, orchestration.definitions; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout) == []


def test_a_stage_that_names_unread_inputs_is_a_fault(world: ToyWorld) -> None:
    wrong = replace(WORDS, inputs=lambda settings, unit: {"total": [""]})
    with pytest.raises(ValueError, match="not in its reads"):
        wrong.inputs_of(world.settings, ONE, {})
