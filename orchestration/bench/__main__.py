"""`python -m orchestration.bench`, which is `make bench`: writes docs/BENCHMARKS.json and docs/BENCHMARKS.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput

if TYPE_CHECKING:
    from corpora.film import Film
    from orchestration.bench.harness import Result

PARTS = ("perception", "length", "banks", "narration", "metrics", "generation", "training", "engines", "stages")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestration.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part of the benchmark (default: all)")
    parser.add_argument("--data", type=Path, default=Path("data"), help="what `make repro` published")
    parser.add_argument("--film", type=Path, help="a film in normal form (default: the first of the data's films)")
    parser.add_argument("--encoder", type=Path, help="the face encoder's folder (default: the data's)")
    parser.add_argument("--minutes", default="1,4,16,64", help="lengths of film to measure; empty: none")
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
    from orchestration.bench import metrics
    from orchestration.bench.banks import against_kmeans
    from orchestration.bench.captioner import generation, training_step
    from orchestration.bench.engines import engines
    from orchestration.bench.harness import write_results
    from orchestration.bench.history import stages

    show_progress()
    results: list[Result] = []
    if asked.only in (None, "perception", "length"):
        results += _perception(asked)
    if asked.only in (None, "banks"):
        results += against_kmeans(asked.data)
    if asked.only in (None, "narration"):
        results += _narration(asked)
    if asked.only in (None, "metrics") and asked.pairs > 0:
        results += metrics.against_the_peer(asked.pairs, asked.data / "predictions")
    if asked.only in (None, "generation"):
        results += generation(asked.data)
    if asked.only in (None, "training"):
        results += training_step(asked.data)
    if asked.only in (None, "engines"):
        results += engines(asked.data)
    if asked.only in (None, "stages"):
        results += stages(asked.data)
    write_results(results, asked.out)
    print((asked.out / "BENCHMARKS.md").read_text(encoding="utf-8"))
    return 0


def _perception(asked: argparse.Namespace) -> list[Result]:
    from orchestration.bench.perception import against_length, against_the_peer

    film, encoder, minutes = _film(asked), asked.encoder or asked.data / "face_encoder", _minutes(asked)
    results = [] if asked.only == "length" else [against_the_peer(film, encoder)]
    return results if asked.only == "perception" else [*results, *against_length(film, encoder, minutes)]


def _narration(asked: argparse.Namespace) -> list[Result]:
    from orchestration.bench.narration import against_length

    return against_length(_film(asked), asked.data, _minutes(asked))


def _film(asked: argparse.Namespace) -> Film:
    from corpora.film import read_film

    folder = asked.film or next(iter(sorted((asked.data / "films").glob("tt91*"))), None)
    if folder is None:
        raise BadInput(f"{asked.data / 'films'}: no film to measure on; run `make repro` first, or give --film")
    return read_film(folder)


def _minutes(asked: argparse.Namespace) -> list[int]:
    try:
        return [int(count) for count in asked.minutes.split(",") if count.strip()]
    except ValueError:
        raise BadInput(f"--minutes {asked.minutes}: not whole numbers with commas between them") from None


if __name__ == "__main__":
    raise SystemExit(main())
