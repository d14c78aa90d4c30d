"""A toy training as a program of its own: with `kill N` it ends as a killed one would after N steps; under torchrun it
is one of several processes, and the first writes its gradients."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from captioner_toys import CAST, FILM, small_settings, toy_features, toy_records
from safetensors.torch import save_file

from models.captioner.settings import CaptionerSettings, TuningSettings
from models.training.captioner import Resume, train_variant
from models.training.tuning import _Tuning

DATA = {"storyboard_v2/tt9000001": "1"}


def settings(**changes: Any) -> CaptionerSettings:
    training = {"steps": 7, "sequences": 5, "rate": 2e-3, "warm_up": 1, "checkpoint_every": 2, "validation_clips": 0}
    above = {name: changes.pop(name) for name in ("trainable", "lora") if name in changes}
    return small_settings(training=TuningSettings(**(training | changes)), **above)


def train(base: Path, out: Path, resume: Resume | None = None, observer: Any = None, **changes: Any) -> dict[str, Any]:
    return train_variant(
        "C2", 0, base, toy_records(9), {FILM: toy_features(9)}, {FILM: CAST}, settings(**changes), out,
        resume=resume, observer=observer,
    )  # fmt: skip


class Killed:
    """Ends the process the hard way after a step."""

    def __init__(self, after: int) -> None:
        self.after = after

    def began(self, step: int) -> None: ...

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        if step == self.after:
            os.kill(os.getpid(), signal.SIGKILL)

    def texts(self, step: int, said: Any) -> None: ...


def note_gradients(path: Path) -> None:
    """Every training of this process then writes the gradients of its first step to `path`."""
    step = _Tuning._clipped

    def noted(self: _Tuning) -> Any:
        if not path.exists() and self.accelerator.is_main_process:
            chosen = self.lesson.chosen.items()
            save_file({name: each.grad.clone() for name, each in chosen if each.grad is not None}, path)
        return step(self)

    _Tuning._clipped = noted  # type: ignore[method-assign]


if __name__ == "__main__":
    what, base, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "kill":
        train(base, work / "out", Resume(work / "checkpoints", DATA), Killed(int(sys.argv[4])))
    else:
        note_gradients(work / "gradients.safetensors")
        train(base, work / "out", micro_batch=2)
