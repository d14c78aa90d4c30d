"""The search behind a description: beams over a prompt that is read once per clip, within a budget of words.

It finds what transformers' beam search finds (a test holds both against each other) and costs less: that one reads a
prompt once for every beam, and goes on with every clip of a batch until the last has ended.
Shapes: b clips in the batch, k beams, n rows (b times k), m candidates, p prompt places, v words of the vocabulary,
t tokens said so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor
from transformers import GenerationConfig

from models.captioner.beam_cache import read_prompts
from models.captioner.model import positions
from models.captioner.rules import Rule, Speakable, WordBudget
from models.captioner.settings import GenerationSettings
from models.captioner.speech import Cast, Speech

NEVER = -1e9  # the score of what is no sentence
FULL_ENOUGH = 0.8  # finished clips leave the batch when only this share of it is open: leaving copies the rest


@dataclass(frozen=True)
class Found:
    """A sentence of the search: its ids, its log probability over its length to the power of the length penalty (what
    a budget cost is not in it), and its words over the budget."""

    ids: list[int]
    score: float
    over: int


@torch.no_grad()
def beam_search(
    language_model: Any,  # any of transformers' causal language models; its types say less than it does
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
    rules: list[Rule] = [Speakable(vocabulary, casts, settings.beams), *([] if budget is None else [budget])]
    beams = Beams(len(casts), vocabulary, settings, device=prompt_bpd.device)
    _search(language_model, prompt_bpd, mask_bp, beams, rules)
    ids_mt, scores = beams.best_bkt[:, :hypotheses].flatten(0, 1), beams.best_bk[:, :hypotheses].flatten()
    over = torch.zeros(len(scores), dtype=torch.long)
    if budget is not None:
        paid, over = budget.settle(ids_mt, torch.arange(len(casts)).repeat_interleave(hypotheses))
        scores = scores + paid / (ids_mt != vocabulary.pad).sum(1) ** settings.length_penalty
    found = [Found(*each) for each in zip(ids_mt.tolist(), scores.tolist(), over.tolist(), strict=True)]
    return [found[first : first + hypotheses] for first in range(0, len(found), hypotheses)]


def _search(language_model: Any, prompt_bpd: Tensor, mask_bp: Tensor, beams: Beams, rules: Sequence[Rule]) -> None:
    """Lets the model say word after word until no clip's sentences can get better."""
    width, room = beams.width, beams.best_bkt.shape[2]
    logits, cache = read_prompts(language_model, prompt_bpd, mask_bp, positions(mask_bp), beams=width, room=room)
    logits = logits.repeat_interleave(width, 0)
    places = torch.cat([mask_bp.long(), mask_bp.new_ones(len(mask_bp), room, dtype=torch.long)], 1)
    places, prompts = (
        places.repeat_interleave(width, 0),
        mask_bp.long().sum(1, keepdim=True).repeat_interleave(width, 0),
    )
    for step in range(room):
        scores = logits.float().log_softmax(-1)
        for rule in rules:
            scores = rule(beams.said_nt, scores)
        rows = beams.advance(scores)
        if beams.ended:
            return
        cache.reorder_cache(rows)  # type: ignore[arg-type]  # a tensor of integers, as it wants
        kept = beams.let_go()
        if kept is not None:
            cache.batch_select_indices(kept)
            places, prompts = places[kept], prompts[kept]
            for rule in rules:
                rule.follow(beams.clips_b)
        logits = language_model(
            input_ids=beams.said_nt[:, -1:],
            attention_mask=places[:, : mask_bp.shape[1] + step + 1],
            position_ids=prompts + step,
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]


class Beams:
    """The sentences of a search: those still said, and each clip's best `width` that have ended.

    A clip's search is over when its best open beam, scored as if it ended here, is no better than the worst of its
    ended sentences; with a single beam, when that ends (a greedy search).
    """

    def __init__(self, clips: int, vocabulary: Speech, settings: GenerationSettings, *, device: torch.device) -> None:
        self.width, self.penalty, self.pad = settings.beams, settings.length_penalty, vocabulary.pad
        ends = vocabulary.ends(full_stop=settings.stop_at_full_stop)
        self.ends_v = torch.zeros(len(vocabulary), dtype=torch.bool, device=device)
        self.ends_v[ends] = True
        self.candidates = (
            1 + len(ends)
        ) * self.width  # so many that `width` of them go on even if all ends are among them
        self.best_bkt = torch.full((clips, self.width, settings.max_tokens), vocabulary.pad, device=device)
        self.best_bk = torch.full((clips, self.width), NEVER, device=device)
        self.clips_b = torch.arange(clips, device=device)  # of the rows below; some may be over
        self.open_b = torch.ones(clips, dtype=torch.bool, device=device)
        self.said_bkt = torch.zeros(clips, self.width, 0, dtype=torch.long, device=device)
        self.scores_bk = torch.full((clips, self.width), NEVER, device=device)
        self.scores_bk[:, 0] = 0  # all beams begin alike: only one may go on

    @property
    def said_nt(self) -> Tensor:
        return self.said_bkt.flatten(0, 1)

    @property
    def ended(self) -> bool:
        return not bool(self.open_b.any())

    def advance(self, scores_nv: Tensor) -> Tensor:
        """Takes the best next words; says which row (n,) each beam goes on from."""
        clips, length = len(self.clips_b), self.said_bkt.shape[2] + 1
        words = scores_nv.shape[1]
        totals = (scores_nv.view(clips, self.width, words) + self.scores_bk[..., None]).flatten(1)
        totals_bm, found_bm = totals.topk(self.candidates)
        parents_bm, next_bm = found_bm // words, found_bm % words
        said_bmt = torch.cat([_take(self.said_bkt, parents_bm), next_bm[..., None]], 2)
        ended_bm = self.ends_v[next_bm] | (length == self.best_bkt.shape[2])
        self._keep_ended(totals_bm, said_bmt, ended_bm, length**self.penalty)
        self.scores_bk, going = (totals_bm + ended_bm * NEVER).topk(self.width)
        self.said_bkt = _take(said_bmt, going)
        self._close(length, ended_bm)
        first = torch.arange(clips, device=going.device)[:, None] * self.width
        return (parents_bm.gather(1, going) + first).flatten()

    def let_go(self) -> Tensor | None:
        """Forgets clips that are over, if they are many: the rows (n,) that stay, or None where all do."""
        if self.open_b.sum() > FULL_ENOUGH * len(self.open_b):
            return None
        stay = self.open_b
        rows = torch.arange(len(stay) * self.width, device=stay.device).view(-1, self.width)[stay].flatten()
        self.clips_b, self.said_bkt, self.scores_bk = self.clips_b[stay], self.said_bkt[stay], self.scores_bk[stay]
        self.open_b = stay[stay]
        return rows

    def _keep_ended(self, totals_bm: Tensor, said_bmt: Tensor, ended_bm: Tensor, divisor: float) -> None:
        """Sentences that end among the best `width` take their places among the clip's best."""
        k, clips = self.width, self.clips_b[self.open_b]
        new = torch.where(ended_bm[:, :k], totals_bm[:, :k] / divisor, NEVER)[self.open_b]
        padded = functional.pad(
            said_bmt[self.open_b, :k], (0, self.best_bkt.shape[2] - said_bmt.shape[2]), value=self.pad
        )
        best, order = torch.cat([self.best_bk[clips], new], 1).topk(k)
        self.best_bk[clips] = best
        self.best_bkt[clips] = _take(torch.cat([self.best_bkt[clips], padded], 1), order)

    def _close(self, length: int, ended_bm: Tensor) -> None:
        possible = self.scores_bk[:, 0] / length**self.penalty
        better = possible > self.best_bk[self.clips_b].min(1).values
        if self.width == 1:
            better = ~ended_bm[:, 0]
        self.open_b = self.open_b & better & (length < self.best_bkt.shape[2])


def _take(rows_bmt: Tensor, which_bk: Tensor) -> Tensor:
    """Rows (b, k, t) of each clip's (b, m, t)."""
    return rows_bmt.gather(1, which_bk[..., None].expand(-1, -1, rows_bmt.shape[2]))


def generation_config(vocabulary: Speech, settings: GenerationSettings, *, hypotheses: int = 1) -> GenerationConfig:
    """The same search for transformers' own `generate`."""
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
