"""The soft prompt's number, place and start are parameters; what was trained with them loads and speaks with them."""

from pathlib import Path

import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records
from safetensors.torch import load_file

from common.errors import BadInput
from corpora.studio.facts_text import CUES
from models.captioner.checkpoints import load_base, load_captioner
from models.captioner.describe import describe
from models.captioner.inputs import PromptPlan, collate
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, SoftPromptSettings
from models.captioner.speech import Cast, Layout
from models.training.captioner import start_soft_prompt, train_variant


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


def started(base: Path, *, seed: int = 0, **chosen: object) -> torch.Tensor:
    model, vocabulary = load_base(base)
    start_soft_prompt(model, vocabulary, SoftPromptSettings.model_validate(chosen), seed=seed)
    return model.soft_prompt().detach()


def train(base: Path, out: Path, variant: str = "C2", *, trainable: str = "all", **chosen: object) -> dict:
    settings = small_settings(trainable=trainable, soft_prompt=SoftPromptSettings.model_validate(chosen))
    return train_variant(variant, 0, base, toy_records(), {FILM: toy_features()}, {FILM: CAST}, settings, out)


def test_a_random_start_is_the_base_models_own_and_goes_on_by_seed(base: Path) -> None:
    own = load_base(base)[0].soft_prompt().detach()
    assert torch.equal(started(base), own)
    assert torch.equal(started(base, tokens=2), own[:2])
    longer = started(base, tokens=30)
    assert longer.shape[0] == 30 and torch.equal(longer[:4], own)
    assert torch.equal(longer, started(base, tokens=30))
    other = started(base, tokens=30, seed=1)
    assert torch.equal(other[:4], own) and not torch.equal(other[4:], longer[4:])
    assert 0.04 < float(longer[4:].std()) < 0.06
    assert torch.allclose(started(base, tokens=30, spread=0.2), 4 * longer)


def test_starting_draws_nothing_from_the_programs_generator(base: Path) -> None:
    model, vocabulary = load_base(base)
    torch.manual_seed(3)
    start_soft_prompt(model, vocabulary, SoftPromptSettings(tokens=9), seed=0)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))


def test_a_start_at_words_is_their_embeddings_repeated_or_cut(base: Path) -> None:
    model, vocabulary = load_base(base)
    ids = vocabulary.target("the scene", Cast((), ()))[:-1]
    words = model.language_model.get_input_embeddings().weight.detach()[ids]
    assert torch.equal(started(base, start="words", words="the scene", tokens=3), words[[0, 1, 0]])
    assert torch.equal(started(base, start="words", words="the scene", tokens=1), words[:1])


@pytest.mark.parametrize("words", ["the zeppelin", " "])
def test_words_that_nobody_knows_are_refused(base: Path, words: str) -> None:
    with pytest.raises(BadInput, match=r"soft_prompt.words: .* take words of the base model's vocabulary"):
        started(base, start="words", words=words)


def test_the_words_by_default_are_the_describers_cue() -> None:
    assert tuple(SoftPromptSettings().words.split()) == CUES["description"]


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("head", "<soft> <soft> <scene> <visual descriptions> <name_2> waits . <subtitle>"),
        ("after the scene", "<scene> <soft> <soft> <visual descriptions>"),
        ("before the instruction", "<name_0> ! <soft> <soft> there are two"),
    ],
)
def test_the_soft_prompt_stands_where_it_is_asked_for(base: Path, position: str, expected: str) -> None:
    _, vocabulary = load_base(base)
    sample = record_sample(
        toy_records()[0], {FILM: toy_features()}, {FILM: CAST}, vocabulary, bank="best query", settings=small_settings()
    )
    plan = PromptPlan(soft_prompt_tokens=2, soft_prompt_position=position, scene_tokens=1)  # type: ignore[arg-type]
    ids = collate([sample], vocabulary, plan).prompt_ids[0].tolist()
    assert expected in " ".join(vocabulary.words[number] for number in ids)  # type: ignore[attr-defined]


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(ValueError, match="known are head"):
        Layout(1, 1, 1, "tail").order(("scene", "prior", "instruction"))  # type: ignore[arg-type]


@pytest.mark.parametrize("trainable", ["all", "lora", "soft prompt and connectors", "soft prompt", "connectors"])
def test_what_was_trained_loads_and_speaks_with_its_soft_prompt(base: Path, tmp_path: Path, trainable: str) -> None:
    chosen = {"tokens": 6, "position": "before the instruction", "start": "words", "words": "the scene"}
    train(base, tmp_path, trainable=trainable, **chosen)
    captioner = load_captioner(tmp_path, base)
    assert (captioner.plan.soft_prompt_tokens, captioner.plan.soft_prompt_position) == (6, "before the instruction")
    written = load_file(tmp_path / "model.safetensors")["soft_prompt.vectors.weight"]
    assert torch.equal(captioner.model.soft_prompt(), written)
    assert torch.equal(written, started(base, **chosen)) == (trainable == "connectors")
    said = describe(
        captioner, toy_records(), {FILM: toy_features()}, {FILM: CAST}, bank="best query", settings=small_settings()
    )
    assert len(said) == len(toy_records())


def test_number_place_and_start_change_what_is_learnt(base: Path, tmp_path: Path) -> None:
    curves = set()
    for number, chosen in enumerate(
        [{}, {"tokens": 1}, {"position": "before the instruction"}, {"start": "words", "words": "the scene"}]
    ):
        train(base, tmp_path / str(number), **chosen)  # type: ignore[arg-type]
        curves.add((tmp_path / str(number) / "training.json").read_text())
    assert len(curves) == 4


def test_a_variant_without_soft_prompt_depends_on_none_of_it(base: Path, tmp_path: Path) -> None:
    plain = CaptionerSettings()
    other = plain.model_copy(update={"soft_prompt": SoftPromptSettings(tokens=9, position="before the instruction")})
    assert plain.of_training("A1", 0) == other.of_training("A1", 0)
    assert plain.of_training("A2", 0) != other.of_training("A2", 0)
    train(base, tmp_path / "a", "A1")
    train(base, tmp_path / "b", "A1", tokens=9, position="before the instruction")
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
