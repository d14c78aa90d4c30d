"""MM-Narrator style (Zhang et al., CVPR 2024, written anew from its description): nothing is trained, a prompt is made.

Experts say in words what is in a clip (here the frozen tower and the face banks), a short memory holds what was
described and said, examples show how a describer puts such things; a language model does the rest. GPT-4's place is
taken by the base model's small language model, or by any instruct model in a folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from corpora.studio.facts_text import CUES, TextSample
from models.baselines.examples import Collection, Example, look_of
from models.baselines.names import known_cast, named_in
from models.baselines.perceived import Perceived, perceive
from models.baselines.settings import MMNarratorSettings
from models.captioner.checkpoints import LANGUAGE_MODEL, load_language_model
from models.captioner.describe import in_turn
from models.captioner.features import FilmFeatures
from models.captioner.search import beam_search
from models.captioner.settings import CaptionerSettings, GenerationSettings
from models.captioner.tower import Tower
from models.captioner.vocabulary import read_vocabulary
from models.hub import local_folder
from models.prior.text_prior import TAGS, newest
from models.training.language_model import encode_text_sample, pad_rows, prompt_embeddings

BANK = "best query"
EXAMPLE_WORDS = 20  # places of the prompt that an example may take
TASK = (
    "You write audio description for a film: one sentence in the present tense about what is seen. Name only people "
    "who are recognised or named in the context. Answer with the sentence alone."
)


@dataclass(frozen=True)
class Situation:
    """All that is known of a clip: nothing in it is from its own description."""

    perceived: Perceived
    prior: tuple[Mapping[str, str], ...]
    cast: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def recognised(self) -> list[str]:
        return [name for name, _ in self.perceived.people]


class Narrator(Protocol):
    """A language model that is given situations."""

    def say(self, situations: Sequence[Situation]) -> list[str]: ...


def describe_mm_narrator(
    narrator: Narrator,
    collection: Collection,
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    tower: Tower,
    settings: MMNarratorSettings,
    captioner: CaptionerSettings,
) -> list[str]:
    """A description of every record; a clip's memory is what was said before it, as the captioner's settings say."""

    def situation(record: Mapping[str, Any]) -> Situation:
        film = record["film"]
        prior = newest(record["prior"], descriptions=captioner.previous_descriptions)
        found = collection.nearest(film, look_of(record, features), prior, casts[film], settings)
        return Situation(
            perceive(record, features[film], tower, bank=BANK), tuple(prior), tuple(casts[film]), tuple(found)
        )

    def say(chosen: Sequence[Mapping[str, Any]]) -> list[str]:
        return [" ".join(text.split()) or "." for text in narrator.say([situation(record) for record in chosen])]

    return say(records) if captioner.previous_at_test == "reference" else in_turn(records, say)


class SmallNarrator:
    """The base model's language model, reading facts as words, as its text-only pretraining taught it."""

    def __init__(self, base: Path, settings: GenerationSettings, *, prior_words: int) -> None:
        self.model = load_language_model(base / LANGUAGE_MODEL).eval()
        self.vocabulary = read_vocabulary(base / "vocabulary.json")
        self.settings, self.prior_words = settings, prior_words

    @torch.no_grad()
    def say(self, situations: Sequence[Situation]) -> list[str]:
        vocabulary = self.vocabulary
        rows, casts = [], []
        for each in situations:
            cast = vocabulary.bind([*each.recognised, *each.cast])
            longest = self.prior_words + EXAMPLE_WORDS * len(each.examples)
            row = encode_text_sample(_as_text_sample(each), vocabulary, cast, prior_words=longest)
            rows.append(row)
            casts.append(known_cast(cast, named_in(row.prompt, vocabulary), vocabulary))
        prompts, owners, _ = pad_rows(rows, vocabulary.pad)
        found = beam_search(
            self.model,
            *prompt_embeddings(self.model, prompts, owners),
            vocabulary=vocabulary,
            casts=casts,
            settings=self.settings,
        )
        return [vocabulary.decode(best[0].ids, cast) for best, cast in zip(found, casts, strict=True)]


def _as_text_sample(situation: Situation) -> TextSample:
    """The situation laid out as the text world lays out its own; examples stand as descriptions before the context."""
    shown = [each.told_of(situation.recognised) for each in situation.examples]
    lines = [f"{TAGS['description']} {text}" for text in shown]
    lines += [f"{TAGS[each['kind']]} {each['text']}" for each in situation.prior]
    return TextSample(
        cue=CUES["description"],  # asks for a describer's style, as an instruction would
        previous=lines,
        people=list(situation.perceived.people),
        scene_words=situation.perceived.scene,
        target="",
        style="description",
        subject=None,
        second=None,
        type=1,
    )


class ChatNarrator:
    """An instruct model of transformers in a folder, spoken to through its own chat template."""

    def __init__(self, settings: MMNarratorSettings, *, max_tokens: int) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        folder = local_folder(settings.generator, settings.revision)
        gpu = torch.cuda.is_available()
        self.device = ("cuda" if gpu else "cpu") if settings.device == "auto" else settings.device
        dtype = torch.bfloat16 if self.device.startswith("cuda") else torch.float32
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
        self.model, self.max_tokens = model.to(self.device).eval(), max_tokens

    @torch.no_grad()
    def say(self, situations: Sequence[Situation]) -> list[str]:
        said = []
        for each in situations:
            text = self.tokenizer.apply_chat_template(messages(each), tokenize=False, add_generation_prompt=True)
            inputs = self.tokenizer(text, return_tensors="pt", add_special_tokens=False).to(self.device)
            output = self.model.generate(**inputs, max_new_tokens=self.max_tokens, min_new_tokens=1, do_sample=False)
            said.append(self.tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
        return said


def messages(situation: Situation) -> list[dict[str, str]]:
    """The prompt as a conversation: the task, every example as question and answer, then the clip in question."""
    turns = [{"role": "system", "content": TASK}]
    for example in situation.examples:
        turns.append({"role": "user", "content": _question(example.perceived, example.prior)})
        turns.append({"role": "assistant", "content": example.text})
    return [*turns, {"role": "user", "content": _question(situation.perceived, situation.prior)}]


def _question(perceived: Perceived, prior: Sequence[Mapping[str, str]]) -> str:
    before = [f"{'described' if each['kind'] == 'description' else 'said'}: {each['text']}" for each in prior]
    return "\n".join([*before, f"seen: {perceived.told()}"])
