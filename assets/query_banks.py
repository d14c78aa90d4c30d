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

    from models.perception.bank_files import read_banks
    from models.perception.recognition import distances

    banks = read_banks(folder)
    faces = pd.read_parquet(folder / "faces.parquet")
    names = sorted(banks.best)
    between = [
        {"a": a, "b": b, "distance": float(distances(banks.best[a][None], banks.best[b][None])[0, 0])}
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    everyone = sorted(set(banks.facts) | set(banks.best) | set(banks.actor))
    return {
        "bank": pd.DataFrame(
            [{"faces": len(faces), "characters": len(everyone), "with_query": len(names) / max(len(everyone), 1)}]
        ),
        "pairs": pd.DataFrame(between, columns=["a", "b", "distance"]),
    }


def expectations(settings: Settings) -> list[Any]:
    gates = settings.gates.query_banks
    return [
        expect("bank", "column_values_to_be_between", column="faces", min_value=1, why="no face in the whole film"),
        expect(
            "bank",
            "column_values_to_be_between",
            column="with_query",
            min_value=gates.characters_with_query,
            why="too few of the cast have a best query",
        ),
        expect(
            "pairs",
            "column_values_to_be_between",
            column="distance",
            min_value=gates.smallest_distance,
            rows=("a", "b"),
            why="two characters have the same query",
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
