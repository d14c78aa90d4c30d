"""One setting puts the history of both engines into Postgres, and leaves the data as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from postgres_server import postgres
from sqlalchemy import create_engine, text
from toy_stages import TOYS
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from orchestration.factory import build_definitions
from orchestration.home import dagster_home
from orchestration.run import execute
from publishing import tracking
from publishing.postgres import POSTGRES


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgres() as url:
        monkeypatch.setenv(POSTGRES, url)
        yield url


def rows(database: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


@pytest.mark.slow
def test_runs_of_both_engines_are_in_the_database_and_nowhere_else(
    world: ToyWorld, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(world.root))
    other = ToyWorld(world.root / "other")
    other.publish(TOYS[0])
    definitions = build_definitions(TOYS, world.settings, root=world.root, code_root=world.root)
    with dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        assert execute(definitions, TOYS[0], world.settings, units=None, instance=instance) == 0
    assert world.data.joinpath("words", FILMS[0], "_made.json").read_bytes() == (
        other.data.joinpath("words", FILMS[0], "_made.json").read_bytes()
    )
    query = "SELECT partition FROM dagster.event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
    assert {partition for (partition,) in rows(database, query)} >= set(FILMS)
    assert rows(database, "SELECT status FROM dagster.runs") == [("SUCCESS",)]

    folder = world.root / "trained"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    training = {"stage": "captioner", "unit": "C2.0", "folder": folder, "data": world.data, "inputs": {"words": FILMS}}
    told = {"parameters": {"seed": 0}, "metrics": {"final_loss": 2.0}, "curves": {"loss": [3.0, 2.0]}}
    run = tracking.log_training_run(**training, **told, model="captioner")  # type: ignore[arg-type]
    assert tracking.log_training_run(**training, **told, model="captioner") == run  # type: ignore[arg-type]
    query = "SELECT status FROM mlflow.runs WHERE name = 'captioner/C2.0'"
    assert rows(database, query) == [("FINISHED",)]
    assert rows(database, "SELECT name, version, run_id FROM mlflow.model_versions") == [("captioner", 1, run)]
    assert not [*(world.root / ".home").rglob("*.db")]


def test_without_it_the_history_is_in_files(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(world.root))
    monkeypatch.setenv(POSTGRES, "")
    assert "storage" not in (dagster_home() / "dagster.yaml").read_text()
    assert tracking.tracking_uri() == f"sqlite:///{world.root.resolve()}/.home/mlflow/mlflow.db"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "not a URL"),
        ("postgresql://u@h:abc/n", "not a URL"),
        ("postgresql://nobody@127.0.0.1:1/none", "the database cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    monkeypatch.setenv(POSTGRES, url)
    for use in (dagster_home, tracking.client):
        with pytest.raises(BadInput, match=f"^{POSTGRES}: {told}") as refusal:
            use()
        assert "\n" not in str(refusal.value)
