"""For every stage a folder as it would publish one, as small as its facts allow; faults are planted in copies of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import write_json

NAMES = ("ANNA", "BOB", "CARL")
CLIPS = 3
TRAINED_ON = "tt9"  # the film behind the captioner of `around_predictions`


def films(folder: Path, *, film_id: str = "tt1", title: str = "A film", split: str = "train") -> None:
    from corpora.film import Character, Description, Film, write_film
    from corpora.subtitles import Subtitle, write_srt
    from corpora.video import write_video

    cast = tuple(
        Character(name, f"{name}'s actor", f"nm{number}", (f"{name}.png",)) for number, name in enumerate(NAMES)
    )
    told = tuple(Description(number, 10.0 * number, 10.0 * number + 3, f"Anna waves {number}.") for number in (1, 2, 3))
    film = Film(film_id, title, split, "studio", 10.0, 600, 480, 270, 60.0, cast, told, (), (), folder)
    write_film(film, folder)
    grey = np.full((54, 96, 3), 128, np.uint8)  # smaller than it says, which nothing here depends on
    write_video(folder / "film.mp4", (grey for _ in range(film.frames)), fps=film.fps)
    write_srt(folder / "subtitles.srt", [Subtitle(4.0, 6.0, "Hello."), Subtitle(25.0, 27.0, "Goodbye.")])


def face_encoder(folder: Path) -> None:
    write_json(folder / "config.json", {"threshold": 0.5, "size": 128})
    write_json(folder / "metrics.json", {"film_film_balanced_accuracy": 0.95})


def query_banks(folder: Path) -> None:
    from models.perception.bank_files import Banks, write_banks
    from models.perception.faces import write_faces
    from models.perception.shots import Shot

    queries = {name: np.eye(4, dtype=np.float32)[number] for number, name in enumerate(NAMES)}
    write_banks(Banks("studio", 0.5, queries, queries, {name: {} for name in NAMES}), folder)
    write_faces(table_of_faces(queries), [Shot(0, 0, 49), Shot(1, 50, 99)], folder)


def table_of_faces(queries: dict[str, np.ndarray]) -> pd.DataFrame:
    """Three faces of every character, a frame each, a little off its query."""
    from models.perception.encoders import unit_rows

    faces = [
        {"frame": 5 * row, "shot": 0, "x1": 100.0, "y1": 50.0, "x2": 130.0, "y2": 90.0, "confidence": 0.99}
        | {"embedding": unit_rows(query + 0.1 * np.roll(query, 1))}
        for row, query in enumerate(query for query in queries.values() for _ in range(3))
    ]
    return pd.DataFrame(faces)


def character_regions(folder: Path) -> None:
    from common.tables import table
    from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions, encode_mask, write_regions

    person_hw = np.zeros((270, 480), bool)
    person_hw[20:200, 20:50] = True
    tracks = [
        {"clip": clip, "track": track, "shot": 0, "name_best": name, "distance_best": 0.1}
        | {"name_actor": name, "distance_actor": 0.1}
        for clip in range(1, CLIPS + 1)
        for track, name in enumerate(NAMES[:2])
    ]
    regions = [
        {"clip": one["clip"], "track": one["track"], "frame": frame, "x1": 10.0, "y1": 20.0, "x2": 60.0, "y2": 200.0}
        | {"face_x1": 20.0, "face_y1": 20.0, "face_x2": 50.0, "face_y2": 60.0}
        | {"source": "recognised", "confidence": 0.9, "mask": encode_mask(person_hw)}
        for one in tracks
        for frame in (5, 10)
    ]
    tables = table(tracks, TRACK_COLUMNS), table(regions, REGION_COLUMNS)
    write_regions(Regions("tt1", 480, 270, *tables, clips=CLIPS), folder)


def clips(folder: Path) -> None:
    records = [
        {"clip_id": clip, "type": clip, "start": 10.0 * clip, "end": 10.0 * clip + 3, "text": "Anna waves at Bob."}
        | {"prior": [{"kind": "description", "text": "Bob waits."}], "characters": {"best query": [], "actor": []}}
        for clip in range(1, CLIPS + 1)
    ]
    write_records(folder, records)


def read_records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]


def write_records(folder: Path, records: list[dict[str, object]]) -> None:
    """Clip records; what a test does not care about is filled in."""
    usual = {
        "film": folder.name,
        "start": 10.0,
        "end": 13.0,
        "text": "Anna waves.",
        "type": 1,
        "prior": [],
        "characters": {},
    }
    (folder / "clips.jsonl").write_text("".join(f"{json.dumps(usual | record)}\n" for record in records))


def base_model(folder: Path) -> None:
    write_json(folder / "training.json", {part: {"loss": [3.0, 1.0]} for part in ("tower", "language", "alignment")})
    write_json(folder / "metrics.json", {"all": {"clips": 160, "verb": 0.7}})


def clip_features(folder: Path) -> None:
    from models.captioner.features import FilmFeatures

    features(folder, FilmFeatures)


def features(folder: Path, make: Callable[..., object], **changes: object) -> None:
    rng = np.random.default_rng(0)
    parts = {
        "scene": rng.standard_normal((2, CLIPS, 4, 6)).astype(np.float32),
        "regions": rng.standard_normal((2, 4, 8, 5)).astype(np.float32),
        "boxes": np.zeros((2, 4, 8, 4), np.float32),
        "seen": np.ones((4, 8), bool),
        "index": {clip: (clip - 1, {0: clip - 1}) for clip in range(1, CLIPS + 1)},
    }
    make(**{**parts, **changes}).write(folder)  # type: ignore[attr-defined]


def falling_loss() -> list[float]:
    from publishing.settings import Settings

    steps = Settings().captioner.training.steps or 100
    return [5.0 - 4.0 * step / steps for step in range(steps)]


def captioner(folder: Path) -> None:
    write_json(folder / "training.json", {"loss": falling_loss()})


def baselines(folder: Path) -> None:
    write_json(folder / "training.json", {part: {"loss": falling_loss()} for part in ("text", "clips")})


def predictions(folder: Path, *, film_ids: tuple[str, ...] = ("tt1",), clips: int = 100) -> None:
    said = [
        {"film": film, "clip_id": clip, "start": 10.0 * clip, "end": 10.0 * clip + 3, "type": 1}
        | {"text_gt": "Anna waves at Bob.", "text_gen": f"Anna waves {clip} times."}
        for film in film_ids
        for clip in range(1, clips + 1)
    ]
    pd.DataFrame(said).to_csv(folder / "predictions.csv", index=False)


def around_clips(data: Path) -> dict[str, tuple[str, ...]]:
    """The film that the records are of; gives back what of it is read."""
    films(data / "films" / "tt1")
    return {"films": ("tt1",)}


def around_predictions(data: Path) -> dict[str, tuple[str, ...]]:
    """The benchmark's clips, and a captioner that was trained on another film."""
    from dataclasses import replace

    from corpora.film import read_film, write_film
    from publishing.records import write_record

    films(data / "films" / "tt1")
    trained_on = replace(read_film(data / "films" / "tt1"), id=TRAINED_ON, title="Another film")
    write_film(trained_on, data / "films" / TRAINED_ON)
    (data / "mad_eval_named" / "tt1").mkdir(parents=True)
    write_records(data / "mad_eval_named" / "tt1", [{"clip_id": clip} for clip in range(1, 101)])
    (data / "captioner" / "C2.0").mkdir(parents=True)
    made_from = {"inputs": {"storyboard_v2": {TRAINED_ON: "version"}}}
    write_record(data / "captioner" / "C2.0", key="key", made_from=made_from, audit="")
    return {"mad_eval_named": ("tt1",), "cinepile_ad": (), "captioner": ("C2.0",), "baselines": ()}


def scores(folder: Path) -> None:
    from evaluation.score import Scores
    from evaluation.store import write_scores

    per_clip = pd.DataFrame({"film": "tt1", "clip_id": range(40), "METEOR": 20.0})
    write_scores(Scores({"METEOR": 20.0, "SPICE": None}, per_clip, {}, {}, {"METEOR": "1.5"}, {"clips": 40}), folder)


def paper_tables(folder: Path) -> None:
    cells = [
        {"row": row, "benchmark": "MAD-eval-Named", "metric": metric, "reproduced": 20.0, "note": ""}
        for row in ("A1", "A2", "B1", "B2", "C1", "C2")
        for metric in ("SPICE", "METEOR", "BertScore")
    ]
    pd.DataFrame(cells).to_csv(folder / "table_1.csv", index=False)
    pd.DataFrame(cells[:1]).to_csv(folder / "table_2.csv", index=False)
    (folder / "shared.csv").write_text("kind,what,train,test\n")


GOOD: dict[str, Callable[[Path], None]] = {
    "films": films,
    "face_encoder": face_encoder,
    "query_banks": query_banks,
    "character_regions": character_regions,
    "storyboard_v2": clips,
    "mad_eval_named": clips,
    "cinepile_ad": clips,
    "base_model": base_model,
    "clip_features": clip_features,
    "baselines": baselines,
    "captioner": captioner,
    "predictions": predictions,
    "scores": scores,
    "paper_tables": paper_tables,
}
# What a gate compares the folder with: written below `data`; what of it the unit reads.
AROUND: dict[str, Callable[[Path], dict[str, tuple[str, ...]]]] = {
    "storyboard_v2": around_clips,
    "mad_eval_named": around_clips,
    "cinepile_ad": around_clips,
    "predictions": around_predictions,
}
