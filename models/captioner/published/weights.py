"""Published weights in safetensors, one file or shards with an index, into a module by a written key map.

Everything is checked from the files' headers before a tensor is read; a mistake is one line. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from common.errors import BadInput
from common.files import read_json

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
BLOCK = 1 << 22


@dataclass(frozen=True)
class PublishedFiles:
    """The files of one model: `shards` names them, `place` says in which shard each tensor lies, `shape` its shape."""

    folder: Path
    shards: tuple[str, ...]
    place: Mapping[str, str]
    shape: Mapping[str, tuple[int, ...]]


def published_files(folder: Path) -> PublishedFiles:
    """Reads index and headers; BadInput for a missing or torn shard, or an index that disagrees with its shards."""
    if (folder / INDEX).is_file():
        index = read_json(folder / INDEX, foreign=True)
        place = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(place, dict) or not all(isinstance(name, str) for name in place.values()):
            raise BadInput(f"{folder.name}/{INDEX}: has no weight_map; fetch it again")
        shards = tuple(sorted(set(place.values())))
    elif (folder / WHOLE).is_file():
        place, shards = None, (WHOLE,)
    else:
        raise BadInput(f"{folder.name}: has neither {INDEX} nor {WHOLE}; fetch the model's safetensors")
    files = named_files(folder, shards)
    if place is not None and place != files.place:
        key = sorted(set(place.items()) ^ set(files.place.items()))[0][0]
        raise BadInput(
            f"{folder.name}/{INDEX}: says {key} is in {place.get(key)}, it is in {files.place.get(key)}; fetch again"
        )
    return files


def named_files(folder: Path, shards: tuple[str, ...], *, otherwise: str = "fetch it again") -> PublishedFiles:
    """Reads the headers of these files; BadInput for one that is missing or torn, with what to do."""
    found: dict[str, str] = {}
    shape: dict[str, tuple[int, ...]] = {}
    for shard in shards:
        for key, size in _header(folder, shard, otherwise).items():
            found[key], shape[key] = shard, size
    return PublishedFiles(folder, shards, found, shape)


def check_map(module: nn.Module, files: PublishedFiles, keys: Mapping[str, str]) -> None:
    """BadInput for a tensor of the map that is missing or has another shape than ours; `keys` says which published
    tensor becomes which of ours."""
    ours = dict(module.named_parameters())
    for theirs, mine in keys.items():
        if theirs not in files.place:
            raise BadInput(
                f"{files.folder.name}: has no tensor {theirs}; its config.json names other weights than these"
            )
        if files.shape[theirs] != tuple(ours[mine].shape):
            raise BadInput(
                f"{files.folder.name}/{files.place[theirs]}: {theirs} has shape {list(files.shape[theirs])}, "
                f"{list(ours[mine].shape)} was expected; its config.json names other weights than these"
            )


def load_by_map(module: nn.Module, files: PublishedFiles, keys: Mapping[str, str], *, dtype: torch.dtype) -> None:
    """Fills `module`, whose parameters may be on the meta device, shard by shard; what does not fit is BadInput before
    anything is changed."""
    check_map(module, files, keys)
    for shard in files.shards:
        wanted = {theirs: mine for theirs, mine in keys.items() if files.place[theirs] == shard}
        with safe_open(files.folder / shard, framework="pt") as tensors:
            state = {mine: tensors.get_tensor(theirs).to(dtype) for theirs, mine in wanted.items()}
        module.load_state_dict(state, strict=False, assign=True)


def refuse_unknown(files: PublishedFiles, keys: Mapping[str, str], ignored: Callable[[str], bool]) -> None:
    """BadInput for a tensor that neither the map nor `ignored` knows."""
    unknown = sorted(key for key in files.place if key not in keys and not ignored(key))
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise BadInput(
            f"{files.folder.name}/{files.place[unknown[0]]}: holds {unknown[0]}{more}, which no key map knows; "
            "these are other weights than the published ones"
        )


def file_facts(folder: Path, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of files, by name: what a base model's folder says about weights that it does not copy."""
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)}
        for name in sorted(names)
        if (folder / name).is_file()
    }


def check_facts(folder: Path, facts: Mapping[str, Mapping[str, Any]]) -> None:
    """BadInput where a file is missing or of another size than when the base model was made; digests are not computed
    again, as that reads 16 GB."""
    for name, fact in facts.items():
        path = _file(folder, name)
        size = path.stat().st_size if path.is_file() else None
        if size != fact["bytes"]:
            raise BadInput(
                f"{folder.name}/{name}: {'missing' if size is None else f'{size} bytes'}, base_model was made from "
                f"{fact['bytes']} bytes; fetch it again, or make base_model again"
            )


def _file(folder: Path, name: str) -> Path:
    """A file right inside a folder. It may be a link: those of Hugging Face's cache lead to its blobs."""
    if Path(name).name != name or name == ".." or "\x00" in name:
        raise BadInput(f"{folder.name}: {name!r} is no file's name; fetch it again")
    return folder / name


def _header(folder: Path, shard: str, otherwise: str) -> dict[str, tuple[int, ...]]:
    path = _file(folder, shard)
    if not path.is_file():
        raise BadInput(f"{folder.name}/{shard}: missing; {otherwise}")
    try:
        with safe_open(path, framework="pt") as tensors:
            return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise BadInput(f"{folder.name}/{shard}: not whole ({error}); {otherwise}") from None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
