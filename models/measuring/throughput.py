"""Speed, peak memory and model FLOPs utilisation of the published sizes, with random weights: training, generation and
the tower.

    python -m models.measuring.throughput [--page docs/throughput.md] [--train 4,16] [--describe 8,32] [--size 7B]

Wants a GPU (about 40 GB for the defaults' smallest batches) and says so where there is none; `--size tiny` runs the
same on a processor in seconds, which measures nothing but that it runs. No weights are needed and none are read.

FLOPs are counted by torch while one clip is computed without gradient checkpointing: what the model needs, not what
recomputing costs. Model FLOPs utilisation is their rate over the peak of the chip (`--peak`; an H100 or H200 has 989
TFLOPs in bf16, dense).
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from torch.utils.flop_counter import FlopCounterMode

from common.errors import BadInput
from common.files import write_text
from common.progress import show_progress
from models.captioner.checkpoints import Captioner
from models.captioner.describe import describe_samples
from models.captioner.inputs import Augmentation, Sample, collate
from models.captioner.published.sizes import LORA, count
from models.captioner.settings import GenerationSettings, Trainable, TuningSettings
from models.measuring.page import markdown_table, wrapped
from models.measuring.random_captioner import (
    SIZES,
    RandomSpeech,
    random_captioner,
    random_frames,
    random_samples,
    random_tower,
    sized_config,
)
from models.training.observing import Quietly, Said
from models.training.trainable import choose_trainable
from models.training.tuning import Lesson, tune

log = logging.getLogger(__name__)
PEAKS = {"H100": 989.0, "H200": 989.0}  # TFLOPs in bf16, dense, by a word of the chip's name; NVIDIA's data sheets
HEAD = ("what", "at a time", "seconds", "a second", "TFLOPs each", "TFLOPs a second", "MFU", "peak GB")


@dataclass(frozen=True)
class Speed:
    """`each`: model FLOPs of one clip (or frame); `seconds`: of a step or batch of `batch`; None: it did not fit."""

    what: str
    batch: int
    each: float
    seconds: float | None
    peak_bytes: int


class Bench:
    """The measurements on one device."""

    def __init__(self, size: str, *, steps: int, precision: str | None = None) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.precision = precision or ("bf16" if self.device == "cuda" else "float32")
        self.dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        self.steps, self.config = steps, sized_config(size)
        torch.manual_seed(0)
        self.captioner = random_captioner(self.config, device=self.device, dtype=self.dtype)
        speech = self.captioner.vocabulary
        assert isinstance(speech, RandomSpeech)
        self.samples: Callable[[int], list[Sample]] = lambda number: random_samples(self.config, speech, number)

    def describing(self, batches: Sequence[int], settings: GenerationSettings) -> Iterator[Speed]:
        """Clips described by beam search; every beam runs to the last token."""
        one = self.samples(1)
        each = self.flops(lambda: describe_samples(self.captioner, one, settings=settings))
        for batch in batches:
            samples, asked = self.samples(batch), settings.model_copy(update={"batch": batch})
            run = partial(describe_samples, self.captioner, samples, settings=asked)
            yield self.timed(f"describe, {settings.beams} beams of {settings.max_tokens} tokens", batch, each, run)

    def training(self, trainable: Trainable, batches: Sequence[int]) -> Iterator[Speed]:
        """Steps of fine-tuning's own loop, with gradient checkpointing; the clips' features are read already."""
        captioner = self.captioner
        chosen = choose_trainable(captioner.model, trainable, captioner.plan, lora=LORA)
        each = self.flops(lambda: self._gradient(captioner))
        for batch in batches:
            with self.memory() as peak:
                seconds = self._fitting(partial(self._step_seconds, chosen, batch))
            yield Speed(f"train {trainable}", batch, each, seconds, peak())

    def looking(self, batches: Sequence[int]) -> Iterator[Speed]:
        """Frames through the frozen tower, resized on the processor."""
        tower = random_tower(self.config, device=self.device, dtype=self.dtype)
        each = self.flops(lambda: tower.encode(random_frames(1)))
        for batch in batches:
            yield self.timed("look at frames", batch, each, partial(tower.encode, random_frames(batch)))

    def flops(self, run: Callable[[], object]) -> float:
        """Of one call."""
        with FlopCounterMode(display=False) as counter:
            run()
        self.captioner.model.zero_grad(set_to_none=True)
        return float(counter.get_total_flops())

    def timed(self, what: str, batch: int, each: float, run: Callable[[], object]) -> Speed:
        """The mean of `steps` calls after one that is not counted."""

        def seconds() -> float:
            run()
            self._finish()
            begun = time.perf_counter()
            for _ in range(self.steps):
                run()
            self._finish()
            return (time.perf_counter() - begun) / self.steps

        with self.memory() as peak:
            found = self._fitting(seconds)
        return Speed(what, batch, each, found, peak())

    @contextmanager
    def memory(self) -> Iterator[Callable[[], int]]:
        """The most that the GPU holds inside, in bytes; 0 without one."""
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        yield lambda: torch.cuda.max_memory_allocated() if self.device == "cuda" else 0

    def _fitting(self, run: Callable[[], float]) -> float | None:
        try:
            return run()
        except torch.OutOfMemoryError:
            return None

    def _finish(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def _gradient(self, captioner: Captioner) -> None:
        """A clip forward and back, everything kept."""
        batch = collate(self.samples(1), captioner.vocabulary, captioner.plan)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            captioner.model(batch).backward()

    def _step_seconds(self, chosen: Mapping[str, torch.nn.Parameter], batch: int) -> float:
        clock = _Clock()
        settings = TuningSettings(
            steps=self.steps + 1,
            sequences=batch,
            precision="bf16" if self.precision == "bf16" else "float32",
            gradient_checkpointing=True,
            sample_every=0,
            checkpoint_every=0,
        )
        captioner = self.captioner
        lesson = Lesson(
            model=captioner.model,
            vocabulary=captioner.vocabulary,
            plan=captioner.plan,
            chosen=dict(chosen),
            samples=self.samples(batch),
            clips=[f"film{number}:1" for number in range(batch)],
            augmentation=Augmentation(),
            seed=0,
        )
        tune(lesson, settings, observer=Quietly(clock))
        captioner.model.language_model.gradient_checkpointing_disable()
        return (clock.times[-1] - clock.times[0]) / self.steps


class _Clock:
    """Watches a training for the times of its steps, each of which waits for the device."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def began(self, step: int) -> None:
        pass

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        self.times.append(time.perf_counter())

    def texts(self, step: int, said: Sequence[Said]) -> None:
        pass


def rows(speeds: Sequence[Speed], peak: float | None) -> list[list[str]]:
    """Under HEAD; `peak` in TFLOPs a second, none where the chip's is not known."""
    found = []
    for each in speeds:
        told = [each.what, str(each.batch)]
        if each.seconds is None:
            found.append([*told, "out of memory", "-", f"{each.each / 1e12:.3g}", "-", "-", "-"])
            continue
        rate = each.batch / each.seconds
        done = rate * each.each / 1e12
        share = "-" if peak is None else f"{done / peak:.1%}"
        held = f"{each.peak_bytes / 1e9:.1f}" if each.peak_bytes else "-"
        found.append(
            [*told, f"{each.seconds:.3g}", f"{rate:.3g}", f"{each.each / 1e12:.3g}", f"{done:.3g}", share, held]
        )
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measures on this machine's GPU."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(arguments)
    show_progress()
    try:
        told = _measured(given, command=" ".join(["python -m models.measuring.throughput", *arguments]))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    if given.page:
        write_text(given.page, told)
    print(told)
    return 0


def _measured(given: argparse.Namespace, *, command: str) -> str:
    if given.size != "tiny" and not torch.cuda.is_available():
        raise BadInput(
            f"throughput: torch {torch.__version__} sees no GPU here, and size {given.size} on a processor measures "
            "nothing of use; run it where there is one, or take --size tiny to see that it runs"
        )
    bench = Bench(given.size, steps=given.steps, precision=given.precision)
    chip = torch.cuda.get_device_name() if bench.device == "cuda" else "a processor"
    peak = given.peak or next((value for name, value in PEAKS.items() if name in chip), None)
    speeds = []
    for speed in _speeds(bench, given):
        speeds.append(speed)
        log.info("throughput: %s", ", ".join(map(": ".join, zip(HEAD, rows([speed], peak)[0], strict=True))))
    about = (
        f"{chip}, torch {torch.__version__}, {bench.precision}; size {given.size}, "
        f"{count(bench.captioner.model):,} parameters beside the tower (LoRA's among them), random weights; "
        f"{given.steps} steps after one. A clip: {bench.config.scene_tokens} scene tokens, two characters, a full text "
        "prior, a description of 60 tokens. TFLOPs each: what the model needs for a clip or frame, counted without "
        f"recomputing. MFU: of {f'{peak:g} TFLOPs a second' if peak else 'no known peak; give --peak'}."
    )
    parts = ["# Throughput of the published sizes\n", f"```\n{command}\n```\n", wrapped(about)]
    return "\n".join([*parts, markdown_table(HEAD, rows(speeds, peak))])


def _speeds(bench: Bench, given: argparse.Namespace) -> Iterator[Speed]:
    yield from bench.looking(given.look)
    yield from bench.describing(given.describe, GenerationSettings(max_tokens=given.tokens))
    for trainable in given.trainable:  # LoRA last: its adapters stay in the model
        yield from bench.training(trainable, given.train)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.measuring.throughput", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--size", choices=SIZES, default="7B", help="7B: the published sizes; tiny: to try the command")
    parser.add_argument("--train", type=_batches, default=(4, 16), metavar="N,N", help="clips of a training step")
    parser.add_argument("--describe", type=_batches, default=(8, 32), metavar="N,N", help="clips described at a time")
    parser.add_argument("--look", type=_batches, default=(16, 128), metavar="N,N", help="frames looked at in a call")
    parser.add_argument(
        "--trainable", type=_trainables, default=("soft prompt", "lora"), metavar="T,T",
        help=f"what trains (default: soft prompt,lora): {', '.join(get_args(Trainable))}",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("bf16", "float32"), help="of weights and forward pass (default: bf16 on a GPU)"
    )
    parser.add_argument("--tokens", type=int, default=60, help="tokens of a description (default: 60)")
    parser.add_argument("--steps", type=int, default=3, help="measured steps or calls of each kind (default: 3)")
    parser.add_argument("--peak", type=float, metavar="TFLOPS", help="the chip's peak, where it is not known here")
    parser.add_argument("--page", type=Path, help="write the table as Markdown here too")
    return parser


def _batches(text: str) -> tuple[int, ...]:
    found = tuple(int(word) for word in text.split(",") if word.strip())
    if any(batch < 1 for batch in found):
        raise argparse.ArgumentTypeError(f"{text}: whole numbers from 1 on, with commas between them")
    return found


def _trainables(text: str) -> tuple[str, ...]:
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if unknown := sorted(set(found) - set(get_args(Trainable))):
        raise argparse.ArgumentTypeError(f"{unknown[0]}: known are {', '.join(get_args(Trainable))}")
    return tuple(sorted(found, key=lambda name: name == "lora"))


if __name__ == "__main__":
    raise SystemExit(main())
