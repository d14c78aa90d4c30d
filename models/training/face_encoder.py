"""Trains the studio's face encoder with a contrastive loss, and calibrates its threshold on people it never saw.

Strangers play in no film, so neither the films' faces nor their portraits have leaked into what recognises them.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from common.files import write_json
from common.workers import map_in_processes
from corpora.studio.settings import StudioSettings
from models.perception.encoders import write_pretrained
from models.perception.settings import EncoderSettings
from models.perception.studio_encoder import VIEWS, FaceView, StudioFaceNet, view_of
from models.training.contrastive_loss import contrastive_loss
from models.training.face_crops import FaceCrops, render_crops
from models.training.verification import pair_distances, verify

log = logging.getLogger(__name__)
BYTES = torch.arange(256) / 255  # a pixel's values
CHANNELS_LAST = torch.channels_last  # a fifth less time for these convolutions on a processor


def train_face_encoder(
    settings: EncoderSettings, out: Path, *, studio: StudioSettings, jobs: int = 2
) -> dict[str, Any]:
    """Writes an encoder's folder: config.json, and for the studio's own model.safetensors, training.json, metrics.json.

    Returns the metrics: balanced accuracy and ROC area on held-out strangers, film against film and film against
    portrait, and counts; for a pretrained encoder only its kind.
    """
    out.mkdir(parents=True, exist_ok=True)
    if settings.kind != "studio":
        write_pretrained(settings.kind, out)
        return {"kind": settings.kind}
    crops = render_crops(settings, studio, jobs=jobs)
    training, held_out = split_people(crops, settings)
    network, curve = train(training, settings, jobs=jobs)
    metrics = calibrate(network, held_out)
    metrics |= {"training_people": len(np.unique(training.people)), "training_crops": len(training.people)}
    _write(network, settings, metrics, curve, out)
    log.info("face_encoder: held-out balanced accuracy %.3f, film-film", metrics["film_film_balanced_accuracy"])
    return metrics


def split_people(crops: FaceCrops, settings: EncoderSettings) -> tuple[FaceCrops, FaceCrops]:
    """Training people, and those held out for the threshold (at least two of each)."""
    people = np.unique(crops.people)
    count = min(max(2, round(settings.held_out * len(people))), len(people) - 2)
    return crops.of(people[:-count]), crops.of(people[-count:])


def train(crops: FaceCrops, settings: EncoderSettings, *, jobs: int) -> tuple[StudioFaceNet, dict[str, list[float]]]:
    """The trained network, and the curves of its views, each trained by itself, side by side where `jobs` allow."""
    network = StudioFaceNet(width=settings.width, size=settings.size)
    curves: dict[str, list[float]] = {}
    work = [(crops, settings, view) for view in VIEWS]
    for view, (weights, steps, losses) in zip(VIEWS, map_in_processes(_fit, work, jobs=jobs), strict=True):
        network.views[view].load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
        curves |= {"step": steps, f"loss_{view}": losses}
    return network.eval(), curves


def _fit(work: tuple[FaceCrops, EncoderSettings, str]) -> tuple[dict[str, np.ndarray], list[float], list[float]]:
    """One view's weights, and the steps and losses of its curve (may run in a process of its own).

    One thread: more would change the last digits of sums, and with them the data.
    """
    crops, settings, view = work
    rng = np.random.default_rng([settings.seed, VIEWS.index(view)])
    generator = torch.Generator().manual_seed(settings.seed)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = FaceView(width=settings.width, size=settings.size // len(VIEWS)).train()
    rows = {person: np.flatnonzero(crops.people == person) for person in np.unique(crops.people).tolist()}
    network.to(memory_format=CHANNELS_LAST)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    steps: list[float] = []
    losses: list[float] = []
    for step in range(settings.steps):
        batch, people = _draw(rows, settings, rng)
        crops_nchw = augmented(crops.crops[batch], generator)
        seen_nchw = view_of(crops_nchw, view).contiguous(memory_format=CHANNELS_LAST)
        embeddings_nd = network(seen_nchw)
        loss = contrastive_loss(embeddings_nd, torch.from_numpy(people), temperature=settings.temperature)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 10 == 9 or step == settings.steps - 1:
            steps.append(step + 1)
            losses.append(round(loss.item(), 5))
        if step % 100 == 99:
            log.info("face_encoder: %s, step %d of %d, loss %.3f", view, step + 1, settings.steps, loss.item())
    torch.set_num_threads(threads_before)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}, steps, losses


def _draw(
    rows: dict[int, np.ndarray], settings: EncoderSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and people of a batch: some people, some crops of each (all that a person has, if fewer)."""
    known = sorted(rows)
    chosen = rng.choice(len(known), min(settings.people_per_batch, len(known)), replace=False)
    batch, people = [], []
    for i in chosen:
        own = rows[known[i]]
        drawn = rng.choice(own, min(settings.crops_per_person, len(own)), replace=False)
        batch.append(drawn)
        people.append(np.full(len(drawn), known[i]))
    return np.concatenate(batch), np.concatenate(people)


def augmented(crops_nhwc: np.ndarray, generator: torch.Generator) -> torch.Tensor:
    """Crops (n, side, side, 3) as (n, 3, side, side) in 0-1, mirrored, lit and tinted otherwise, turned, shifted and
    scaled a little, some with less resolution."""

    def spread(*shape: int) -> torch.Tensor:
        return 2 * torch.rand(*shape, generator=generator) - 1

    count, side, _, _ = crops_nhwc.shape
    mirrored = torch.rand(count, generator=generator) < 0.5
    light = (1 + 0.25 * spread(count, 1, 1)) * (1 + 0.12 * spread(count, 1, 3))
    levels_n256c = BYTES[:, None] * light + 0.06 * spread(count, 1, 1)
    crops_nchw = _lit(crops_nhwc, mirrored, levels_n256c)
    scale, turn = 1 + 0.14 * spread(count), 0.12 * spread(count)
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = scale * turn.cos(), -scale * turn.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = scale * turn.sin(), scale * turn.cos()
    matrix[:, :, 2] = 0.12 * spread(count, 2)
    grid = F.affine_grid(matrix, list(crops_nchw.shape), align_corners=False)
    crops_nchw = F.grid_sample(crops_nchw, grid, padding_mode="border", align_corners=False)
    # Faces of wide shots are smaller than the crop; some of a batch are, so that they meet the large ones in the loss.
    small = int(side * (0.3 + 0.5 * float(torch.rand(1, generator=generator))))
    lowered = torch.rand(count, generator=generator) < 0.4
    low = F.interpolate(crops_nchw[lowered], size=(small, small), mode="area")
    crops_nchw[lowered] = F.interpolate(low, size=(side, side), mode="bilinear")
    return crops_nchw


def _lit(crops_nhwc: np.ndarray, mirrored_n: torch.Tensor, levels_n256c: torch.Tensor) -> torch.Tensor:
    """(n, 3, side, side), some mirrored; `levels_n256c` says what each value of a channel becomes."""
    lit = np.empty(crops_nhwc.shape, np.float32)
    for crop, mirrored, levels, into in zip(crops_nhwc, mirrored_n.tolist(), levels_n256c.numpy(), lit, strict=True):
        cv2.LUT(cv2.flip(crop, 1) if mirrored else crop, levels[None], into)
    return torch.from_numpy(lit).permute(0, 3, 1, 2).contiguous()


def calibrate(network: StudioFaceNet, held_out: FaceCrops) -> dict[str, Any]:
    """Threshold (squared L2) by the best balanced accuracy on held-out film faces, and how well portraits agree."""
    with torch.inference_mode():
        pictures = torch.from_numpy(held_out.crops).permute(0, 3, 1, 2).split(128)
        embeddings_nd = torch.cat([network.embed(part.float() / 255) for part in pictures]).numpy()
    film = ~held_out.portrait
    of_films = verify(*pair_distances(embeddings_nd, held_out.people, film, film))
    metrics: dict[str, Any] = {
        "threshold": of_films.threshold,
        "film_film_balanced_accuracy": round(of_films.balanced_accuracy, 4),
        "film_film_area": round(of_films.area, 4),
        "held_out_people": len(np.unique(held_out.people)),
        "held_out_crops": len(held_out.people),
    }
    same, other = pair_distances(embeddings_nd, held_out.people, film, held_out.portrait)
    if len(same) and len(other):
        against = verify(same, other)
        metrics |= {
            "film_portrait_threshold": against.threshold,
            "film_portrait_balanced_accuracy": round(against.balanced_accuracy, 4),
            "film_portrait_area": round(against.area, 4),
        }
    return metrics


def _write(
    network: StudioFaceNet,
    settings: EncoderSettings,
    metrics: dict[str, Any],
    curve: dict[str, list[float]],
    out: Path,
) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, out / "model.safetensors")
    config = {"kind": "studio", "size": settings.size, "width": settings.width, "image_size": settings.image_size}
    thresholds = {
        "threshold": metrics["threshold"],
        "portrait_threshold": metrics.get("film_portrait_threshold", metrics["threshold"]),
    }
    write_json(out / "config.json", config | thresholds)
    write_json(out / "training.json", curve)
    write_json(out / "metrics.json", metrics)
