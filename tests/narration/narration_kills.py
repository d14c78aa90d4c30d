"""Runs `focusedad narrate` in processes that are killed where they are told to: `narration_kills.py ROOT SECONDS`.

An untrained lineage and a studio film of so many seconds are made under ROOT first, and heavy imports once, here. Every
run is a process of its own, with its group, that dies by SIGKILL at a file that it opens for writing, renames, makes or
removes under the draft's folder, or at a program that it starts.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import cv2
import torch
from narration_world import untrained_lineage

from corpora.studio.production import produce
from corpora.studio.settings import StudioSettings
from models.captioner import describe  # noqa: F401  (what every run would import)
from models.captioner.settings import CaptionerSettings  # noqa: F401
from models.perception import perceive  # noqa: F401
from narration import narrate, speaker  # noqa: F401
from narration.rules import Candidate
from orchestration import cli
from publishing import settings  # noqa: F401

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"}
SAID = ("walks to the door", "sits down on a bench", "opens the window", "looks at the sky", "picks up a book", "waits")


def in_a_process(words: list[str], below: Path, log: Path, asked: Path, kill_at: int) -> tuple[int, int]:
    """Exit status (negative: the signal) and how many steps the run took; it dies before step `kill_at` (0: never).
    Steps are what is changed in files that begin with `below`, and programs that are started."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        os.close(reading)
        with log.open("ab", 0) as stream:
            os.dup2(stream.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        watch(below, writing, kill_at)
        stand_in(asked)
        logging.getLogger().handlers.clear()
        os._exit(cli.main(words))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        steps = len(stream.read())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), steps


def watch(place: Path, tell: int, kill_at: int) -> None:
    """Counts this process's steps into the pipe `tell`."""
    below, steps = str(place), 0

    def step(event: str, given: tuple[Any, ...]) -> None:
        nonlocal steps
        if event == "open":
            counts = isinstance(given[0], str) and given[0].startswith(below) and bool(given[2] & WRITES)
        else:
            counts = event == "subprocess.Popen" or (event in CHANGES and str(given[0]).startswith(below))
        if counts:
            steps += 1
            os.write(tell, b".")
            if steps == kill_at:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(step)


def stand_in(asked: Path) -> None:
    """The untrained captioner is asked as ever, and that is noted; what it says is no English: others stand for it."""
    real = speaker.candidates

    def candidates(captioner: Any, film: Any, record: Any, *rest: Any) -> list[Candidate]:
        found = real(captioner, film, record, *rest)
        with asked.open("a") as stream:
            stream.write(f"{record['clip_id']}\n")
        return [Candidate(f"Someone {SAID[record['clip_id'] % len(SAID)]}.", each.score) for each in found]

    speaker.candidates = candidates


def main() -> None:
    """Answers each line of standard input, a run as JSON: words of the command, where its steps are counted (`below`),
    the files `log` and `asked`, and the step `kill_at`."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    root = Path(sys.argv[1])
    untrained_lineage(root)
    produce("tt9100001", "mad_eval_named", StudioSettings(seconds=float(sys.argv[2])), root / "film")
    print("ready", flush=True)
    for line in sys.stdin:
        run = json.loads(line)
        places = (Path(run[name]) for name in ("below", "log", "asked"))
        print(json.dumps(in_a_process(run["words"], *places, run["kill_at"])), flush=True)


if __name__ == "__main__":
    main()
