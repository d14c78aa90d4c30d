"""What storyboard_v2 and the two benchmarks share: a film's clip records, beside the authors' own JSON."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM, REGIONS, training
from common.errors import blaming
from common.files import read_json_lines
from publishing.settings import Split, film_ids, split_of
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from corpora.film import Film
    from models.perception.regions import Regions
    from publishing.settings import Settings

RECORDS = "clips.jsonl"
NEEDED = {"film", "clip_id", "start", "end", "text", "type", "prior", "characters"}


def read_records(folder: Path) -> list[dict[str, Any]]:
    """A film's clip records, in time order."""
    records = read_json_lines(folder / RECORDS, advice="make the stage again")
    with blaming(folder / RECORDS, "make the stage again"):
        if not all(isinstance(record, dict) and record.keys() >= NEEDED for record in records):
            raise ValueError(f"a line is no record of a clip with {', '.join(sorted(NEEDED))}")
    return records


def make(work: Work) -> None:
    from corpora.film import read_film
    from models.perception.regions import read_regions
    from models.training.triplets import clip_records, write_clip_records

    film = read_film(work.read("films"))
    regions = read_regions(work.read("character_regions"))
    records = clip_records(film, regions, work.settings.perception)
    write_clip_records(records, work.out / RECORDS)
    write_authors_file(split_of(work.settings, film.id), film, records, regions, work.out / f"{film.id}.json")


def write_authors_file(split: Split, film: Film, records: list[dict[str, Any]], regions: Regions, path: Path) -> None:
    """The same clips in the layout that FocusedAD published for this data set."""
    from models.training import triplets

    if split == "train":
        triplets.write_storyboard_v2(film, records, regions, path)
    elif split == "mad_eval_named":
        triplets.write_mad_eval(film, records, path)
    else:
        triplets.write_cinepile_ad(film, records, path)


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    columns = ["clip", "type", "seconds", "words", "pace", "characters", "priors"]
    rows = [
        {
            "clip": record["clip_id"],
            "type": record["type"],
            "seconds": record["end"] - record["start"],
            "words": len(record["text"].split()),
            "pace": len(record["text"].split()) / max(record["end"] - record["start"], 1e-6),
            "characters": len(record["characters"]["best query"]),
            "priors": sum(line["kind"] == "description" for line in record["prior"]),
        }
        for record in read_records(folder)
    ]
    return {"clips": pd.DataFrame(rows, columns=columns)}


def expectations(settings: Settings) -> list[Any]:
    gates = settings.gates.clips
    between = "column_values_to_be_between"
    clip = ("clip",)
    return [
        expect("clips", "table_row_count_to_be_between", min_value=1, why="no clip to learn or measure from"),
        expect("clips", "column_values_to_be_unique", column="clip", rows=clip, why="a clip twice"),
        expect("clips", "column_values_to_be_in_set", column="type", value_set=[0, 1, 2, 3], rows=clip),
        expect("clips", between, column="words", min_value=1, max_value=gates.longest_words, rows=clip),
        expect(
            "clips",
            between,
            column="pace",
            max_value=gates.fastest_words_per_second,
            mostly=gates.within_pace,
            rows=clip,
            why="more words than the slot holds: is the text of another slot?",
        ),
        expect("clips", between, column="priors", max_value=3, rows=clip, why="at most three previous descriptions"),
    ]


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    records = read_records(folder)
    types = pd.Series([record["type"] for record in records]).value_counts().sort_index()
    shown = pd.DataFrame(
        [
            {
                "clip": record["clip_id"],
                "type": record["type"],
                "seen": ", ".join(found["name"] for found in record["characters"]["best query"]),
                "description": record["text"],
            }
            for record in records
        ]
    )
    return {
        "clips": len(records),
        "types": ", ".join(f"{kind}: {count}" for kind, count in types.items()),
        "sample": shown,
    }


def clip_stage(name: str, split: Split, description: str) -> Stage:
    """The stage that turns the films of one split into clip records."""
    return Stage(
        name=name,
        description=description,
        make=make,
        reads=("films", "character_regions"),
        units=partial(film_ids, split=split),
        per_film=True,
        sections=("perception.key_frame_stride", "gates.clips"),
        parameters=lambda settings, film: {"stride": settings.perception.key_frame_stride},
        code=(*FILM, *REGIONS, "corpora/focusedad.py", *training("triplets")),
        facts=facts,
        expectations=expectations,
        summary=summary,
        group="data_sets",
        kinds=("json",),
    )
