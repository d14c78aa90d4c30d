"""Where things lie, found from the code's own place so that no path of a machine is ever written down."""

from __future__ import annotations

import os
from pathlib import Path

CODE_ROOT = Path(__file__).resolve().parents[1]


def root() -> Path:
    """The folder of `params.yaml`, `data/` and `.home/`: the repository, or `FOCUSEDAD_ROOT` where it is set."""
    return Path(os.environ.get("FOCUSEDAD_ROOT") or CODE_ROOT).resolve()


def data() -> Path:
    return root() / "data"


def home() -> Path:
    """Databases of the engines and logs: kept out of git and out of DVC."""
    return root() / ".home"


def parameters_file() -> Path:
    return root() / "params.yaml"
