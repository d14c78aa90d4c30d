"""`python -m orchestration.damage`: damages files of every kind that is read, and writes what became of them.

Writes docs/damage.md; exit status 1 where a reader did anything but read or refuse.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    from orchestration.damage.survey import GROUPS

    parser = argparse.ArgumentParser(prog="python -m orchestration.damage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, default=200, help="damaged files of each kind")
    parser.add_argument("--seed", type=int, default=0, help="another seed is other damage")
    parser.add_argument(
        "--only", choices=GROUPS, action="append", help="this group of kinds (repeatable; default: all)"
    )
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where damage.md goes (default: docs)")
    asked = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the process that reads, which is started from here
    os.environ["OPENCV_LOG_LEVEL"] = "OFF"
    return _survey(asked)


def _survey(asked: argparse.Namespace) -> int:
    from common.files import write_text
    from common.progress import show_progress
    from orchestration.damage.page import page
    from orchestration.damage.survey import GROUPS, survey

    show_progress()
    groups = asked.only or list(GROUPS)
    tallies = survey(groups, files=asked.files, seed=asked.seed)
    for tally in tallies:
        for number, outcome in tally.faults:
            print(f"{tally.kind}, file {number}: {outcome.what}: {outcome.told}", file=sys.stderr)
    asked_for = [f"--files {asked.files}", f"--seed {asked.seed}", *(f"--only {group}" for group in asked.only or ())]
    write_text(asked.out / "damage.md", page(tallies, " ".join(asked_for), files=asked.files))
    print(f"{asked.out / 'damage.md'} written")
    return 1 if any(tally.faults for tally in tallies) else 0


if __name__ == "__main__":
    raise SystemExit(main())
