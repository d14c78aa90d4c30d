"""The page `docs/soft_prompt.md`: what number, place and start of the soft prompt are worth, each figure computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.measuring.captions_sections import CLIPS, FILMS, verdict
from models.measuring.figures import Figure, mean_over
from models.measuring.page import cell, markdown_table, number, wrapped
from models.measuring.sections import plain
from models.measuring.soft_prompt_rows import NONE, Choice

FEWEST_FILMS = 5  # below, intervals over films say nothing, and clips are resampled
KEY = ["film", "clip_id", "seed"]
BARE, DEFAULT = "no soft prompt", "the default"  # what a choice is held against
SHARES = ("action", "subject", "faceless", "sentence")
_ABOUT = """What number, place and start of the soft prompt (`captioner.soft_prompt`) are worth. The paper trains one
and states none of the three. Measured in its own setting, Figure 2: the language model is frozen, and here the
connectors are too, so that the vectors are all that is trained. The published base model is fine-tuned on the training
films but some, which are kept out and judged; test films are not looked at. None: the base model as it is, nothing
trained. One choice at a time differs from the default, unless `--cross` was asked for."""
_READ = """Loss: mean over the words of a clip's description, names weighing three times as in training, then over
clips; lower is better. Saved: the loss of the other minus this one's, on the same clips and seeds; above zero is
better. Right: shares of the sentences that the model says with its own previous descriptions, as on test films
(RESULTS.md says what each means)."""


@dataclass(frozen=True)
class About:
    """What was trained and judged, and how."""

    command: str
    profile: str
    own: Choice  # what the settings ask for
    films: int
    kept_out: Sequence[str]
    steps: int
    rate: float
    base: str  # the base model's data version


@dataclass(frozen=True)
class Measured:
    """A choice's figures: its loss, over all seeds and by seed; what it saves against others; what is said right."""

    choice: Choice
    loss: Figure
    by_seed: dict[int, float]
    saved: dict[str, Figure]  # by what it is held against
    shares: dict[str, Figure]


def measured(rows: pd.DataFrame, own: Choice) -> list[Measured]:
    """A line per choice, in the order of the rows (`soft_prompt_rows.trials`)."""
    asked: dict[Choice, list[int]] = {}
    for place, key in enumerate(rows[["tokens", "position", "start"]].itertuples(index=False, name=None)):
        asked.setdefault(Choice(*key), []).append(place)
    parts = {choice: rows.iloc[places] for choice, places in asked.items()}
    others = {BARE: NONE, DEFAULT: own}
    return [
        Measured(
            choice,
            mean_over(part["loss"], part[units(rows)]),
            {int(str(seed)): float(some["loss"].mean()) for seed, some in part.groupby("seed")},
            {of: _saved(parts[other], part) for of, other in others.items() if other in parts and other != choice},
            {name: _share(part, name) for name in SHARES},
        )
        for choice, part in parts.items()
    ]


def units(rows: pd.DataFrame) -> list[str]:
    """What is resampled: films, or clips where the films are too few; all seeds stay together."""
    return FILMS if rows["film"].nunique() >= FEWEST_FILMS else CLIPS


def _saved(other: pd.DataFrame, part: pd.DataFrame) -> Figure:
    pairs = other[[*KEY, "loss"]].merge(part[[*KEY, "loss"]], on=KEY, suffixes=("_other", ""))
    return mean_over(pairs["loss_other"] - pairs["loss"], pairs[units(part)])


def _share(part: pd.DataFrame, name: str) -> Figure:
    asked = part[part[name].notna()]
    return mean_over(asked[name].astype(float), asked[units(part)])


def page(found: Sequence[Measured], about: About) -> str:
    """Markdown."""
    seeds, films = sorted(found[0].by_seed), about.kept_out
    told = (
        f"Profile `{about.profile}`, base model `{about.base[:12]}`. Of {about.films} training films {len(films)} are "
        f"kept out, {found[0].loss.count // len(seeds)} clips ({', '.join(films)}); {about.steps} steps at a peak rate "
        f"of {about.rate:g}, seeds {', '.join(map(str, seeds))}, which draw batches, augmentation and all random "
        "vectors but the base model's own four. In brackets: 95 % interval of the percentile bootstrap (1,000 draws) "
        f"over {_resampled(films)}, all seeds together."
    )
    parts = [
        "# The soft prompt: how many, where, from what\n",
        wrapped(_ABOUT),
        "```\n" + about.command + "\n```\n",
        wrapped(told),
        wrapped(_READ),
        lines(found, about.own),
        wrapped(recommendation(found, about.own)),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _resampled(films: Sequence[str]) -> str:
    return "films" if len(films) >= FEWEST_FILMS else "clips, since the films are too few"


def lines(found: Sequence[Measured], own: Choice) -> str:
    """The table: a line per choice."""
    against = (BARE, DEFAULT)
    head = ["vectors", "place", "start", "held-out loss", "loss by seed", *(f"saved against {of}" for of in against)]
    rows = []
    for each in found:
        tokens = f"{each.choice.tokens}{' (default)' if each.choice == own else ''}"
        told = [tokens, each.choice.position, each.choice.start] if each.choice.tokens else ["none", "-", "-"]
        seeds = " / ".join(dict.fromkeys(number(loss) for loss in each.by_seed.values()))
        saved = [cell(each.saved.get(of)) for of in against]
        rows.append([*told, cell(each.loss), seeds, *saved, *(cell(each.shares[name]) for name in SHARES)])
    return markdown_table([*head, *(f"right: {name}" for name in SHARES)], rows)


def recommendation(found: Sequence[Measured], own: Choice) -> str:
    """What the figures recommend, in words."""
    best = min(found, key=lambda each: each.loss.value)
    told = f"The least loss, {cell(best.loss)}, has "
    if best.choice == own:
        return f"{told}the default ({own.name}): the figures recommend no other."
    told += f"{best.choice.name}," if best.choice.tokens else "no soft prompt,"
    saved = best.saved[DEFAULT]
    noise = (
        "the interval holds zero, so the figures recommend no change"
        if verdict(saved) != "better"
        else ("the interval lies above zero, so this is what they recommend for a frozen language model")
    )
    return (
        f"{told} {cell(saved)} less than the default ({own.name}); {noise}. Where all is fine-tuned, which is the "
        "default of `captioner.trainable`, rows A1 and A2 of [RESULTS.md](RESULTS.md) say what a soft prompt is worth."
    )


def as_json(found: Sequence[Measured]) -> dict[str, Any]:
    """The figures as plain values, by choice."""
    return {
        each.choice.name: {
            "loss": plain(each.loss),
            "loss by seed": {str(seed): round(loss, 6) for seed, loss in each.by_seed.items()},
            "saved against": {of: plain(figure) for of, figure in each.saved.items()},
            "right": {name: plain(figure) for name, figure in each.shares.items()},
        }
        for each in found
    }
