"""Generation (section 4.4): beam search with 5 beams, at most 60 tokens, stop at the full stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from models.captioner.checkpoints import Captioner
from models.captioner.features import FilmFeatures
from models.captioner.inputs import PromptPlan, Sample, collate
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, GenerationSettings
from models.captioner.speech import Cast, Speech


@dataclass(frozen=True)
class Description:
    """One hypothesis: its text and its length-normalised log probability."""

    text: str
    score: float


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
) -> list[str]:
    """The best description of every record, in order.

    `features` and `casts` (names of the film's characters) are by film; `bank` is "best query", "actor" or "none" and
    says which names the clip's faces got. `region` and `text_prior` can take away what the variant was trained with,
    never add to it. With `settings.previous_at_test` "own", the descriptions in a clip's text prior are those that were
    just generated for the clips before it: no reference text of a test film is read.
    """
    plan = replace(
        captioner.plan, region=captioner.plan.region and region, text_prior=captioner.plan.text_prior and text_prior
    )

    def say(chosen: Sequence[Mapping[str, Any]]) -> list[str]:
        samples = [
            record_sample(record, features, casts, captioner.vocabulary, bank=bank, settings=settings, with_text=False)
            for record in chosen
        ]
        found = describe_samples(captioner, samples, plan=plan, settings=settings.generation)
        return [hypotheses[0].text for hypotheses in found]

    if settings.previous_at_test == "reference" or not plan.text_prior:
        return say(records)
    return in_turn(records, say)


def in_turn(records: Sequence[Mapping[str, Any]], say: Callable[[Sequence[Mapping[str, Any]]], list[str]]) -> list[str]:
    """Clip after clip in each film's time, all films side by side, each clip knowing what was said before it."""
    films: dict[str, list[int]] = {}
    for index in sorted(range(len(records)), key=lambda index: records[index]["clip_id"]):  # ids are in time order
        films.setdefault(records[index]["film"], []).append(index)
    said: dict[int, str] = {}
    for turn in range(max(map(len, films.values()), default=0)):
        now = [order[turn] for order in films.values() if turn < len(order)]
        earlier = [[said[index] for index in films[records[index]["film"]][:turn]] for index in now]
        asked = [with_own_prior(records[index], own) for index, own in zip(now, earlier, strict=True)]
        said |= zip(now, say(asked), strict=True)
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
) -> list[list[Description]]:
    """The `hypotheses` best descriptions of every sample, best first; clips of like length share a batch."""
    if hypotheses > settings.beams:
        raise ValueError(f"{hypotheses} hypotheses from {settings.beams} beams; ask for at most as many as beams")
    plan = plan or captioner.plan
    captioner.model.eval()
    by_length = sorted(
        range(len(samples)), key=lambda index: len(samples[index].prior) + 9 * len(samples[index].characters)
    )
    found: list[list[Description]] = [[] for _ in samples]
    for first in range(0, len(by_length), settings.batch):
        chosen = by_length[first : first + settings.batch]
        some = [samples[index] for index in chosen]
        for index, result in zip(chosen, _describe_batch(captioner, some, plan, settings, hypotheses), strict=True):
            found[index] = result
    return found


def _describe_batch(
    captioner: Captioner, samples: Sequence[Sample], plan: PromptPlan, settings: GenerationSettings, hypotheses: int
) -> list[list[Description]]:
    vocabulary = captioner.vocabulary
    prompt, mask = captioner.model.prompt(collate(samples, vocabulary, plan))
    language_model: Any = captioner.model.language_model  # transformers types `generate` by a protocol of its own
    output = language_model.generate(
        inputs_embeds=prompt,
        attention_mask=mask.long(),
        generation_config=generation_config(vocabulary, settings, hypotheses=hypotheses),
        logits_processor=LogitsProcessorList([Speakable(vocabulary, [s.cast for s in samples], settings.beams)]),
    )
    scores = output.get("sequences_scores")
    scores = torch.zeros(len(output.sequences)) if scores is None else scores
    spoken = [
        Description(vocabulary.decode(ids, samples[index // hypotheses].cast), score)
        for index, (ids, score) in enumerate(zip(output.sequences.tolist(), scores.tolist(), strict=True))
    ]
    return [spoken[start : start + hypotheses] for start in range(0, len(spoken), hypotheses)]


def generation_config(vocabulary: Speech, settings: GenerationSettings, *, hypotheses: int = 1) -> GenerationConfig:
    """Section 4.4's search over a vocabulary, for any of transformers' language models."""
    options: dict[str, Any] = {"length_penalty": settings.length_penalty} if settings.beams > 1 else {}
    return GenerationConfig(
        num_beams=settings.beams,
        num_return_sequences=hypotheses,
        max_new_tokens=settings.max_tokens,
        do_sample=False,
        eos_token_id=vocabulary.ends(full_stop=settings.stop_at_full_stop),
        pad_token_id=vocabulary.pad,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )


class Speakable(LogitsProcessor):
    """Forbids what is not language in a clip with its cast."""

    def __init__(self, vocabulary: Speech, casts: Sequence[Cast], beams: int) -> None:
        self.forbidden = torch.zeros(len(casts), len(vocabulary), dtype=torch.bool)
        for row, cast in enumerate(casts):
            self.forbidden[row, vocabulary.unspeakable(cast)] = True
        self.forbidden = self.forbidden.repeat_interleave(beams, 0)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores.masked_fill(self.forbidden.to(scores.device), -torch.inf)
