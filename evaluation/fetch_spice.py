"""`python -m evaluation.fetch_spice --into DIR`: the jars that SPICE needs, by way of Maven.

They are not in any wheel (the parser's models are 378 MB, under the GPL), and Maven is the client that knows where they
are, checks what it gets and keeps a copy. SPICE itself is under the AGPL-3.0; nothing of it is kept in this repository.
DVC watches the folder `tools/spice`, so that the scores are made anew once the jars are there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput
from evaluation.spice import JARS


def fetch(folder: Path, *, maven: str = "mvn") -> list[str]:
    """Puts the jars that `folder` lacks into it, returns their names. Raises `BadInput` if Maven is absent or fails."""
    absent = [name for name in JARS if not (folder / name).is_file()]
    if not absent:
        return []
    program = shutil.which(maven)
    if program is None:
        raise BadInput(
            f"{maven}: not found; install Maven (`apt-get install maven`), or put {', '.join(absent)} into {folder}"
        )
    partial = folder / ".partial"
    partial.mkdir(parents=True, exist_ok=True)
    try:
        for name in absent:
            artifact = [f"-Dartifact={JARS[name]}", f"-DoutputDirectory={partial.resolve()}"]
            done = subprocess.run(
                [program, "-B", "-q", "dependency:copy", *artifact], capture_output=True, text=True, check=False
            )
            if done.returncode != 0 or not (partial / name).is_file():
                said = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
                raise BadInput(f"{JARS[name]}: Maven could not fetch it: {(said or ['it said nothing'])[0][:300]}")
            (partial / name).replace(folder / name)
    finally:
        shutil.rmtree(partial)  # DVC watches the folder, and half a jar is none
    return absent


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.fetch_spice", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--into", type=Path, required=True, metavar="DIR", help="tools/spice, where the metric looks for them"
    )
    folder: Path = parser.parse_args(arguments).into
    try:
        fetched = fetch(folder)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{folder}: {len(fetched)} of {len(JARS)} jars fetched, {len(JARS) - len(fetched)} were there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
