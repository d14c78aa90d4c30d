"""All metrics of 10,000 pairs against pycocoevalcap's own path and the package bert-score, at equal values.

Two pieces of work, since they differ: the tables of a paper, where every row has the same references and the peers are
called once a table; and one table of as many pairs. Each side runs in a process of its own, and its CPU time is that
process's with all its Java children, from the first import on: what somebody waits for who wants the numbers.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput
from orchestration.bench.harness import Result

log = logging.getLogger(__name__)
PAIRS, WRITTEN_TABLE = 10_000, 500
METRICS = ("BLEU_1", "BLEU_2", "BLEU_3", "BLEU_4", "METEOR", "ROUGE_L", "CIDEr", "BertScore")
TOLERANCE = dict.fromkeys(METRICS, 1e-9) | {"BertScore": 0.05}
"""Of values times 100, for each table. bert-score lets a shorter sentence's padding count as a likeness of 0, which
wins where all others are below 0: pairs that have nothing in common differ by up to .2, means by some hundredths."""

Pairs = Sequence[tuple[str, str]]
"""(reference, prediction)"""
Tables = Mapping[str, Pairs]
Values = Mapping[str, Mapping[str, float]]
"""Table to metric to value."""


@dataclass(frozen=True)
class Measured:
    """What a side found, and what that took."""

    values: Values
    cpu: float
    wall: float


def against_the_peer(pairs: int = PAIRS, predictions: Path | None = None) -> list[Result]:
    """CPU seconds of both sides and their ratio, for tables and for one table; then what a second scoring takes.

    The tables are those of the folder `predictions`, in the order of their names, where they hold `pairs` pairs; else
    they are written. Raises `BadInput` where a side fails or the values differ.
    """
    tables = published_tables(predictions, pairs) or written_tables(pairs)
    whole = {"all": [pair for table in tables.values() for pair in table]}
    tenth = {name: [_mended(pair, at) for at, pair in enumerate(table)] for name, table in tables.items()}
    with tempfile.TemporaryDirectory() as scratch:
        several = _both(tables, Path(scratch) / "several")
        one = _both(whole, Path(scratch) / "one")
        again = _measured("ours", tables, Path(scratch) / "several")
        changed = _measured("ours", tenth, Path(scratch) / "several")
    origin = "written" if predictions is None or not published_tables(predictions, pairs) else "published predictions"
    return [
        _result("metrics", several, f"the tables of a paper: {len(tables)} tables ({origin}), {_told(whole['all'])}"),
        _result("metrics: in one table", one, f"the same pairs as one table: {_told(whole['all'])}"),
        _result("metrics: the same table again", (again, several[1]), "what did not change is recalled"),
        _result("metrics: a tenth changed", (changed, several[1]), "only what is new is computed"),
    ]


def _told(pairs: Pairs) -> str:
    texts = len({text for pair in pairs for text in pair})
    return f"{len(pairs)} pairs, {len(set(pairs))} of them distinct, {texts} distinct texts"


def _mended(pair: tuple[str, str], at: int) -> tuple[str, str]:
    """Of ten predictions one is another: the reference with a word before it."""
    return pair if at % 10 else (pair[0], f"Slowly, {pair[0]}")


def _both(tables: Tables, cache: Path) -> tuple[Measured, Measured]:
    """(ours, peer); raises `BadInput` where a value of a table differs."""
    theirs, own = _measured("peer", tables, cache), _measured("ours", tables, cache)
    for name in tables:
        apart = {metric: abs(own.values[name][metric] - theirs.values[name][metric]) for metric in METRICS}
        if any(apart[metric] > TOLERANCE[metric] for metric in METRICS):
            raise BadInput(f"bench: the two sides differ in {name} by {apart}; nothing is compared")
    return own, theirs


def _result(name: str, sides: tuple[Measured, Measured], note: str) -> Result:
    """A line of the page; the largest differences are told where both sides scored the same tables."""
    own, theirs = sides
    log.info("bench: %s, %.1f s against %.1f s", name, own.cpu, theirs.cpu)
    wall = f"; wall {own.wall:.1f} s against {theirs.wall:.1f} s"
    return Result(name, own.cpu, theirs.cpu, theirs.cpu / own.cpu, "CPU s", note=note + _differences(sides) + wall)


def _differences(sides: tuple[Measured, Measured]) -> str:
    own, theirs = (side.values for side in sides)
    apart = {m: max(abs(own[name][m] - theirs[name][m]) for name in own) for m in METRICS}
    if any(apart[metric] > TOLERANCE[metric] for metric in METRICS):
        return ""  # other tables
    others = max(value for metric, value in apart.items() if metric != "BertScore")
    return f"; largest difference of a table {others:.0e} of 100, of BertScore {apart['BertScore']:.0e}"


def published_tables(folder: Path | None, count: int) -> dict[str, list[tuple[str, str]]]:
    """The first tables of a folder of predictions that hold `count` pairs, the last cut; none where there are fewer."""
    import pandas as pd

    found: dict[str, list[tuple[str, str]]] = {}
    left = count
    for path in sorted(folder.glob("*/predictions.csv")) if folder is not None else ():
        table = pd.read_csv(path, keep_default_na=False)[["text_gt", "text_gen"]]
        found[path.parent.name] = [(str(truth), str(said)) for truth, said in table.itertuples(index=False)][:left]
        left -= len(found[path.parent.name])
        if left == 0:
            return found
    return {}


def written_tables(count: int) -> dict[str, list[tuple[str, str]]]:
    """Tables with the same references: sentences of the studio's language, and what others made of them."""
    pairs = list(sample_pairs(count))
    truths = [truth for truth, _ in pairs[:WRITTEN_TABLE]]
    parts = [pairs[start : start + WRITTEN_TABLE] for start in range(0, count, WRITTEN_TABLE)]
    return {
        f"row {number:02d}": [(truth, said) for truth, (_, said) in zip(truths, part, strict=False)]
        for number, part in enumerate(parts)
    }


def sample_pairs(count: int) -> Iterator[tuple[str, str]]:
    """(reference, prediction): sentences of the studio's language, the prediction near its reference or another's."""
    from corpora.studio.facts_text import TextWorld

    world = TextWorld(0, NAMES)
    rng = np.random.default_rng(0)
    sentences = [world.sample("description").target for _ in range(2 * count)]
    for truth, other in zip(sentences[:count], sentences[count:], strict=True):
        words = truth.split()
        kept = [word for word in words if rng.random() > 0.2] or words
        yield truth, " ".join(kept) if rng.random() < 0.5 else other


NAMES = tuple(
    f"{first}{last}" for first in ("Al", "Ber", "Cor", "Dan", "El") for last in ("a", "in", "ora", "as", "wyn")
)


def _measured(side: str, tables: Tables, cache: Path) -> Measured:
    """What the side finds, and the seconds of its process and its children's."""
    cache.mkdir(parents=True, exist_ok=True)
    given = cache / "tables.json"
    given.write_text(json.dumps({name: list(map(list, table)) for name, table in tables.items()}), encoding="utf-8")
    before, begun = _children(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.bench.metrics", side, str(given), str(cache)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    cpu, wall = _children() - before, time.monotonic() - begun
    if done.returncode:
        raise BadInput(f"bench: the metrics of the side {side} failed: {done.stderr.strip()[-500:]}")
    return Measured(json.loads(done.stdout.splitlines()[-1]), cpu, wall)


def _children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def ours(tables: Tables, cache: Path) -> dict[str, dict[str, float]]:
    """This project's one call."""
    import pandas as pd

    from evaluation.score import score_many
    from evaluation.settings import EvaluationSettings, IntervalSettings

    settings = EvaluationSettings(
        metrics=("METEOR", "BertScore", "CIDEr", "ROUGE_L", "BLEU"), intervals=IntervalSettings(draws=0)
    )
    frames = {
        name: pd.DataFrame(pairs, columns=["text_gt", "text_gen"]).assign(film="f", clip_id=range(len(pairs)))
        for name, pairs in tables.items()
    }
    found = score_many(frames, settings, cache=cache)
    return {
        name: {metric: value for metric in METRICS if (value := scores.summary[metric]) is not None}
        for name, scores in found.items()
    }


def peer(pairs: Pairs) -> dict[str, float]:
    """The usual way with one table: pycocoevalcap's tokenizer and scorers one after another, as its `eval.py` makes
    them, then bert-score's function as it comes, with the same model."""
    import torch
    from bert_score import score
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    from evaluation.local_models import model_folder
    from evaluation.settings import BertSettings

    torch.set_num_threads(1)
    truth = {number: [{"caption": text}] for number, (text, _) in enumerate(pairs)}
    said = {number: [{"caption": text}] for number, (_, text) in enumerate(pairs)}
    truth, said = PTBTokenizer().tokenize(truth), PTBTokenizer().tokenize(said)
    bleu, _ = Bleu(4).compute_score(truth, said, verbose=0)
    found: dict[str, Any] = {f"BLEU_{n}": value for n, value in enumerate(bleu, start=1)}
    for name, scorer in (("METEOR", Meteor()), ("ROUGE_L", Rouge()), ("CIDEr", Cider())):
        found[name], _ = scorer.compute_score(truth, said)
    settings = BertSettings()
    folder = str(model_folder(settings.model))
    references = [text for text, _ in pairs]
    _, _, f1 = score([text for _, text in pairs], references, model_type=folder, num_layers=settings.layers)
    found["BertScore"] = float(f1.double().mean())
    return {name: 100 * float(value) for name, value in found.items()}


def _main(side: str, given: Path, cache: Path) -> None:
    tables = {
        name: [(truth, said) for truth, said in table]
        for name, table in json.loads(given.read_text(encoding="utf-8")).items()
    }
    found = ours(tables, cache) if side == "ours" else {name: peer(table) for name, table in tables.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
