"""Text-only pretraining of the small Qwen2: the mini counterpart of a language model that already speaks.

It reads prompts laid out like the captioner's, with words where the tower's tokens will stand: what it learns is to
copy names, to find who acts, to keep to a style that a cue asks for. Learning that from pictures takes far longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from corpora.studio.facts_text import TextSample, TextWorld
from models.captioner.model import positions
from models.captioner.settings import LanguageModelSettings, OptimiserSettings
from models.captioner.speech import Speech
from models.captioner.vocabulary import BEGIN, END, PAD, Cast, Vocabulary
from models.prior.template import instruction
from models.prior.text_prior import prior_tokens
from models.training.loop import Curve, by_length, fit

NAME_WEIGHT = 3.0


@dataclass(frozen=True)
class TextRow:
    """A sample's ids: prompt, the name that each place of the prompt belongs to (padding where none), and target."""

    prompt: list[int]
    owners: list[int]
    target: list[int]


def language_config(vocabulary: Vocabulary, settings: LanguageModelSettings) -> Qwen2Config:
    """A small Qwen2 over the vocabulary; embeddings are tied, so a name token has one vector to read and to speak."""
    return Qwen2Config(
        vocab_size=len(vocabulary),
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.key_value_heads,
        intermediate_size=settings.feed_forward,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        initializer_range=0.05,
        pad_token_id=vocabulary.ids[PAD],
        bos_token_id=vocabulary.ids[BEGIN],
        eos_token_id=vocabulary.ids[END],
    )


def pretrain(
    vocabulary: Vocabulary,
    settings: LanguageModelSettings,
    *,
    seed: int,
    prior_words: int = 60,
    on_step: Callable[[int, float], None] | None = None,
) -> tuple[Qwen2ForCausalLM, Curve]:
    """Trains a language model on the text world; every step sees new samples."""
    torch.manual_seed(seed)
    cast = speaking_cast(vocabulary)
    world = TextWorld(seed, cast.names)
    model = Qwen2ForCausalLM(language_config(vocabulary, settings)).train()
    optimiser: OptimiserSettings = settings.pretraining

    batches = by_length(
        lambda: encode_text_sample(world.sample(), vocabulary, cast, prior_words=prior_words),
        lambda row: len(row.prompt) + len(row.target),
        np.random.default_rng([seed, 11]),
        batch=optimiser.batch,
    )

    weights = name_weights(vocabulary)

    def loss_of(step: int) -> Tensor:
        return text_loss(model, *pad_rows(next(batches), vocabulary.ids[PAD]), weights=weights)

    return model, fit(model.parameters(), loss_of, optimiser, on_step=on_step, what="language model")


def speaking_cast(vocabulary: Vocabulary) -> Cast:
    """A cast with every name token: the world draws its people from it, so every token learns to be a name."""
    return vocabulary.bind([f"Person{number}" for number in range(vocabulary.names)])


def name_weights(vocabulary: Speech) -> Tensor:
    """Weight of every word in the loss: a sentence has one or two names, and they decide who it is about."""
    weights = torch.ones(len(vocabulary))
    weights[[vocabulary.name_id(token) for token in range(vocabulary.names)]] = NAME_WEIGHT
    return weights


def encode_text_sample(sample: TextSample, vocabulary: Vocabulary, cast: Cast, *, prior_words: int = 60) -> TextRow:
    """A sample's ids; facts stand as words where the tower's tokens will be."""

    def encode(text: str) -> list[int]:
        return vocabulary.encode(text, cast)

    ids = encode(" ".join([*sample.cue, *sample.scene_words]))
    ids += prior_tokens(sample.prior, encode, vocabulary.tags, longest=prior_words)
    owners = [vocabulary.ids[PAD]] * len(ids)
    for segment in instruction(len(sample.people)):
        owner = vocabulary.ids[PAD]
        if segment.kind == "name":
            some = encode(sample.people[segment.index][0])
        elif segment.kind == "region":
            name, facts = sample.people[segment.index]
            some, owner = encode(" ".join(facts)), vocabulary.name_id(cast.index(name))
        else:
            some = encode(segment.text)
        ids += some
        owners += [owner] * len(some)
    target = [*encode(sample.target), vocabulary.ids[END]]
    return TextRow([*ids, vocabulary.ids[BEGIN]], [*owners, vocabulary.ids[PAD]], target)


def pad_rows(rows: Sequence[TextRow], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Prompts and owners padded at the left, targets at the right."""
    width, length = max(len(row.prompt) for row in rows), max(len(row.target) for row in rows)
    prompts = [[pad] * (width - len(row.prompt)) + row.prompt for row in rows]
    owners = [[pad] * (width - len(row.owners)) + row.owners for row in rows]
    targets = [row.target + [pad] * (length - len(row.target)) for row in rows]
    return torch.tensor(prompts), torch.tensor(owners), torch.tensor(targets)


def text_loss(
    model: Qwen2ForCausalLM, prompts: Tensor, owners: Tensor, targets: Tensor, *, weights: Tensor | None = None
) -> Tensor:
    """Weighted mean cross entropy of the targets (b, t) after their prompts (b, p)."""
    pad = model.config.pad_token_id
    assert pad is not None
    prompt, mask = prompt_embeddings(model, prompts, owners)
    inputs = torch.cat([prompt, model.get_input_embeddings()(targets[:, :-1])], 1)
    mask = torch.cat([mask, torch.ones_like(targets[:, :-1], dtype=torch.bool)], 1)
    hidden = model.model(
        inputs_embeds=inputs, attention_mask=mask.long(), position_ids=positions(mask), use_cache=False
    ).last_hidden_state[:, prompts.shape[1] - 1 :]
    logits = model.lm_head(hidden).flatten(0, 1)
    return functional.cross_entropy(logits, targets.flatten(), weight=weights, ignore_index=pad)


def prompt_embeddings(model: Qwen2ForCausalLM, prompts: Tensor, owners: Tensor) -> tuple[Tensor, Tensor]:
    """Embeddings (b, p, d) and mask (b, p). A fact carries its owner's name, as a region's tokens do in the captioner:
    who does what is then one step of attention away."""
    pad = model.config.pad_token_id
    assert pad is not None
    words = model.get_input_embeddings()
    return words(prompts) + words(owners) * owners.ne(pad)[..., None], prompts.ne(pad)
