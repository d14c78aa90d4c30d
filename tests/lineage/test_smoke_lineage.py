"""The whole lineage, cut down to `smoke`, in a copy of this repository: DVC makes it, Dagster continues it, both agree.

The statements build on one run, so they stand in its order.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator

import pytest
import yaml
from pickled import pickled_files
from repository import ROOT, Repository

STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    repository = Repository(tmp_path_factory.mktemp("lineage"))
    repository.dvc("repro")
    yield repository


def test_every_stage_has_published_data_and_the_tables_have_every_cell(made: Repository) -> None:
    assert set(made.versions()) == set(STAGES)
    tables = made.folder / "data" / "paper_tables"
    rows = [row for name in ("table_1", "table_2") for row in csv.DictReader((tables / f"{name}.csv").open())]
    assert len([row for row in rows if row["row"] in ("A1", "A2", "B1", "B2", "C1", "C2")]) == 18
    for row in rows:
        assert row["reproduced"] or row["note"], f"a cell without a number must say why: {row}"
    measured = [row for row in rows if row["reproduced"]]
    assert measured and all(row["run_id"] and row["data_version"] for row in measured)
    assert "<img" in (tables / "report.html").read_text()


def test_nothing_that_was_made_holds_a_pickle(made: Repository) -> None:
    folders = [made.folder / "data", *made.folder.glob(".home/mlflow/artifacts")]
    assert len(folders) == 2 and [path for folder in folders for path in pickled_files(folder)] == []


def test_dvc_finds_nothing_to_do_afterwards(made: Repository) -> None:
    assert "up to date" in made.dvc("status")
    assert made.dvc("repro").count("didn't change") == len(STAGES)


def test_a_metric_parameter_remakes_scores_and_tables_only_and_either_engine_leaves_dvc_clean(made: Repository) -> None:
    before = made.versions()
    made.change("evaluation", "redundancy", "theta", value=0.3)
    changed = [stage for stage in STAGES if f"{stage}:" in made.dvc("status")]
    assert changed == ["scores"]  # what hangs on it is stale only once it is remade
    for stage in ("scores", "paper_tables"):  # as a run from Dagster's interface: DVC did not start it
        made.run("-m", "orchestration.run", stage)
    assert "up to date" in made.dvc("status")
    after = made.versions()
    assert {stage for stage in STAGES if before[stage] != after[stage]} == {"scores", "paper_tables"}


def test_one_film_that_changes_leaves_the_other_films_as_they_are(made: Repository) -> None:
    films = made.folder / "data" / "films"
    before = {film.name: (film / "film.json").stat().st_mtime_ns for film in sorted(films.iterdir())}
    made.change("studio", "overrides", value={"tt9000002": {"seed": 99}})
    made.run("-m", "orchestration.run", "films")
    after = {film.name: (film / "film.json").stat().st_mtime_ns for film in sorted(films.iterdir())}
    assert [film for film in before if before[film] != after[film]] == ["tt9000002"]


def test_an_unknown_parameter_is_one_line_and_leaves_the_data_alone(made: Repository) -> None:
    before = made.files()
    parameters = (made.folder / "params.yaml").read_text()
    made.change("studio", "secnods", value=3)
    said = made.run("-m", "orchestration.run", "films", status=2).strip()
    (made.folder / "params.yaml").write_text(parameters)
    assert said.count("\n") == 0 and "studio.secnods" in said and "seconds" in said
    assert made.files() == before


def test_a_film_is_narrated_by_the_models_just_made(made: Repository) -> None:
    source = made.folder / "data" / "films" / "tt9100001"
    out = made.folder / "draft"
    plain = made.folder / "plain"
    plain.mkdir()
    shutil.copyfile(source / "film.mp4", plain / "film.mp4")
    said = made.run("-m", "orchestration.cli", "narrate", str(plain / "film.mp4"), "--out", str(out))
    assert "nobody can be named" in said and "trained on studio films alone" in said
    assert sorted(path.name for path in out.iterdir()) == [
        ".work",
        "description.dapt.xml",
        "description.json",
        "description.md",
        "description.srt",
        "description.vtt",
        "index.html",
        "review.md",
    ]
