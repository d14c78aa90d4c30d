"""`python -m orchestration.bench`, which is `make bench`: writes docs/BENCHMARKS.json and docs/BENCHMARKS.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestration.bench", description=__doc__)
    parser.add_argument("--film", type=Path, help="a film in normal form (default: the first of data/films)")
    parser.add_argument("--encoder", type=Path, default=Path("data/face_encoder"), help="the face encoder's folder")
    parser.add_argument("--minutes", default="1,4,16", help="lengths of film to measure; empty: none")
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs to measure the metrics on; 0: none")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where BENCHMARKS.json and .md go")
    asked = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        return _bench(asked)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2


def _bench(asked: argparse.Namespace) -> int:
    from common.progress import show_progress
    from corpora.film import read_film
    from orchestration.bench import metrics
    from orchestration.bench.harness import write_results
    from orchestration.bench.perception import against_length, against_the_peer

    show_progress()
    folder = asked.film or next(iter(sorted(Path("data/films").glob("tt91*"))), None)
    if folder is None:
        raise BadInput("data/films: no film to measure on; run `make repro` first, or give --film and --encoder")
    film = read_film(folder)
    try:
        minutes = [int(count) for count in asked.minutes.split(",") if count.strip()]
    except ValueError:
        raise BadInput(f"--minutes {asked.minutes}: not whole numbers with commas between them") from None
    results = [against_the_peer(film, asked.encoder), *against_length(film, asked.encoder, minutes)]
    results += metrics.against_the_peer(asked.pairs) if asked.pairs > 0 else []
    write_results(results, asked.out)
    print((asked.out / "BENCHMARKS.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
