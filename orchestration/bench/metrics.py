"""All metrics on 10,000 pairs against pycocoevalcap's own path and the package bert-score, at equal values.

Each side runs in a process of its own, and its CPU time is that process's with all its Java children, from the first
import on: what somebody waits for who wants the numbers.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput
from orchestration.bench.harness import Result

log = logging.getLogger(__name__)
PAIRS = 10_000
METRICS = ("BLEU_1", "BLEU_2", "BLEU_3", "BLEU_4", "METEOR", "ROUGE_L", "CIDEr", "BertScore")
TOLERANCE = dict.fromkeys(METRICS, 1e-9) | {"BertScore": 0.01}
"""Of values times 100. bert-score lets a shorter sentence's padding count as a likeness of 0, which wins where all
others are below 0: pairs that have nothing in common differ by up to .2, the mean by some thousandths."""


def against_the_peer(pairs: int = PAIRS) -> list[Result]:
    """CPU seconds of both sides and their ratio; a second scoring of the same table and of one with a tenth changed.

    Raises `BadInput` where a side fails or the values differ.
    """
    with tempfile.TemporaryDirectory() as scratch:
        table, changed = Path(scratch) / "pairs.json", Path(scratch) / "changed.json"
        made = list(sample_pairs(pairs))
        table.write_text(json.dumps(made), encoding="utf-8")
        mended = [(truth, said if number % 10 else truth) for number, (truth, said) in enumerate(made)]
        changed.write_text(json.dumps(mended), encoding="utf-8")
        cache = Path(scratch) / "cache"
        peer, peer_seconds = _measured("peer", table, cache)
        ours, our_seconds = _measured("ours", table, cache)
        apart = {name: abs(ours[name] - peer[name]) for name in METRICS}
        if any(apart[name] > TOLERANCE[name] for name in METRICS):
            raise BadInput(f"bench: the two sides differ by {apart}; nothing is compared")
        _, again_seconds = _measured("ours", table, cache)
        _, tenth_seconds = _measured("ours", changed, cache)
    texts = len({text for pair in made for text in pair})
    note = f"{pairs} pairs, {texts} distinct texts, BLEU, METEOR, ROUGE-L, CIDEr, BertScore; largest difference "
    return [
        _result("metrics", our_seconds, peer_seconds, note + f"{max(apart.values()):.1e} of 100"),
        _result("metrics: the same table again", again_seconds, peer_seconds, "what did not change is recalled"),
        _result("metrics: a tenth changed", tenth_seconds, peer_seconds, "only new texts and pairs are computed"),
    ]


def _result(name: str, ours: float, peer: float, note: str) -> Result:
    log.info("bench: %s, %.1f s against %.1f s", name, ours, peer)
    return Result(name, ours, peer, peer / ours, "CPU s", note=note)


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


def _measured(side: str, table: Path, cache: Path) -> tuple[dict[str, float], float]:
    """What the side finds, and the CPU seconds of its process and its children's."""
    before = _children()
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.bench.metrics", side, str(table), str(cache)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    seconds = _children() - before
    if done.returncode:
        raise BadInput(f"bench: the metrics of the side {side} failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1]), seconds


def _children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def ours(pairs: Sequence[tuple[str, str]], cache: Path) -> dict[str, float]:
    """This project's one call."""
    import pandas as pd

    from evaluation.score import score
    from evaluation.settings import EvaluationSettings, IntervalSettings

    table = pd.DataFrame(pairs, columns=["text_gt", "text_gen"]).assign(film="f", clip_id=range(len(pairs)))
    settings = EvaluationSettings(
        metrics=("METEOR", "BertScore", "CIDEr", "ROUGE_L", "BLEU"), intervals=IntervalSettings(draws=0)
    )
    found = score(table, settings, cache=cache).summary
    return {name: value for name in METRICS if (value := found[name]) is not None}


def peer(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The usual way: pycocoevalcap's tokenizer and scorers one after another, then bert-score with the same model."""
    import torch
    from bert_score import BERTScorer
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
    bert = BERTScorer(model_type=str(model_folder(settings.model)), num_layers=settings.layers, device="cpu")
    bert._tokenizer.model_max_length = settings.max_tokens
    _, _, f1 = bert.score([text for _, text in pairs], [text for text, _ in pairs])
    found["BertScore"] = float(f1.double().mean())
    return {name: 100 * float(value) for name, value in found.items()}


if __name__ == "__main__":
    given = [(truth, said) for truth, said in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))]
    print(json.dumps(ours(given, Path(sys.argv[3])) if sys.argv[1] == "ours" else peer(given)))
