"""MM-Narrator style: what is looked up, what the prompt holds, and who may be named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records
from video_llm_toys import tokenizer

from models.baselines.examples import Collection, Example, collect, read_collection
from models.baselines.mm_narrator import (
    BANK,
    ChatNarrator,
    Situation,
    SmallNarrator,
    describe_mm_narrator,
    messages,
)
from models.baselines.perceived import Perceived, perceive
from models.baselines.settings import MMNarratorSettings
from models.captioner.checkpoints import load_tower

OTHER = "tt9000002"
SETTINGS = MMNarratorSettings(examples=2, pool=3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


def example(film: str, text: str, people: tuple[str, ...] = (), cast: tuple[str, ...] = ()) -> Example:
    seen = tuple((name, ("idle", "none", "column1", "she")) for name in people)
    return Example(film, cast or people, Perceived(("rain", "nothing", "nothing", "park"), seen), (), text)


def test_examples_are_near_simple_and_never_of_the_clips_own_film() -> None:
    looks = np.array([[0.0, 1.0], [0.1, 1.0], [0.2, 1.0], [5.0, -3.0]], np.float32)
    told = [
        example("own", "It is the very clip."),
        example("a", "A long and winding sentence about the rain."),
        example("b", "It rains."),
        example("c", "Far."),
    ]
    collection = Collection(tuple(told), looks)
    settings = MMNarratorSettings(examples=1, pool=2, context_weight=0)
    found = collection.nearest("own", looks[0], (), (), settings)
    assert [each.text for each in found] == ["It rains."]
    hard = collection.nearest("own", looks[0], (), (), settings.model_copy(update={"complexity": "most complex"}))
    assert [each.film for each in hard] == ["a"]
    every = collection.nearest("own", looks[0], (), (), MMNarratorSettings(examples=9, pool=9))
    assert {each.film for each in every} == {"a", "b", "c"}


def test_a_like_context_brings_an_example_nearer() -> None:
    looks = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    rain = replace(example("a", "It rains."), prior=({"kind": "subtitle", "text": "Take an umbrella, Anna!"},))
    snow = replace(example("b", "It snows."), prior=({"kind": "subtitle", "text": "Anna, where is my cup?"},))
    settings = MMNarratorSettings(examples=1, pool=1, context_weight=1.0)
    prior = [{"kind": "subtitle", "text": "An umbrella, quick!"}]
    (found,) = Collection((snow, rain), looks).nearest("own", looks[0], prior, (), settings)
    assert found.text == "It rains."


def test_an_example_is_told_of_the_clips_own_people_or_of_someone() -> None:
    told = example("a", "Mary Ann waves at Bo, and Bo waves back.", ("Mary Ann", "Bo"), ("Bo", "Mary Ann", "Carl"))
    assert told.told_of(["Wendy", "Noah"]) == "Wendy waves at Noah, and Noah waves back."
    assert told.told_of(["Wendy"]) == "Wendy waves at someone, and someone waves back."
    assert example("a", "Carl waits.", (), ("Carl",)).told_of(["Wendy"]) == "Someone waits."
    assert example("a", "It rains.").told_of(["Wendy"]) == "It rains."


def test_a_name_that_both_films_have_is_put_in_once() -> None:
    told = example("a", "Anna waves to Ben, not to carl.", ("Anna", "Ben"), ("Anna", "Ben", "Carl"))
    assert told.told_of(["Ben", "Carl"]) == "Ben waves to Carl, not to someone."
    assert told.told_of(["Ben", "Anna"]) == "Ben waves to Anna, not to someone."


def test_a_collection_is_read_as_it_was_written(base: Path, tmp_path: Path) -> None:
    made = collect(toy_records(), {FILM: toy_features()}, {FILM: CAST}, load_tower(base), bank=BANK)
    made.write(tmp_path)
    again = read_collection(tmp_path)
    assert again.examples == made.examples and (again.looks_nf == made.looks_nf).all()
    first = (tmp_path / "examples.json").read_bytes()
    again.write(tmp_path)
    assert (tmp_path / "examples.json").read_bytes() == first


def test_people_are_perceived_from_left_to_right_with_the_towers_words(base: Path) -> None:
    tower = load_tower(base)
    found = perceive(toy_records()[0], toy_features(), tower, bank=BANK)
    assert [name for name, _ in found.people] == ["LIN-MANUEL", "ANNA"], "track 5 stands left of track 3"
    assert all(words[0] in tower.labels.acts for _, words in found.people)
    assert found.scene[0] in tower.labels.events and found.scene[-1] in tower.labels.places
    assert perceive(toy_records()[-1], toy_features(), tower, bank=BANK).people == ()


def narrated(base: Path, records: list[dict[str, Any]]) -> list[str]:
    tower, settings = load_tower(base), small_settings()
    features, casts = {FILM: toy_features(), OTHER: toy_features(seed=1)}, {FILM: CAST, OTHER: ("Bo", "Zoe")}
    training = [record | {"film": OTHER, "text": "Zoe waves at Bo."} for record in toy_records()]
    for record in training:
        record["characters"] = {BANK: [], "actor": []}
    collection = collect(training, features, casts, tower, bank=BANK)
    narrator = SmallNarrator(base, settings.generation, prior_words=settings.prior_words)
    return describe_mm_narrator(narrator, collection, records, features, casts, tower, SETTINGS, settings)


def test_the_small_narrator_names_nobody_of_another_film_and_no_stranger(base: Path) -> None:
    said = narrated(base, toy_records())
    assert len(said) == 4 and all(said)
    assert not any(name in text for text in said for name in ("Zoe", "Bo"))
    assert not any(name in said[-1] for name in ("Anna", "Carla", "Lin-Manuel")), "nobody is seen or spoken of there"
    assert said == narrated(base, toy_records())


def test_its_own_text_is_never_in_a_clips_prompt(base: Path) -> None:
    record = toy_records()[0]
    assert narrated(base, [record]) == narrated(base, [record | {"text": "Something else entirely."}])


def test_a_conversation_holds_task_examples_context_and_recognised_names() -> None:
    prior = ({"kind": "description", "text": "Anna waits."}, {"kind": "subtitle", "text": "Hello!"})
    seen = Perceived(("wave", "cup", "nothing", "park"), (("Anna", ("wave", "left", "column2", "she")),))
    turns = messages(Situation(seen, prior, ("Anna",), (example("a", "It rains."),)))
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[2]["content"] == "It rains."
    assert turns[-1]["content"].splitlines() == [
        "described: Anna waits.",
        "said: Hello!",
        "seen: place: park. likely event: wave. things: cup. recognised: Anna (wave, left, column2, she).",
    ]


def test_any_instruct_model_in_a_folder_can_narrate(tmp_path: Path) -> None:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    words = tokenizer()
    words.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    config = Qwen2Config(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    narrator = ChatNarrator(MMNarratorSettings(generator=str(tmp_path), device="cpu"), max_tokens=6)
    situation = Situation(Perceived(("rain", "nothing", "nothing", "park"), ()), (), (), ())
    (said,) = narrator.say([situation])
    assert [said] == narrator.say([situation])
