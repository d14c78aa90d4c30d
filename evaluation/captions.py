"""BLEU, ROUGE-L and CIDEr-D over tokenised texts: pycocoevalcap's own classes, with their traps guarded.

Item scores are in the metric's own unit (0..1, CIDEr 0..10); `evaluation.score` multiplies by 100 as all papers do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.meteor import Pair


def rouge_l(pairs: Sequence[Pair]) -> np.ndarray:
    """(n,) F with beta 1.2 of the longest common subsequence; precision and recall are each the references' best."""
    from pycocoevalcap.rouge.rouge import Rouge

    if not pairs:
        return np.zeros(0)
    # An empty text splits into one empty word there, and two empty texts would match in it.
    scored = [
        Rouge().calc_score([prediction], list(references)) if prediction else 0.0 for prediction, references in pairs
    ]
    return np.array(scored, dtype=float)


def cider(pairs: Sequence[Pair]) -> np.ndarray:
    """(n,) CIDEr-D of each item, 0..10, with document frequencies over exactly these items.

    So it depends on the set: a single item scores 0, and items of a subset score otherwise than in the whole.
    """
    from pycocoevalcap.cider.cider import Cider

    if not any(reference for _, references in pairs for reference in references):
        return np.zeros(len(pairs))
    _, scores = Cider().compute_score(*_as_dicts(pairs))
    return np.asarray(scores, dtype=float)


def bleu(pairs: Sequence[Pair]) -> list[float]:
    """Corpus BLEU-1 to BLEU-4 (0..1), brevity penalty against the closest reference length."""
    from pycocoevalcap.bleu.bleu import Bleu

    if not any(prediction for prediction, _ in pairs):
        return [0.0] * 4
    scores, _ = Bleu(4).compute_score(*_as_dicts(pairs), verbose=0)
    return [float(score) for score in scores]


def _as_dicts(pairs: Sequence[Pair]) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    references = {number: list(several) for number, (_, several) in enumerate(pairs)}
    return references, {number: [prediction] for number, (prediction, _) in enumerate(pairs)}
