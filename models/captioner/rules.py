"""What a search may say about a clip: language and names of its cast, within a budget of words.

Rules change the log probabilities of the next word. They are transformers' processors, and follow a search that goes on
with some of its clips only (`follow`).
Shapes: b clips, n rows (b times beams), v words of the vocabulary, t tokens said so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor

from common.errors import BadInput
from models.captioner.settings import GenerationSettings
from models.captioner.speech import Cast, CountedSpeech, Speech

OVER_BUDGET = 1000.0
"""What each word over the budget costs: more than any sentence within it does (60 tokens at 1e-4 each: 553), and little
enough that single precision keeps the score beside it."""


class Rule(LogitsProcessor):
    """A rule about clips, `beams` rows each."""

    def __init__(self, clips: int, beams: int) -> None:
        self.beams = beams
        self.follow(torch.arange(clips))

    def follow(self, clips_b: Tensor) -> None:
        """From now on the rows are of these clips only."""
        self.clips_n = clips_b.cpu().repeat_interleave(self.beams, 0)


class Speakable(Rule):
    """Forbids what is not language in a clip with its cast."""

    def __init__(self, vocabulary: Speech, casts: Sequence[Cast], beams: int) -> None:
        super().__init__(len(casts), beams)
        self.forbidden_bv = torch.zeros(len(casts), len(vocabulary), dtype=torch.bool)
        for row, cast in enumerate(casts):
            self.forbidden_bv[row, vocabulary.unspeakable(cast)] = True

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores.masked_fill(self.forbidden_bv[self.clips_n].to(scores.device), -torch.inf)


class WordBudget(Rule):
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
        super().__init__(len(casts), settings.beams)
        self.words_bv = torch.tensor([vocabulary.word_counts(cast) for cast in casts])
        self.needs_bv = self.words_bv.clone()
        self.needs_bv[:, vocabulary.joining()] = 1
        self.budgets_b = torch.tensor(list(budgets))
        self.closing, self.least_stop = vocabulary.closing(), settings.least_stop

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        left = self._left(input_ids, self.clips_n)
        needs = self.needs_bv[self.clips_n].to(scores.device)
        scores = scores - OVER_BUDGET * (needs - left[:, None]).clamp(min=0)
        closing = scores[:, self.closing]
        scores[:, self.closing] = closing.masked_fill(closing.exp() < self.least_stop, -torch.inf)
        return scores

    def settle(self, sequences_mt: Tensor, clips_m: Tensor) -> tuple[Tensor, Tensor]:
        """What each sentence of these clips has paid (m,), to be given back to its score, and its words over the
        budget (m,)."""
        needs = self.needs_bv[clips_m].to(sequences_mt.device)
        paid = torch.zeros(len(sequences_mt), device=sequences_mt.device)
        for place in range(sequences_mt.shape[1]):
            left = self._left(sequences_mt[:, :place], clips_m)
            paid += (needs.gather(1, sequences_mt[:, place, None])[:, 0] - left).clamp(min=0)
        budgets = self.budgets_b[clips_m].to(sequences_mt.device)
        return OVER_BUDGET * paid, (self._said(sequences_mt, clips_m) - budgets).clamp(min=0)

    def _said(self, ids_mt: Tensor, clips_m: Tensor) -> Tensor:
        words = self.words_bv[clips_m].to(ids_mt.device)
        return words.gather(1, ids_mt).sum(1) if ids_mt.shape[1] else torch.zeros_like(words[:, 0])

    def _left(self, ids_mt: Tensor, clips_m: Tensor) -> Tensor:
        return (self.budgets_b[clips_m].to(ids_mt.device) - self._said(ids_mt, clips_m)).clamp(min=0)
