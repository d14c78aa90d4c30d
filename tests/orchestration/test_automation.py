"""What Dagster does by itself: raw films noticed once they are all there, a remake asked for, a failure told."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.automation import build_automation, run_dvc
from orchestration.home import dagster_home
from orchestration.raw_films import notice, raw_states
from orchestration.ui import limit_pools
from publishing.profiles import load_profile, write_parameters
from publishing.settings import check_settings

CORPORA = check_settings({"films": {"source": "corpora"}}, source="params.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    settings = load_profile("mini")
    films = settings.films.model_copy(update={"source": "corpora"})
    write_parameters(settings.model_copy(update={"films": films}), tmp_path / "params.yaml", profile="mini")
    put(tmp_path, "tt1", "a film")
    (tmp_path / "data/films/tt1").mkdir(parents=True)
    return tmp_path


def put(root: Path, film: str, content: str, split: str = "train") -> None:
    path = root / "data/raw" / split / film / "film.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def raw_films(root: Path) -> dg.SensorDefinition:
    (sensor,) = build_automation(root=root).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition) and sensor.name == "raw_films"
    return sensor


class Looker:
    """The sensor as the daemon runs it, one look after the other."""

    def __init__(self, root: Path) -> None:
        self.sensor = raw_films(root)
        self.cursor: str | None = None

    def look(self) -> list[str]:
        """Why remakes are asked for."""
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance, cursor=self.cursor)
            found = self.sensor.evaluate_tick(context)
        self.cursor = found.cursor or self.cursor
        return [request.tags["focusedad/why"] for request in found.run_requests or []]


def test_films_are_noticed_when_new_changed_or_gone_and_once_only(root: Path) -> None:
    looker = Looker(root)
    assert [looker.look() for _ in range(3)] == [[], [], []], "what is published was asked for before"
    put(root, "tt2", "another")
    put(root, "tt1", "the film, cut anew")
    assert looker.look() == [], "it may still be being copied"
    assert looker.look() == ["new: tt2; changed: tt1"]
    assert looker.look() == []
    (root / "data/raw/train/tt1/film.mp4").unlink()
    (root / "data/raw/train/tt1").rmdir()
    assert [looker.look(), looker.look(), looker.look()] == [[], ["gone: tt1"], []]


def test_nothing_is_asked_for_while_any_film_is_being_copied(root: Path) -> None:
    looker = Looker(root)
    looker.look()
    put(root, "tt2", "whole")
    for length in range(1, 4):
        put(root, "tt3", "x" * length, split="mad_eval_named")
        assert looker.look() == []
    assert looker.look() == ["new: tt2, tt3"]


def test_a_film_that_lies_there_unpublished_at_the_first_look_is_asked_for(root: Path) -> None:
    put(root, "tt9", "never made")
    looker = Looker(root)
    assert [looker.look(), looker.look()] == [[], ["new: tt9"]]


def test_a_mistake_in_the_parameters_is_told_and_the_studio_needs_no_raw_films(root: Path) -> None:
    sensor = raw_films(root)

    def told() -> str:
        with dg.DagsterInstance.ephemeral() as instance:
            return str(sensor.evaluate_tick(dg.build_sensor_context(instance)).skip_message)

    write_parameters(load_profile("mini"), root / "params.yaml", profile="mini")
    assert "the studio draws the films" in told()
    (root / "params.yaml").write_text("films: {sorce: corpora}")
    assert "films.sorce: unknown parameter" in told()


STATES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"]))


@given(looks=st.lists(STATES, max_size=6), last=STATES)
def test_whatever_was_seen_a_lasting_state_is_asked_for_exactly_once(
    looks: list[dict[str, str]], last: dict[str, str]
) -> None:
    cursor, asked = None, []
    for states in [*looks, last, last, last, last]:
        found = notice(cursor, states, published=())
        cursor = found.cursor
        if found:
            asked.append(states)
    kept = json.loads(cursor or "{}")
    assert kept["asked"] == last and kept["seen"] == last
    assert all(one != two for one, two in itertools.pairwise(asked))


def test_states_are_those_of_every_split_and_none_of_the_studios(root: Path) -> None:
    put(root, "st1", "third", split="cinepile_ad")
    assert list(raw_states(CORPORA, root=root)) == ["tt1", "st1"]
    assert raw_states(load_profile("mini"), root=root) == {}


def test_a_failed_remake_tells_its_last_lines(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status, last = run_dvc(
        [sys.executable, "-c", "print('one'); print(); print('two'); raise SystemExit(3)"], root=root
    )
    assert (status, last) == (3, ["one", "two"])
    assert "one" in capfd.readouterr().out


def test_the_stages_of_a_remake_that_is_ended_end_too(root: Path) -> None:
    """The child leaves its number; the parent gets the signal that ends a run."""
    inner = "import os, pathlib, time; pathlib.Path('child').write_text(str(os.getpid())); print(); time.sleep(60)"
    start = f"run_dvc([sys.executable, '-c', {inner!r}], root=pathlib.Path('.'))"
    outer = f"import pathlib, sys; from orchestration.automation import run_dvc; {start}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen(
        [sys.executable, "-c", outer],
        cwd=root,
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background ignores it
    )
    while not (root / "child").exists() or not (root / "child").read_text():
        time.sleep(0.05)
        assert parent.poll() is None
    parent.send_signal(signal.SIGINT)
    assert parent.wait(timeout=120) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(int((root / "child").read_text()), 0)


def test_pools_are_limited_before_the_first_run_and_a_persons_limit_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home()))

    def limits(instance: dg.DagsterInstance) -> dict[str, int]:
        return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}

    limit_pools()
    with dg.DagsterInstance.get() as instance:
        assert limits(instance) == {"dvc": 1, "gpu": 1}
        instance.event_log_storage.set_concurrency_slots("gpu", 4)
        limit_pools()
        assert limits(instance) == {"dvc": 1, "gpu": 4}
