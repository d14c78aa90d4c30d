"""The base model: everything that the paper takes ready-made, trained on the studio's labels.

Stock clips are rendered; the tower's nets and the text-only language model are trained side by side in processes; the
tower encodes the clips; connectors and language model are aligned on them. No film of any split is seen.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from common.workers import map_in_processes
from models.captioner.checkpoints import (
    LANGUAGE_MODEL,
    load_language_model,
    save_base,
    save_language_model,
    save_tensors,
)
from models.captioner.config import FocusedCaptionerConfig
from models.captioner.crops import mirrored
from models.captioner.inputs import Augmentation
from models.captioner.model import FocusedCaptioner
from models.captioner.settings import BaseModelSettings, LanguageModelSettings
from models.captioner.tower import ClipTokens, Tower
from models.captioner.vocabulary import REGION, SCENE, SOFT, Vocabulary, build_vocabulary
from models.training import stock
from models.training.alignment import align, aligned_clip
from models.training.language_model import language_config, pretrain
from models.training.loop import Curve, write_curves
from models.training.stock_set import CLIP_ARRAYS, REGION_ARRAYS, read_shards
from models.training.tower import PARTS, tower_shape, train_part

if TYPE_CHECKING:
    from corpora.studio.settings import StudioSettings

log = logging.getLogger(__name__)
WORK = ".work"  # inside the output while it is made; removed at the end
PART_ARRAYS = {
    "region": REGION_ARRAYS,
    "scene": ("scene", "event"),
    "objects": ("scene", "props", "place"),
}


@dataclass(frozen=True)
class _Part:
    """One piece of training in a process of its own."""

    name: str
    settings: BaseModelSettings
    shards: tuple[Path, ...]
    work: Path


def train_base_model(settings: BaseModelSettings, out: Path, *, jobs: int, studio: StudioSettings) -> dict[str, Any]:
    """Makes the base model in `out` with `jobs` processes; returns its facts (clips, steps, mean last losses)."""
    work = out / WORK
    shutil.rmtree(work, ignore_errors=True)
    shards = stock.render(studio, settings.tower, work / "stock", start=0, count=settings.stock_clips, jobs=jobs)
    names = ("scene", "region", LANGUAGE_MODEL, "objects")  # longest first
    parts = [_Part(name, settings, tuple(shards), work) for name in names]
    curves = dict(zip(names, map_in_processes(_train_part, parts, jobs=jobs), strict=True))
    vocabulary = world_vocabulary()
    tower = Tower(stock.tower_labels(), tower_shape(settings.tower))
    for part in PARTS:
        getattr(tower, part).load_state_dict(load_file(work / f"{part}.safetensors"))
    save_tensors(work / "tower.safetensors", tower.state_dict())
    encoded = map_in_processes(_encode_shard, [(shard, work, settings) for shard in shards], jobs=jobs)
    clips = [
        aligned_clip(facts, views, vocabulary, stock.STYLES) for one_shard in encoded for facts, views in one_shard
    ]
    model = new_captioner(vocabulary, tower, settings)
    model.language_model.load_state_dict(load_language_model(work / LANGUAGE_MODEL).state_dict())
    curves["alignment"] = align(
        model, vocabulary, clips, stock.STYLES, settings.alignment,
        seed=settings.seed, augmentation=alignment_augmentation(settings), on_step=_report("alignment"),
    )  # fmt: skip
    save_base(out, model, vocabulary, tower)
    write_curves(out / "training.json", **curves)
    shutil.rmtree(work)
    return {
        "clips": len(clips),
        "words": len(vocabulary),
        "steps": {name: len(curve.step) for name, curve in curves.items()},
        "loss": {name: curve.mean_of_last() for name, curve in curves.items()},
    }


def world_vocabulary() -> Vocabulary:
    """The vocabulary of the mini world: its words, the template's, name tokens and control tokens."""
    from corpora.studio.language import all_words

    return build_vocabulary(all_words())


def captioner_config(
    vocabulary: Vocabulary,
    tower: Tower,
    *,
    language: LanguageModelSettings,
    region_tokens: int = 4,
) -> FocusedCaptionerConfig:
    """The captioner's configuration around a tower's feature sizes and a vocabulary's ids."""
    return FocusedCaptionerConfig(
        language={name: getattr(language_config(vocabulary, language), name) for name in LANGUAGE_FIELDS},
        region_size=tower.region_size,
        region_channels=tower.shape.region_channels,
        scene_size=tower.scene_size,
        scene_channels=tower.shape.scene_channels,
        frames=tower.shape.frames,
        scene_tokens=tower.shape.scene_frames,
        region_tokens=region_tokens,
        region_id=vocabulary.ids[REGION],
        scene_id=vocabulary.ids[SCENE],
        soft_id=vocabulary.ids[SOFT],
    )


LANGUAGE_FIELDS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "max_position_embeddings",
    "tie_word_embeddings",
    "initializer_range",
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
)


def new_captioner(vocabulary: Vocabulary, tower: Tower, settings: BaseModelSettings) -> FocusedCaptioner:
    """An untrained captioner of the settings' sizes."""
    torch.manual_seed(settings.seed)
    return FocusedCaptioner(
        captioner_config(vocabulary, tower, language=settings.language, region_tokens=settings.region_tokens)
    )


def alignment_augmentation(settings: BaseModelSettings) -> Augmentation:
    """What alignment changes at random."""
    return Augmentation(
        drop_names=0.05,
        drop_regions=0.05,
        drop_prior=0.05,
        noise=0.15,
        region_channels=settings.tower.region_channels,
        scene_channels=settings.tower.scene_channels,
    )


def _train_part(part: _Part) -> Curve:
    settings, report = part.settings, _report(part.name)
    if part.name == LANGUAGE_MODEL:
        model, curve = pretrain(world_vocabulary(), settings.language, seed=settings.seed, on_step=report)
        save_language_model(part.work / LANGUAGE_MODEL, model)
        return curve
    clips = read_shards(part.shards, PART_ARRAYS[part.name])
    net, curve = train_part(part.name, stock.tower_labels(), clips, settings.tower, seed=settings.seed, on_step=report)
    save_tensors(part.work / f"{part.name}.safetensors", net.state_dict())
    return curve


def _encode_shard(
    job: tuple[Path, Path, BaseModelSettings],
) -> list[tuple[dict[str, Any], tuple[ClipTokens, ClipTokens]]]:
    """A shard's facts with its clips' features, as filmed and mirrored."""
    shard, work, settings = job
    tower = Tower(stock.tower_labels(), tower_shape(settings.tower))
    tower.load_state_dict(load_file(work / "tower.safetensors"))
    clips = read_shards([shard], (*CLIP_ARRAYS, *REGION_ARRAYS))
    pixels = clips.clip_pixels()
    as_filmed = tower.encode(pixels)
    in_mirror = tower.encode([mirrored(clip) for clip in pixels])
    return list(zip(clips.facts, zip(as_filmed, in_mirror, strict=True), strict=True))


def _report(what: str) -> Any:
    def on_step(step: int, loss: float) -> None:
        if step % 50 == 0:
            log.info("base_model: %s step %d loss %.3f", what, step, loss)

    return on_step
