"""The slot's word budget, kept by the search: not over while there is another sentence, never cut, else told."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_record, toy_records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.captioner.checkpoints import Captioner, load_base
from models.captioner.choice import words_of
from models.captioner.describe import describe, describe_samples
from models.captioner.inputs import PromptPlan, Sample
from models.captioner.records import record_sample
from models.captioner.settings import GenerationSettings
from models.captioner.vocabulary import END, FULL_STOP

FEATURES, CASTS = {FILM: toy_features()}, {FILM: CAST}
SETTINGS = small_settings(generation=GenerationSettings(max_tokens=12, least_stop=0.0))


@pytest.fixture(scope="module")
def captioner(tmp_path_factory: pytest.TempPathFactory) -> Captioner:
    """Untrained: every word is about as probable as every other, so sentences run on."""
    model, vocabulary = load_base(toy_base(tmp_path_factory.mktemp("base_model")))
    return Captioner(model.eval(), vocabulary, PromptPlan())


@pytest.fixture(scope="module")
def samples(captioner: Captioner) -> list[Sample]:
    return [
        record_sample(
            record, FEATURES, CASTS, captioner.vocabulary, bank="best query", settings=SETTINGS, with_text=False
        )
        for record in toy_records()
    ]


def rigged(captioner: Captioner, likely: dict[str, dict[str, float]]) -> Captioner:
    """A captioner whose next word depends on the last one alone: word -> next word -> logit."""
    vocabulary = captioner.vocabulary
    table = torch.full((len(vocabulary), len(vocabulary)), -20.0)
    for last, following in likely.items():
        for word, logit in following.items():
            table[vocabulary.ids[last], vocabulary.ids[word]] = logit

    class Rigged(torch.nn.Module):
        last = torch.zeros(0, dtype=torch.long)

        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return table[self.last][:, None]

    model, _ = captioner.model, vocabulary
    head = Rigged()
    original = model.language_model.forward

    def forward(*args: object, input_ids: torch.Tensor | None = None, **options: object) -> object:
        begin = torch.full((0,), 0) if input_ids is None else input_ids[:, -1]
        embeds = options.get("inputs_embeds")
        head.last = begin if input_ids is not None else torch.full((len(embeds),), vocabulary.ids["<begin>"])  # type: ignore[arg-type]
        return original(*args, input_ids=input_ids, **options)  # type: ignore[arg-type]

    model.language_model.lm_head = head  # type: ignore[assignment]
    model.language_model.forward = forward  # type: ignore[method-assign]
    return captioner


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 9), min_size=4, max_size=4), st.sampled_from([1, 3, 5]))
def test_no_sentence_is_over_its_budget_while_it_may_end_anywhere(
    captioner: Captioner, samples: list[Sample], budgets: list[int], hypotheses: int
) -> None:
    found = describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=hypotheses, budgets=budgets)
    for budget, sentences in zip(budgets, found, strict=True):
        assert all(len(words_of(each.text.replace("-", "").replace("'", ""))) <= budget for each in sentences)
        assert all(each.over == 0 and -20 < each.score <= 0 for each in sentences)


def test_a_wide_budget_changes_nothing(captioner: Captioner, samples: list[Sample]) -> None:
    free = describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=3)
    wide = describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=3, budgets=[99] * 4)
    assert [[each.text for each in one] for one in wide] == [[each.text for each in one] for one in free]
    for one, other in zip(itertools.chain.from_iterable(wide), itertools.chain.from_iterable(free), strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-6)


CHAIN = {
    "<begin>": {"walks": 5.0, "waves": 3.0},
    "walks": {"to": 5.0},
    "to": {"the": 5.0},
    "the": {"door": 5.0, "park": 3.0},
    "door": {FULL_STOP: 5.0},
    "park": {FULL_STOP: 5.0},
    "waves": {FULL_STOP: 5.0},
}


@pytest.fixture
def chain(tmp_path: Path) -> Captioner:
    model, vocabulary = load_base(toy_base(tmp_path))
    return rigged(Captioner(model.eval(), vocabulary, PromptPlan()), CHAIN)


def generation(**changes: object) -> GenerationSettings:
    return GenerationSettings(max_tokens=12).model_copy(update=changes)


def test_the_search_finds_the_shorter_sentence_instead_of_cutting_the_longer(
    chain: Captioner, samples: list[Sample]
) -> None:
    assert describe_samples(chain, samples[:1], settings=generation())[0][0].text == "Walks to the door."
    found = describe_samples(chain, samples[:2], settings=generation(), hypotheses=2, budgets=[3, 4])
    assert [each[0].text for each in found] == ["Waves.", "Walks to the door."]
    assert found[0][0].over == 0


def test_a_greedy_search_ends_where_the_model_would_not_only_where_its_logit_is_high(
    tmp_path: Path, samples: list[Sample]
) -> None:
    """After "walks" a full stop has the logit 5, and beside 14 the probability 1e-4."""
    likely = {**CHAIN, "walks": {"to": 14.0, FULL_STOP: 5.0}}
    model, vocabulary = load_base(toy_base(tmp_path))
    captioner = rigged(Captioner(model.eval(), vocabulary, PromptPlan()), likely)
    found = describe_samples(captioner, samples[:1], settings=generation(beams=1), budgets=[1])[0][0]
    assert (found.text, found.over) == ("Walks to the door.", 3)


def test_where_no_sentence_fits_the_least_too_long_is_said_and_told(chain: Captioner, samples: list[Sample]) -> None:
    found = describe_samples(chain, samples[:1], settings=generation(), budgets=[0])[0][0]
    assert (found.text, found.over) == ("Waves.", 1)
    free = describe_samples(chain, samples[:1], settings=generation(), hypotheses=5)[0]
    score = {each.text: each.score for each in free}
    assert found.score == pytest.approx(score["Waves."], abs=1e-3), "what it cost is given back"


def test_the_log_names_a_clip_whose_sentence_is_too_long(chain: Captioner, caplog: pytest.LogCaptureFixture) -> None:
    record = toy_record(1, start=10.0, end=10.2)
    with caplog.at_level(logging.WARNING):
        said = describe(
            chain,
            [record],
            FEATURES,
            CASTS,
            bank="best query",
            settings=small_settings(generation=generation()),
            words_per_second=2.67,
            distinctness=9,
        )
    assert said == ["Waves."] and f"{FILM}:1: 1 words over its slot's budget" in caplog.text


def test_a_budget_comes_from_the_slots_length(chain: Captioner) -> None:
    records = [toy_record(1, start=10.0, end=11.4), toy_record(2, start=20.0, end=21.5)]
    options = {"bank": "best query", "settings": small_settings(generation=generation())}
    assert describe(chain, records, FEATURES, CASTS, **options) == ["Walks to the door."] * 2
    assert describe(chain, records, FEATURES, CASTS, **options, words_per_second=2.67) == [
        "Waves.",
        "Walks to the door.",
    ]


def test_a_name_counts_as_many_words_as_it_has(captioner: Captioner) -> None:
    vocabulary = captioner.vocabulary
    cast = vocabulary.bind(["Mr. Tyree", "LIN-MANUEL"])
    words = vocabulary.word_counts(cast)
    counted = [words[vocabulary.name_id(token)] for token in cast.tokens]
    assert counted == [2, 1]
    assert [words[vocabulary.ids[mark]] for mark in (FULL_STOP, ",", "'s", END, "walks")] == [0, 0, 0, 0, 1]


def test_as_many_budgets_as_samples(captioner: Captioner, samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="1 budgets for 4 samples"):
        describe_samples(captioner, samples, settings=SETTINGS.generation, budgets=[3])
