"""How well the base model tells held-out stock clips, with true names and regions.

    python -m models.training.measure_base data/base_model

renders clips that it was not trained on and prints, as JSON and per type of description: whole sentences right (any of
the describers' phrasings), verb, subject's name, second person's name, object; and the tower's own answers.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.captioner.checkpoints import Captioner, load_base, load_tower
from models.captioner.describe import describe_samples
from models.captioner.inputs import PromptPlan, Sample
from models.captioner.settings import GenerationSettings, TowerSettings
from models.captioner.speech import Speech
from models.captioner.tower import DIRECTIONS, PRONOUNS, ClipTokens, Tower
from models.training import stock
from models.training.alignment import aligned_clip, base_plan
from models.training.judging import judge
from models.training.stock_set import StockSet, read_shards

if TYPE_CHECKING:
    from corpora.studio.settings import StudioSettings

HELD_OUT_START = 900_000  # far beyond any number of training clips


def measure_folder(base: Path, studio: StudioSettings, *, clips: int, jobs: int) -> dict[str, Any]:
    """`measure` of a base model's folder on `clips` held-out stock clips, asked in the describers' style."""
    model, vocabulary = load_base(base)
    tower = load_tower(base)
    assert isinstance(tower, Tower), "the published tower knows no studio labels"
    captioner = Captioner(model.eval(), vocabulary, base_plan(model))
    sizes = TowerSettings(frames=tower.shape.frames, scene_frames=tower.shape.scene_frames)
    with tempfile.TemporaryDirectory() as folder:
        shards = stock.render(studio, sizes, Path(folder), start=HELD_OUT_START, count=clips, jobs=jobs)
        return measure(captioner, tower, read_shards(shards), cue=True)


def measure(
    captioner: Captioner,
    tower: Tower,
    clips: StockSet,
    *,
    cue: bool,
    region: bool = True,
    text_prior: bool = True,
    beams: int = 5,
) -> dict[str, Any]:
    """Figures by group of clips: "all", "type 0" to "type 3", and "tower" for the nets' own answers."""
    views = tower.encode(clips.clip_pixels())
    samples = held_out_samples(clips, views, captioner.vocabulary, cue=cue)
    plan = PromptPlan(**{**vars(captioner.plan), "region": region, "text_prior": text_prior})
    spoken = describe_samples(captioner, samples, plan=plan, settings=GenerationSettings(beams=beams))
    texts = [hypotheses[0].text for hypotheses in spoken]
    rows = [judge(text, facts) for text, facts in zip(texts, clips.facts, strict=True)]
    types = [facts["type"] for facts in clips.facts]
    groups = {"all": rows} | {
        f"type {kind}": [row for row, type_ in zip(rows, types, strict=True) if type_ == kind] for kind in range(4)
    }
    return {name: _means(group) for name, group in groups.items()} | {"tower": tower_figures(tower, clips, views)}


def held_out_samples(clips: StockSet, views: Sequence[ClipTokens], vocabulary: Speech, *, cue: bool) -> list[Sample]:
    """The clips as the base model is asked about them, with the cue for a describer's style or without."""
    samples = []
    for facts, view in zip(clips.facts, views, strict=True):
        clip = aligned_clip(facts, [view], vocabulary, stock.STYLES)
        asked = clip.cues[stock.DESCRIPTION] if cue else ()
        samples.append(Sample(**{**vars(clip.sample), "cue": asked}))
    return samples


def tower_figures(tower: Tower, clips: StockSet, views: Sequence[ClipTokens]) -> dict[str, float | None]:
    """Shares of right answers of the tower's nets."""
    labels, channels = tower.labels, tower.shape.region_channels
    answers = np.concatenate([view.regions[:, 0, channels:] for view in views if len(view.regions)])
    acts, directions, pronouns = np.split(answers, [len(labels.acts), len(labels.acts) + len(DIRECTIONS)], axis=1)
    assert pronouns.shape[1] == len(PRONOUNS)
    act, direction = clips.arrays["act"], clips.arrays["direction"]
    scene = np.stack([view.scene[0, tower.shape.scene_channels :] for view in views])
    events, props, places = np.split(scene, [len(labels.events), len(labels.events) + len(labels.props)], axis=1)
    there = clips.arrays["props"] > 0
    return {
        "act of who acts": _share(acts.argmax(1) == act, act > 1),
        "act of who does not": _share(acts.argmax(1) == act, act <= 1),
        "direction": _share(directions.argmax(1) == direction, direction != 1),
        "pronoun": _share(pronouns.argmax(1) == clips.arrays["pronoun"]),
        "event": _share(events.argmax(1) == clips.arrays["event"]),
        "prop found": _share(props > 0.5, there),
        "prop there": _share(there, props > 0.5),
        "place": _share(places.argmax(1) == clips.arrays["place"]),
    }


def _share(right: np.ndarray, where: np.ndarray | None = None) -> float | None:
    chosen = right if where is None else right[where]
    return round(float(chosen.mean()), 3) if chosen.size else None


def _means(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | int | None]:
    means: dict[str, float | int | None] = {"clips": len(rows)}
    for name in rows[0] if rows else ():
        asked = [row[name] for row in rows if row[name] is not None]
        means[name] = round(float(np.mean(np.array(asked, float))), 3) if asked else None
    return means


def main() -> None:
    """Renders held-out clips and prints the figures."""
    from corpora.studio.settings import StudioSettings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="a base model's folder")
    parser.add_argument("--clips", type=int, default=160, help="held-out clips to render")
    parser.add_argument("--jobs", type=int, default=2, help="processes to render with")
    arguments = parser.parse_args()
    print(
        json.dumps(
            measure_folder(arguments.base, StudioSettings(), clips=arguments.clips, jobs=arguments.jobs), indent=1
        )
    )


if __name__ == "__main__":
    main()
