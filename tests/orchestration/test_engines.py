"""One lineage, two engines: toy stages in a DVC repository of their own, made by `dvc repro` and by runs outside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from publishing.profiles import load_profile, write_parameters
from publishing.versions import heal, output_hash

REPOSITORY = Path(__file__).parents[2]
FLOORS = ("common", "corpora", "evaluation", "models", "narration", "publishing", "orchestration")
LIGHT = shutil.ignore_patterns("__pycache__", "*.json", "*.png")

pytestmark = pytest.mark.slow


class Project:
    """A copy of our floors with the toy lineage in place of the assets."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for floor in FLOORS:
            shutil.copytree(REPOSITORY / floor, root / floor, ignore=LIGHT)
        (root / "assets").mkdir()
        toys = (REPOSITORY / "tests/publishing/toy_stages.py").read_text()
        (root / "assets/toy_stages.py").write_text(toys)
        (root / "assets/__init__.py").write_text("from assets.toy_stages import TOYS\n\nSTAGES = TOYS[:3]\n")
        for code in ("words.py", "lengths/one.py", "total.py"):
            (root / code).parent.mkdir(exist_ok=True)
            (root / code).write_text("")
        shutil.copyfile(REPOSITORY / "pyproject.toml", root / "pyproject.toml")  # where `dg` finds the definitions
        for film in ("tt9000001", "tt9000002"):
            self.raw(film, f"the words of {film}")
        write_parameters(load_profile("smoke"), root / "params.yaml", profile="smoke")
        (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": self.stages()}, sort_keys=False))
        self.dvc("init", "--no-scm")
        for option in (("core.analytics", "false"), ("cache.type", "reflink,copy")):
            self.dvc("config", *option)

    def stages(self) -> dict[str, object]:
        upstream = {
            "words": ["data/raw", "words.py"],
            "lengths": ["data/words"],
            "total": ["data/lengths"],
        }
        return {
            name: {
                "cmd": f"{sys.executable} -m orchestration.run {name}",
                "deps": deps,
                "params": ["studio"],
                "outs": [{f"data/{name}": {"persist": True}}],
            }
            for name, deps in upstream.items()
        }

    def raw(self, film: str, text: str) -> None:
        path = self.root / f"data/raw/{film}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "DAGSTER_"))}
        environment |= {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(self.root / ".site_cache")}
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def dg(self, *words: str) -> str:
        """Dagster's newer command line, on the instance that both engines share."""
        home = self.root / ".home/dagster"
        environment = {**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(self.root), "FOCUSEDAD_ROOT": ""}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("dg")), *words],
            cwd=self.root,
            env=environment | {"DVC_SITE_CACHE_DIR": str(self.root / ".site_cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def dvc(self, *words: str) -> str:
        done = self.command("dvc", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.command("orchestration.run", *words)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    project.dvc("repro")
    return project


def lock(project: Project) -> str:
    return (project.root / "dvc.lock").read_text()


def test_dvc_makes_everything_and_then_nothing(project: Project) -> None:
    assert (project.root / "data/total/total.json").exists()
    assert "up to date" in project.dvc("status")
    assert "didn't change" in project.dvc("repro")


def test_a_run_outside_dvc_ends_committed_and_equal_to_dvcs(project: Project) -> None:
    project.raw("tt9000002", "other words as well")
    for stage in ("words", "lengths", "total"):
        done = project.run(stage)
        assert done.returncode == 0, done.stderr
        assert "committed to DVC" in done.stderr
    assert "up to date" in project.dvc("status")
    by_run = lock(project)
    project.dvc("repro", "--force")
    assert lock(project) == by_run


def test_a_stage_is_not_committed_on_top_of_one_that_is_not(project: Project) -> None:
    project.raw("tt9000001", "a third text for the first film")
    assert "still to make: words/tt9000001" in project.run("words", "--units", "tt9000002").stderr
    assert "not committed: words is not committed before it" in project.run("lengths").stderr
    project.dvc("repro")
    assert "up to date" in project.dvc("status")


def test_a_parameter_that_no_unit_depends_on_does_not_stand_in_the_way(project: Project) -> None:
    parameters = project.root / "params.yaml"
    parameters.write_text(parameters.read_text().replace("stock_people: ", "stock_people: 1"))
    assert "words" in project.dvc("status")
    done = project.run("lengths")
    assert "2 kept; committed to DVC" in done.stderr, done.stderr
    assert "words" not in project.dvc("status")
    project.dvc("repro")


def test_a_rejection_stops_dvc_and_leaves_the_lock_file_alone(project: Project) -> None:
    before = lock(project)
    project.raw("tt9000001", "incomprehensible")
    done = project.command("dvc", "repro")
    assert done.returncode != 0 and "too long a word" in done.stderr and "Traceback" not in done.stderr
    assert lock(project) == before
    project.raw("tt9000001", "a third text for the first film")
    project.dvc("repro")
    assert lock(project) == before


def test_mistakes_are_one_line_and_status_2(project: Project) -> None:
    done = project.run("nonsense")
    assert done.returncode == 2 and "no such stage" in done.stderr and "Traceback" not in done.stderr
    parameters = project.root / "params.yaml"
    text = parameters.read_text()
    parameters.write_text(text.replace("train_films:", "train_movies:"))
    done = project.run("words")
    parameters.write_text(text)
    assert done.returncode == 2
    assert done.stderr.strip() == "params.yaml: studio.train_movies: unknown parameter; did you mean train_films?"


def test_torn_files_of_dvc_are_healed(project: Project) -> None:
    good = lock(project)
    heal(project.root)  # remembers the good lock file
    (project.root / ".dvc/tmp/rwlock").write_text("")
    (project.root / "dvc.lock").write_text(good[: len(good) // 2] + ": [")
    assert project.command("dvc", "status").returncode != 0
    told = heal(project.root, mend=False)
    assert heal(project.root) == told
    assert len(told) == 2 and heal(project.root) == []
    assert lock(project) == good
    assert "up to date" in project.dvc("status")


def test_a_lock_file_torn_anywhere_is_healed(project: Project) -> None:
    good = lock(project)
    heal(project.root)
    refused = 0
    for end in [good.index("path: data/") + len("path:"), good.index("size:") + len("size:"), len(good) // 3, 9]:
        (project.root / "dvc.lock").write_text(good[:end])
        if project.command("dvc", "status").returncode:
            refused += 1
            assert len(heal(project.root)) == 1 and lock(project) == good
        (project.root / "dvc.lock").write_text(good)
    assert refused >= 2


def test_dead_holders_of_dvcs_lock_are_dropped(project: Project) -> None:
    path = project.root / ".dvc/tmp/rwlock"
    path.write_text('{"write": {"/somewhere": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}')
    assert heal(project.root) == [".dvc/tmp/rwlock names processes that have ended"]
    path.unlink()


def test_dagsters_command_line_makes_films_and_what_is_stale(project: Project) -> None:
    project.raw("tt9000001", "a fourth text")
    told = project.dg("launch", "--assets", 'key:"words"', "--partition-range", "tt9000001...tt9000002")
    assert "words: 1 made, 1 kept; committed to DVC" in told
    status = project.dvc("status")
    assert "lengths" in status and "words:" not in status
    told = project.dg("launch", "--job", "remake")
    assert "lengths: 1 made, 1 kept" in told and "total: 1 made" in told
    assert "up to date" in project.dvc("status")


def test_the_hash_of_an_output_is_dvcs(project: Project) -> None:
    found = output_hash("words", root=project.root)
    assert found is not None and found.endswith(".dir") and found in lock(project)
    assert output_hash("nothing", root=project.root) is None
