"""Dynamic instruction template (equation 7): what the prompt says depends on how many main characters are known.

    A' = 0: B        A' = 1: C_1 + B        A' > 1: M + C_1 + ... + C_A' + B

The paper's strings (Figure 4) are not in its text and its code disagrees with them, so the strings are parameters;
the defaults are short because a small language model pays for every token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "name", "region"]


@dataclass(frozen=True)
class Segment:
    """A piece of the prompt: literal text with its spaces, the name of character `index`, or that character's region
    tokens."""

    kind: Kind
    text: str = ""
    index: int = -1


@dataclass(frozen=True)
class TemplateStrings:
    """B, C and M of equation 7; C knows {name} and {region}, M knows {count}. Without regions C is `character_only`."""

    base: str = "describe the scene ."
    character: str = "{name} is {region} ."
    character_only: str = "{name} is here ."
    several: str = "there are {count} characters ."


COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def instruction(
    characters: int, *, region: bool | Sequence[bool] = True, strings: TemplateStrings | None = None
) -> list[Segment]:
    """The template's segments for `characters` known main characters, in their order.

    `region` says for each (or for all) whether its region tokens are given.
    """
    if characters < 0:
        raise ValueError(f"{characters} characters; the number of known characters cannot be negative")
    strings = strings or TemplateStrings()
    regions = [region] * characters if isinstance(region, bool) else list(region)
    if len(regions) != characters:
        raise ValueError(f"{len(regions)} region flags for {characters} characters")
    segments = [Segment("text", strings.several.format(count=count_word(characters)) + " ")] if characters > 1 else []
    for index, has_region in enumerate(regions):
        segments += _character((strings.character if has_region else strings.character_only) + " ", index)
    return [*segments, Segment("text", strings.base)]


def count_word(count: int) -> str:
    """A number as a word, while there is one in the vocabulary."""
    return COUNT_WORDS[count] if count < len(COUNT_WORDS) else "many"


def template_words(strings: TemplateStrings | None = None) -> list[str]:
    """Every literal word the template may say, for a closed vocabulary."""
    strings = strings or TemplateStrings()
    said = [strings.base, strings.character, strings.character_only, strings.several, *COUNT_WORDS, "many"]
    return sorted({word for text in said for word in text.split() if not word.startswith("{")})


def _character(text: str, index: int) -> list[Segment]:
    kinds: dict[str, Kind] = {"{name}": "name", "{region}": "region"}
    return [
        Segment(kinds[piece], index=index) if piece in kinds else Segment("text", piece)
        for piece in re.split(r"(\{name\}|\{region\})", text)
        if piece
    ]
