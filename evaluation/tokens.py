"""Tokenised captions as coco-caption and AutoAD make them: Penn Treebank tokens, lower case, without punctuation."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from evaluation import java
from evaluation.java import JavaFailed, JavaMissing, find_java, java_command, run_java
from evaluation.remembered import named_by_code, recall, remember
from evaluation.settings import JavaSettings

_JAR = Path("tokenizer") / "stanford-corenlp-3.4.1.jar"
# What coco-caption drops after tokenising (pycocoevalcap, tokenizer/ptbtokenizer.py).
_QUOTES = ("''", "'", "``", "`")
_BRACKETS = ("-LRB-", "-RRB-", "-LCB-", "-RCB-")
_PUNCTUATION = frozenset((*_QUOTES, *_BRACKETS, ".", "?", "!", ",", ":", "-", "--", "...", ";"))
_CACHE_FILE = named_by_code("ptb-tokens.json", __file__, java.__file__)
_known: dict[str, str] = {}


def pycocoevalcap_folder() -> Path:
    """Where the package with the jars lies; raises `JavaMissing` where it is not installed."""
    found = importlib.util.find_spec("pycocoevalcap")
    if found is None or not found.submodule_search_locations:
        raise JavaMissing("the package pycocoevalcap is not installed; `uv pip sync requirements.lock` installs it")
    return Path(next(iter(found.submodule_search_locations)))


def packaged(path: Path) -> Path:
    """A file of the package, where it is there; raises `JavaMissing` where the package came without it."""
    if not path.is_file():
        raise JavaMissing(f"the package pycocoevalcap has no {path.name}; `uv pip sync requirements.lock` mends it")
    return path


def tokenise(texts: Iterable[str], settings: JavaSettings, cache: Path | None = None) -> dict[str, str]:
    """Each one-line text to its tokens, joined by spaces; all texts that are neither known to this process nor to the
    folder `cache` in one Java run.

    Raises `JavaMissing` where Java or the jar is absent, `JavaFailed` where the tokenizer fails.
    """
    wanted = list(dict.fromkeys(texts))
    kept = recall(cache, _CACHE_FILE)
    _known.update(kept)
    new = [text for text in wanted if text not in _known]
    if new:
        jar = packaged(pycocoevalcap_folder() / _JAR)
        arguments = ["-cp", str(jar), "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
        command = java_command(find_java(settings), arguments, memory_mb=settings.memory_mb)
        answer = run_java(command, text="\n".join(new) + "\n", seconds=settings.batch_seconds)
        lines = answer.split("\n")
        if len(lines) < len(new):
            raise JavaFailed(f"the tokenizer gave {len(lines)} lines for {len(new)} texts")
        _known.update((text, _without_punctuation(line)) for text, line in zip(new, lines, strict=False))
    remember(cache, _CACHE_FILE, {text: _known[text] for text in wanted if text not in kept})
    return {text: _known[text] for text in wanted}


def _without_punctuation(line: str) -> str:
    # The tokenizer writes brackets in lower case under -lowerCase (-lrb-), and coco-caption lets those stand.
    return " ".join(word for word in line.split() if word not in _PUNCTUATION)
