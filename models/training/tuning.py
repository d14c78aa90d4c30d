"""The fine-tuning loop, always through accelerate: one process or many, float32 or bf16, the same gradients.

A step's loss is the mean over the weighted tokens of the GLOBAL batch: each micro-batch is weighed by its share of
them, so neither the number of processes nor the accumulation changes what is minimised.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from common.threads import one_thread
from models.captioner.inputs import Augmentation, CaptionBatch, PromptPlan, Sample, augmented, collate
from models.captioner.settings import TuningSettings
from models.captioner.speech import Speech
from models.training.draws import Draws, micro_batches
from models.training.language_model import name_weights
from models.training.loop import Curve, TrainingDiverged, rate_share
from models.training.observing import Quietly, Said
from models.training.resuming import Checkpoints, State

if TYPE_CHECKING:
    from accelerate import Accelerator

    from models.captioner.model import FocusedCaptioner

log = logging.getLogger(__name__)
TOLD_EVERY = 10  # steps between two measurements of speed and memory


@dataclass(frozen=True)
class Lesson:
    """What is trained on what: `clips` names every sample as film:clip, in order of film and time."""

    model: FocusedCaptioner
    vocabulary: Speech
    plan: PromptPlan
    chosen: dict[str, nn.Parameter]
    samples: Sequence[Sample]
    clips: Sequence[str]
    augmentation: Augmentation
    seed: int

    def draws(self, settings: TuningSettings) -> Draws:
        films = [clip.rpartition(":")[0] for clip in self.clips]
        return Draws(films, seed=self.seed, sequences=settings.sequences, consecutive=settings.consecutive)

    def steps(self, settings: TuningSettings) -> int:
        """Updates that the settings ask for."""
        return settings.steps if settings.steps is not None else self.draws(settings).steps(settings.epochs or 0)


@dataclass(frozen=True)
class Tuned:
    """What a training gives: the loss by step, and the weights to keep by name (on the main process): what it changed,
    and the soft prompt of a prompt that holds one."""

    curve: Curve
    weights: dict[str, Tensor]


def start_accelerator(settings: TuningSettings) -> Accelerator:
    """The process's place among the others, as `accelerate launch` or torchrun set it up; alone where nothing did."""
    from accelerate import Accelerator, DistributedDataParallelKwargs
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()  # an earlier training of this process may have had another precision
    return Accelerator(
        cpu=not torch.cuda.is_available(),
        mixed_precision="bf16" if settings.precision == "bf16" else "no",
        # A batch may show no region, or every region; the connector of the other kind then has no gradient.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def tune(
    lesson: Lesson,
    settings: TuningSettings,
    *,
    accelerator: Accelerator | None = None,
    checkpoints: Checkpoints | None = None,
    observer: Quietly | None = None,
    say: Callable[[], Sequence[Said]] | None = None,
) -> Tuned:
    """Trains `lesson.chosen`, from the last checkpoint on where there is one.

    `say` makes the sample texts. Raises `TrainingDiverged` at a loss or gradient that is no number; the weights, and
    the last checkpoint, are then those before that step.
    """
    with one_thread():
        tuning = _Tuning(lesson, settings, accelerator or start_accelerator(settings), checkpoints)
        return Tuned(tuning.run(observer or Quietly(None), say or list), tuning.weights())


class _Tuning:
    """A training between two steps."""

    def __init__(
        self, lesson: Lesson, settings: TuningSettings, accelerator: Accelerator, checkpoints: Checkpoints | None
    ) -> None:
        self.lesson, self.settings, self.accelerator = lesson, settings, accelerator
        # FSDP shares the weights out: no process can write a checkpoint, or speak, by itself.
        self.sharded = accelerator.distributed_type.value == "FSDP"
        if self.sharded and checkpoints is not None and settings.checkpoint_every:
            log.warning("captioner: no checkpoints and no sample texts under %s", accelerator.distributed_type.value)
        self.speaks = accelerator.is_main_process and not self.sharded
        self.checkpoints = checkpoints if self.speaks else None
        self.draws, self.steps = lesson.draws(settings), lesson.steps(settings)
        pieces = micro_batches(
            settings.sequences * settings.consecutive, processes=accelerator.num_processes, largest=settings.micro_batch
        )
        self.rounds = len(pieces) // accelerator.num_processes
        first = accelerator.process_index * self.rounds
        self.pieces = pieces[first : first + self.rounds]
        accelerator.gradient_accumulation_steps = self.rounds
        weights = name_weights(lesson.vocabulary)
        # Augmentation gives names other name tokens, all of one weight: a sample's share of the loss never changes.
        self.shares = [float(weights[list(sample.target)].sum()) for sample in lesson.samples]
        self.word_weights = weights.to(accelerator.device)
        if settings.gradient_checkpointing:
            lesson.model.language_model.activation_checkpointing_enable({"use_reentrant": False})
        lesson.model.to(accelerator.device)
        optimiser = torch.optim.AdamW(
            list(lesson.chosen.values()),
            settings.rate,
            betas=(0.9, settings.beta_2),
            weight_decay=settings.weight_decay,
        )
        self.curve = self._taken_up(optimiser)
        self.model, self.optimiser = accelerator.prepare(lesson.model.train(), optimiser)

    def run(self, observer: Quietly, say: Callable[[], Sequence[Said]]) -> Curve:
        observer.began(len(self.curve.loss))
        started, since = time.monotonic(), len(self.curve.loss)
        for step in range(len(self.curve.loss), self.steps):
            rate = self.settings.rate * rate_share(step, self._schedule())
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            loss, norm = self._step(step, rate)
            self.curve.step.append(step + 1)
            self.curve.loss.append(loss)
            figures = {"loss": loss, "learning_rate": rate, "gradient_norm": norm}
            if (step + 1) % TOLD_EVERY == 0 or step + 1 == self.steps:
                clips = (step + 1 - since) * self.settings.sequences * self.settings.consecutive
                figures |= {"clips_per_second": clips / (time.monotonic() - started), **memory()}
            observer.step(step + 1, figures)
            if self._is_time(self.settings.checkpoint_every, step):
                self._write()
            if (
                self._is_time(self.settings.sample_every, step)
                and self.accelerator.is_main_process
                and not self.sharded
            ):
                observer.texts(step + 1, say)
                self.lesson.model.train()
                started, since = time.monotonic(), step + 1
        return self.curve

    def _is_time(self, every: int, step: int) -> bool:
        return bool(every) and ((step + 1) % every == 0 or step + 1 == self.steps)

    def _schedule(self) -> Any:
        return self.settings.schedule(self.steps)

    def _step(self, step: int, rate: float) -> tuple[float, float]:
        """One update; gives back the global batch's loss and the norm of its gradient."""
        batch = self.draws.batch(step)
        whole = sum(self.shares[clip] for clip in batch)
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.accelerator.device)
        for piece in self.pieces:
            chosen = [batch[place] for place in piece]
            share = sum(self.shares[clip] for clip in chosen) / whole
            torch.manual_seed(self.draws.of_piece(step, piece.start))
            with self.accelerator.accumulate(self.model):
                loss = self.model(self._collated(step, piece, chosen), weights=self.word_weights) * share
                total += loss.detach()
                # DDP takes the mean over the processes and `backward` over the rounds; what is wanted is the sum.
                self.accelerator.backward(loss * (self.accelerator.num_processes * self.rounds))
        value = float(self.accelerator.reduce(total, "sum"))
        norm = float(self._clipped()) if math.isfinite(value) else math.nan
        if not math.isfinite(value) or not math.isfinite(norm):
            raise self._diverged(step, rate, value, batch)
        self.optimiser.step()
        return value, norm

    def _clipped(self) -> Any:
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        return self.accelerator.clip_grad_norm_(trained, self.settings.clip)

    def weights(self) -> dict[str, Tensor]:
        """What was trained, by name; every process calls this, the main one gets all of it.

        A soft prompt that only stood by belongs to it: where none was published it is drawn, and what was trained
        around one draw says nothing beside another.
        """
        whole = self.accelerator.get_state_dict(self.model) if self.sharded else self.lesson.model.state_dict()
        chosen = self.lesson.chosen
        return {
            name: value.detach()
            for name, value in (whole or {}).items()
            if name in chosen or (name.startswith("soft_prompt.") and self.lesson.plan.soft_prompt)
        }

    def _collated(self, step: int, places: range, clips: Sequence[int]) -> CaptionBatch:
        lesson = self.lesson
        samples = [
            augmented(lesson.samples[clip], lesson.vocabulary, lesson.augmentation, self.draws.of_place(step, place))
            for place, clip in zip(places, clips, strict=True)
        ]
        return to_device(collate(samples, lesson.vocabulary, lesson.plan), self.accelerator.device)

    def _diverged(self, step: int, rate: float, value: float, batch: Sequence[int]) -> TrainingDiverged:
        what = f"the loss is {value}" if not math.isfinite(value) else "the gradient is not finite"
        kept = self.checkpoints.last() if self.checkpoints is not None else None
        last = f"the checkpoint of step {kept.step} is kept; " if kept is not None else ""
        return TrainingDiverged(
            f"captioner: {what} at step {step + 1} of {self.steps} (rate {rate:.2g}), clips "
            f"{together([self.lesson.clips[clip] for clip in batch])}; {last}look at the features of these clips, or "
            "lower captioner.training.rate, which begins anew"
        )

    def _taken_up(self, optimiser: torch.optim.Optimizer) -> Curve:
        """The curve so far; weights and optimiser as the last checkpoint has them, on every process."""
        state = self.checkpoints.begin() if self.checkpoints is not None else None
        state = self._shared(state)
        if state is None:
            return Curve()
        with torch.no_grad():
            for name, parameter in self.lesson.chosen.items():
                parameter.copy_(state.weights[name])
        for name, parameter in self.lesson.chosen.items():
            of = f"|{name}"
            kinds = {key.removesuffix(of): value for key, value in state.optimiser.items() if key.endswith(of)}
            if kinds:  # a step count stays on the CPU, where AdamW keeps it
                optimiser.state[parameter] = {
                    kind: value if kind == "step" else value.to(parameter.device) for kind, value in kinds.items()
                }
        log.info("captioner: goes on after step %d of %d", state.step, self.steps)
        return Curve(list(range(1, state.step + 1)), list(state.loss))

    def _shared(self, state: State | None) -> State | None:
        """Every process takes up what the main process read."""
        if self.accelerator.num_processes == 1:
            return state
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([state])[0]

    def _write(self) -> None:
        if self.checkpoints is None:
            return
        optimiser = {
            f"{kind}|{name}": value
            for name, parameter in self.lesson.chosen.items()
            for kind, value in self.optimiser.state.get(parameter, {}).items()
        }
        self.checkpoints.write(State(len(self.curve.loss), self.weights(), optimiser, self.curve.loss))


def to_device(batch: CaptionBatch, device: torch.device) -> CaptionBatch:
    """The batch with every tensor on the device."""
    if device.type == "cpu":
        return batch
    tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return replace(batch, **{name: value.to(device) for name, value in tensors.items() if isinstance(value, Tensor)})


def together(clips: Sequence[str]) -> str:
    """Clips film by film: "tt1:3,7 tt2:5"."""
    found: dict[str, list[str]] = {}
    for clip in sorted(set(clips), key=lambda clip: (clip.rpartition(":")[0], len(clip), clip)):
        found.setdefault(clip.rpartition(":")[0], []).append(clip.rpartition(":")[2])
    return " ".join(f"{film}:{','.join(ids)}" for film, ids in found.items())


def memory() -> dict[str, float]:
    """Resident memory of this process, and the most that its GPU held, in MiB."""
    import psutil

    found = {"memory_mib": psutil.Process().memory_info().rss / 2**20}
    if torch.cuda.is_available():
        found["gpu_peak_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return found
