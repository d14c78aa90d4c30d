"""METEOR 1.5 from the jar of pycocoevalcap, in one process for the whole run.

The jar aligns a prediction with its references and gives 23 counts (its `SCORE` line); the score is a formula over
them (Denkowski and Lavie 2014), and the corpus score is the same formula over the summed counts, not a mean. The
formula is here, checked against the jar's own `EVAL` in the tests, because the bootstrap needs it a thousand times.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from common.files import digest
from evaluation import java
from evaluation.java import JavaFailed, JavaLines, find_java, java_command
from evaluation.remembered import named_by_code, recall, remember
from evaluation.settings import JavaSettings
from evaluation.tokens import packaged, pycocoevalcap_folder

# The jar's parameters for English; the weights are those of exact, stem, synonym and paraphrase matches.
_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75

Pair = tuple[str, tuple[str, ...]]
"""A tokenised prediction and its tokenised references."""


class Meteor:
    """The running jar. Starting it returns at once; the first `counts` waits until it has read its tables."""

    def __init__(self, settings: JavaSettings) -> None:
        folder = pycocoevalcap_folder() / "meteor"
        # It looks for its paraphrases beside the jar, but not where a space is in the path; so they are named.
        paraphrases = str(packaged(folder / "data" / "paraphrase-en.gz").resolve())
        options = ["-", "-", "-stdio", "-l", "en", "-norm", "-a", paraphrases]
        arguments = ["-jar", str(packaged(folder / "meteor-1.5.jar")), *options]
        self._lines = JavaLines(
            java_command(find_java(settings), arguments, memory_mb=settings.memory_mb),
            start_seconds=settings.start_seconds,
            answer_seconds=settings.answer_seconds,
        )
        self._known: dict[Pair, np.ndarray] = {}

    @property
    def pid(self) -> int:
        return self._lines.pid

    def counts(self, pairs: Sequence[Pair]) -> np.ndarray:
        """(n, 23) counts, each row against the reference that scores best. Raises `JavaFailed`."""
        return np.stack([self._count(pair) for pair in pairs]) if pairs else np.zeros((0, 23))

    def jar_scores(self, counts_nk: np.ndarray) -> tuple[list[float], float]:
        """The jar's own scores of the rows and of their sum, to hold the formula below against."""
        rows = [" ".join(f"{value:.1f}" for value in row) for row in counts_nk]
        first = self._lines.ask("EVAL ||| " + " ||| ".join(rows))
        values = [float(first), *(float(self._lines.ask_again()) for _ in rows)]
        return values[:-1], values[-1]

    def close(self) -> None:
        self._lines.close()

    def _count(self, pair: Pair) -> np.ndarray:
        known = self._known.get(pair)
        if known is None:
            prediction, references = pair
            answer = self._lines.ask(" ||| ".join(("SCORE", *references, prediction)))
            try:
                known = np.array([float(value) for value in answer.split()])
            except ValueError:
                raise JavaFailed(f"METEOR answered {answer[:100]!r}") from None
            if len(known) != 23:
                raise JavaFailed(f"METEOR answered {answer[:100]!r}")
            self._known[pair] = known
        return known


def aggregate(counts_nk: np.ndarray) -> np.ndarray:
    """Sums counts over axis -2 as the jar does: (..., n, 23) to (..., 23)."""
    return np.asarray(counted(counts_nk).sum(axis=-2))


def counted(counts_nk: np.ndarray) -> np.ndarray:
    """Counts as they enter a sum: a prediction that matches its reference entirely in one chunk is not fragmented, so
    its chunk does not count."""
    kept = counts_nk.copy()
    kept[..., 20] = np.where(_unbroken(counts_nk), 0.0, counts_nk[..., 20])
    return kept


def meteor_score(counts_k: np.ndarray) -> np.ndarray:
    """The score in 0..1 of counts (..., 23): a weighted F mean times one minus the penalty for fragmentation."""
    predicted_length, reference_length, predicted_function, reference_function = np.moveaxis(counts_k[..., :4], -1, 0)
    # (..., stage, [content in prediction, content in reference, function in prediction, function in reference])
    matches = counts_k[..., 4:20].reshape(*counts_k.shape[:-1], 4, 4)
    weighted = np.einsum("...sk,s->...k", matches, _WEIGHTS)
    precision = _ratio(
        _DELTA * weighted[..., 0] + (1 - _DELTA) * weighted[..., 2],
        _DELTA * (predicted_length - predicted_function) + (1 - _DELTA) * predicted_function,
    )
    recall = _ratio(
        _DELTA * weighted[..., 1] + (1 - _DELTA) * weighted[..., 3],
        _DELTA * (reference_length - reference_function) + (1 - _DELTA) * reference_function,
    )
    f_mean = _ratio(precision * recall, (1 - _ALPHA) * recall + _ALPHA * precision)
    chunks = np.where(_unbroken(counts_k), 0.0, counts_k[..., 20])
    fragmentation = _ratio(chunks, (counts_k[..., 21] + counts_k[..., 22]) / 2)
    return np.asarray(f_mean * (1 - _GAMMA * fragmentation**_BETA))


def _unbroken(counts_k: np.ndarray) -> np.ndarray:
    everything = (counts_k[..., 21] == counts_k[..., 0]) & (counts_k[..., 22] == counts_k[..., 1])
    return np.asarray(everything & (counts_k[..., 20] == 1))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(np.asarray(above, dtype=float)), where=np.asarray(below) != 0)


def known_counts(cache: Path | None) -> dict[str, list[float]]:
    """Counts that an earlier scoring kept, by `pair_key`."""
    return recall(cache, _CACHE_FILE)


def keep_counts(cache: Path | None, new: Mapping[str, list[float]]) -> None:
    remember(cache, _CACHE_FILE, new)


def pair_key(pair: Pair) -> str:
    """A short name for a pair of texts."""
    return digest([pair[0], *pair[1]])


_CACHE_FILE = named_by_code("meteor-counts.json", __file__, java.__file__)
_LONG = 1000
"""Words of a prediction. Alignments grow with the words that a text repeats."""
_running: dict[tuple[int, JavaSettings], Meteor] = {}


def start_meteor(settings: JavaSettings) -> Meteor:
    """This process's METEOR, started at the first call; a forked child starts its own. Raises `JavaMissing`."""
    key = (os.getpid(), settings)
    if key not in _running:
        _running[key] = Meteor(settings)
    return _running[key]


def with_cause(failed: JavaFailed, pairs: Sequence[Pair]) -> JavaFailed:
    """The failure, and the text that is likely behind it: the jar runs out of memory over thousands of equal words."""
    longest = max((prediction for prediction, _ in pairs), key=len, default="").split()
    if len(longest) <= _LONG:
        return failed
    cure = "shorten it, or raise evaluation.java.memory_mb"
    return JavaFailed(f"METEOR met a text of {len(longest)} words, {' '.join(longest[:8])} ...: {cure} ({failed})")


def restart_meteor(settings: JavaSettings) -> Meteor:
    """Another METEOR in place of one that died."""
    gone = _running.pop((os.getpid(), settings), None)
    if gone is not None:
        gone.close()
    return start_meteor(settings)
