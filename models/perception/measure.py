"""How good the perception is on studio films, against their truth: `python -m models.perception.measure FILM_FOLDER...`

A report on the mini world, where the truth is known; nothing in the pipeline reads it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.errors import BadInput
from common.files import canonical_json
from corpora.film import Film, read_film
from models.perception.bank_files import Banks, read_banks
from models.perception.faces import read_faces
from models.perception.perceive import character_regions, make_query_banks, name_faces
from models.perception.query_bank import build_banks
from models.perception.regions import Regions, decode_mask, read_regions, write_regions
from models.perception.settings import PerceptionSettings
from models.perception.shots import Shot

FACING = 50.0  # degrees: beyond it the detector is not expected to find a face
SAME_FACE = 0.3  # IoU of a detected box with the true one


@dataclass(frozen=True)
class Perceived:
    """What the two perception stages made of a film."""

    film: Film
    faces: pd.DataFrame
    shots: tuple[Shot, ...]
    banks: Banks
    regions: Regions


def true_names(faces: pd.DataFrame, truth: pd.DataFrame) -> list[str]:
    """For each detected face the character whose head it is, "" where it is nobody's (a false face)."""
    names = []
    by_frame = dict(tuple(truth.dropna(subset=["face_x1"]).groupby("frame")))
    for frame, *box in faces[["frame", "x1", "y1", "x2", "y2"]].itertuples(index=False):
        heads = by_frame.get(frame)
        best = ("", 0.0)
        if heads is not None:
            for name, *head in heads[["name", "face_x1", "face_y1", "face_x2", "face_y2"]].itertuples(index=False):
                best = max(
                    best, (str(name), _iou(np.array(box, float), np.array(head, float))), key=lambda each: each[1]
                )
        names.append(best[0] if best[1] >= SAME_FACE else "")
    return names


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    from models.perception.tracks import box_iou

    return box_iou(first, second)


def measure_faces(perceived: Perceived, truth: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """Detection: share of visible faces turned less than FACING that were found, and of found faces that are faces."""
    found = set(zip(perceived.faces["frame"], names, strict=True))
    yaw = truth["yaw"].abs()
    facing = truth[truth["face_visible"] & (yaw < FACING)]
    hits = [(frame, name) in found for frame, name in zip(facing["frame"], facing["name"], strict=True)]
    return {"faces": len(names), "recall": float(np.mean(hits)), "precision": float(np.mean([n != "" for n in names]))}


def measure_names(perceived: Perceived, names: list[str], settings: PerceptionSettings) -> dict[str, float]:
    """Share of the true faces of the whole film that each bank names rightly, wrongly, or leaves Unknown."""
    tracks, best, actor = name_faces(perceived.faces, perceived.banks, settings)
    figures: dict[str, float] = {}
    for kind, naming in (("best", best), ("actor", actor)):
        given = [naming[int(track)].name for track, name in zip(tracks, names, strict=True) if name]
        true = [name for name in names if name]
        figures[f"{kind}_right"] = float(np.mean([a == b for a, b in zip(given, true, strict=True)]))
        figures[f"{kind}_wrong"] = float(np.mean([a not in ("", b) for a, b in zip(given, true, strict=True)]))
    impure = [len(set(group)) > 1 for group in _groups(tracks, names).values()]
    figures["tracks"], figures["impure_tracks"] = len(impure), int(sum(impure))
    return figures


def measure_strangers(perceived: Perceived, names: list[str], settings: PerceptionSettings) -> dict[str, float]:
    """Each of the cast in turn taken off the list, the bank made from clusters and portraits alone.

    `unlisted_named`: the share of the faces of who was taken off that get another's name all the same; `listed_right`:
    the share of the others' faces that are named rightly.
    """
    film, banks = replace(perceived.film, labelled_boxes=()), perceived.banks
    right, named = [], []
    for unlisted in sorted(banks.actor):
        without = build_banks(
            replace(film, cast=tuple(character for character in film.cast if character.name != unlisted)),
            perceived.faces,
            {name: query[None] for name, query in banks.actor.items() if name != unlisted},
            settings,
            encoder=banks.encoder,
            threshold=banks.threshold,
            actor_threshold=banks.threshold_of("actor"),
        )
        tracks, best, _ = name_faces(perceived.faces, without, settings)
        given = [(best[int(track)].name, name) for track, name in zip(tracks, names, strict=True) if name]
        right += [name == true for name, true in given if true != unlisted]
        named += [name != "" for name, true in given if true == unlisted]
    return {"listed_right": float(np.mean(right)), "unlisted_named": float(np.mean(named))}


def _groups(tracks: np.ndarray, names: list[str]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = {}
    for track, name in zip(tracks, names, strict=True):
        if name:
            groups.setdefault(int(track), []).append(name)
    return groups


def measure_regions(perceived: Perceived, truth: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """Mean IoU of masks with the true person's, whatever the track was called; `lost`: share of masks below .5."""
    regions = perceived.regions
    corners = zip(perceived.faces["frame"], map(_corner, perceived.faces["x1"]), strict=True)
    person_of = dict(zip(corners, names, strict=True))
    rows = regions.regions
    recognised = rows[rows["source"] == "recognised"]
    votes: dict[Any, Counter[str]] = {}
    for clip, track, frame, x1 in recognised[["clip", "track", "frame", "face_x1"]].itertuples(index=False):
        votes.setdefault((clip, track), Counter())[person_of.get((frame, _corner(x1)), "")] += 1
    masks = {(frame, name): mask for frame, name, mask in truth[["frame", "name", "mask"]].itertuples(index=False)}
    scores: dict[str, list[float]] = {"recognised": [], "propagated": []}
    for clip, track, frame, source, mask in rows[["clip", "track", "frame", "source", "mask"]].to_numpy():
        name = votes[clip, track].most_common(1)[0][0]
        scores[source].append(_mask_iou(regions, mask, masks.get((frame, name))))
    everything = scores["recognised"] + scores["propagated"]
    figures: dict[str, float] = {"regions": len(everything)}
    for kind, values in (
        ("recognised", scores["recognised"]),
        ("propagated", scores["propagated"]),
        ("all", everything),
    ):
        figures[f"{kind}_iou"] = float(np.mean(values)) if values else float("nan")
        figures[f"{kind}_count"] = len(values)
    figures["lost"] = float(np.mean([value < 0.5 for value in everything])) if everything else float("nan")
    return figures


def _corner(x1: float) -> int:
    """A face's left edge as a key that does not depend on its float type, tenths of a pixel."""
    return round(10 * float(x1))


def _mask_iou(regions: Regions, counts: str, true: str | None) -> float:
    if not true:
        return 0.0
    first = decode_mask(counts, height=regions.height, width=regions.width)
    second = decode_mask(true, height=regions.height, width=regions.width)
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 0.0


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


def measure(perceived: Perceived, settings: PerceptionSettings) -> dict[str, float]:
    """All figures of one film; BadInput where it carries no truth."""
    path = perceived.film.folder / "truth" / "tracks.parquet"
    if not path.is_file():
        raise BadInput(f"{path}: no truth beside this film; only the studio's films can be measured")
    truth = pd.read_parquet(path)
    names = true_names(perceived.faces, truth)
    return {
        **measure_faces(perceived, truth, names),
        **measure_names(perceived, names, settings),
        **measure_strangers(perceived, names, settings),
        **measure_regions(perceived, truth, names),
    }


def main(arguments: list[str] | None = None) -> int:
    """Prints a line of figures per film and their mean."""
    import tempfile

    import torch

    parser = argparse.ArgumentParser(prog="python -m models.perception.measure", description=__doc__)
    parser.add_argument("films", nargs="+", type=Path, help="film folders in normal form, from the studio")
    parser.add_argument("--encoder", type=Path, default=Path("data/face_encoder"), help="folder of the face encoder")
    parser.add_argument(
        "--work", type=Path, help="keep banks and regions here (a folder per film), and read them again"
    )
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    settings = PerceptionSettings()
    figures: dict[str, dict[str, float]] = {}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for folder in given.films:
                film = read_film(folder)
                perceived = perceive(film, (given.work or Path(scratch)) / film.id, given.encoder, settings)
                figures[film.id] = measure(perceived, settings)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    table = pd.DataFrame(figures).T
    table.loc["mean"] = table.mean()
    print(canonical_json(table.T.to_dict()) if given.json else table.T.round(3).to_string())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
