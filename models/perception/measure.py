"""How good the perception is on studio films, against their truth.

    python -m models.perception.measure FILM_FOLDER... [--data data] [--page docs/perception.md]

A report on the mini world, where the truth is known; nothing in the pipeline reads it. What is measured stands in
`models/measuring`; here is the command, and how a film is perceived for it or read as the stages published it.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from pathlib import Path

import pandas as pd

from common.errors import BadInput
from common.files import canonical_json, read_json, write_json, write_text
from corpora.film import Film, read_film
from models.measuring.observed import Observed, flat, observe, together
from models.measuring.page import page
from models.measuring.sections import as_json, sections
from models.measuring.truth import Perceived, true_names
from models.perception.bank_files import read_banks
from models.perception.faces import read_faces
from models.perception.perceive import character_regions, make_query_banks
from models.perception.regions import read_regions, write_regions
from models.perception.settings import PerceptionSettings

__all__ = ["Perceived", "measure", "perceive", "published", "true_names"]

log = logging.getLogger(__name__)


def perceive(film: Film, work: Path, encoder_folder: Path, settings: PerceptionSettings) -> Perceived:
    """Runs both stages on a film, or reads what an earlier call left in `work`."""
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder

    if not (work / "bank.json").is_file():
        make_query_banks(film, work, load_detector(settings.detector), load_encoder(encoder_folder), settings)
    faces, shots = read_faces(work)
    banks = read_banks(work)
    if not (work / "regions.json").is_file():
        write_regions(character_regions(film, faces, shots, banks, film.clips(), settings), work)
    return Perceived(film, faces, shots, banks, read_regions(work))


def published(film: Film, data: Path) -> tuple[Perceived, PerceptionSettings]:
    """What the stages query_banks and character_regions published of a film, and the settings they used."""
    bank, regions = data / "query_banks" / film.id, data / "character_regions" / film.id
    if not (bank / "bank.json").is_file():
        raise BadInput(f"{bank}: no banks published for this film; run the query_banks stage, or leave --data out")
    if not (regions / "regions.json").is_file():
        raise BadInput(f"{regions}: no regions published; run the character_regions stage, or leave --data out")
    made = regions / "_made.json"
    parameters = read_json(made)["from"]["parameters"] if made.is_file() else {}
    faces, shots = read_faces(bank)
    perceived = Perceived(film, faces, shots, read_banks(bank), read_regions(regions))
    return perceived, PerceptionSettings.model_validate(parameters)


def measure(perceived: Perceived, settings: PerceptionSettings) -> dict[str, float]:
    """The figures of one film in a row; BadInput where it carries no truth."""
    return flat(observe(perceived, settings))


def main(arguments: list[str] | None = None) -> int:
    """Prints a line of figures per film and their mean, or writes them with their intervals as a page."""
    given = _parser().parse_args(arguments)
    try:
        observed, encoders = _observe_all(given)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    found = sections(together(list(observed.values())))
    if given.page:
        command = "python -m models.perception.measure " + shlex.join(sys.argv[1:] if arguments is None else arguments)
        text = page(found, films=list(observed), command=command, encoder=", ".join(encoders))
        write_text(given.page, text)
        write_json(given.page.with_suffix(".json"), as_json(found))
    table = pd.DataFrame({film: flat(rows) for film, rows in observed.items()}).T
    table.loc["mean"] = table.mean()
    plain = {"films": table.T.astype(object).where(table.T.notna(), None).to_dict(), "figures": as_json(found)}
    print(canonical_json(plain) if given.json else table.T.round(3).to_string())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.perception.measure", description=__doc__)
    parser.add_argument("films", nargs="+", type=Path, help="film folders in normal form, from the studio")
    parser.add_argument("--data", type=Path, help="measure what the stages published under this folder (seconds)")
    parser.add_argument("--encoder", type=Path, default=Path("data/face_encoder"), help="folder of the face encoder")
    parser.add_argument(
        "--work", type=Path, help="keep banks and regions here (a folder per film), and read them again"
    )
    parser.add_argument("--page", type=Path, help="write the figures as Markdown here, and as JSON beside it")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    return parser


def _observe_all(given: argparse.Namespace) -> tuple[dict[str, Observed], list[str]]:
    """What was observed on each film, by its id, and the names of the encoders behind it."""
    import tempfile

    import torch

    torch.set_num_threads(1)
    observed: dict[str, Observed] = {}
    encoders: dict[str, None] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for folder in given.films:
            film, settings = read_film(folder), PerceptionSettings()
            if given.data:
                perceived, settings = published(film, given.data)
            else:
                perceived = perceive(film, (given.work or Path(scratch)) / film.id, given.encoder, settings)
            observed[film.id] = observe(perceived, settings)
            encoders[perceived.banks.encoder] = None
            log.info("measured: %s (%d of %d)", film.id, len(observed), len(given.films))
    return observed, list(encoders)


if __name__ == "__main__":
    raise SystemExit(main())
