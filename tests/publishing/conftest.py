from __future__ import annotations

from pathlib import Path

import pytest
from toy_world import ToyWorld


@pytest.fixture
def world(tmp_path: Path) -> ToyWorld:
    return ToyWorld(tmp_path)
