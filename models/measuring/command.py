"""How good the perception is on studio films, against their truth.

    python -m models.measuring FILM_FOLDER... [--data data] [--page docs/perception.md]

A report on the mini world, where the truth is known; nothing in the pipeline reads it. What is measured stands in
`models/measuring`; here is the command, and how a film is perceived for it or read as the stages published it.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from common.errors import BadInput
from common.files import canonical_json, file_md5, read_json, write_json, write_text
from corpora.film import Film, read_film
from models.measuring.changes import with_changes
from models.measuring.figures import Section
from models.measuring.observed import Observed, flat, observe, together
from models.measuring.page import About, page
from models.measuring.real_clip import real_section
from models.measuring.sections import as_json, sections
from models.measuring.sweep import Sweep
from models.measuring.sweep_page import sweep_json, sweep_section, write_pictures
from models.measuring.truth import Perceived, true_names
from models.perception.bank_files import read_banks
from models.perception.faces import read_faces
from models.perception.perceive import character_regions, make_query_banks
from models.perception.regions import read_regions, write_regions
from models.perception.settings import PerceptionSettings

__all__ = ["Perceived", "carry", "measure", "perceive", "published", "true_names"]

log = logging.getLogger(__name__)
BANKS_FROM, REGIONS_FROM = "banks_from.json", "regions_from.json"  # what the results in a work folder were made from


def perceive(film: Film, work: Path, encoder_folder: Path, settings: PerceptionSettings) -> Perceived:
    """Runs both stages on a film, or reads what an earlier call with the same settings left in `work`."""
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder

    _claim(work / BANKS_FROM, film, settings, sorted(encoder_folder.glob("*.*")), made=work / "bank.json")
    if not (work / "bank.json").is_file():
        make_query_banks(film, work, load_detector(settings.detector), load_encoder(encoder_folder), settings)
    return carry(film, work, work, settings)


def carry(film: Film, bank: Path, work: Path, settings: PerceptionSettings) -> Perceived:
    """The film's regions from the banks in `bank`, made or read again in `work`; BadInput if made otherwise."""
    faces, shots = read_faces(bank)
    banks, tables = read_banks(bank), [bank / "bank.json", bank / "faces.parquet", *sorted(bank.rglob("*.npy"))]
    _claim(work / REGIONS_FROM, film, settings, tables, made=work / "regions.json")
    if not (work / "regions.json").is_file():
        write_regions(character_regions(film, faces, shots, banks, film.clips(), settings), work)
    return Perceived(film, faces, shots, banks, read_regions(work))


def _claim(path: Path, film: Film, settings: PerceptionSettings, read: Sequence[Path], *, made: Path) -> None:
    """Notes in `path` what the results beside it are made from; BadInput where they were made from something else."""
    made_from = {
        "settings": settings.model_dump(mode="json"),
        "film": file_md5(film.folder / "film.json"),
        "read": [file_md5(each) for each in read],
    }
    if (read_json(path) if path.is_file() else None) != made_from:
        if made.is_file():
            raise BadInput(f"{path.parent}: made from another film or with other settings; give another --work")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, made_from)


def published(film: Film, data: Path) -> tuple[Perceived, PerceptionSettings]:
    """What the stages query_banks and character_regions published of a film, and the settings they used."""
    regions = data / "character_regions" / film.id
    bank, settings = published_banks(film, data)
    if not (regions / "regions.json").is_file():
        raise BadInput(f"{regions}: no regions published; run the character_regions stage, or leave --data out")
    made = regions / "_made.json"
    if made.is_file():
        settings = PerceptionSettings.model_validate(read_json(made)["from"]["parameters"])
    faces, shots = read_faces(bank)
    return Perceived(film, faces, shots, read_banks(bank), read_regions(regions)), settings


def published_banks(film: Film, data: Path) -> tuple[Path, PerceptionSettings]:
    """The folder of a film's published banks, and the settings they were made with."""
    bank = data / "query_banks" / film.id
    if not (bank / "bank.json").is_file():
        raise BadInput(f"{bank}: no banks published for this film; run the query_banks stage, or leave --data out")
    made = bank / "_made.json"
    parameters = read_json(made)["from"]["parameters"] if made.is_file() else {}
    return bank, PerceptionSettings.model_validate(parameters)


def measure(perceived: Perceived, settings: PerceptionSettings) -> dict[str, float]:
    """The figures of one film in a row; BadInput where it carries no truth."""
    return flat(observe(perceived, settings))


def main(arguments: list[str] | None = None) -> int:
    """Prints a line of figures per film and their mean; writes them with their intervals as a page."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(arguments)
    observed: dict[str, Observed] = {}
    sweep, backends = Sweep(), set()
    try:
        for perceived, settings in _films(given):
            if perceived.film.id in observed:
                raise BadInput(
                    f"{perceived.film.folder}: a film {perceived.film.id} was measured already; name it once"
                )
            observed[perceived.film.id] = observe(perceived, settings, carrying=given.carrying)
            backends.add(settings.regions.backend)
            if given.page:
                sweep.add(perceived, settings)
            log.info("measured: %s (%d of %d)", perceived.film.id, len(observed), len(given.films))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    found = sections(together(list(observed.values())))
    if given.page:
        about = About(
            films=list(observed),
            command="python -m models.measuring " + shlex.join(arguments),
            encoder=", ".join(sorted(sweep.encoders)),
            backend=", ".join(sorted(backends)),
        )
        _write(given, found, sweep, about)
    table = pd.DataFrame({film: flat(rows) for film, rows in observed.items()}).T
    table.loc["mean"] = table.mean()
    told = {"films": table.T.astype(object).where(table.T.notna(), None).to_dict(), "figures": as_json(found)}
    print(canonical_json(told) if given.json else table.T.round(3).to_string())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.measuring", description=__doc__)
    parser.add_argument("films", nargs="+", type=Path, help="film folders in normal form, from the studio")
    parser.add_argument("--data", type=Path, help="measure what the stages published under this folder (seconds)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="a perception parameter; regions.* with --data makes regions anew from the published banks",
    )
    parser.add_argument("--encoder", type=Path, default=Path("data/face_encoder"), help="folder of the face encoder")
    parser.add_argument(
        "--work", type=Path, help="keep banks and regions here (a folder per film), and read them again"
    )
    parser.add_argument(
        "--page", type=Path, help="write figures and the sweep as Markdown here, JSON beside it, Figure 7 in pictures/"
    )
    parser.add_argument(
        "--carrying", action="store_true", help="also carry masks from single faces (some seconds a film)"
    )
    parser.add_argument("--real", type=Path, help="a real clip with portraits, for a section of the page (needs dlib)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    return parser


def _films(given: argparse.Namespace) -> Iterator[tuple[Perceived, PerceptionSettings]]:
    """Each film as it was perceived, and with which settings."""
    import tempfile

    import torch

    torch.set_num_threads(1)
    changed = with_changes(PerceptionSettings(), given.set)
    if given.data and not all(change.startswith("regions.") for change in given.set):
        raise BadInput("--set with --data: the banks are as they were published; only regions.* can be set")
    with tempfile.TemporaryDirectory() as scratch:
        for folder in given.films:
            film = read_film(folder)
            work = (given.work or Path(scratch)) / film.id
            if given.data and given.set:
                bank, settings = published_banks(film, given.data)
                settings = with_changes(settings, given.set)
                yield carry(film, bank, work, settings), settings
            elif given.data:
                yield published(film, given.data)
            else:
                yield perceive(film, work, given.encoder, changed), changed


def _write(given: argparse.Namespace, found: list[Section], sweep: Sweep, about: About) -> None:
    """The page, its figures as JSON, its pictures."""
    further = [
        sweep_section(sweep.rows(), sweep.thresholds, pictures="pictures"),
        real_section(given.real, PerceptionSettings()),
    ]
    write_text(given.page, page(found, about, further=further))
    write_json(given.page.with_suffix(".json"), {**as_json(found), "thresholds": sweep_json(sweep.rows())})
    write_pictures(sweep.rows(), given.page.parent / "pictures")
