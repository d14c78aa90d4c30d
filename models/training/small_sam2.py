"""Trains the small SAM 2 on studio films: `python -m models.training.small_sam2 --films FOLDER... --out FOLDER`

The package has no training code; this goes through its model's step. First single frames teach what a box asks for,
then sequences of four key frames teach the memory, forward and backward in time. The folder that comes out is a
checkpoint for the backend `sam2` (perception.regions.sam2.checkpoint).
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from common.errors import BadInput
from models.captioner.settings import OptimiserSettings
from models.perception.sam2_carrier import normalised, prompt_of
from models.perception.settings import PerceptionSettings
from models.perception.small_sam2 import SmallSam2Shape, build, write
from models.training.film_masks import CutOut, FilmMasks, read_film_masks
from models.training.loop import Curve, fit, write_curves

log = logging.getLogger(__name__)

STEPS_A_MINUTE = 150  # on one core of the machine on which it was measured: minutes become steps, a seed one curve
SINGLE = 0.35  # share of the steps with single frames, at the beginning
SINGLES, CLIPS, LENGTH = 16, 4, 4  # frames of a step; sequences of a step, and their frames
WEIGHTS = {"cross entropy": 8.0, "dice": 1.0, "iou": 0.3, "presence": 0.3}
JITTER = 0.08  # of a prompt's sides: detectors are not exact
TRIES = 200  # cut-outs per sample wanted, before the films are taken to show nobody large enough
LEAST_SEEN = 12  # pixels of a mask's grid below which a person is not there to be learned


@dataclass(frozen=True)
class Sample:
    """Frames of one shot in the order of going through them, and the people prompted on the first.

    `frames` (t, side, side, 3) uint8; `boxes_n4` shares of the frame; `masks_ntgg` float32 on the grid of the logits.
    """

    frames: np.ndarray
    boxes_n4: np.ndarray
    masks_ntgg: np.ndarray


def train(
    films: FilmMasks, *, steps: int, seed: int, shape: SmallSam2Shape | None = None, rate: float = 8e-4
) -> tuple[Any, Curve]:
    """The trained model and its curve. `steps` updates; the same seed on the same machine gives the same weights."""
    shape = shape or SmallSam2Shape()
    torch.manual_seed(seed)
    model = build(shape).train()
    lesson = _Lesson(model, films, shape.side, np.random.default_rng([seed, 2]), round(SINGLE * steps))
    settings = OptimiserSettings(steps=steps, batch=CLIPS, rate=rate, warm_up=min(30, steps), beta_2=0.98)
    curve = fit(model.parameters(), lesson.loss, settings, on_step=lesson.tell(steps), what="small_sam2")
    return model.eval(), curve


class _Lesson:
    """What is shown at each step, and how wrong the answer is."""

    def __init__(self, model: Any, films: FilmMasks, side: int, rng: np.random.Generator, single: int) -> None:
        self._model, self._films, self._side, self._rng, self._single = model, films, side, rng, single
        self._starts = [  # shot and place in it of each frame with a face
            (shot, place)
            for shot, frames in enumerate(films.shots)
            for place, frame in enumerate(frames)
            if films.faces[frame]
        ]
        self._decoded: tuple[Tensor, ...] = ()
        self._ious: list[float] = []
        model.sam_mask_decoder.register_forward_hook(self._hear)

    def loss(self, step: int) -> Tensor:
        count, length = (SINGLES, 1) if step < self._single else (CLIPS, LENGTH)
        samples: list[Sample] = []
        for _ in range(TRIES * count):
            sample = draw(self._films, self._starts, length, self._side, self._rng)
            if sample is not None:
                samples.append(sample)
            if len(samples) == count:
                break
        else:
            raise BadInput(
                f"small_sam2: {TRIES * count} cut-outs hold {len(samples)} people large enough to learn from; "
                "give films whose people fill more of the frame"
            )
        return self._go_through(samples, length)

    def tell(self, steps: int) -> Any:
        """Progress, every 20 steps: the loss, and the IoU on the last frame since the line before."""

        def on_step(step: int, loss: float) -> None:
            if step % 20 == 0 or step == steps:
                iou = float(np.mean(self._ious)) if self._ious else float("nan")
                log.info("small_sam2: step %d of %d, loss %.3f, IoU %.3f on the last frame", step, steps, loss, iou)
                self._ious.clear()

        return on_step

    def _hear(self, decoder: Any, given: Any, answer: tuple[Tensor, ...]) -> None:
        """The decoder's raw logits: the model's own answer hides those of an object that it thinks absent."""
        self._decoded = answer

    def _go_through(self, samples: Sequence[Sample], length: int) -> Tensor:
        """Mean loss over the frames of all samples, everybody in them at once."""
        model = self._model
        pictures = [frame for t in range(length) for frame in (sample.frames[t] for sample in samples)]
        look = model.forward_image(normalised(pictures, self._side))
        _, features, positions, sizes = model._prepare_backbone_features(look)
        clip_of = torch.tensor([number for number, sample in enumerate(samples) for _ in sample.boxes_n4])
        prompt = prompt_of(
            torch.from_numpy(np.concatenate([sample.boxes_n4 for sample in samples])), self._side, clip_of.device
        )
        masks_ntgg = torch.from_numpy(np.concatenate([sample.masks_ntgg for sample in samples]))
        memory: dict[str, dict[int, Any]] = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
        losses = []
        for t in range(length):
            rows = clip_of + t * len(samples)
            answer = model.track_step(
                frame_idx=t,
                is_init_cond_frame=t == 0,
                current_vision_feats=[feature[:, rows] for feature in features],
                current_vision_pos_embeds=[position[:, rows] for position in positions],
                feat_sizes=sizes,
                point_inputs=prompt if t == 0 else None,
                mask_inputs=None,
                output_dict=memory,
                num_frames=length,
                run_mem_encoder=t + 1 < length,
            )
            memory["cond_frame_outputs" if t == 0 else "non_cond_frame_outputs"][t] = answer
            loss, iou = loss_of(self._decoded, masks_ntgg[:, t])
            losses.append(loss)
        self._ious += iou
        return torch.stack(losses).mean()


def loss_of(decoded: Sequence[Tensor], masks_ngg: Tensor) -> tuple[Tensor, list[float]]:
    """The decoder's answer (logits (n, 1, g, g), predicted IoU, tokens, presence) against true masks of shares 0-1.

    Returns the loss and the IoU of each person who is there. Who is not counts for the presence alone.
    """
    logits_ngg, predicted_n, presence_n = decoded[0][:, 0], decoded[1][:, 0], decoded[3][:, 0]
    there_n = masks_ngg.sum((1, 2)) >= LEAST_SEEN
    loss = WEIGHTS["presence"] * F.binary_cross_entropy_with_logits(presence_n, there_n.float())
    if not there_n.any():
        return loss, []
    logits_ngg, masks_ngg, predicted_n = logits_ngg[there_n], masks_ngg[there_n], predicted_n[there_n]
    share_ngg = logits_ngg.sigmoid()
    overlap = 2 * (share_ngg * masks_ngg).sum((1, 2)) + 1
    dice_n = 1 - overlap / (share_ngg.sum((1, 2)) + masks_ngg.sum((1, 2)) + 1)
    found, true = logits_ngg.detach() > 0, masks_ngg > 0.5
    iou_n = (found & true).sum((1, 2)) / (found | true).sum((1, 2)).clamp(min=1)
    loss = loss + WEIGHTS["cross entropy"] * F.binary_cross_entropy_with_logits(logits_ngg, masks_ngg)
    loss = loss + WEIGHTS["dice"] * dice_n.mean() + WEIGHTS["iou"] * F.mse_loss(predicted_n, iou_n)
    return loss, iou_n.tolist()


def draw(
    films: FilmMasks, starts: Sequence[tuple[int, int]], length: int, side: int, rng: np.random.Generator
) -> Sample | None:
    """A sequence from a frame with faces, either way in time, every frame or every other; None if all are cut off."""
    shot, place = starts[int(rng.integers(len(starts)))]
    step = int(rng.choice([-1, 1])) * (2 if rng.random() < 0.3 else 1)
    run = films.shots[shot]
    places = np.clip(place + step * np.arange(length), 0, len(run) - 1)  # a shot that ends stands still
    numbers, view = run[places], CutOut.draw(rng)
    people = [view.people(films.people_nhw[number], side) for number in numbers]
    boxes, masks = [], []
    for person, face in films.faces[numbers[0]].items():
        box = view.box(face if rng.random() < 0.5 else films.bodies[numbers[0]][person])
        shares = np.stack([_on_grid(picture == person, side // 4) for picture in people])
        if min(box[2] - box[0], box[3] - box[1]) > 2 / side and shares[0].sum() >= LEAST_SEEN:
            sides = np.array([box[2] - box[0], box[3] - box[1]] * 2)
            boxes.append(np.clip(box + rng.uniform(-JITTER, JITTER, 4) * sides, 0, 1))
            masks.append(shares)
    if not boxes:
        return None
    frames = np.stack([view.frame(films.frames_nhwc[number], side) for number in numbers])
    return Sample(frames, np.stack(boxes), np.stack(masks))


def _on_grid(mask_hw: np.ndarray, cells: int) -> np.ndarray:
    """The share of each cell that a mask covers, (cells, cells) float32."""
    return cv2.resize(mask_hw.astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA)


def main(arguments: list[str] | None = None) -> int:
    """Trains and writes config.json, model.safetensors and training.json."""
    parser = argparse.ArgumentParser(prog="python -m models.training.small_sam2", description=__doc__)
    parser.add_argument("--films", nargs="+", type=Path, required=True, help="studio films in normal form, with truth")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--minutes", type=float, default=10.0, help=f"of one core, {STEPS_A_MINUTE} steps each")
    parser.add_argument("--seed", type=int, default=0, help="of initial weights, sequences and cut-outs")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if not 0 < given.minutes < float("inf"):
            raise BadInput(f"--minutes {given.minutes}: not a time to train; give one above 0")
        if given.out.exists():
            raise BadInput(f"{given.out}: exists already; name a folder that does not")
        given.out.parent.mkdir(parents=True, exist_ok=True)
        defaults = PerceptionSettings()
        films = read_film_masks(given.films, stride=defaults.key_frame_stride, feet=defaults.regions.feet)
        model, curve = train(films, steps=max(1, round(given.minutes * STEPS_A_MINUTE)), seed=given.seed)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    partial = given.out.with_name(f".{given.out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    write(model, SmallSam2Shape(), partial)
    write_curves(partial / "training.json", loss=curve)
    partial.rename(given.out)
    with (given.out / "model.safetensors").open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    log.info("small_sam2: %d films, %d frames; sha256 %s", len(given.films), len(films.frames_nhwc), digest)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
