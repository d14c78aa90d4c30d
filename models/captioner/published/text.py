"""A real tokenizer and its chat template as the captioner's words: names are plain text, placeholders keep places.

The strings of equation 7 are the published demo's words as far as they are known, and parameters all the same. A full
stop ends a description, so titles lose theirs: the model reads and writes Mr Tom, without the dot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from models.captioner.speech import Cast, Layout
from models.captioner.vocabulary import REGION, display_name
from models.prior.template import TemplateStrings, instruction
from models.prior.text_prior import TAGS

if TYPE_CHECKING:
    from models.captioner.config import FocusedCaptionerConfig

# Places in the prompt's text while it is put together; private characters, so that no film's text holds one.
SOFT_PLACE, SCENE_PLACE, REGION_PLACE, PRIOR_PLACE = "\ue000", "\ue001", "\ue002", "\ue003"
_PLACES = re.compile("([\ue000-\ue003])")
_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Lt|Sgt|Capt|Col|Gen)\.", re.IGNORECASE)
_WORD_START = re.compile(r"Ġ\w|[A-Z]")  # Ġ is a space
_FULL_STOP = re.compile(r"\.[\"')\]]*[ĊĠčĉ]*")  # Ċ is a line's end
WORD_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))  # one of these rows holds a tokenizer's words


class ChatText:
    """The words of a tokenizer whose model has `rows` embeddings; implements `Speech`."""

    names = 0  # plain text: training draws none anew

    def __init__(
        self, tokenizer: Any, config: FocusedCaptionerConfig, *, strings: TemplateStrings, order: Sequence[str]
    ) -> None:
        self.tokenizer, self.strings, self.order = tokenizer, strings, tuple(order)
        self.rows = int(config.language["vocab_size"])
        self.pad = int(config.language["pad_token_id"])
        self._soft, self._scene, self._region = config.soft_id, config.scene_id, config.region_id
        self._first_name = max(self.rows, self._soft, self._scene, self._region) + 1

    def __len__(self) -> int:
        return self.rows

    @cached_property
    def tags(self) -> Mapping[str, tuple[int, ...]]:
        """The text prior's tags, by the kind of piece."""
        return {kind: tuple(self._ids(tag)) for kind, tag in TAGS.items()}

    def bind(self, names: Iterable[str]) -> Cast:
        """A cast over distinct names, numbered in order."""
        distinct = tuple({name.casefold(): name for name in names if name.strip()}.values())
        return Cast(distinct, tuple(range(len(distinct))))

    def name_id(self, token: int) -> int:
        """A number beyond every id; the prompt writes the name out."""
        return self._first_name + token

    def encode(self, text: str, cast: Cast) -> list[int]:
        """Ids of a line that follows a tag; nothing for a blank text."""
        plain = _plain(text)
        return self._ids(f" {plain}\n") if plain else []

    def target(self, text: str, cast: Cast) -> list[int]:
        """Ids of a description, then the end of the turn."""
        return [*self._ids(_plain(text)), self.end]

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
        """The chat template around the parts in their order, the soft prompt in its place among them, tokenised whole
        between the places."""
        written = [self._written(cast, number) for number in names]
        asked = "".join(
            written[segment.index] if segment.kind == "name" else segment.text or REGION_PLACE
            for segment in instruction(len(names), region=has_region, strings=self.strings)
        )
        parts = {"scene": SCENE_PLACE + "\n", "soft": SOFT_PLACE, "prior": PRIOR_PLACE, "instruction": asked}
        content = "".join(parts[name] for name in layout.order(self.order))
        chat = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        filled: dict[str, Sequence[int]] = {
            SOFT_PLACE: [self._soft] * layout.soft,
            SCENE_PLACE: [self._scene] * layout.scene,
            REGION_PLACE: [self._region] * layout.region,
            PRIOR_PLACE: [*cue, *prior],
        }
        ids: list[int] = []
        for piece in _PLACES.split(chat):
            ids += filled[piece] if piece in filled else self._ids(piece)
        return ids

    @cached_property
    def end(self) -> int:
        """The end of a turn: what the tokenizer calls its end of sequence."""
        return int(self.tokenizer.eos_token_id)

    def ends(self, *, full_stop: bool) -> list[int]:
        """Ids that end a description; a full stop may carry a closing quote or a line's end."""
        return [self.end, *(self._full_stops if full_stop else ())]

    @cached_property
    def _full_stops(self) -> tuple[int, ...]:
        words = self.tokenizer.get_vocab()
        return tuple(sorted(number for word, number in words.items() if _FULL_STOP.fullmatch(word)))

    def unspeakable(self, cast: Cast) -> list[int]:
        """Special tokens but the end, and rows of the embedding that no word has."""
        return self._unspeakable

    @cached_property
    def _unspeakable(self) -> list[int]:
        words = set(self.tokenizer.get_vocab().values())
        special = {number for number, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        empty = {number for number in range(self.rows) if number not in words}
        return sorted(number for number in (special | empty) - {self.end} if number < self.rows)

    def word_counts(self, cast: Cast) -> list[int]:
        """1 for ids that begin a word: a space and a letter or number, or, at a sentence's start, a capital."""
        return self._word_counts

    @cached_property
    def _word_counts(self) -> list[int]:
        counts = [0] * self.rows
        for word, number in self.tokenizer.get_vocab().items():
            if number < self.rows and _WORD_START.match(word):
                counts[number] = 1
        return counts

    def closing(self) -> list[int]:
        """Ids that close a sentence."""
        return [*self.ends(full_stop=True), *self._marks("?!")]

    def joining(self) -> list[int]:
        """Ids that add no word but want one after them."""
        return self._marks(",:;")

    def _marks(self, marks: str) -> list[int]:
        words = self.tokenizer.get_vocab()
        return [words[mark] for mark in marks if mark in words]

    def decode(self, ids: Iterable[int], cast: Cast) -> str:
        """The text of generated ids without special tokens, in one line."""
        return " ".join(self.tokenizer.decode(list(ids), skip_special_tokens=True).split())

    def _written(self, cast: Cast, number: int) -> str:
        return display_name(_plain(cast.names[cast.tokens.index(number - self._first_name)]))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def load_tokenizer(folder: Path) -> Any:
    """The Qwen2 tokenizer in a published model's folder; BadInput where its files are not there or cannot be read, or
    where it has no chat template."""
    from transformers import Qwen2Tokenizer

    # Without any of them transformers gives a tokenizer that knows no word.
    if not any(all((folder / name).is_file() for name in names) for names in WORD_FILES):
        raise BadInput(
            f"{folder.name}: has no tokenizer: neither {' nor '.join(' with '.join(names) for names in WORD_FILES)}; "
            "fetch the model whole"
        )
    try:
        tokenizer = Qwen2Tokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BadInput(f"{folder.name}: its tokenizer cannot be read ({reason}); fetch the model whole") from None
    if not tokenizer.chat_template:
        raise BadInput(
            f"{folder.name}: its tokenizer has no chat template (tokenizer_config.json or chat_template.jinja); "
            "take VideoRefer's or Qwen2-7B-Instruct's"
        )
    return tokenizer


def region_id(tokenizer: Any, rows: int) -> int | None:
    """The id of `<region>`, where the tokenizer has it as one token with a row of the embedding."""
    number = tokenizer.get_vocab().get(REGION)
    return int(number) if number is not None and number < rows else None


def _plain(text: str) -> str:
    """A film's text, unable to pass for a control token or a place, without full stops after titles."""
    plain = _PLACES.sub("", text).replace("<|", "< |")
    return _TITLE.sub(r"\1", " ".join(plain.split()))
