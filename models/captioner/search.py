"""The search behind a description: beams over a prompt that is read once per clip, within a budget of words.

transformers' beam search repeats a prompt for each of its beams before reading it; here the prompt is read once and
what the model keeps of it (keys and values) is repeated, which costs a fifth and says the same.
Shapes: b clips, k beams, p prompt places, v words of the vocabulary, t tokens said so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import (
    DynamicCache,
    GenerationConfig,
    LogitNormalization,
    LogitsProcessor,
    LogitsProcessorList,
)

from common.errors import BadInput
from models.captioner.model import positions
from models.captioner.settings import GenerationSettings
from models.captioner.speech import Cast, CountedSpeech, Speech

OVER_BUDGET = 1000.0
"""What each word over the budget costs: more than any sentence within it does (60 tokens at 1e-4 each: 553), and little
enough that single precision keeps the score beside it."""


@dataclass(frozen=True)
class Found:
    """A sentence of the search: its ids, its log probability over its length to the power of the length penalty (what
    a budget cost is not in it), and its words over the budget."""

    ids: list[int]
    score: float
    over: int


def beam_search(
    language_model: Any,  # transformers types `generate` by a protocol of its own
    prompt_bpd: Tensor,
    mask_bp: Tensor,
    *,
    vocabulary: Speech,
    casts: Sequence[Cast],
    settings: GenerationSettings,
    hypotheses: int = 1,
    budgets: Sequence[int] | None = None,
) -> list[list[Found]]:
    """The `hypotheses` best sentences of every clip, best first.

    `budgets` are the most words of each clip's sentence: a longer sentence comes only where the beams hold no other,
    and then says so; a sentence ends only where the model would end it (`settings.least_stop`).
    """
    budget = None if budgets is None else WordBudget(vocabulary, casts, budgets, settings)
    # The budget reads log probabilities. Beams come as such; a greedy search's logits are made so.
    rules: list[LogitsProcessor] = [LogitNormalization()] if budget is not None and settings.beams == 1 else []
    rules.append(Speakable(vocabulary, casts, settings.beams))
    output = language_model.generate(
        inputs_embeds=prompt_bpd,
        attention_mask=mask_bp.long(),
        past_key_values=prompt_cache(language_model, prompt_bpd, mask_bp, beams=settings.beams),
        generation_config=generation_config(vocabulary, settings, hypotheses=hypotheses),
        logits_processor=LogitsProcessorList(rules if budget is None else [*rules, budget]),
    )
    scores = output.get("sequences_scores")
    scores = torch.zeros(len(output.sequences)) if scores is None else scores
    over = torch.zeros(len(output.sequences), dtype=torch.long)
    if budget is not None:
        paid, over = budget.settle(output.sequences, hypotheses)
        lengths = (output.sequences != vocabulary.pad).sum(1)
        scores = scores + paid / lengths**settings.length_penalty if settings.beams > 1 else scores
    found = [Found(*each) for each in zip(output.sequences.tolist(), scores.tolist(), over.tolist(), strict=True)]
    return [found[first : first + hypotheses] for first in range(0, len(found), hypotheses)]


def prompt_cache(language_model: Any, prompt_bpd: Tensor, mask_bp: Tensor, *, beams: int) -> DynamicCache:
    """Keys and values of every prompt but its last place, read once and repeated for the beams.

    The last place is left for `generate`, which wants something to read.
    """
    cache = DynamicCache(config=language_model.config)
    earlier = mask_bp[:, :-1]
    language_model.model(
        inputs_embeds=prompt_bpd[:, :-1],
        attention_mask=earlier.long(),
        position_ids=positions(earlier),
        past_key_values=cache,
        use_cache=True,
    )
    if beams > 1:
        cache.batch_repeat_interleave(beams)
    return cache


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


class WordBudget(LogitsProcessor):
    """Makes words over the budget so dear that the search takes them only where it finds nothing else.

    Alone that would cut sentences: the cheapest way to keep a budget is to stop in the middle. So a mark that ends a
    sentence is said only where the model gives it at least the probability `least_stop`.
    """

    def __init__(
        self,
        vocabulary: Speech,
        casts: Sequence[Cast],
        budgets: Sequence[int],
        settings: GenerationSettings,
    ) -> None:
        if not isinstance(vocabulary, CountedSpeech):
            raise BadInput("a budget of words wants a vocabulary that counts them; leave words_per_second out")
        self.words_bv = torch.tensor([vocabulary.word_counts(cast) for cast in casts])
        self.needs_bv = self.words_bv.clone()
        self.needs_bv[:, vocabulary.joining()] = 1
        self.budgets_b = torch.tensor(list(budgets))
        self.closing = vocabulary.closing()
        self.least_stop, self.beams = settings.least_stop, settings.beams

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        left = self._left(input_ids, self.beams)
        needs = self.needs_bv.repeat_interleave(self.beams, 0).to(scores.device)
        scores = scores - OVER_BUDGET * (needs - left[:, None]).clamp(min=0)
        closing = scores[:, self.closing]
        scores[:, self.closing] = closing.masked_fill(closing.exp() < self.least_stop, -torch.inf)
        return scores

    def settle(self, sequences_nt: Tensor, hypotheses: int) -> tuple[Tensor, Tensor]:
        """What each sentence has paid (n,), to be given back to its score, and its words over the budget (n,)."""
        needs = self.needs_bv.repeat_interleave(hypotheses, 0).to(sequences_nt.device)
        paid = torch.zeros(len(sequences_nt), device=sequences_nt.device)
        for place in range(sequences_nt.shape[1]):
            left = self._left(sequences_nt[:, :place], hypotheses)
            paid += (needs.gather(1, sequences_nt[:, place, None])[:, 0] - left).clamp(min=0)
        words = self._said(sequences_nt, hypotheses)
        budgets = self.budgets_b.to(sequences_nt.device).repeat_interleave(hypotheses)
        return OVER_BUDGET * paid, (words - budgets).clamp(min=0)

    def _said(self, ids_nt: Tensor, each: int) -> Tensor:
        words = self.words_bv.to(ids_nt.device).repeat_interleave(each, 0)
        return words.gather(1, ids_nt).sum(1) if ids_nt.shape[1] else torch.zeros_like(words[:, 0])

    def _left(self, ids_nt: Tensor, each: int) -> Tensor:
        budgets = self.budgets_b.to(ids_nt.device).repeat_interleave(each)
        return (budgets - self._said(ids_nt, each)).clamp(min=0)
