"""Where a text model lies on this machine: in a package that carries it, or in a folder. Nothing is downloaded."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from common.files import file_md5


class ModelMissing(Exception):
    """The model a metric needs is not on this machine: the metric is left out, with this reason."""


def model_folder(name: str) -> Path:
    """The folder with `config.json`, `tokenizer.json` and `model.safetensors` of a package or a path.

    Raises `ModelMissing`.
    """
    folder = Path(name)
    if name.isidentifier() and not folder.is_dir():
        found = importlib.util.find_spec(name)
        if found is None or not found.submodule_search_locations:
            package = name.replace("_", "-")
            raise ModelMissing(f"the package {package} is not installed and there is no folder {name}; give either")
        folder = Path(next(iter(found.submodule_search_locations))) / "model"
    for needed in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / needed).is_file():
            raise ModelMissing(f"{folder} has no {needed}; give the folder of a model saved by transformers")
    return folder


@lru_cache
def model_identity(folder: Path) -> str:
    """The model's architecture and a digest of its weights: the same on every machine, without a path."""
    return f"weights {file_md5(folder / 'model.safetensors')[:12]}"
