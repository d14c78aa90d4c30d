"""A base model's configuration that does not fit its weights is refused before it takes memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from captioner_toys import toy_base

from common.errors import BadInput
from models.captioner.checkpoints import load_base, load_tower


@pytest.mark.parametrize(
    ("part", "name", "load"),
    [("captioner", "region_size", load_base), ("tower", "region_channels", load_tower)],
)
def test_a_size_that_no_weights_have_takes_no_memory(
    tmp_path: Path, part: str, name: str, load: Callable[[Path], object]
) -> None:
    folder = toy_base(tmp_path / "base_model")
    load(folder)
    config = json.loads((folder / "config.json").read_text())
    place = config[part] if name in config[part] else config[part]["shape"]
    place[name] = 10**9
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match=r"config\.json: .*asks for .* numbers.*; make base_model again"):
        load(folder)


@pytest.mark.parametrize("file", ["config.json", "language_model/config.json"])
def test_a_depth_that_no_model_has_is_not_built_layer_by_layer(tmp_path: Path, file: str) -> None:
    folder = toy_base(tmp_path / "base_model")
    config = json.loads((folder / file).read_text())
    config.get("captioner", {"language": config})["language"]["num_hidden_layers"] = 10**9
    (folder / file).write_text(json.dumps(config))
    with pytest.raises(BadInput, match="num_hidden_layers 1000000000 is no depth"):
        load_base(folder)
