"""Equation 7: the instruction depends on how many main characters are known."""

import pytest
import torch

from models.prior.soft_prompt import SoftPrompt
from models.prior.template import Segment, TemplateStrings, instruction, template_words

STRINGS = TemplateStrings(
    base="B .", character="name of {region} is {name} .", character_only="{name} .", several="M {count} ."
)


def spoken(segments: list[Segment]) -> str:
    return "".join(each.text or f"{each.kind}{each.index}" for each in segments)


def test_no_character_is_the_base_prompt() -> None:
    assert spoken(instruction(0, strings=STRINGS)) == "B ."


def test_one_character_comes_before_the_base_prompt() -> None:
    assert spoken(instruction(1, strings=STRINGS)) == "name of region0 is name0 . B ."


def test_several_characters_get_the_prefix_and_keep_their_order() -> None:
    expected = "M two . name of region0 is name0 . name of region1 is name1 . B ."
    assert spoken(instruction(2, strings=STRINGS)) == expected


def test_without_regions_only_the_names_are_given() -> None:
    assert spoken(instruction(2, region=False, strings=STRINGS)) == "M two . name0 . name1 . B ."
    assert (
        spoken(instruction(2, region=[False, True], strings=STRINGS))
        == "M two . name0 . name of region1 is name1 . B ."
    )


def test_the_region_flags_must_fit_the_characters() -> None:
    with pytest.raises(ValueError, match="1 region flags for 2"):
        instruction(2, region=[True])
    with pytest.raises(ValueError, match="negative"):
        instruction(-1)


def test_many_characters_are_many() -> None:
    assert instruction(14)[0].text == "there are many characters . "


def test_every_literal_word_is_in_the_word_list() -> None:
    words = set(template_words())
    for count in (0, 1, 2, 9, 14):
        for has_region in (True, False):
            said = [segment.text for segment in instruction(count, region=has_region)]
            assert {word for text in said for word in text.split()} <= words


def test_a_soft_prompt_can_start_at_words_and_learns() -> None:
    prompt = SoftPrompt(5, 8)
    words = torch.randn(2, 8)
    prompt.start_from(words, tokens=5)
    assert torch.equal(prompt(), words[[0, 1, 0, 1, 0]])
    prompt().sum().backward()
    assert prompt.vectors.weight.grad is not None
