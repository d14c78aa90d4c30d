"""Checkpoints: a killed training goes on where its last one was written, as if nothing had happened.

A folder `step-000050/` holds the weights and the optimiser's state (safetensors) and the curve (JSON); it appears whole
or not at all, and only then does the one before it go. Beside it `identity.json` says what is trained from what: where
that changed, nothing may be taken up.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from common.errors import BadInput, blaming
from common.files import read_json, write_json

IDENTITY = "identity.json"


@dataclass(frozen=True)
class State:
    """A training after `step` updates: weights by name, optimiser tensors by `kind|name`, losses so far."""

    step: int
    weights: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    loss: list[float]


class Checkpoints:
    """The checkpoints of one training in `folder`. `identity` is a JSON table of tables: part -> name -> value."""

    def __init__(self, folder: Path, identity: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder, self.identity = folder, {part: dict(values) for part, values in identity.items()}

    def changes(self) -> list[str]:
        """What is not as it was when these checkpoints were written, e.g. "parameter rate: 0.1 -> 0.2"."""
        if not (self.folder / IDENTITY).exists():  # a kill while these were thrown away may leave some, and not that
            return ["whose they are is not known"] if any(self.folder.glob("step-*")) else []
        before = read_json(self.folder / IDENTITY)
        return [
            f"{part} {name}: {_short(then)} -> {_short(now)}"
            for part in sorted({*before, *self.identity})
            for name, then, now in _differences(before.get(part, {}), self.identity.get(part, {}))
        ]

    def refuse_if_changed(self) -> None:
        """`BadInput` that says exactly what changed."""
        changed = self.changes()
        if changed:
            raise BadInput(
                f"{self.folder}: holds a training of something else ({'; '.join(changed)}); "
                "change it back, or start anew with --restart"
            )

    def clear(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def begin(self) -> State | None:
        """Claims the folder for this training, and gives back its last checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for torn in self.folder.glob(".partial-*"):
            shutil.rmtree(torn)
        write_json(self.folder / IDENTITY, self.identity)
        return self.last()

    def last(self) -> State | None:
        steps = sorted(self.folder.glob("step-*"))
        if not steps:
            return None
        folder = steps[-1]
        told = read_json(folder / "state.json")
        with blaming(folder, "remove it, and train anew"):
            return State(
                step=int(told["step"]),
                weights=load_file(folder / "weights.safetensors"),
                optimiser=load_file(folder / "optimiser.safetensors"),
                loss=[float(value) for value in told["loss"]],
            )

    def write(self, state: State) -> None:
        """Whole or not at all; then the older ones go."""
        partial = self.folder / f".partial-{os.getpid()}"
        partial.mkdir(parents=True)
        save_file(_plain(state.weights), partial / "weights.safetensors")
        save_file(_plain(state.optimiser), partial / "optimiser.safetensors")
        write_json(partial / "state.json", {"step": state.step, "loss": state.loss})
        for path in (*sorted(partial.iterdir()), partial):
            _sync(path)
        place = self.folder / f"step-{state.step:06d}"
        if place.exists():
            shutil.rmtree(place)
        partial.rename(place)
        _sync(self.folder)
        for older in sorted(self.folder.glob("step-*"))[:-1]:
            shutil.rmtree(older)


def flat(values: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Nested tables as one, its keys joined by dots."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{place}{key}.") if isinstance(value, Mapping) else {f"{place}{key}": value}
    return found


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    names = sorted({*before, *now})
    return [(name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name)]


def _short(value: Any) -> str:
    return "none" if value is None else str(value)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
