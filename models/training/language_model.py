"""Text-only pretraining of the small Qwen2: the mini counterpart of a language model that already speaks.

It reads prompts laid out like the captioner's, with words where the tower's tokens will stand: what it learns is to
copy names, to find who acts, to keep to a style that a cue asks for. Learning that from pictures takes far longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from corpora.studio.facts_text import TextSample, TextWorld
from models.captioner.model import positions
from models.captioner.settings import LanguageModelSettings, OptimiserSettings
from models.captioner.vocabulary import BEGIN, END, PAD, Cast, Vocabulary
from models.prior.template import instruction
from models.prior.text_prior import TAGS, prior_tokens
from models.training.loop import Curve, by_length, fit


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
        lambda row: len(row[0]) + len(row[1]),
        np.random.default_rng([seed, 11]),
        batch=optimiser.batch,
    )

    def loss_of(step: int) -> Tensor:
        return text_loss(model, *pad_rows(next(batches), vocabulary.ids[PAD]))

    return model, fit(model.parameters(), loss_of, optimiser, on_step=on_step, what="language model")


def speaking_cast(vocabulary: Vocabulary) -> Cast:
    """A cast with every name token: the world draws its people from it, so every token learns to be a name."""
    return vocabulary.bind([f"Person{number}" for number in range(vocabulary.names)])


def encode_text_sample(
    sample: TextSample, vocabulary: Vocabulary, cast: Cast, *, prior_words: int = 60
) -> tuple[list[int], list[int]]:
    """Prompt and target ids; facts stand as words where the tower's tokens will be."""
    tags = {kind: vocabulary.ids[tag] for kind, tag in TAGS.items()}

    def encode(text: str) -> list[int]:
        return vocabulary.encode(text, cast)

    ids = encode(" ".join([*sample.cue, *sample.scene_words]))
    ids += prior_tokens(sample.prior, encode, tags, longest=prior_words)
    for segment in instruction(len(sample.people)):
        if segment.kind == "name":
            ids += encode(sample.people[segment.index][0])
        elif segment.kind == "region":
            ids += encode(" ".join(sample.people[segment.index][1]))
        else:
            ids += encode(segment.text)
    return [*ids, vocabulary.ids[BEGIN]], [*encode(sample.target), vocabulary.ids[END]]


def pad_rows(rows: Sequence[tuple[list[int], list[int]]], pad: int) -> tuple[Tensor, Tensor]:
    """Prompts padded at the left, targets at the right."""
    width, length = max(len(prompt) for prompt, _ in rows), max(len(target) for _, target in rows)
    prompts = [[pad] * (width - len(prompt)) + prompt for prompt, _ in rows]
    targets = [target + [pad] * (length - len(target)) for _, target in rows]
    return torch.tensor(prompts), torch.tensor(targets)


def text_loss(model: Qwen2ForCausalLM, prompts: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy of the targets (b, t) after their prompts (b, p)."""
    pad = model.config.pad_token_id
    assert pad is not None
    ids = torch.cat([prompts, targets[:, :-1]], 1)
    mask = torch.cat([prompts != pad, torch.ones_like(targets[:, :-1], dtype=torch.bool)], 1)
    hidden = model.model(
        input_ids=ids, attention_mask=mask.long(), position_ids=positions(mask), use_cache=False
    ).last_hidden_state[:, prompts.shape[1] - 1 :]
    return functional.cross_entropy(model.lm_head(hidden).flatten(0, 1), targets.flatten(), ignore_index=pad)
