"""Old data comes back: from DVC's remote into another clone, and of an older commit, seen in Dagster as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_engines import REPOSITORY, Project

pytestmark = pytest.mark.slow
FILM = "tt9000001"
LATEST = """
import dagster, json
with dagster.DagsterInstance.get() as instance:
    records = instance.fetch_materializations(dagster.AssetRecordsFilter(dagster.AssetKey("words"), ["FILM"]), limit=1)
    print(json.dumps(records.records[0].asset_materialization.tags["dagster/data_version"]))
""".replace("FILM", FILM)


def git(folder: Path, *words: str) -> None:
    named = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True)


def in_interface(root: Path) -> str:
    """The data version that Dagster shows of the film."""
    kept = os.environ | {"DAGSTER_HOME": str(root / ".home/dagster")}
    done = subprocess.run(
        [sys.executable, "-c", LATEST], cwd=root, env=kept, capture_output=True, text=True, check=True
    )
    return str(json.loads(done.stdout))


def words(root: Path) -> list[str]:
    return list(json.loads((root / f"data/words/{FILM}/words.json").read_text()))


def test_an_older_commits_data_come_back_from_the_remote_and_are_shown(tmp_path: Path) -> None:
    from publishing.records import version

    first = Project(tmp_path / "first")
    (first.root / ".gitignore").write_text(".home\n.cache\n__pycache__\n.site_cache\ndata/.locks\n")
    git(first.root, "init", "-q")
    shutil.copyfile(REPOSITORY / ".dvc/config", first.root / ".dvc/config")  # where the remote is named
    shutil.copytree(REPOSITORY / "profiles", first.root / "profiles")  # the doctor looks at them
    for text in ("as it was", "as it is now"):
        first.raw(FILM, text)
        first.dvc("repro")
        git(first.root, "add", "-A")
        git(first.root, "commit", "-qm", text)
        first.dvc("push")
    assert any((first.root / ".home/store").rglob("*.dir")), "a folder of this machine, where no other remote is named"
    now = in_interface(first.root)

    git(first.root, "checkout", "-q", "HEAD~1")
    shutil.rmtree(first.root / ".dvc/cache")
    first.dvc("pull", "--force")  # with the cache gone, what lies here has no copy that this machine knows of
    assert words(first.root) == ["as", "it", "was"]
    assert "up to date" in first.dvc("status")
    told = first.command("orchestration.cli", "doctor", "--fix")
    assert told.returncode in (0, 1), told.stderr  # 1: something else is missing here
    assert in_interface(first.root) == version(first.root / f"data/words/{FILM}") != now

    other = tmp_path / "second"
    git(tmp_path, "clone", "-q", str(first.root), str(other))
    first.root, store = other, first.root / ".home/store"
    first.dvc("remote", "modify", "--local", "store", "url", str(store))  # the one setting
    first.dvc("pull")
    assert words(other) == ["as", "it", "was"]
    assert "up to date" in first.dvc("status")
