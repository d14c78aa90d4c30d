"""AutoAD-I style (Han et al., CVPR 2023, written anew from its description): frames into a prefix, GPT-2 goes on.

    GPT-2( previous descriptions and subtitles | prefix = mapping network(frame features) | begin ) -> description

The mapping network is a transformer with learnt queries that read a clip's frozen frame features; it is what learns
from clips, while GPT-2 stays as its text made it. It is told of nobody: a name can only come from the context.
Shapes: b clips, s frame features, k prefix places, c places of context, t target tokens, d width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, LogitsProcessorList

from common.errors import BadInput, blaming
from common.files import read_json, write_json
from models.baselines.names import known_cast, named_in
from models.captioner.checkpoints import save_tensors
from models.captioner.describe import in_turn
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Sample
from models.captioner.model import positions
from models.captioner.records import NO_BANK, record_sample
from models.captioner.rules import Speakable
from models.captioner.search import generation_config
from models.captioner.settings import CaptionerSettings, GenerationSettings
from models.captioner.vocabulary import BEGIN, END, PAD, Vocabulary, read_vocabulary

TIED = "gpt.lm_head.weight"  # the embeddings' own tensor, written once
LEAST_SPREAD = 0.05
LEAST_TOLD = 185  # places kept for a description at least: with the parameters' defaults 256 in all


@dataclass(frozen=True)
class Shape:
    """Sizes that fix the weights' shapes; `features` is the width of a frame feature."""

    features: int
    width: int
    layers: int
    heads: int
    prefix_tokens: int
    mapping_layers: int
    positions: int
    """Places of context, prefix, begin and description together."""


class MappingNetwork(nn.Module):
    """Learnt queries that read the frame features, layer by layer, and become GPT-2's prefix."""

    mean: Tensor
    spread: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.queries = nn.Parameter(0.05 * torch.randn(shape.prefix_tokens, shape.width))
        self.register_buffer("mean", torch.zeros(shape.features))
        self.register_buffer("spread", torch.ones(shape.features))
        self.read = nn.Linear(shape.features, shape.width)
        layer = nn.TransformerDecoderLayer(
            shape.width, shape.heads, 4 * shape.width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, shape.mapping_layers)
        self.write = nn.Linear(shape.width, shape.width)

    def forward(self, features_bsf: Tensor) -> Tensor:
        """(b, k, d) from (b, s, features)."""
        queries = self.queries.expand(len(features_bsf), -1, -1)
        return self.write(self.layers(queries, self.read((features_bsf - self.mean) / self.spread)))

    @torch.no_grad()
    def standardise(self, features_nf: Tensor) -> None:
        """Takes mean and spread of every channel from the training clips; a channel that hardly moves stays small."""
        self.mean.copy_(features_nf.mean(0))
        self.spread.copy_(features_nf.std(0, correction=0).clamp(min=LEAST_SPREAD))


class AutoAD(nn.Module):
    """Mapping network and GPT-2 over the project's vocabulary."""

    def __init__(self, shape: Shape, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.shape, self.pad, self.begin = shape, vocabulary.ids[PAD], vocabulary.ids[BEGIN]
        self.gpt = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=len(vocabulary),
                n_positions=shape.positions,
                n_embd=shape.width,
                n_layer=shape.layers,
                n_head=shape.heads,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                initializer_range=0.05,
                bos_token_id=self.begin,
                eos_token_id=vocabulary.ids[END],
                pad_token_id=self.pad,
            )
        )
        self.mapping = MappingNetwork(shape)

    def prompt(self, context_bc: Tensor, scene_bsf: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (b, c + k + 1, d) of context, prefix and begin, and the mask of places that exist."""
        words = self.gpt.get_input_embeddings()
        there = context_bc.ne(self.pad)
        begin = words(torch.full((len(context_bc), 1), self.begin))
        embedded = torch.cat([words(context_bc), self.mapping(scene_bsf), begin], 1)
        return embedded, torch.cat([there, there.new_ones(len(there), self.shape.prefix_tokens + 1)], 1)

    def loss(
        self, context_bc: Tensor, scene_bsf: Tensor, targets_bt: Tensor, *, weights: Tensor | None = None
    ) -> Tensor:
        """Mean cross entropy of the targets after their prompts, weighted by word."""
        prompt, mask = self.prompt(context_bc, scene_bsf)
        said = targets_bt[:, :-1]
        mask = torch.cat([mask, torch.ones_like(said, dtype=torch.bool)], 1)
        inputs = torch.cat([prompt, self.gpt.get_input_embeddings()(said)], 1)
        hidden = self.gpt.transformer(
            inputs_embeds=inputs, attention_mask=mask.long(), position_ids=positions(mask), use_cache=False
        ).last_hidden_state[:, prompt.shape[1] - 1 :]
        logits = self.gpt.lm_head(hidden).flatten(0, 1)
        return functional.cross_entropy(logits, targets_bt.flatten(), weight=weights, ignore_index=self.pad)


def contexts(samples: Sequence[Sample], pad: int) -> Tensor:
    """(b, c) ids of the samples' text priors, padded at the left."""
    return padded([sample.prior for sample in samples], pad, left=True)


def padded(rows: Sequence[Sequence[int]], pad: int, *, left: bool = False) -> Tensor:
    """(rows, longest) ids."""
    width = max(map(len, rows))
    blank = [[pad] * (width - len(row)) for row in rows]
    return torch.tensor([[*b, *row] if left else [*row, *b] for row, b in zip(rows, blank, strict=True)]).long()


def scenes(samples: Sequence[Sample]) -> Tensor:
    """(b, s, features) of the samples' first views."""
    return torch.stack([torch.from_numpy(sample.views[0].scene) for sample in samples])


def describe_autoad(
    model: AutoAD,
    vocabulary: Vocabulary,
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    settings: CaptionerSettings,
) -> list[str]:
    """A description of every record. `casts` only tells which words of the context are names; none other is spoken."""

    def say(chosen: Sequence[Mapping[str, Any]]) -> list[str]:
        samples = [
            record_sample(record, features, casts, vocabulary, bank=NO_BANK, settings=settings, with_text=False)
            for record in chosen
        ]
        return list(speak(model, vocabulary, samples, settings.generation))

    return say(records) if settings.previous_at_test == "reference" else in_turn(records, say)


@torch.no_grad()
def speak(
    model: AutoAD, vocabulary: Vocabulary, samples: Sequence[Sample], settings: GenerationSettings
) -> Iterator[str]:
    """The best description of every sample, by the same search as the captioner's."""
    model.eval()
    language_model: Any = model.gpt
    config = generation_config(vocabulary, settings)
    config.min_new_tokens = 2  # never nothing: a word at least before the full stop
    for first in range(0, len(samples), settings.batch):
        some = samples[first : first + settings.batch]
        casts = [known_cast(sample.cast, named_in(sample.prior, vocabulary), vocabulary) for sample in some]
        prompt, mask = model.prompt(contexts(some, model.pad), scenes(some))
        output = language_model.generate(
            inputs_embeds=prompt,
            attention_mask=mask.long(),
            generation_config=config,
            logits_processor=LogitsProcessorList([Speakable(vocabulary, casts, settings.beams)]),
        )
        for ids, cast in zip(output.sequences.tolist(), casts, strict=True):
            yield vocabulary.decode(ids, cast)


def save_autoad(folder: Path, model: AutoAD, vocabulary: Vocabulary, **facts: Any) -> None:
    """Writes `model.safetensors`, `vocabulary.json` and `config.json` (sizes, and `facts` about it)."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value for name, value in model.state_dict().items() if name != TIED}
    save_tensors(folder / "model.safetensors", state)
    vocabulary.write(folder / "vocabulary.json")
    write_json(folder / "config.json", {"shape": asdict(model.shape), **facts})


def load_autoad(folder: Path) -> tuple[AutoAD, Vocabulary]:
    """What `save_autoad` wrote; `BadInput` where it is not that."""
    vocabulary = read_vocabulary(folder / "vocabulary.json")
    config = read_json(folder / "config.json")
    if not isinstance(config, dict) or "shape" not in config:
        raise BadInput(f"{folder / 'config.json'}: not a model of AutoAD-I's style; train it again")
    with blaming(folder / "config.json", "train it again"):
        model = AutoAD(Shape(**config["shape"]), vocabulary)
    with blaming(folder / "model.safetensors", "train it again"):
        missing, unexpected = model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    lacking = sorted(set(missing) - {TIED})
    if lacking or unexpected:
        raise BadInput(f"{folder}: does not fit the model ({[*lacking, *unexpected][0]}); train it again")
    return model.eval(), vocabulary
