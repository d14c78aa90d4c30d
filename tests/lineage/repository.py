"""A copy of this repository in which a test can make the lineage, with a git and a DVC of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


class Repository:
    """A copy of the tracked files with a git and a DVC of its own, and this environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, listed.decode().split("\0")):
            if (ROOT / name).is_file() and name != "dvc.lock":
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(Path(sys.prefix))
        for words in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"],
        ):
            subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
        self.run("-m", "orchestration.cli", "profile", "smoke")

    def run(self, *words: str, status: int | None = 0) -> str:
        """Python with these words; gives back what it printed."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "DAGSTER_", "FOCUSED"))
        }
        done = subprocess.run(
            [".venv/bin/python", *words], cwd=self.folder, capture_output=True, text=True, env=kept, timeout=900
        )
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def dvc(self, *words: str) -> str:
        return self.run("-m", "dvc", *words)

    def versions(self) -> dict[str, str]:
        """The hash of every stage's output in dvc.lock."""
        locked = yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]
        return {stage: locked[stage]["outs"][0]["md5"] for stage in locked}

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file under data/."""
        found = sorted(path for path in (self.folder / "data").rglob("*") if path.is_file())
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    def change(self, *path: str, value: object) -> None:
        parameters = self.folder / "params.yaml"
        values = yaml.safe_load(parameters.read_text())
        inner = values
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        parameters.write_text(yaml.safe_dump(values, sort_keys=False))
