"""A repository of a few commits, to be cloned."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(folder: Path, name: str, text: str) -> None:
    """A commit that changes one file."""
    (folder / name).write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (["init", "--quiet"], ["add", name], ["commit", "--quiet", "-m", name]):
        subprocess.run([*git, *words], check=True, capture_output=True)
