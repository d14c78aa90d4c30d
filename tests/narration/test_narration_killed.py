"""`focusedad narrate`, killed with its process group wherever it writes: on it goes, and ends as if undisturbed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narration.edits import read_edits
from narration.output import FILES

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
SECONDS = "10"  # of film
# Stands in for a voice: a tone of a tenth of a second for every word.
VOICE = """
import math, struct, sys, wave
count = len(sys.stdin.read().split()) * 1600
with wave.open(sys.argv[1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
    out.writeframes(struct.pack(f"<{count}h", *(int(9000 * math.sin(i / 9)) for i in range(count))))
"""


class Narrating:
    """A lineage, a film, and narrating it into folders of their own, in processes that may be killed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ours = {"FOCUSEDAD_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        self.driver = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("narration_kills.py")), str(root), SECONDS],
            env={**os.environ, **ours},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.driver.stdout is not None and self.driver.stdout.readline() == "ready\n"
        self.logs: dict[str, list[str]] = {}  # of each folder's runs
        self.asked: dict[str, list[str]] = {}  # the slots for which the captioner was asked, over all runs

    def run(self, name: str, *, kill_at: int = 0, below: str = "") -> tuple[int, int]:
        """Exit status and steps of one run into the folder `name`; it dies before step `kill_at` (0: it does not) in
        those of its files that begin with `below`."""
        assert self.driver.stdin is not None and self.driver.stdout is not None
        voice = shlex.join([sys.executable, "-c", VOICE, "{wav}"])
        out, log, asked = (self.root / name, self.root / "run.log", self.root / "run.asked")
        for path in (log, asked):
            path.write_text("")
        words = ["narrate", str(self.root / "film"), "--out", str(out), "--voice", voice, "--names", "recognised"]
        plan = {"words": words, "below": f"{out}/{below}", "log": str(log), "asked": str(asked), "kill_at": kill_at}
        self.driver.stdin.write(json.dumps(plan) + "\n")
        self.driver.stdin.flush()
        status, steps = json.loads(self.driver.stdout.readline())
        self.logs.setdefault(name, []).append(log.read_text())
        self.asked.setdefault(name, []).extend(asked.read_text().split())
        return status, steps


def files(folder: Path) -> dict[str, bytes]:
    """All files, those of the work folder and hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines_of(found: dict[str, bytes]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(found["description.json"])["lines"]
    return lines


@pytest.fixture(scope="module")
def narrating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Narrating]:
    found = Narrating(tmp_path_factory.mktemp("killed"))
    yield found
    found.driver.communicate()


@pytest.fixture(scope="module")
def undisturbed(narrating: Narrating) -> tuple[dict[str, bytes], int]:
    """Every file of a draft that nothing disturbed, and in how many steps it was made."""
    status, steps = narrating.run("undisturbed")
    assert status == 0, narrating.logs
    return files(narrating.root / "undisturbed"), steps


WORKING = (".work/film", ".work/faces", ".work/regions", ".work/lines", ".work/voice")
PLACES = (*WORKING, ".description.mix", ".description.partial/", ".description.json", ".description.md")


def test_killed_in_every_stage_it_ends_as_if_undisturbed_and_does_nothing_twice(
    narrating: Narrating, undisturbed: tuple[dict[str, bytes], int]
) -> None:
    whole, _ = undisturbed
    assert {*FILES, "description.voice.m4a", "description.mix.m4a"} <= whole.keys() and len(lines_of(whole)) >= 2
    draws, statuses = np.random.default_rng(7), []
    for place in PLACES:
        kill_at = int(draws.integers(1, 5 if place in WORKING else 3))
        statuses.append(narrating.run("killed", kill_at=kill_at, below=place)[0])
    assert statuses == [-signal.SIGKILL] * len(PLACES)
    assert narrating.run("killed")[0] == 0
    assert files(narrating.root / "killed") == whole
    logs = narrating.logs["killed"]
    looked = ["looking for faces" in log for log in logs]
    regions = PLACES.index(".work/regions")
    assert any(looked) and not any(looked[regions + 1 :]), "once the faces are known, never again"
    assert sum("regions: going on where it was" in log for log in logs) >= 4
    slots, again = narrating.asked["undisturbed"], narrating.asked["killed"]
    assert list(dict.fromkeys(again)) == slots, "in order, none left out"
    assert len(again) <= len(slots) + 1, "at most the one over which it died"


def test_killed_while_it_writes_a_persons_words_are_never_lost(
    narrating: Narrating, undisturbed: tuple[dict[str, bytes], int]
) -> None:
    whole, _ = undisturbed
    said = lines_of(whole)[1]["text"]

    def edited(name: str) -> Path:
        folder = narrating.root / name
        shutil.copytree(narrating.root / "undisturbed", folder)
        script = (folder / "description.md").read_text()
        (folder / "description.md").write_text(script.replace(said, "It pours.", 1))
        return folder

    finished = edited("edited")
    status, steps = narrating.run("edited")
    wanted = files(finished)
    assert status == 0 and [line["text"] for line in lines_of(wanted) if line["edited"]] == ["It pours."]
    late = np.random.default_rng(3).choice(np.arange(steps - 24, steps + 1), 2, replace=False)
    for step in sorted(late.tolist()):
        folder = edited(f"edited_{step}")
        assert narrating.run(folder.name, kill_at=step)[0] == -signal.SIGKILL
        assert [edit.text for edit in read_edits(folder).kept] == ["It pours."], f"killed at step {step} of {steps}"
        assert narrating.run(folder.name)[0] == 0
        assert files(folder) == wanted, f"killed at step {step} of {steps}"
