"""BertScore: how well the tokens of a prediction and a reference match in a language model's space.

The definition is bert-score's (arXiv 1904.09675, without idf) and the tests hold the values against that package. It is
computed here because the package encodes sentences in the order of a set, which changes from process to process and
with it the last digits; because it takes a model folder for a T5 when its path happens to contain "t5"; and because it
fails on an empty text. One encoding of a table serves the score and Recall@k/N.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from common.files import digest, read_json
from common.threads import one_thread
from evaluation import local_models
from evaluation.local_models import model_folder, model_identity
from evaluation.remembered import named_by_code, recall_values, remember_values
from evaluation.settings import BertSettings

_CACHE_FOLDER = named_by_code("bert-score", __file__, local_models.__file__)


class BertScore:
    """A model, loaded once something is to be encoded. Raises `ModelMissing` where there is none."""

    def __init__(self, settings: BertSettings) -> None:
        self._settings = settings
        self._folder = model_folder(settings.model)

    def identity(self) -> str:
        """What the numbers depend on, without a path."""
        baseline = self._settings.baseline
        scale = "raw" if baseline is None else f"rescaled with baseline {baseline:g}"
        kind = (read_json(self._folder / "config.json").get("architectures") or ["model"])[0]
        return f"BertScore F1, {kind} {model_identity(self._folder)}, layer {self._settings.layers}, no idf, {scale}"

    def f1(self, pairs: Sequence[tuple[str, str]], *, cache: Path | None = None) -> np.ndarray:
        """(n,) F1 of (prediction, reference); 1 for equal texts before rescaling, 0 where either is empty.

        With a folder `cache` the values of exactly these pairs are kept there.
        """
        name = f"{_CACHE_FOLDER}/{digest([self._raw_identity(), list(map(list, pairs))])}.npy"
        scores = recall_values(cache, name, len(pairs))
        if scores is None:
            scores = self._raw_f1(pairs)
            remember_values(cache, name, scores)
        baseline = self._settings.baseline
        return scores if baseline is None else (scores - baseline) / (1 - baseline)

    def _raw_identity(self) -> list[object]:
        """What raw values depend on, batches and all."""
        settings = self._settings.model_dump(mode="json", include={"layers", "batch", "max_tokens"})
        return [model_identity(self._folder), settings]

    def _raw_f1(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        vectors = self._encode(text for pair in pairs for text in pair)
        scores = [_greedy_f1(vectors[prediction], vectors[reference]) for prediction, reference in pairs]
        return np.array(scores, dtype=float)

    def _encode(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Each text to its (tokens, size) unit vectors, the first and last token being the model's own marks."""
        unique = sorted(set(texts), key=lambda text: (len(text), text))
        vectors: dict[str, np.ndarray] = {text: np.zeros((0, 1), np.float32) for text in unique if not text}
        unique = [text for text in unique if text]
        for start in range(0, len(unique), self._settings.batch):
            batch = unique[start : start + self._settings.batch]
            vectors.update(zip(batch, self._encode_batch(batch), strict=True))
        return vectors

    def _encode_batch(self, texts: list[str]) -> Iterator[np.ndarray]:
        import torch

        tokenizer, model, device = _load(self._folder)
        # Byte-pair tokenizers see another first word without the space before it; bert-score adds it as well.
        spaced = [f" {text}" for text in texts] if model.config.model_type in ("roberta", "gpt2") else texts
        tokens = tokenizer(
            spaced, return_tensors="pt", padding=True, truncation=True, max_length=self._settings.max_tokens
        ).to(device)
        with torch.inference_mode(), one_thread():
            states = model(**tokens, output_hidden_states=True).hidden_states[self._settings.layers]
            states = states / states.norm(dim=-1, keepdim=True)
        lengths = tokens["attention_mask"].sum(dim=1).tolist()
        for vectors, length in zip(states.cpu().numpy(), lengths, strict=True):
            yield vectors[:length]


def _greedy_f1(prediction_td: np.ndarray, reference_td: np.ndarray) -> float:
    """Every token meets its most alike one. The marks at both ends may be met but are not counted."""
    if len(prediction_td) < 3 or len(reference_td) < 3:
        return 0.0
    alike = prediction_td @ reference_td.T
    precision = float(alike.max(axis=1)[1:-1].mean())
    recall = float(alike.max(axis=0)[1:-1].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


@lru_cache(maxsize=2)
def _load(folder: Path) -> tuple[Any, Any, str]:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model = AutoModel.from_pretrained(str(folder), local_files_only=True, use_safetensors=True)
    finally:
        if bars:
            logging.enable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return tokenizer, model.eval().to(device), device
