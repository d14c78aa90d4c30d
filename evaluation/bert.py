"""BertScore: how well the tokens of a prediction and a reference match in a language model's space.

The definition is bert-score's (arXiv 1904.09675, without idf) and the tests hold the values against that package. It is
computed here because the package encodes sentences in the order of a set, which changes from process to process and
with it the last digits; because it takes a model folder for a T5 when its path happens to contain "t5"; and because it
fails on an empty text.

Every text is encoded in a batch of one fixed shape: texts of its own length in tokens, filled up to the batch's size.
So there is no padding, and a text has the same vectors to the last digit in whatever company it is encoded; a pair's
value can then be kept, and a table of which a tenth changed costs a tenth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from common.files import digest, read_json
from common.threads import one_thread
from evaluation import local_models
from evaluation.local_models import model_folder, model_identity
from evaluation.remembered import named_by_code, recall_numbers, remember_numbers, text_key
from evaluation.settings import BertSettings

_CACHE_FOLDER = named_by_code("bert-score", __file__, local_models.__file__)
_known: dict[str, dict[bytes, float]] = {}
"""What this process computed, by model and layer, then by pair."""


class BertScore:
    """A model, loaded once something is to be encoded. Raises `ModelMissing` where there is none."""

    def __init__(self, settings: BertSettings) -> None:
        self._settings = settings
        self._folder = model_folder(settings.model)

    def identity(self) -> str:
        """What the numbers depend on, without a path."""
        baseline = self._settings.baseline
        scale = "raw" if baseline is None else f"rescaled with baseline {baseline:g}"
        kind = (read_json(self._folder / "config.json", foreign=True).get("architectures") or ["model"])[0]
        return f"BertScore F1, {kind} {model_identity(self._folder)}, layer {self._settings.layers}, no idf, {scale}"

    def f1(self, pairs: Sequence[tuple[str, str]], *, cache: Path | None = None) -> np.ndarray:
        """(n,) F1 of (prediction, reference); 1 for equal texts before rescaling, 0 where either is empty.

        With a folder `cache` the value of every pair is kept there; what this process computed is known to it anyway.
        """
        keys_of_texts = {text: text_key(text) for pair in pairs for text in pair}
        keys = [keys_of_texts[prediction] + keys_of_texts[reference] for prediction, reference in pairs]
        kept_as = digest(self._raw_identity())
        name = f"{_CACHE_FOLDER}/{kept_as}.npy"
        known, kept = _known.setdefault(kept_as, {}), recall_numbers(cache, name)
        known.update(kept)
        new = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in known}
        if new:
            known.update(zip(new, self._raw_f1(list(new.values())).tolist(), strict=True))
        remember_numbers(cache, name, {key: known[key] for key in keys if key not in kept})
        scores = np.array([known[key] for key in keys], dtype=float)
        baseline = self._settings.baseline
        return scores if baseline is None else (scores - baseline) / (1 - baseline)

    def _raw_identity(self) -> list[object]:
        """What raw values depend on, the batches' size among it."""
        settings = self._settings.model_dump(mode="json", include={"layers", "batch", "max_tokens"})
        return [model_identity(self._folder), settings]

    def _raw_f1(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        vectors = self._encode(text for pair in pairs for text in pair)
        scores = [_greedy_f1(vectors[prediction], vectors[reference]) for prediction, reference in pairs]
        return np.array(scores, dtype=float)

    def _encode(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Each text to its (tokens, size) unit vectors, the first and last token being the model's own marks."""
        unique = sorted(set(texts))
        vectors: dict[str, np.ndarray] = {text: np.zeros((0, 1), np.float32) for text in unique if not text}
        by_length: dict[int, list[tuple[str, list[int]]]] = {}
        for text, tokens in self._tokens([text for text in unique if text]):
            by_length.setdefault(len(tokens), []).append((text, tokens))
        for of_length in by_length.values():
            for start in range(0, len(of_length), self._settings.batch):
                batch = of_length[start : start + self._settings.batch]
                encoded = self._encode_batch([tokens for _, tokens in batch])
                vectors.update((text, encoded[row].copy()) for row, (text, _) in enumerate(batch))
        return vectors

    def _tokens(self, texts: list[str]) -> list[tuple[str, list[int]]]:
        if not texts:
            return []
        tokenizer, model, _ = _load(self._folder)
        # Byte-pair tokenizers see another first word without the space before it; bert-score adds it as well.
        spaced = [f" {text}" for text in texts] if model.config.model_type in ("roberta", "gpt2") else texts
        found = tokenizer(spaced, truncation=True, max_length=self._settings.max_tokens)["input_ids"]
        return list(zip(texts, found, strict=True))

    def _encode_batch(self, tokens: list[list[int]]) -> np.ndarray:
        """(batch, length, size) unit vectors of texts of one length; the rows past the texts repeat the first."""
        import torch

        _, model, device = _load(self._folder)
        filled = tokens + tokens[:1] * (self._settings.batch - len(tokens))
        ids = torch.tensor(filled, device=device)
        with torch.inference_mode(), one_thread():
            every = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
            states = every.hidden_states[self._settings.layers]
            return np.asarray((states / states.norm(dim=-1, keepdim=True)).cpu().numpy())


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
    model = model.eval().to(device)
    if device == "cpu" and torch.backends.mkldnn.is_available():
        _multiply_with_onednn(model)
    return tokenizer, model, device


def _multiply_with_onednn(model: Any) -> None:
    """Lets oneDNN do the model's products: in single precision as before, on AMD's processors at twice MKL's speed."""
    import torch

    class Linear(torch.nn.Module):
        def __init__(self, replaced: torch.nn.Linear) -> None:
            super().__init__()
            self.weight, self.bias = replaced.weight.detach(), replaced.bias
            self.in_features, self.out_features = replaced.in_features, replaced.out_features

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            product = torch.ops.mkldnn._linear_pointwise
            return product(rows, self.weight, self.bias, "none", [], "")

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear:
                setattr(parent, name, Linear(child))
