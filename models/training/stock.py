"""Stock clips for the base model: rendered in several processes, cut down to what the nets look at, told in styles."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.workers import map_in_processes
from corpora.studio import sentences
from corpora.studio.dice import Dice
from corpora.studio.facts_text import CUES, STYLE_SHARES
from corpora.studio.facts_text import STYLES as STYLE_NAMES
from corpora.studio.language import NUMBERS, PLACES, POSES
from corpora.studio.screenplay import EVENTS, PROPS, VERB_NAMES
from corpora.studio.screenplay import PLACES as PLACE_NAMES
from corpora.studio.sentences import Facts
from corpora.studio.stock import FRAMES, StockClip, render_stock
from models.captioner.crops import clip_pixels
from models.captioner.settings import TowerSettings
from models.captioner.tower import DIRECTIONS, PRONOUNS, TowerLabels
from models.training.alignment import Style
from models.training.perceived_masks import as_perceived
from models.training.stock_set import LabelledClip, stack, write_shard

if TYPE_CHECKING:
    from corpora.studio.settings import StudioSettings

log = logging.getLogger(__name__)
SHARD = 24  # clips in a file, the piece of work of a process
FEWEST_FRAMES = 5  # key frames of the shortest slot
# Stock is drawn smaller than films: the tower looks at 240 pixels, and this costs half. (width, height)
DRAWN = (320, 180)
NOBODY_ACTS = ("group", "empty")
DESCRIPTION = "description"
STYLES = tuple(Style(name, " ".join(CUES[name]), share) for name, share in zip(STYLE_NAMES, STYLE_SHARES, strict=True))


def tower_labels() -> TowerLabels:
    """What the tower answers in the mini world."""
    return TowerLabels(acts=POSES, events=(*VERB_NAMES, *EVENTS, *NOBODY_ACTS), props=PROPS, places=PLACE_NAMES)


def render(
    studio: StudioSettings, tower: TowerSettings, folder: Path, *, start: int, count: int, jobs: int
) -> list[Path]:
    """Renders clips `start` to `start + count - 1` into shards under `folder` with `jobs` processes."""
    work = [
        (studio, tower, folder / f"stock_{first:06d}.safetensors", first, min(SHARD, start + count - first))
        for first in range(start, start + count, SHARD)
    ]
    shards = []
    for path in map_in_processes(_render_shard, work, jobs=jobs):
        shards.append(path)
        log.info("base_model: stock clips rendered (%d of %d shards)", len(shards), len(work))
    return shards


def chance_of(index: int) -> tuple[int, np.random.Generator]:
    """How many of a stock clip's key frames are looked at, since slots are shorter or longer; and its further dice."""
    rng = np.random.default_rng([index, 23])
    return int(rng.integers(FEWEST_FRAMES, FRAMES + 1)), rng


def labelled(clip: StockClip, *, frames: int, scene_frames: int) -> LabelledClip:
    """A stock clip cut down to crops and small frames as a film's clip would come, with its labels as numbers: some of
    its key frames, and masks as perception makes them."""
    labels = tower_labels()
    shown, rng = chance_of(clip.index)
    masks = {name: as_perceived(mask[:shown], rng) for name, mask in sorted(clip.masks.items())}
    names = sorted(name for name, mask in masks.items() if mask.any())
    pronouns = {member.name: PRONOUNS.index(member.pronoun) for member in clip.cast}
    faces = [bool(clip.faces[name][:shown].any()) for name in names]
    return LabelledClip(
        pixels=clip_pixels(
            clip.frames_thw3[:shown], [masks[name] for name in names], frames=frames, scene_frames=scene_frames
        ),
        acts=tuple(labels.acts.index(clip.acts[name]) for name in names),
        directions=tuple(DIRECTIONS.index(clip.directions[name]) for name in names),
        pronouns=tuple(pronouns[name] for name in names),
        event=labels.events.index(clip.described.verb),
        props=np.array([prop in clip.props for prop in labels.props], np.float32),
        place=labels.places.index(clip.place),
        facts={
            "index": clip.index,
            "cast": list(clip.cast_names),
            "names": names,
            "face": faces,
            "prior": [{"kind": "description", "text": text} for text in clip.previous],
            "texts": texts(clip, [name for name, face in zip(names, faces, strict=True) if face]),
            **{
                name: getattr(clip.described, name) for name in ("type", "subject", "verb", "second", "object", "place")
            },
        },
    )


def texts(clip: StockClip, known: list[str]) -> dict[str, list[str]]:
    """The clip's sentences by style; `known` are the names whose faces are seen."""
    told, seen = clip.described, len(clip.acts)
    where = PLACES[clip.place].within[0]
    count = "nobody is" if seen == 0 else "one person is" if seen == 1 else f"{NUMBERS[seen]} people are"
    who = known or (["somebody"] if seen else ["nobody"])
    here = f"{', '.join(who[:-1])} and {who[-1]} are here" if len(who) > 1 else f"{who[0]} is here"
    return {
        "description": [told.text, *told.alternatives],
        "caption": [_caption(clip)],
        "count": [sentences.finish(f"{count} {where}")],
        "who": [sentences.finish(here)],
    }


def _caption(clip: StockClip) -> str:
    """What a stranger would say; where nobody acts, a describer says no more than that."""
    told = clip.described
    if told.subject is None or told.verb not in VERB_NAMES:
        return told.text
    pronouns = {member.name: member.pronoun for member in clip.cast}
    facts = Facts(
        subject=told.subject,
        pronoun=pronouns[told.subject],
        verb=told.verb,
        place=told.place,
        object=told.object,
        second=told.second,
    )
    return sentences.caption(facts, Dice(clip.index, 5))


def _render_shard(work: tuple[Any, TowerSettings, Path, int, int]) -> Path:
    studio, tower, path, start, count = work
    width, height = DRAWN
    studio = studio.model_copy(update={"width": width, "height": height})
    clips = [
        labelled(clip, frames=tower.frames, scene_frames=tower.scene_frames)
        for clip in render_stock(studio, start=start, count=count, shown=lambda index: chance_of(index)[0])
    ]
    write_shard(path, stack(clips))
    return path
