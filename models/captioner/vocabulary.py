"""Words as numbers, names as variables.

The vocabulary is closed and word level. Names are not in it: a clip's cast is bound to name tokens, at random while
training and by order at test, so that a name nobody has trained on can be read, copied and spoken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from common.errors import BadInput, blaming
from common.files import read_json, write_json
from models.captioner.speech import Cast, Layout
from models.prior.template import instruction, template_words
from models.prior.text_prior import TAGS

PAD, BEGIN, END, UNKNOWN = "<pad>", "<begin>", "<end>", "<unk>"
REGION, SCENE, SOFT = "<region>", "<scene>", "<soft>"
FULL_STOP = "."
SPECIALS = (PAD, BEGIN, END, UNKNOWN, REGION, SCENE, SOFT, *TAGS.values(), FULL_STOP, ",", "?", "!", ":", "'s")
NAME_TOKENS = 48
_WORD = re.compile(r"'s\b|[^\W_]+(?:[-'](?!s\b)[^\W_]+)*|[.,?!:]")
_NO_SPACE_BEFORE = frozenset({FULL_STOP, ",", "?", "!", ":", "'s"})


@dataclass(frozen=True)
class Vocabulary:
    """Word list with fixed ids; the same words give the same ids on every machine."""

    words: tuple[str, ...]
    names: int = NAME_TOKENS
    ids: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(set(self.words)) != len(self.words):
            raise ValueError("a vocabulary holds every word once")
        object.__setattr__(self, "ids", {word: number for number, word in enumerate(self.words)})

    def __len__(self) -> int:
        return len(self.words)

    @property
    def pad(self) -> int:
        return self.ids[PAD]

    @property
    def tags(self) -> dict[str, tuple[int, ...]]:
        """The text prior's tags, by the kind of piece."""
        return {kind: (self.ids[tag],) for kind, tag in TAGS.items()}

    def name_id(self, token: int) -> int:
        """The id of `<name_token>`."""
        return self.ids[f"<name_{token}>"]

    def bind(self, names: Iterable[str], order: Sequence[int] | None = None) -> Cast:
        """A cast over distinct names, bound to the tokens of `order` (by default 0, 1, 2 ...); names beyond the number
        of tokens stay unbound and are read as unknown words."""
        distinct = list({name.casefold(): name for name in names if name.strip()}.values())
        tokens = list(order) if order is not None else list(range(self.names))
        count = min(len(distinct), len(tokens))
        return Cast(tuple(distinct[:count]), tuple(tokens[:count]))

    def encode(self, text: str, cast: Cast) -> list[int]:
        """Ids of a text; the cast's names, by longest match, without regard to case, at word boundaries, become their
        name tokens, and words outside the vocabulary `<unk>`."""
        ids: list[int] = []
        at = 0
        pattern, tokens = _name_pattern(cast)
        for found in pattern.finditer(text) if pattern else ():
            ids += self._plain(text[at : found.start()])
            ids.append(self.name_id(tokens[_folded(found.group())]))
            at = found.end()
        return ids + self._plain(text[at:])

    def target(self, text: str, cast: Cast) -> list[int]:
        """Ids of a description and of its end."""
        return [*self.encode(text, cast), self.ids[END]]

    def prompt(
        self,
        names: Sequence[int],
        has_region: Sequence[bool],
        cast: Cast,
        layout: Layout,
        *,
        cue: Sequence[int],
        prior: Sequence[int],
    ) -> list[int]:
        """Cue (base model only), scene, text prior, instruction (equation 7), begin; the soft prompt in its place."""
        ids = self.ids
        asked: list[int] = []
        for segment in instruction(len(names), region=has_region):
            if segment.kind == "name":
                asked.append(names[segment.index])
            elif segment.kind == "region":
                asked += [ids[REGION]] * layout.region
            else:
                asked += [ids[word] for word in segment.text.split()]
        parts: dict[str, Sequence[int]] = {
            "cue": cue,
            "scene": [ids[SCENE]] * layout.scene,
            "prior": prior,
            "instruction": asked,
            "soft": [ids[SOFT]] * layout.soft,
        }
        order = layout.order(("cue", "scene", "prior", "instruction"))
        return [*(number for part in order for number in parts[part]), ids[BEGIN]]

    def ends(self, *, full_stop: bool) -> list[int]:
        """Ids that end a description."""
        return [self.ids[END], *([self.ids[FULL_STOP]] if full_stop else [])]

    def word_counts(self, cast: Cast) -> list[int]:
        """How many words each id adds to a sentence: punctuation none, a name of the cast as many as it has."""
        counts = [0 if word in SPECIALS else 1 for word in self.words]
        for name, token in zip(cast.names, cast.tokens, strict=True):
            counts[self.name_id(token)] = len(display_name(name).split())
        return counts

    def closing(self) -> list[int]:
        """Ids that close a sentence."""
        return [self.ids[mark] for mark in (END, FULL_STOP, "?", "!")]

    def joining(self) -> list[int]:
        """Ids that add no word but want one after them."""
        return [self.ids[mark] for mark in (",", ":", "'s")]

    def unspeakable(self, cast: Cast) -> list[int]:
        """Control tokens, and name tokens that are bound to nobody in the cast."""
        control = [self.ids[word] for word in SPECIALS if word.startswith("<") and word != END]
        return [*control, *(self.name_id(token) for token in range(self.names) if token not in cast.tokens)]

    def decode(self, ids: Iterable[int], cast: Cast) -> str:
        """Text of ids: names put back, sentence starts capitalised, punctuation joined; control tokens are left out and
        a name token that is bound to nobody becomes "someone"."""
        spoken = {self.name_id(token): display_name(name) for name, token in zip(cast.names, cast.tokens, strict=True)}
        text, start = "", True
        for number in ids:
            word = spoken.get(number) or ("someone" if self.words[number].startswith("<name_") else self.words[number])
            if word in SPECIALS and word not in _NO_SPACE_BEFORE:
                continue
            if start and word not in _NO_SPACE_BEFORE:
                word, start = word[:1].upper() + word[1:], False
            start = start or word in {FULL_STOP, "?", "!"}
            text += word if word in _NO_SPACE_BEFORE or not text else f" {word}"
        return text

    def write(self, path: Path) -> None:
        write_json(path, {"words": list(self.words), "names": self.names})

    def _plain(self, text: str) -> list[int]:
        unknown = self.ids[UNKNOWN]
        return [self.ids.get(word, unknown) for word in _WORD.findall(text.lower())]


def build_vocabulary(words: Iterable[str], *, names: int = NAME_TOKENS) -> Vocabulary:
    """The closed vocabulary over the world's words: specials, name tokens, then words in alphabetical order."""
    said = [word for word in words if not word.startswith("<")]
    single = {piece for word in said for piece in _WORD.findall(word.lower())} | set(template_words())
    plain = sorted(single - set(SPECIALS))
    return Vocabulary((*SPECIALS, *(f"<name_{number}>" for number in range(names)), *plain), names)


def read_vocabulary(path: Path) -> Vocabulary:
    """Reads `vocabulary.json`; `BadInput` when it is not one."""
    content = read_json(path)
    if not isinstance(content, dict) or set(content) != {"words", "names"}:
        raise BadInput(f"{path}: not a vocabulary; make the base model again")
    with blaming(path, "make the base model again"):
        words, names = content["words"], int(content["names"])
        if not all(isinstance(word, str) for word in words) or words[: len(SPECIALS)] != list(SPECIALS):
            raise ValueError("its words do not begin with the special ones")
        if not 0 <= names <= len(words) or len(set(words)) < len(words):
            raise ValueError("words that stand twice, or more names than words")
        return Vocabulary(tuple(words), names)


def display_name(name: str) -> str:
    """A name as a sentence writes it: banks write LIN-MANUEL, descriptions Lin-Manuel."""
    return name.title() if name.isupper() else name


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


@lru_cache(maxsize=256)
def _name_pattern(cast: Cast) -> tuple[re.Pattern[str] | None, dict[str, int]]:
    tokens = {_folded(name): token for name, token in zip(cast.names, cast.tokens, strict=True)}
    if not tokens:
        return None, tokens
    longest_first = sorted(cast.names, key=lambda name: (-len(name), name))
    choices = "|".join(r"\s+".join(re.escape(part) for part in name.split()) for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE), tokens
