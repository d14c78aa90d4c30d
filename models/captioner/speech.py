"""What a captioner reads and says, whichever words it has: the closed vocabulary of the mini world (`vocabulary.py`) or
a real tokenizer with a chat template (`published/text.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

SoftPosition = Literal["head", "after the scene", "before the instruction"]


@dataclass(frozen=True)
class Cast:
    """Names and the numbers they are known by: `names[i]` is name `tokens[i]`. Longer names match first, so that
    MARY ANN is not MARY."""

    names: tuple[str, ...]
    tokens: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.tokens) or len(set(self.tokens)) != len(self.tokens):
            raise ValueError("every name of a cast needs a name token of its own")

    def index(self, name: str) -> int:
        """The name token's number; `KeyError` for a name outside the cast."""
        for own, token in zip(self.names, self.tokens, strict=True):
            if own.casefold() == name.casefold():
                return token
        raise KeyError(name)


@dataclass(frozen=True)
class Layout:
    """How many places a prompt keeps: soft prompt, scene tokens, and tokens of each region; and where the soft prompt
    stands among the others."""

    soft: int
    scene: int
    region: int
    soft_position: SoftPosition = "head"

    def order(self, parts: Sequence[str]) -> list[str]:
        """The prompt's parts, among them "scene" and "instruction", with "soft" in its place."""
        if self.soft_position not in get_args(SoftPosition):
            raise ValueError(f"a soft prompt {self.soft_position!r}; known are {', '.join(get_args(SoftPosition))}")
        places = {"head": 0, "after the scene": parts.index("scene") + 1}
        place = places.get(self.soft_position, parts.index("instruction"))
        return [*parts[:place], "soft", *parts[place:]]


class Speech(Protocol):
    """Texts as ids and back. `names` is how many name tokens training may draw anew; 0 where names are plain text."""

    @property
    def names(self) -> int: ...
    @property
    def pad(self) -> int: ...
    @property
    def tags(self) -> Mapping[str, tuple[int, ...]]:
        """The text prior's tags, by the kind of piece."""
        ...

    def __len__(self) -> int:
        """How many ids have a logit."""
        ...

    def bind(self, names: Iterable[str]) -> Cast:
        """A cast over distinct names."""
        ...

    def name_id(self, token: int) -> int:
        """What stands for a name in a sample's characters."""
        ...

    def encode(self, text: str, cast: Cast) -> list[int]:
        """Ids of a text."""
        ...

    def target(self, text: str, cast: Cast) -> list[int]:
        """Ids of a description and of its end."""
        ...

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
        """The whole prompt about characters: their name ids, and whether each has region tokens."""
        ...

    def ends(self, *, full_stop: bool) -> list[int]:
        """Ids that end a description; with `full_stop` the first full stop does."""
        ...

    def unspeakable(self, cast: Cast) -> list[int]:
        """Ids that are not language in a clip with this cast."""
        ...

    def decode(self, ids: Iterable[int], cast: Cast) -> str:
        """The text of generated ids."""
        ...


@runtime_checkable
class CountedSpeech(Protocol):
    """Speech whose words can be counted id by id, which a budget of words needs."""

    def word_counts(self, cast: Cast) -> list[int]:
        """How many words each id adds to a sentence."""
        ...

    def closing(self) -> list[int]:
        """Ids that close a sentence."""
        ...

    def joining(self) -> list[int]:
        """Ids that add no word but want one after them."""
        ...
