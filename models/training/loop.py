"""The one training loop: AdamW, warm-up and cosine, clipped gradients, a curve, and a stop at the first NaN.

Section 4.4 names AdamW and cosine annealing. Steps are counted, never timed, so that a seed gives one curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from common.files import write_json
from common.threads import one_thread
from models.captioner.settings import OptimiserSettings

Row = TypeVar("Row")
LEAST_RATE = 0.01  # share of the peak at the end of the cosine


class TrainingDiverged(RuntimeError):
    """The loss is no number any more; the message says at which step and what to turn."""


@dataclass
class Curve:
    """Loss by step."""

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)

    def mean_of_last(self, count: int = 20) -> float:
        """Mean loss of the last steps; NaN before the first."""
        last = self.loss[-count:]
        return sum(last) / len(last) if last else math.nan

    def as_dict(self) -> dict[str, list[int] | list[float]]:
        return {"step": self.step, "loss": [round(value, 6) for value in self.loss]}


def fit(
    parameters: Iterable[nn.Parameter],
    loss_of: Callable[[int], Tensor],
    settings: OptimiserSettings,
    *,
    on_step: Callable[[int, float], None] | None = None,
    what: str = "training",
) -> Curve:
    """Minimises `loss_of(step)` over `settings.steps` steps and returns its curve.

    `on_step(step, loss)` is called after every update. Raises `TrainingDiverged` when a loss is not finite; the
    parameters are then those before that step.
    """
    with one_thread():
        return _fit(list(parameters), loss_of, settings, on_step, what)


def _fit(
    parameters: list[nn.Parameter],
    loss_of: Callable[[int], Tensor],
    settings: OptimiserSettings,
    on_step: Callable[[int, float], None] | None,
    what: str,
) -> Curve:
    optimiser = torch.optim.AdamW(
        parameters, settings.rate, betas=(0.9, settings.beta_2), weight_decay=settings.weight_decay
    )
    curve = Curve()
    for step in range(settings.steps):
        rate = settings.rate * rate_share(step, settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(step)
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"{what}: the loss is {value} at step {step + 1} of {settings.steps} (rate {rate:.2g}); "
                "lower the rate or look at the inputs of that step"
            )
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, settings.clip)
        optimiser.step()
        curve.step.append(step + 1)
        curve.loss.append(value)
        if on_step is not None:
            on_step(step + 1, value)
    return curve


def by_length(
    draw: Callable[[], Row], length: Callable[[Row], int], rng: np.random.Generator, *, batch: int, pool: int = 8
) -> Iterator[list[Row]]:
    """Endless batches of rows of like length, in random order: drawn `pool` batches at a time and sorted. Padding every
    row to the longest of a random batch costs a third of the time."""
    while True:
        rows = sorted((draw() for _ in range(batch * pool)), key=length)
        for number in rng.permutation(pool):
            yield rows[number * batch : (number + 1) * batch]


def rate_share(step: int, settings: OptimiserSettings) -> float:
    """The learning rate of a step as a share of its peak: linear warm-up times a cosine down to `LEAST_RATE`."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(settings.steps, 1)))
    warm = min(1.0, (step + 1) / max(settings.warm_up, 1))
    return max(cosine, LEAST_RATE) * warm


def write_curves(path: Path, **curves: Curve) -> None:
    """Several curves in one JSON file, by name."""
    write_json(path, {name: curve.as_dict() for name, curve in curves.items()})
