"""One fault for everything that a gate expects: what is done to a good folder, and the rows that the gate must name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from good_units import NAMES, TRAINED_ON, features, read_records, write_records

from common.files import read_json, write_json


@dataclass(frozen=True)
class Fault:
    """`breaks` is the expectation, as table.column (table.rows for a count); `told` must stand in its message."""

    breaks: str
    plant: Callable[[Path], None]
    told: str


def edit(file: str, *path: str | int, value: Any) -> Callable[[Path], None]:
    """Sets one value inside a JSON file."""

    def plant(folder: Path) -> None:
        content = read_json(folder / file)
        inner = content
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        write_json(folder / file, content)

    return plant


def cell(file: str, row: int, column: str, value: Any) -> Callable[[Path], None]:
    """Sets one cell of a CSV or Parquet table."""

    def plant(folder: Path) -> None:
        path = folder / file
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        frame[column] = frame[column].astype(object if isinstance(value, str) else type(value))
        frame.loc[row, column] = value
        frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)

    return plant


def emptied(*files: str, keep: int = 0) -> Callable[[Path], None]:
    """Leaves the first `keep` rows of tables."""

    def plant(folder: Path) -> None:
        for file in files:
            path = folder / file
            if path.suffix == ".csv":
                pd.read_csv(path).head(keep).to_csv(path, index=False)
            else:
                pd.read_parquet(path).head(keep).to_parquet(path, index=False)

    return plant


def record(number: int, **changes: Any) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        records = read_records(folder)
        records[number].update(changes)
        write_records(folder, records)

    return plant


def subtitle(start: str, end: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        (folder / "subtitles.srt").write_text(f"1\n{start} --> {end}\nHello.\n")

    return plant


def cut_short(file: str) -> Callable[[Path], None]:
    """The last third of a file is missing."""

    def plant(folder: Path) -> None:
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: len(content) * 2 // 3])

    return plant


def one_type_only(folder: Path) -> None:
    one = read_records(folder)[0]
    write_records(folder, [one | {"clip_id": number, "type": 1} for number in range(1, 11)])


def same_query(folder: Path) -> None:
    one, two, _ = NAMES
    (folder / f"best_query/{two}.npy").write_bytes((folder / f"best_query/{one}.npy").read_bytes())


def few_queries(folder: Path) -> None:
    for name in NAMES[1:]:
        (folder / f"best_query/{name}.npy").unlink()


def turned(face_d: np.ndarray) -> np.ndarray:
    """A face as unlike everybody as squared L2 .4 to where it was: towards the direction in which no query lies."""
    return (0.8 * face_d + 0.6 * np.eye(4)[3]).astype(np.float32)


def nearly_the_same_query(folder: Path) -> None:
    """Two queries nearer to each other, by squared L2 .06, than their own faces."""
    one = np.load(folder / f"best_query/{NAMES[0]}.npy")
    other = 0.97 * one - np.sqrt(1 - 0.97**2) * np.eye(4, dtype=np.float32)[3]
    np.save(folder / f"best_query/{NAMES[1]}.npy", other.astype(np.float32))
    embeddings(folder, lambda faces: [turned(np.eye(4)[row // 3]) for row in range(len(faces))])


def unknown_people(folder: Path) -> None:
    """Everybody's faces twice as far from their query as that is from the next: an encoder that knows nobody."""
    queries = [np.ones(4) - np.eye(4)[3] + 0.7 * np.eye(4)[number] for number in range(len(NAMES))]
    queries = [query / np.linalg.norm(query) for query in queries]
    for name, query in zip(NAMES, queries, strict=True):
        np.save(folder / f"best_query/{name}.npy", query.astype(np.float32))
    embeddings(folder, lambda faces: [turned(queries[row // 3]) for row in range(len(faces))])


def long_embedding(folder: Path) -> None:
    embeddings(folder, lambda faces: [face * (2.0 if row == 2 else 1.0) for row, face in enumerate(faces)])


def embeddings(folder: Path, change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> None:
    table = pd.read_parquet(folder / "faces.parquet")
    table.assign(embedding=change(list(table["embedding"]))).to_parquet(folder / "faces.parquet", index=False)


NOTHING, EVERYTHING, SPECK = (np.zeros((270, 480), bool) for _ in range(3))
EVERYTHING[:] = True
SPECK[30:40, 30:40] = True


def masks(mask_hw: np.ndarray, *, rows: list[int]) -> Callable[[Path], None]:
    """The same mask in place of those in `rows`, whose boxes stay."""

    def plant(folder: Path) -> None:
        from models.perception.regions import encode_mask

        table = pd.read_parquet(folder / "regions.parquet")
        table.loc[rows, "mask"] = encode_mask(mask_hw)
        table.to_parquet(folder / "regions.parquet", index=False)

    return plant


def moved(*, row: int, by: float) -> Callable[[Path], None]:
    """The box of one region so many pixels to the right."""

    def plant(folder: Path) -> None:
        table = pd.read_parquet(folder / "regions.parquet")
        table.loc[row, ["x1", "x2"]] += by
        table.to_parquet(folder / "regions.parquet", index=False)

    return plant


def other_features(folder: Path, **changes: Any) -> None:
    from models.captioner.features import FilmFeatures

    features(folder, FilmFeatures, **changes)


def same_words(folder: Path) -> None:
    said = pd.read_csv(folder / "predictions.csv")
    said.assign(text_gen="Someone stands.").to_csv(folder / "predictions.csv", index=False)


def fewer_steps(folder: Path) -> None:
    write_json(folder / "training.json", {"loss": read_json(folder / "training.json")["loss"][:-1]})


DESCRIPTION = partial(edit, "film.json", "descriptions")
FILMS = (
    Fault("film.seconds", edit("film.json", "duration", value=1.0), "row 0 = 1.0"),
    Fault("film.fps", edit("film.json", "fps", value=1000.0), "row 0 = 1000.0"),
    Fault("film.lost_frames", cut_short("film.mp4"), "row 0 = 600"),
    Fault("film.with_portrait", edit("film.json", "cast", value=[]), "row 0 = 0"),
    Fault("film.descriptions", edit("film.json", "descriptions", value=[]), "row 0 = 0"),
    Fault("film.subtitles_overrun", subtitle("00:01:40,000", "00:01:42,000"), "row 0 = 42.0"),
    Fault("slots.seconds", DESCRIPTION(1, "end", value=20.0), "clip 2 = 0.0"),
    Fault("slots.overrun", DESCRIPTION(2, "end", value=77.0), "clip 3 = 17.0"),
    Fault("slots.over_dialogue", subtitle("00:00:10,500", "00:00:22,000"), "clip 1 = 2.5, clip 2 = 2.0"),
)
FACE_ENCODER = (
    Fault("encoder.threshold", edit("config.json", "threshold", value=9.0), "row 0 = 9.0"),
    Fault("held_out.accuracy", edit("metrics.json", "film_film_balanced_accuracy", value=0.5), "row 0 = 0.5"),
)
QUERY_BANKS = (
    Fault("bank.faces", emptied("faces.parquet"), "row 0 = 0"),
    Fault("bank.with_query", few_queries, "row 0 = 0.33"),
    Fault("bank.frames_with_faces", emptied("faces.parquet"), "row 0 = 0.0"),
    Fault("bank.usual_spread", unknown_people, "row 0 = 1.9"),
    Fault("faces.side", cell("faces.parquet", 4, "x2", 101.0), "frame 20 x1 100.0 y1 50.0 = 1.0"),
    Fault("faces.confidence", cell("faces.parquet", 5, "confidence", 0.2), "frame 25 x1 100.0 y1 50.0 = 0.2"),
    Fault("faces.length", long_embedding, "frame 10 x1 100.0 y1 50.0 = 1.99"),
    Fault("pairs.distance", same_query, "a ANNA b BOB = 0.0"),
    Fault("characters.spread", nearly_the_same_query, "name ANNA = 6.6"),
)
REGION = partial(cell, "regions.parquet")
CHARACTER_REGIONS = (
    Fault("film.with_faces", emptied("tracks.parquet", "regions.parquet"), "row 0 = 0.0"),
    Fault("regions.share", REGION(4, "x2", 4800.0), "clip 2 frame 5 = "),
    Fault("regions.area", masks(NOTHING, rows=[5]), "clip 2 frame 10 = 0.0"),
    Fault("regions.filled", masks(EVERYTHING, rows=[6]), "clip 2 frame 5 = 14.4"),
    Fault("regions.outside", REGION(6, "x1", -5.0), "clip 2 frame 5 = 1"),
    Fault("regions.confidence", REGION(10, "confidence", 1.5), "clip 3 frame 5 = 1.5"),
    Fault("steps.jump", moved(row=9, by=400.0), "clip 3 frame 10 track 0 = 0.7"),
    Fault("steps.growth", masks(SPECK, rows=[1, 3]), "clip 1 frame 10 track 0 = "),
    Fault("names.times", cell("tracks.parquet", 1, "name_best", NAMES[0]), f"clip 1 frame 5 name_best {NAMES[0]} = 2"),
)
PRIOR = [{"kind": "description", "text": "Bob waits."}]
CLIPS = (
    Fault("clips.rows", lambda folder: write_records(folder, []), "found 0; no clip"),
    Fault("clips.clip", record(2, clip_id=1), "clip 1 = 1, clip 1 = 1"),
    Fault("clips.type", record(1, type=4), "clip 2 = 4"),
    Fault("clips.words", record(0, text="word " * 61), "clip 1 = 61"),
    Fault("clips.pace", record(1, end=20.1), "clip 2 = "),
    Fault("clips.priors", record(2, prior=PRIOR * 4), "clip 3 = 4"),
    Fault("slots.outside", record(2, start=58.0, end=61.5), "clip 3 = 1.5"),
    Fault("slots.over_dialogue", record(1, start=24.0, end=28.0), "clip 2 = 2.0"),
    Fault("types.share", one_type_only, "type 1 = 1.0"),
)
BASE_MODEL = (
    Fault("parts.rows", edit("training.json", "tower", "loss", value=[]), "found 2; a part"),
    Fault("parts.first_loss", edit("training.json", "language", "loss", value=[1.0, 3.0]), "part language"),
    Fault("held_out.verb", edit("metrics.json", "all", "verb", value=0.01), "row 0 = 0.01"),
)
CLIP_FEATURES = (
    Fault("features.clips", partial(other_features, index={}), "row 0 = 0"),
    Fault("features.not_finite", partial(other_features, regions=np.full((2, 4, 8, 5), np.nan)), "row 0 = 1"),
    Fault("features.scene_spread", partial(other_features, scene=np.ones((2, 3, 4, 6))), "row 0 = 0.0"),
)
CAPTIONER = (
    Fault("training.steps", fewer_steps, "row 0 = 99"),
    Fault("training.final_loss", edit("training.json", "loss", value=[9.0] * 50 + [8.0] * 50), "row 0 = 8.0"),
    Fault("training.first_loss", edit("training.json", "loss", value=[1.0] * 50 + [2.0] * 50), "row 0"),
)
BASELINES = (
    Fault("text.first_loss", edit("training.json", "text", "loss", value=[1.0, 2.0]), "row 0"),
    Fault("clips.steps", edit("training.json", "clips", "loss", value=[3.0, 2.0]), "row 0 = 2"),
    Fault("clips.final_loss", edit("training.json", "clips", "loss", value=[9.0] * 50 + [8.0] * 50), "row 0 = 8.0"),
    Fault("collection.examples", lambda folder: write_json(folder / "examples.json", []), "row 0 = 0"),
)
PREDICTIONS = (
    Fault("clips.key", cell("predictions.csv", 4, "clip_id", 4), "film tt1 clip 4"),
    Fault("clips.words", cell("predictions.csv", 6, "text_gen", " "), "film tt1 clip 7 = 0"),
    Fault("generated.words", cell("predictions.csv", 6, "text_gen", "word " * 61), "film tt1 clip 7 = 61"),
    Fault("whole.distinct", same_words, "row 0 = 0.01"),
    Fault("coverage.missing", emptied("predictions.csv", keep=98), "film tt1 clip 99 = 1, film tt1 clip 100 = 1"),
    Fault("coverage.unknown", cell("predictions.csv", 99, "clip_id", 777), "film tt1 clip 777 = 1"),
    Fault("leaks.kind", cell("predictions.csv", 0, "film", TRAINED_ON), f"kind film what {TRAINED_ON}"),
)
SCORES = (
    Fault("whole.clips", edit("scores.json", "counts", "clips", value=2), "row 0 = 2"),
    Fault("whole.metrics", edit("scores.json", "summary", "METEOR", value=None), "row 0 = 0"),
    Fault("scores.value", edit("scores.json", "summary", "METEOR", value=1e6), "metric METEOR = 1000000.0"),
)
PAPER_TABLES = (
    Fault("cells.rows", emptied("table_1.csv", keep=5), "found 6"),
    Fault(
        "cells.unexplained",
        cell("table_1.csv", 4, "reproduced", float("nan")),
        "row A2 benchmark MAD-eval-Named metric METEOR = 1",
    ),
)
FAULTS: dict[str, tuple[Fault, ...]] = {
    "films": FILMS,
    "face_encoder": FACE_ENCODER,
    "query_banks": QUERY_BANKS,
    "character_regions": CHARACTER_REGIONS,
    "storyboard_v2": CLIPS,
    "mad_eval_named": CLIPS,
    "cinepile_ad": CLIPS,
    "base_model": BASE_MODEL,
    "clip_features": CLIP_FEATURES,
    "baselines": BASELINES,
    "captioner": CAPTIONER,
    "predictions": PREDICTIONS,
    "scores": SCORES,
    "paper_tables": PAPER_TABLES,
}
