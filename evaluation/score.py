"""One call from predictions to numbers: every metric per clip and over the corpus, or the reason why it is missing.

All values are times 100, as every paper in the field prints them (CIDEr then reaches 1000).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluation import captions
from evaluation.delivery import TimesMissing, repetition, words_per_second
from evaluation.intervals import film_interval, film_sums, interval, mean_interval
from evaluation.java import JavaFailed, JavaMissing
from evaluation.judge import JudgeMissing, judged
from evaluation.judge import identity as judge_identity
from evaluation.local_models import ModelMissing
from evaluation.meteor import (
    Pair,
    aggregate,
    counted,
    keep_counts,
    known_counts,
    meteor_score,
    pair_key,
    restart_meteor,
    start_meteor,
    with_cause,
)
from evaluation.naming import Cast, CastMissing, name_precision_recall
from evaluation.settings import EvaluationSettings, Metric
from evaluation.texts import Item, read_items
from evaluation.tokens import tokenise

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_NAMES: dict[Metric, tuple[str, ...]] = {
    "BLEU": tuple(f"BLEU_{n}" for n in range(1, 5)),
    "names": ("name precision", "name recall"),
    "pace": ("words/s", "too fast", "reference words/s"),
    "repetition": ("repetition", "reference repetition"),
}
"""What a metric of several values calls them; the others have one value of their own name."""
_ABSENT = (JavaMissing, ModelMissing, CastMissing, TimesMissing, JudgeMissing)
_TOKENISED: tuple[Metric, ...] = ("BLEU", "METEOR", "ROUGE_L", "CIDEr", "SPICE")


@dataclass
class Scores:
    """What `score` found. Every metric asked for is a key of `summary`; if it is None, `missing` says why."""

    summary: dict[str, float | None] = field(default_factory=dict)
    """Corpus values, times 100; `words`, `words/s` and those of the references are mean lengths and paces."""
    per_clip: pd.DataFrame = field(default=None)  # type: ignore[assignment]
    """One row a clip: film, clip_id, text_gt (several references joined by " / "), text_gen, and a column a metric."""
    missing: dict[str, str] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Percentile bootstrap over clips, for the metrics that have a value per clip."""
    identities: dict[str, str] = field(default_factory=dict)
    """What a number depends on besides the texts: model, layer, threshold, tokeniser."""
    counts: dict[str, int] = field(default_factory=dict)
    """Clips, films, empty predictions, clips without R."""
    film_intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Percentile bootstrap over films, each drawn with all its clips; of two films or more."""


def score(
    table: pd.DataFrame,
    settings: EvaluationSettings,
    *,
    casts: Mapping[str, Cast] | None = None,
    cache: Path | None = None,
    jars: Path | None = None,
    name: str = "predictions",
) -> Scores:
    """Scores a table with the columns film, clip_id, text_gt, text_gen and, optionally, start and end (seconds).

    `text_gt` is a text or a list of texts. `casts` says by film whom descriptions may name, for CRITIC and the names.
    `cache` is a folder for what is slow to compute again (SPICE); `jars` is the folder of SPICE's jars, where it is not
    this repository's. The order of the rows does not matter. Raises `BadInput` for a table that cannot be scored (see
    `evaluation.texts.read_items`), `JavaFailed` where a Java program is there but crashes or hangs: that may pass, and
    is no reason to publish a score without its metric.
    """
    return score_many({name: table}, settings, casts=casts, cache=cache, jars=jars)[name]


def score_many(
    tables: Mapping[str, pd.DataFrame],
    settings: EvaluationSettings,
    *,
    casts: Mapping[str, Cast] | None = None,
    cache: Path | None = None,
    jars: Path | None = None,
) -> dict[str, Scores]:
    """As `score` for each table, with one run of each Java program for all of them."""
    items = {name: read_items(table, name=name) for name, table in tables.items()}
    everything = [item for several in items.values() for item in several]
    words, without_tokens = _tokens(everything, settings, cache)
    if words is not None and "METEOR" in settings.metrics and _new_to_meteor(everything, words, cache):
        _try(lambda: start_meteor(settings.java))  # it reads its tables while the others are at work
    if words is not None and "SPICE" in settings.metrics and len(items) > 1:
        from evaluation.spice import spice_scores

        pairs = [_pair(item, words) for item in everything]
        _try(lambda: spice_scores(pairs, settings, cache=cache, jars=jars))
    if len(items) > 1 and {"BertScore", "Recall"} & set(settings.metrics):
        _encode_together(items.values(), settings, cache)
    return {
        name: _Scoring(several, words, without_tokens, settings, casts or {}, cache, jars).scores()
        for name, several in items.items()
    }


def _tokens(
    items: Sequence[Item], settings: EvaluationSettings, cache: Path | None
) -> tuple[Mapping[str, str] | None, str]:
    texts = [text for item in items for text in (item.prediction, *item.references)]
    if not set(settings.metrics) & set(_TOKENISED):
        return None, "not asked for"
    if settings.tokenise == "none":
        return {text: text for text in texts}, ""
    try:
        return tokenise(texts, settings.java, cache), ""
    except JavaMissing as reason:
        return None, f"the PTB tokenizer: {reason}"


def _new_to_meteor(items: Sequence[Item], words: Mapping[str, str], cache: Path | None) -> bool:
    known = known_counts(cache)
    return not all(pair_key(_pair(item, words)) in known for item in items)


def _encode_together(tables: Iterable[Sequence[Item]], settings: EvaluationSettings, cache: Path | None) -> None:
    """Of several tables every text once: what BertScore then asks for is known. Without the model nothing is."""
    from evaluation.bert import BertScore

    pairs = [pair for items in tables for part in _compared(items, settings)[:2] for pair in part]
    try:
        BertScore(settings.bert).f1(pairs, cache=cache)
    except ModelMissing as reason:
        log.info("evaluation: %s", reason)


def _compared(
    items: Sequence[Item], settings: EvaluationSettings
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[int, int]]]:
    """(prediction, reference) of the clips themselves, of neighbours for Recall@k/N, and which neighbours these are."""
    from evaluation.recall import pairs_needed

    windows = settings.recall if "Recall" in settings.metrics else ()
    neighbours = sorted(set(pairs_needed([item.film for item in items], windows)))
    own = [(item.prediction, text) for item in items for text in item.references]
    return own, [(items[i].prediction, items[j].references[0]) for i, j in neighbours], neighbours


def _try(action: Callable[[], object]) -> None:
    """What is started early may be absent; who needs it asks again and reports why."""
    try:
        action()
    except JavaMissing as reason:
        log.info("evaluation: %s", reason)


def _pair(item: Item, words: Mapping[str, str]) -> Pair:
    return words[item.prediction], tuple(words[text] for text in item.references)


class _Scoring:
    """The metrics of one table, one method each; a metric that lacks something leaves its reason."""

    def __init__(
        self,
        items: list[Item],
        words: Mapping[str, str] | None,
        without_tokens: str,
        settings: EvaluationSettings,
        casts: Mapping[str, Cast],
        cache: Path | None,
        jars: Path | None,
    ) -> None:
        self._items = items
        self._films = [item.film for item in items]
        self._casts = casts
        self._pairs = None if words is None else [_pair(item, words) for item in items]
        self._without_tokens = without_tokens
        self._settings = settings
        self._cache, self._jars = cache, jars
        self._found = Scores(per_clip=_frame(items))

    def scores(self) -> Scores:
        found = self._found
        self._lengths()
        by_metric: dict[Metric, Callable[[], None]] = {
            "BertScore": self._bert_and_recall,
            "R": self._redundancy,
            "BLEU": self._bleu,
            "ROUGE_L": lambda: self._mean("ROUGE_L", captions.rouge_l(self._tokenised()), _tokens_identity),
            "CIDEr": lambda: self._mean("CIDEr", captions.cider(self._tokenised()), _tokens_identity),
            "SPICE": self._spice,
            "METEOR": self._meteor,
            "CRITIC": self._critic,
            "names": self._naming,
            "pace": self._pace,
            "repetition": self._repetition,
            "judge": self._judge,
        }
        asked = dict.fromkeys("BertScore" if metric == "Recall" else metric for metric in self._settings.metrics)
        for metric, compute in by_metric.items():
            if metric not in asked:
                continue
            try:
                compute()
            except _ABSENT as reason:
                for name in self._names(metric):
                    found.summary[name] = None
                    found.missing[name] = str(reason)
        wanted = [name for metric in self._settings.metrics for name in self._names(metric, alone=True)]
        found.summary = {name: found.summary[name] for name in (*wanted, "words", "reference words")}
        columns = [name for name in wanted if name in found.per_clip]
        found.per_clip = found.per_clip[["film", "clip_id", "text_gt", "text_gen", *columns, "words"]]
        return found

    def _names(self, metric: Metric, *, alone: bool = False) -> list[str]:
        recall = [window.name for window in self._settings.recall]
        if metric == "Recall":
            return recall
        if metric == "BertScore" and not alone:
            return ["BertScore", *recall]
        return list(_NAMES.get(metric, (metric,)))

    def _tokenised(self) -> list[Pair]:
        if self._pairs is None:
            raise JavaMissing(self._without_tokens)
        return self._pairs

    def _mean(
        self, name: str, values_n: np.ndarray, identity: Callable[[EvaluationSettings], str], *, times: float = 100
    ) -> None:
        """A metric whose corpus value is the mean of its clips (of those that have one)."""
        found, multiplied = self._found, values_n * times
        found.per_clip[name] = multiplied
        there = multiplied[~np.isnan(multiplied)]
        found.summary[name] = float(there.mean()) if len(there) else None
        if not len(there):
            found.missing[name] = "no clip has a value"
        over_clips = mean_interval(multiplied, self._settings.intervals)
        self._bounds(name, over_clips, film_interval(multiplied, self._films, self._settings.intervals))
        found.identities[name] = identity(self._settings)

    def _bounds(
        self, name: str, over_clips: tuple[float, float] | None, over_films: tuple[float, float] | None
    ) -> None:
        if over_clips is not None:
            self._found.intervals[name] = over_clips
        if over_films is not None:
            self._found.film_intervals[name] = over_films

    def _lengths(self) -> None:
        words = np.array([len(item.prediction.split()) for item in self._items], dtype=float)
        truth = np.array([np.mean([len(text.split()) for text in item.references]) for item in self._items])
        self._found.per_clip["words"] = words
        self._found.summary.update({"words": float(words.mean()), "reference words": float(truth.mean())})
        self._found.counts = {
            "clips": len(self._items),
            "films": len({item.film for item in self._items}),
            "empty predictions": sum(not item.prediction for item in self._items),
        }

    def _bleu(self) -> None:
        for n, value in enumerate(captions.bleu(self._tokenised()), start=1):
            self._found.summary[f"BLEU_{n}"] = value * 100
            self._found.identities[f"BLEU_{n}"] = _tokens_identity(self._settings)

    def _spice(self) -> None:
        from evaluation.spice import spice_scores

        values = np.array(spice_scores(self._tokenised(), self._settings, cache=self._cache, jars=self._jars))
        self._mean("SPICE", values, lambda settings: f"SPICE 1.0, CoreNLP 3.6.0, {_tokens_identity(settings)}")

    def _meteor(self) -> None:
        counts_nk = self._meteor_counts(self._tokenised())
        self._found.per_clip["METEOR"] = meteor_score(counts_nk) * 100
        self._found.summary["METEOR"] = float(meteor_score(aggregate(counts_nk))) * 100
        settings = self._settings.intervals
        over_clips = interval(counts_nk, lambda drawn: meteor_score(aggregate(drawn)) * 100, settings)
        by_film_fk = film_sums(counted(counts_nk), self._films)
        over_films = interval(by_film_fk, lambda drawn: meteor_score(drawn.sum(axis=-2)) * 100, settings)
        self._bounds("METEOR", over_clips, over_films if len(by_film_fk) > 1 else None)
        self._found.identities["METEOR"] = f"METEOR 1.5 -l en -norm, {_tokens_identity(self._settings)}"

    def _meteor_counts(self, pairs: Sequence[Pair]) -> np.ndarray:
        """(n, 23); what an earlier scoring kept is not asked for again."""
        known = known_counts(self._cache)
        keys = [pair_key(pair) for pair in pairs]
        new = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in known}
        if new:
            try:
                found_nk = start_meteor(self._settings.java).counts(list(new.values()))
            except JavaFailed:  # it was killed, or its machine slept: once more from the start
                try:
                    found_nk = restart_meteor(self._settings.java).counts(list(new.values()))
                except JavaFailed as failed:
                    raise with_cause(failed, list(new.values())) from None
            found = dict(zip(new, found_nk.tolist(), strict=True))
            keep_counts(self._cache, found)
            known |= found
        return np.array([known[key] for key in keys])

    def _redundancy(self) -> None:
        from evaluation.redundancy import Redundancy

        redundancy = Redundancy(self._settings.redundancy)
        values = np.array([redundancy.score(item.prediction, item.references) for item in self._items])
        self._mean("R", values, lambda _: redundancy.identity())
        self._found.counts["clips without R"] = int(np.isnan(values).sum())

    def _critic(self) -> None:
        from evaluation.critic import critic, identity

        values = critic(self._items, self._casts, self._settings.critic)
        self._mean("CRITIC", values, lambda settings: identity(settings.critic))

    def _naming(self) -> None:
        precision, recall = name_precision_recall(self._items, self._casts)
        self._mean("name precision", precision, lambda _: "of the names said, the share in the reference")
        self._mean("name recall", recall, lambda _: "of the reference's names, the share said")

    def _pace(self) -> None:
        pace, of_reference = words_per_second(self._items)
        limit = self._settings.fastest_words_per_second
        self._mean("words/s", pace, lambda _: "words per second of the slot", times=1)
        self._mean("too fast", pace > limit, lambda _: f"share of lines above {limit:g} words a second")
        self._mean("reference words/s", of_reference, lambda _: "words per second of the slot", times=1)

    def _repetition(self) -> None:
        told = "share of content words that the line before in its film holds"
        for name, texts in (
            ("repetition", [item.prediction for item in self._items]),
            ("reference repetition", [item.references[0] for item in self._items]),
        ):
            self._mean(name, repetition(self._films, texts), lambda _: told)

    def _judge(self) -> None:
        values = judged(self._items, self._settings.judge, self._cache)
        self._mean("judge", values, lambda settings: judge_identity(settings.judge), times=1)

    def _bert_and_recall(self) -> None:
        from evaluation.bert import BertScore

        bert = BertScore(self._settings.bert)
        films = [item.film for item in self._items]
        wanted = "Recall" in self._settings.metrics
        own, others, neighbours = _compared(self._items, self._settings)
        alike = bert.f1([*own, *others], cache=self._cache)
        owners = np.repeat(np.arange(len(self._items)), [len(item.references) for item in self._items])
        best = np.full(len(self._items), -np.inf)
        np.maximum.at(best, owners, alike[: len(own)])  # of several references the best, as bert-score does
        if "BertScore" in self._settings.metrics:
            self._mean("BertScore", best, lambda _: bert.identity())
        if wanted:
            self._recall(films, dict(zip(neighbours, alike[len(own) :].tolist(), strict=True)), bert.identity())

    def _recall(self, films: Sequence[str], alike: dict[tuple[int, int], float], identity: str) -> None:
        from evaluation.recall import recall_within

        if any(item.start is None for item in self._items) and len(set(films)) < len(films):
            log.info("evaluation: no start times, so neighbours are taken in the order of clip_id")
        for window in self._settings.recall:
            value = recall_within(films, alike, window)
            self._found.summary[window.name] = None if value is None else value * 100
            self._found.identities[window.name] = f"neighbours by {identity}"
            if value is None:
                self._found.missing[window.name] = f"no film has {window.neighbours} clips"


def _tokens_identity(settings: EvaluationSettings) -> str:
    return "PTB tokens without punctuation" if settings.tokenise == "ptb" else "text as it is"


def _frame(items: Sequence[Item]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "film": [item.film for item in items],
            "clip_id": [item.clip_id for item in items],
            "text_gt": [" / ".join(item.references) for item in items],
            "text_gen": [item.prediction for item in items],
        }
    )
