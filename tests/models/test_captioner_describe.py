"""Generation: the same twice, the same alone as in a batch, stopped at the full stop, with names of the clip's cast."""

from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_record, toy_records

from models.captioner.checkpoints import Captioner, load_base, load_captioner, save_captioner
from models.captioner.describe import describe, describe_samples, in_turn, with_own_prior
from models.captioner.inputs import PromptPlan, Sample
from models.captioner.records import record_sample
from models.captioner.search import beam_search
from models.captioner.settings import GenerationSettings
from models.captioner.vocabulary import FULL_STOP
from orchestration.bench.captioner import as_transformers_searches

FEATURES, CASTS = {FILM: toy_features()}, {FILM: CAST}
SETTINGS = small_settings(generation=GenerationSettings(max_tokens=8))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


@pytest.fixture
def captioner(base: Path) -> Captioner:
    model, vocabulary = load_base(base)
    return Captioner(model.eval(), vocabulary, PromptPlan())


def spoken(captioner: Captioner, records: list, **changes: object) -> list[str]:
    options = {"bank": "best query", "settings": SETTINGS, **changes}
    return describe(captioner, records, FEATURES, CASTS, **options)  # type: ignore[arg-type]


def test_the_same_twice(captioner: Captioner) -> None:
    assert spoken(captioner, toy_records()) == spoken(captioner, toy_records())


def test_alone_as_in_a_batch(captioner: Captioner) -> None:
    records = toy_records()
    given = SETTINGS.model_copy(update={"previous_at_test": "reference"})  # else alone it knows no earlier line
    alone = [spoken(captioner, [record], settings=given)[0] for record in records]
    assert alone == spoken(captioner, records, settings=given)


def toy_samples(captioner: Captioner) -> list[Sample]:
    return [
        record_sample(
            record, FEATURES, CASTS, captioner.vocabulary, bank="best query", settings=SETTINGS, with_text=False
        )
        for record in toy_records()
    ]


def test_hypotheses_come_best_first_with_scores(captioner: Captioner) -> None:
    sample = record_sample(
        toy_record(1), FEATURES, CASTS, captioner.vocabulary, bank="best query", settings=SETTINGS, with_text=False
    )
    found = describe_samples(captioner, [sample, sample], settings=SETTINGS.generation, hypotheses=3)
    assert [len(each) for each in found] == [3, 3]
    scores = [each.score for each in found[0]]
    assert scores == sorted(scores, reverse=True)
    assert len({each.text for each in found[0]}) == 3
    with pytest.raises(ValueError, match="6 hypotheses from 5 beams"):
        describe_samples(captioner, [sample], settings=SETTINGS.generation, hypotheses=6)


def prefer(captioner: Captioner, word: str, by: float) -> None:
    """Makes every step of the untrained model prefer a word: its embedding, which is tied to the output, is aligned
    with what the last norm lets through."""
    language_model = captioner.model.language_model
    bias = torch.nn.Parameter(torch.zeros(len(captioner.vocabulary)))
    bias.data[captioner.vocabulary.ids[word]] = by
    head = language_model.lm_head
    language_model.lm_head = torch.nn.Linear(head.in_features, head.out_features)
    language_model.lm_head.weight, language_model.lm_head.bias = head.weight, bias


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_every_hypothesis_is_the_same_in_any_batch(captioner: Captioner, batch: int) -> None:
    samples = toy_samples(captioner)
    whole = describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=5)
    some = SETTINGS.generation.model_copy(update={"batch": batch})
    parts = describe_samples(captioner, samples, settings=some, hypotheses=5)
    assert [[each.text for each in found] for found in parts] == [[each.text for each in found] for found in whole]
    for one, other in zip(chain.from_iterable(parts), chain.from_iterable(whole), strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-5)  # padding changes the order of sums


@pytest.mark.parametrize("beams", [1, 3, 5])
@pytest.mark.parametrize("budgeted", [False, True])
def test_the_search_finds_what_transformers_own_finds(captioner: Captioner, beams: int, budgeted: bool) -> None:
    """The same sentences with the same scores, though the prompt is read once and finished clips leave the batch."""
    prefer(captioner, FULL_STOP, 2.0)  # some sentences end early, some late
    draw = torch.Generator().manual_seed(0)
    for parameter in captioner.model.language_model.parameters():
        parameter.data.mul_(4)  # an untrained model hardly heeds its prompt
    prompt, mask = torch.randn(12, 9, 16, generator=draw), torch.ones(12, 9, dtype=torch.bool)
    mask[::3, :4] = False
    asked = {
        "vocabulary": captioner.vocabulary,
        "casts": [toy_samples(captioner)[0].cast] * len(prompt),
        "settings": SETTINGS.generation.model_copy(update={"beams": beams, "max_tokens": 20}),
        "budgets": list(range(2, 14)) if budgeted else None,
        "hypotheses": beams,
    }
    model = captioner.model.language_model
    ours, theirs = beam_search(model, prompt, mask, **asked), as_transformers_searches(model, prompt, mask, **asked)
    assert len({len(set(found[0].ids)) for found in ours}) > 2
    for one, other in zip(chain.from_iterable(ours), chain.from_iterable(theirs), strict=True):
        pad = captioner.vocabulary.pad
        assert [word for word in one.ids if word != pad] == [word for word in other.ids if word != pad]
        assert one.over == other.over
        if beams > 1:  # a greedy search of transformers has no score
            assert one.score == pytest.approx(other.score, abs=1e-4)


def test_it_stops_at_the_first_full_stop(captioner: Captioner) -> None:
    prefer(captioner, FULL_STOP, 50.0)
    assert spoken(captioner, toy_records()[:1]) == ["."]
    on = small_settings(generation=GenerationSettings(max_tokens=8, stop_at_full_stop=False))
    assert spoken(captioner, toy_records()[:1], settings=on)[0].startswith("...")


def test_it_is_never_longer_than_allowed(captioner: Captioner) -> None:
    prefer(captioner, "walks", 50.0)
    assert spoken(captioner, toy_records()[:1]) == ["Walks" + " walks" * 7]


@pytest.mark.parametrize("forbidden", ["<region>", "<pad>", "<unk>", "<name_40>"])
def test_what_is_no_language_cannot_be_said(captioner: Captioner, forbidden: str) -> None:
    prefer(captioner, forbidden, 50.0)
    text = spoken(captioner, toy_records()[:1])[0]
    assert "<" not in text
    assert "omeone" not in text


def test_a_name_of_the_cast_is_said_as_the_clip_binds_it(captioner: Captioner) -> None:
    prefer(captioner, "<name_1>", 50.0)
    assert spoken(captioner, toy_records()[:1])[0].split() == ["Lin-Manuel"] * 8
    # Without a bank nobody is recognised, and the cast's own order binds the names.
    prefer(captioner, "<name_2>", 90.0)
    assert spoken(captioner, toy_records()[:1], bank="none")[0].split() == ["Carla"] * 8


def test_regions_and_prior_can_be_taken_away_at_test(captioner: Captioner) -> None:
    seen: list[PromptPlan] = []
    import models.captioner.describe as module

    original = module.collate

    def watched(samples, vocabulary, plan):  # type: ignore[no-untyped-def]
        seen.append(plan)
        return original(samples, vocabulary, plan)

    module.collate = watched
    try:
        spoken(captioner, toy_records()[:1], region=False, text_prior=False)
    finally:
        module.collate = original
    assert (seen[0].region, seen[0].text_prior, seen[0].soft_prompt) == (False, False, True)


@pytest.mark.parametrize("plan", [PromptPlan(), PromptPlan(soft_prompt=False, region=False)])
def test_saved_and_loaded_it_says_the_same(captioner: Captioner, base: Path, tmp_path: Path, plan: PromptPlan) -> None:
    with torch.no_grad():
        for parameter in captioner.model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    changed = replace(captioner, plan=plan)
    weights = dict(captioner.model.named_parameters())
    save_captioner(tmp_path / "C2.0", changed, weights=weights, base=base, variant="C2", seed=0)
    again = load_captioner(tmp_path / "C2.0", base)
    assert again.plan == plan
    assert spoken(again, toy_records()) == spoken(changed, toy_records())


def test_own_previous_descriptions_take_the_place_of_the_annotations_and_subtitles_stay() -> None:
    line = {"kind": "subtitle", "text": "Where is it?"}
    prior = [{"kind": "description", "text": "reference 2"}, line, {"kind": "description", "text": "reference 3"}]
    record = {"film": "f", "clip_id": 4, "prior": prior}
    own = with_own_prior(record, ["said 1", "said 2", "said 3"])["prior"]
    assert own == [{"kind": "description", "text": "said 2"}, line, {"kind": "description", "text": "said 3"}]
    assert record["prior"] is prior and prior[0]["text"] == "reference 2"


def test_a_reference_without_an_own_description_in_its_place_is_not_shown() -> None:
    prior = [{"kind": "description", "text": "reference 1"}, {"kind": "description", "text": "reference 2"}]
    own = with_own_prior({"film": "f", "clip_id": 3, "prior": prior}, ["said 2"])["prior"]
    assert own == [{"kind": "description", "text": "said 2"}]


def test_clips_are_described_in_turn_each_film_knowing_its_own_lines_only() -> None:
    records = [
        {"film": film, "clip_id": clip, "prior": [{"kind": "description", "text": "ref"}] * min(clip - 1, 3)}
        for film in ("a", "b")
        for clip in (2, 1, 3)
    ]
    turns: list[list[str]] = []

    def say(asked):  # type: ignore[no-untyped-def]
        turns.append([f"{one['film']}{one['clip_id']}" for one in asked])
        return [f"{one['film']}{one['clip_id']}<{'|'.join(line['text'] for line in one['prior'])}>" for one in asked]

    said = in_turn(records, say)
    assert said[:3] == ["a2<a1<>>", "a1<>", "a3<a1<>|a2<a1<>>>"]
    assert said[3:] == [text.replace("a", "b") for text in said[:3]]
    assert "ref" not in "".join(said)
    assert turns == [["a1", "b1"], ["a2", "b2"], ["a3", "b3"]], "all films side by side"


def test_with_own_previous_descriptions_no_reference_text_is_read(captioner: Captioner) -> None:
    records, others = toy_records(), toy_records()
    for record in others[:3]:
        record["prior"] = [{"kind": "description", "text": "It rains in the park."}, record["prior"][1]]
    assert spoken(captioner, records) == spoken(captioner, others)
    given = SETTINGS.model_copy(update={"previous_at_test": "reference"})
    prompts = [
        [record_sample(one, FEATURES, CASTS, captioner.vocabulary, bank="actor", settings=given).prior for one in each]
        for each in (records, others)
    ]
    assert prompts[0] != prompts[1], "the reference texts do differ"
