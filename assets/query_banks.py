"""query_banks: the best query and the actor query of every character, and the picture of the film's face clusters."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from models.perception.detection import FaceDetector
    from models.perception.encoders import FaceEncoder
    from models.perception.settings import DetectorSettings
    from publishing.settings import Settings


@lru_cache(maxsize=1)
def perceivers(detector: DetectorSettings, encoder: Path) -> tuple[FaceDetector, FaceEncoder]:
    """The networks, loaded once in a process."""
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder

    return load_detector(detector), load_encoder(encoder)


def make(work: Work) -> None:
    from corpora.film import read_film
    from models.perception.perceive import make_query_banks

    settings = work.settings.perception
    detector, encoder = perceivers(settings.detector, work.read("face_encoder"))
    make_query_banks(read_film(work.read("films")), work.out, detector, encoder, settings)


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from assets.face_facts import face_rows, share_of_frames, spread_rows
    from models.perception.bank_files import read_banks
    from models.perception.faces import read_faces
    from models.perception.recognition import distances
    from models.perception.tracks import embeddings_of

    banks = read_banks(folder)
    faces, _ = read_faces(folder)
    names = sorted(banks.best)
    between = [
        {"a": a, "b": b, "distance": float(distances(banks.best[a][None], banks.best[b][None])[0, 0])}
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    everyone = sorted(set(banks.facts) | set(banks.best) | set(banks.actor))
    whole = {
        "faces": len(faces),
        "frames_with_faces": share_of_frames(faces, folder),
        "characters": len(everyone),
        "with_query": len(names) / max(len(everyone), 1),
    }
    spread = spread_rows(embeddings_of(faces), banks)
    return {
        "bank": pd.DataFrame([whole | {"usual_spread": spread["spread"].median()}]),
        "faces": face_rows(faces),
        "characters": spread,
        "pairs": pd.DataFrame(between, columns=["a", "b", "distance"]),
    }


def expectations(settings: Settings) -> list[Any]:
    gates, stride = settings.gates.query_banks, settings.perception.key_frame_stride
    between, face = "column_values_to_be_between", ("frame", "x1", "y1")
    return [
        expect("bank", between, column="faces", min_value=1, why="no face in the whole film"),
        expect(
            "bank",
            between,
            column="frames_with_faces",
            min_value=gates.frames_with_faces / stride,
            why=f"faces on too few key frames (one frame in {stride}): is the film too dark, or drawn?",
        ),
        expect(
            "bank",
            between,
            column="with_query",
            min_value=gates.characters_with_query,
            why="too few of the cast have a best query",
        ),
        expect("faces", between, column="side", min_value=gates.smallest_face, rows=face, why="too small for a face"),
        expect(
            "faces",
            between,
            column="confidence",
            min_value=gates.lowest_confidence,
            max_value=1.0,
            rows=face,
            why="the detector hardly believes in this face",
        ),
        expect(
            "faces",
            between,
            column="length",
            min_value=0.99,
            max_value=1.01,
            rows=face,
            why="an embedding is a unit vector: distances to this one mean nothing",
        ),
        expect(
            "pairs",
            between,
            column="distance",
            min_value=gates.smallest_distance,
            rows=("a", "b"),
            why="two characters have the same query",
        ),
        expect(
            "characters",
            between,
            column="spread",
            max_value=gates.widest_spread,
            rows=("name",),
            why="the character's own faces differ more than it differs from another character",
        ),
        expect(
            "bank",
            between,
            column="usual_spread",
            max_value=gates.usual_spread,
            why="faces within a character differ as much as those of two: the encoder does not know these people",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    from models.perception.bank_files import read_banks

    banks = read_banks(folder)
    rows = [{"character": name, **about} for name, about in sorted(banks.facts.items()) if isinstance(about, dict)]
    return {
        "characters": ", ".join(sorted(banks.best)),
        "faces": len(pd.read_parquet(folder / "faces.parquet", columns=["frame"])),
        "queries": pd.DataFrame(rows),
        "clusters": folder / "clusters.png",
    }


STAGE = Stage(
    name="query_banks",
    description="Per character the best query (equations 1 to 3) and the portrait's query; every face of the film.",
    make=make,
    reads=("films", "face_encoder"),
    units=film_ids,
    per_film=True,
    sections=("perception", "gates.query_banks"),
    parameters=lambda settings, film: settings.perception.model_dump(mode="json", exclude={"encoder", "regions"}),
    code=(*FILM, "models/perception"),
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="perception",
    kinds=("pytorch",),
)
