"""Where a text model lies on this machine: in a package that carries it, or in a folder. Nothing is downloaded."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from common.files import file_md5, read_json


class ModelMissing(Exception):
    """The model a metric needs is not on this machine: the metric is left out, with this reason.

    Reasons are published: they name the model as the settings spell it, and no absolute path.
    """


def model_folder(name: str) -> Path:
    """The folder with `config.json`, `tokenizer.json` and `model.safetensors` of a package or a path.

    Raises `ModelMissing`.
    """
    folder = Path(name)
    if name.isidentifier() and not folder.is_dir():
        found = importlib.util.find_spec(name)
        if found is None or not found.submodule_search_locations:
            raise ModelMissing(f"{name}: neither a package that is installed nor a folder; give either")
        folder = Path(next(iter(found.submodule_search_locations))) / "model"
    for needed in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / needed).is_file():
            raise ModelMissing(f"{spelled(name)} has no {needed}; give the folder of a model saved by transformers")
    return folder


def spelled(name: str) -> str:
    """A model's name for a message that is published: as in the settings, of an absolute path only its end."""
    return Path(name).name if Path(name).is_absolute() else name


@lru_cache
def model_identity(folder: Path) -> str:
    """The model's architecture and a digest of its weights: the same on every machine, without a path."""
    return f"weights {file_md5(folder / 'model.safetensors')[:12]}"


def model_layers(name: str) -> int:
    """How many layers a model has, as its config says. Raises `ModelMissing`."""
    config = read_json(model_folder(name) / "config.json", foreign=True)
    layers = config.get("num_hidden_layers", config.get("n_layers"))
    if not isinstance(layers, int):
        raise ModelMissing(f"{spelled(name)}: its config does not say how many layers it has")
    return layers
