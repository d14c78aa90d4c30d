"""R, the paper's redundancy (section 5.1, equations 9 and 10): how much of a description its reference does not hold.

The paper leaves open what vectors, what threshold and which words; what is chosen here and why stands in
docs/metrics.md. Edge cases: a prediction without a valid word has no R and is left out of the mean (else silence would
be rewarded); a reference without one leaves every word of the prediction redundant, R = 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.local_models import ModelMissing, model_folder, model_identity, spelled
from evaluation.settings import RedundancySettings

_DETERMINERS_AND_PRONOUNS = """
a an the this that these those some any each every either neither both all another other such what which who whom whose
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
it its itself they them their theirs themselves one ones someone something anyone anything
"""
# With the halves that an apostrophe leaves: don|t, we|ll.
_AUXILIARIES = """
am is are was were be been being have has had having do does did doing done will would shall should can could may might
must ought s re ve ll d m t don doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn
"""
_PREPOSITIONS_AND_CONJUNCTIONS = """
of in on at by to from with without into onto upon over under above below up down out off through across along around
round about between among against toward towards behind beside besides before after during until till since near past as
for per via than and or but nor so yet if whether because while when where why how though although unless once not no
"""
_DISCOURSE_MARKERS = """
also too then now here there again still just only even very really quite rather almost perhaps maybe however therefore
thus hence meanwhile moreover furthermore otherwise instead anyway indeed actually basically well oh first next finally
suddenly
"""
FUNCTION_WORDS = frozenset(
    f"{_DETERMINERS_AND_PRONOUNS} {_AUXILIARIES} {_PREPOSITIONS_AND_CONJUNCTIONS} {_DISCOURSE_MARKERS}".split()
)
"""What is never valid: function words, auxiliaries and discourse markers, in lower case."""

_WORD = re.compile(r"[^\W_]+")


def valid_words(text: str, *, stop_words: frozenset[str] = FUNCTION_WORDS) -> list[str]:
    """The content-bearing words in lower case, in order, repetitions kept; an apostrophe parts a word."""
    words = _WORD.findall(text.casefold().replace("’", "'"))
    return [word for word in words if word not in stop_words]


class WordVectors:
    """A model's input word embeddings: no context, so that a word has the same vector in A and in B.

    A word of several pieces is the mean of their vectors. Raises `ModelMissing`.
    """

    def __init__(self, name: str) -> None:
        self.folder = model_folder(name)
        try:
            self._tokenizer, self._table = _load(self.folder)
        except KeyError:
            told = f"{spelled(name)} has no word embeddings; name a model with `word_embeddings`, such as MiniLM"
            raise ModelMissing(told) from None
        self._known: dict[str, np.ndarray] = {}

    def of(self, words: Iterable[str]) -> np.ndarray:
        """(n, size) unit vectors."""
        return np.stack([self._vector(word) for word in words])

    def _vector(self, word: str) -> np.ndarray:
        known = self._known.get(word)
        if known is None:
            pieces = self._tokenizer.encode(word, add_special_tokens=False).ids
            sum_of_pieces = self._table[pieces].sum(axis=0, dtype=np.float64)
            length = np.linalg.norm(sum_of_pieces)
            # Without any piece (a lone joiner or accent) the vector is 0, which resembles nothing.
            known = self._known[word] = sum_of_pieces / length if length > 0 else sum_of_pieces
        return known


class Redundancy:
    """R with its parameters; word vectors are looked up once per word."""

    def __init__(self, settings: RedundancySettings, *, function_words: frozenset[str] = FUNCTION_WORDS) -> None:
        self._theta = settings.theta
        self._stop_words = function_words | {word.casefold() for word in settings.extra_stop_words}
        self._vectors = WordVectors(settings.embedding)

    def identity(self) -> str:
        model = model_identity(self._vectors.folder)
        words = f"{len(self._stop_words)} stop words"
        return f"R of equations 9 and 10, theta {self._theta:g}, input word embeddings ({model}), {words}"

    def score(self, prediction: str, references: Sequence[str]) -> float:
        """Equation 10 in 0..1 with A the words of all references; NaN where the prediction has no valid word."""
        predicted = valid_words(prediction, stop_words=self._stop_words)
        truth = sorted({word for text in references for word in valid_words(text, stop_words=self._stop_words)})
        if not predicted:
            return float("nan")
        if not truth:
            return 1.0
        alike_ba = self._vectors.of(predicted) @ self._vectors.of(truth).T
        # Vectors that point apart are no more different than unrelated ones: R stays within 0..1.
        best_b = np.clip(alike_ba.max(axis=1), 0.0, 1.0)
        # A word that the reference holds is covered at any theta, whatever the rounding of its cosine.
        best_b[np.isin(predicted, truth)] = 1.0
        redundant_b = np.where(best_b < self._theta, 1.0 - best_b, 0.0)  # equation 9
        return float(redundant_b.mean())  # equation 10


@lru_cache(maxsize=2)
def _load(folder: Path) -> tuple[Any, np.ndarray]:
    """Tokenizer and word embeddings; raises `KeyError` where the model has none."""
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(str(folder / "model.safetensors"), "numpy") as tensors:
        names = [name for name in tensors.keys() if name.endswith("word_embeddings.weight")]  # noqa: SIM118
        if not names:
            raise KeyError("word_embeddings.weight")
        table = tensors.get_tensor(names[0])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer, table
