"""Generation (section 4.4): beam search with 5 beams, at most 60 tokens, stop at the full stop.

Past the paper, and off unless a row asks for it: a budget of words from the slot's length, and re-ranking of the beams'
sentences against what was just said (`models.captioner.choice`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from models.captioner.checkpoints import Captioner
from models.captioner.choice import most_distinct, word_budget
from models.captioner.features import FilmFeatures
from models.captioner.inputs import PromptPlan, Sample, collate, prompt_length
from models.captioner.records import record_sample
from models.captioner.search import beam_search
from models.captioner.settings import CaptionerSettings, GenerationSettings

log = logging.getLogger(__name__)
Say = Callable[[Sequence[Mapping[str, Any]], Sequence[Sequence[str]]], list[str]]
"""Records and, for each, its film's sentences so far, to their sentences."""


@dataclass(frozen=True)
class Description:
    """One hypothesis: its text, its length-normalised log probability, its words over the slot's budget."""

    text: str
    score: float
    over: int = 0


def describe(
    captioner: Captioner,
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    *,
    bank: str,
    settings: CaptionerSettings,
    region: bool = True,
    text_prior: bool = True,
    words_per_second: float | None = None,
    distinctness: float = 0.0,
) -> list[str]:
    """The best description of every record, in order.

    `features` and `casts` (names of the film's characters) are by film; `bank` is "best query", "actor" or "none" and
    says which names the clip's faces got. `region` and `text_prior` can take away what the variant was trained with,
    never add to it. `words_per_second` gives every sentence a budget of words from its slot's length; where the beams
    hold none within it, a line of the log says which clip's sentence is longer. `distinctness` is lambda of
    `models.captioner.choice`. With `settings.previous_at_test` "own", the descriptions in a clip's text prior are those
    that were just generated for the clips before it: no reference text of a test film is read.
    """
    plan = replace(
        captioner.plan, region=captioner.plan.region and region, text_prior=captioner.plan.text_prior and text_prior
    )
    generation = settings.generation

    def candidates(chosen: Sequence[Mapping[str, Any]]) -> list[list[Description]]:
        samples = [
            record_sample(
                record,
                features,
                casts,
                captioner.vocabulary,
                bank=bank,
                settings=settings,
                with_text=False,
                shot_context=plan.shot_context,
            )
            for record in chosen
        ]
        budgets = words_per_second and [
            word_budget(record["end"] - record["start"], words_per_second) for record in chosen
        ]
        hypotheses = generation.beams if distinctness else 1
        return describe_samples(
            captioner, samples, plan=plan, settings=generation, hypotheses=hypotheses, budgets=budgets or None
        )

    def choose(record: Mapping[str, Any], found: Sequence[Description], said: Sequence[str]) -> str:
        within = [each for each in found if each.over == found[0].over]
        chosen = most_distinct(within, said[-generation.neighbours :], weight=distinctness)
        if chosen.over:
            log.warning("%s:%s: %d words over its slot's budget", record["film"], record["clip_id"], chosen.over)
        return chosen.text

    def say(chosen: Sequence[Mapping[str, Any]], earlier: Sequence[Sequence[str]]) -> list[str]:
        return [choose(*each) for each in zip(chosen, candidates(chosen), earlier, strict=True)]

    if settings.previous_at_test == "own" and plan.text_prior:
        return in_order(records, lambda asked, earlier: say([*map(with_own_prior, asked, earlier)], earlier))
    found = dict(zip(map(_key, records), candidates(records), strict=True))
    return in_order(
        records,
        lambda asked, earlier: [
            choose(record, found[_key(record)], said) for record, said in zip(asked, earlier, strict=True)
        ],
    )


def _key(record: Mapping[str, Any]) -> tuple[str, int]:
    return record["film"], record["clip_id"]


def in_turn(records: Sequence[Mapping[str, Any]], say: Callable[[Sequence[Mapping[str, Any]]], list[str]]) -> list[str]:
    """Clip after clip in each film's time, all films side by side, each clip's text prior being what was said before
    it."""
    return in_order(records, lambda asked, earlier: say([*map(with_own_prior, asked, earlier)]))


def in_order(records: Sequence[Mapping[str, Any]], say: Say) -> list[str]:
    """Clip after clip in each film's time, all films side by side; `say` hears what was said before each."""
    films: dict[str, list[int]] = {}
    for index in sorted(range(len(records)), key=lambda index: records[index]["clip_id"]):  # ids are in time order
        films.setdefault(records[index]["film"], []).append(index)
    said: dict[int, str] = {}
    for turn in range(max(map(len, films.values()), default=0)):
        now = [order[turn] for order in films.values() if turn < len(order)]
        earlier = [[said[index] for index in films[records[index]["film"]][:turn]] for index in now]
        said |= zip(now, say([records[index] for index in now], earlier), strict=True)
    return [said[index] for index in range(len(records))]


def with_own_prior(record: Mapping[str, Any], said: Sequence[str]) -> dict[str, Any]:
    """The record with its previous descriptions replaced by the last ones `said`; its subtitles stay where they are."""
    places = [index for index, line in enumerate(record["prior"]) if line["kind"] == "description"]
    own = dict(zip(reversed(places), reversed(said), strict=False))
    prior = [
        line if index not in places else {**line, "text": own[index]}
        for index, line in enumerate(record["prior"])
        if index not in places or index in own
    ]
    return {**record, "prior": prior}


@torch.no_grad()
def describe_samples(
    captioner: Captioner,
    samples: Sequence[Sample],
    *,
    plan: PromptPlan | None = None,
    settings: GenerationSettings,
    hypotheses: int = 1,
    budgets: Sequence[int] | None = None,
) -> list[list[Description]]:
    """The `hypotheses` best descriptions of every sample, best first; clips of like length share a batch.

    `budgets` are the most words of each sample's sentence; a longer one comes only where there is no other, with its
    words `over`. A clip's sentences do not depend on the batch it is in; its scores do in the seventh digit, because
    sums over a padded row are rounded in another order.
    """
    if hypotheses > settings.beams:
        raise ValueError(f"{hypotheses} hypotheses from {settings.beams} beams; ask for at most as many as beams")
    if budgets is not None and len(budgets) != len(samples):
        raise ValueError(f"{len(budgets)} budgets for {len(samples)} samples")
    plan = plan or captioner.plan
    captioner.model.eval()
    by_length = sorted(range(len(samples)), key=lambda index: prompt_length(samples[index], captioner.vocabulary, plan))
    described: list[list[Description]] = [[] for _ in samples]
    for first in range(0, len(by_length), settings.batch):
        chosen = by_length[first : first + settings.batch]
        some = [samples[index] for index in chosen]
        prompt, mask = captioner.model.prompt(collate(some, captioner.vocabulary, plan))
        found = beam_search(
            captioner.model.language_model,
            prompt,
            mask,
            vocabulary=captioner.vocabulary,
            casts=[sample.cast for sample in some],
            settings=settings,
            hypotheses=hypotheses,
            budgets=None if budgets is None else [budgets[index] for index in chosen],
        )
        for index, sentences in zip(chosen, found, strict=True):
            described[index] = [
                Description(captioner.vocabulary.decode(each.ids, samples[index].cast), each.score, each.over)
                for each in sentences
            ]
    return described
