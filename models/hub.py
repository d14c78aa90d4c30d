"""Published weights on this machine: looked for in Hugging Face's cache by pinned revision, never fetched.

A download is a person's decision (gigabytes, licences), so what is missing is said in one line with its command.
"""

from __future__ import annotations

import re
from pathlib import Path

from common.errors import BadInput

COMMIT = re.compile(r"[0-9a-f]{40}")


def local_folder(model: str, revision: str, *, needed: str = "config.json", otherwise: str = "") -> Path:
    """The folder of a model: `model` is a folder of this machine, or a repository whose snapshot of `revision` (a whole
    commit: a branch would not be pinned) lies in the cache. `needed` is a file that must be in it.

    BadInput says what is missing, the command that fetches it, and `otherwise`, what else can be done.
    """
    also = f", or {otherwise}" if otherwise else ""
    folder = Path(model)
    if folder.is_dir():
        if not (folder / needed).is_file():
            raise BadInput(f"{folder}: has no {needed}; name the folder of a saved model{also}")
        return folder
    if not COMMIT.fullmatch(revision):
        raise BadInput(f"{model}: revision {revision!r} is not a commit of 40 hex digits; pin one{also}")
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, needed, revision=revision)
    if not isinstance(found, str):
        raise BadInput(f"{model}: not in Hugging Face's cache; fetch it with `{fetch_command(model, revision)}`{also}")
    return Path(found).parent


def fetch_command(model: str, revision: str) -> str:
    """What a user types to get a model."""
    return f"hf download {model} --revision {revision}"
