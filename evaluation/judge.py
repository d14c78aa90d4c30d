"""A language model as a judge, as an extra that is off: how much of the reference does a description tell, 0 to 5?

Asked is whatever speaks the OpenAI protocol (`/chat/completions`): a service, or a model of one's own behind
`transformers serve`, vLLM or llama.cpp. Every answer is kept as a line of JSON, so that a second scoring asks nothing
and anyone can read what was said. Its numbers hang on the model and its day: compare rows judged by one model, and no
papers.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

import numpy as np

from common.errors import BadInput
from common.files import digest
from evaluation.settings import JudgeSettings
from evaluation.texts import Item

log = logging.getLogger(__name__)
TRANSCRIPTS = "judge.jsonl"
WORST, BEST = 0, 5
PROMPT = """You compare two audio descriptions of the same few seconds of a film. The first is by a professional.

Professional: {reference}
Other: {prediction}

How much of what the professional tells does the other tell as well? Who acts, what is done, to whom and where count; \
wording, style and length do not. A wrong person or a wrong action is worse than a missing one.
Answer with one whole number from 0 (nothing, or something else) to 5 (all of it), and nothing besides."""
_NUMBER = re.compile(r"(?<![\d.,])[0-5](?!\d|[.,]\d)")
_RANGE = re.compile(r"\d\s*(?:to|-|–)\s*\d")


class JudgeMissing(Exception):
    """No judge was named: the metric is left out, with this reason."""


def judged(items: Sequence[Item], settings: JudgeSettings, cache: Path | None) -> np.ndarray:
    """(n,) 0 to 5, of several references the best; 0 for an empty prediction, NaN where no number was answered.

    Raises `JudgeMissing` where no address is set, `BadInput` where nobody answers there.
    """
    if not settings.address or not settings.model:
        raise JudgeMissing("no judge: evaluation.judge.address and evaluation.judge.model name one")
    known = _kept(cache)
    values = [max(_one(text, item.prediction, settings, known, cache) for text in item.references) for item in items]
    return np.array([np.nan if value < WORST else value for value in values], dtype=float)


def identity(settings: JudgeSettings) -> str:
    return f"0 to 5 by {settings.model}, prompt {digest(PROMPT)[:8]}, temperature 0"


def parse(answer: str) -> float:
    """The first number of an answer that is one of the scale; -1 where there is none."""
    found = _NUMBER.search(_RANGE.sub(" ", answer))
    return float(found.group()) if found else -1.0


def _one(reference: str, prediction: str, settings: JudgeSettings, known: dict[str, str], cache: Path | None) -> float:
    if not prediction:
        return float(WORST)
    key = digest([settings.model, PROMPT, reference, prediction])
    if key not in known:
        known[key] = _ask(PROMPT.format(reference=reference, prediction=prediction), settings)
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
            told = {"reference": reference, "prediction": prediction, "answer": known[key]}
            line = json.dumps({"key": key, "model": settings.model, **told}, ensure_ascii=False)
            with (cache / TRANSCRIPTS).open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
    return parse(known[key])


def _kept(cache: Path | None) -> dict[str, str]:
    """Key to answer; a torn line is one that was not asked."""
    path = cache / TRANSCRIPTS if cache is not None else None
    found: dict[str, str] = {}
    for line in path.read_bytes().splitlines() if path is not None and path.is_file() else ():
        try:
            kept = json.loads(line)
            found[str(kept["key"])] = str(kept["answer"])
        except (ValueError, KeyError, TypeError, RecursionError):
            log.info("evaluation: a line of %s is torn and is asked again", TRANSCRIPTS)
    return found


def _ask(prompt: str, settings: JudgeSettings) -> str:
    where = settings.address.rstrip("/")
    asked = {"model": settings.model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
    heads = {"Content-Type": "application/json"}
    if not where.startswith(("http://", "https://")):
        raise BadInput(
            f"evaluation.judge.address: {where} is no address of a server; begin it with http:// or https://"
        )
    try:
        request = urllib.request.Request(f"{where}/chat/completions", json.dumps(asked).encode("utf-8"), heads)
        if settings.key_variable and (key := os.environ.get(settings.key_variable)):
            request.add_unredirected_header("Authorization", f"Bearer {key}")  # another host is not shown the key
        with urllib.request.urlopen(request, timeout=settings.answer_seconds) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"] or "")
    except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
        said = f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else " ".join(str(error).split())
        raise BadInput(
            f"evaluation.judge.address: no answer from {where} ({said[:200]}); start it, or leave the judge out"
        ) from None
