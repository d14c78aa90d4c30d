from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "publishing"))  # the toy lineage is shared

from small_repository import commit
from toy_world import ToyWorld


@pytest.fixture
def world(tmp_path: Path) -> ToyWorld:
    return ToyWorld(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository of one commit, with this environment."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    commit(folder, "params.yaml", "studio: {seed: 7, seconds: 8.0}\n")
    return folder
