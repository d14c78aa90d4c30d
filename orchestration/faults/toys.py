"""The tests' small lineage (words, lengths, total) in place of the assets of a clone: both engines, no models."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from common.files import write_text
from orchestration.faults.scratch import Clone
from publishing.places import CODE_ROOT

FILMS = ("tt9000001", "tt9000002")
STAGES = ("words", "lengths", "total")
# Words are made only once the file `hold` is gone, so that a second run surely meets the first.
_ASSETS = """
import time
from dataclasses import replace

from assets.toy_stages import TOYS, make_words


def make_when_let(work):
    while (work.data.parent / "hold").exists():
        time.sleep(0.05)
    make_words(work)


STAGES = (replace(TOYS[0], make=make_when_let), *TOYS[1:3])
"""
_READS = {"words": ["data/raw", "words.py"], "lengths": ["data/words"], "total": ["data/lengths"]}


class Toys(Clone):
    """A clone whose lineage takes a second."""

    def __init__(self, folder: Path, *, source: Path = CODE_ROOT) -> None:
        super().__init__(folder, source=source)
        if not (self.root / "assets" / "toy_stages.py").exists():
            self._become_toys()
        self.begin_anew()

    def _become_toys(self) -> None:
        shutil.copyfile(self.root / "tests/publishing/toy_stages.py", self.root / "assets/toy_stages.py")
        write_text(self.root / "assets/__init__.py", _ASSETS)
        for code in ("words.py", "lengths/one.py", "total.py"):
            write_text(self.root / code, "")
        stages = {
            name: {
                "cmd": f".venv/bin/python -m orchestration.run {name}",
                "deps": reads,
                "params": ["studio"],
                "outs": [{f"data/{name}": {"persist": True}}],
            }
            for name, reads in _READS.items()
        }
        write_text(self.root / "dvc.yaml", yaml.safe_dump({"stages": stages}, sort_keys=False))
        self.must_run("python", "-m", "orchestration.cli", "profile", "smoke")

    def begin_anew(self) -> None:
        """Nothing is published, and the films' texts are the first ones."""
        for name in ("data", "dvc.lock", "hold"):
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for film in FILMS:
            self.raw(film, f"the words of {film}")

    def raw(self, film: str, text: str) -> None:
        write_text(self.root / f"data/raw/{film}.txt", text)

    @property
    def hold(self) -> Path:
        """While this file is there, words are being made."""
        return self.root / "hold"

    def is_writing(self, stage: str = "words") -> bool:
        return (self.root / "data" / ".staging" / stage / "new").is_dir()
