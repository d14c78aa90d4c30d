"""The gate of storyboard_v2 and the two benchmarks: a film's clip records, by themselves and beside their film."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assets import clips
from assets.film_facts import clear_of_dialogue, seconds_over
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

FEWEST = 10  # clips of a film from which on their types' shares mean something


def gated(stage: Stage) -> Stage:
    return replace(stage, compared=compared, expectations=expectations)


def compared(work: Work) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from corpora.film import read_film

    film, records = read_film(work.read("films")), clips.read_records(work.out)
    talk = [(line.start, line.end) for line in film.subtitles()]
    slots = [
        {
            "clip": each["clip_id"],
            "outside": max(0.0, -each["start"], each["end"] - film.duration),
            "over_dialogue": seconds_over(each["start"], each["end"], talk),
        }
        for each in records
    ]
    kinds = Counter(each["type"] for each in records) if len(records) >= FEWEST else Counter()
    types = [{"type": kind, "share": count / len(records)} for kind, count in sorted(kinds.items())]
    return {
        "slots": pd.DataFrame(slots, columns=["clip", "outside", "over_dialogue"]),
        "types": pd.DataFrame(types, columns=["type", "share"]),
    }


def expectations(settings: Settings) -> list[Any]:
    gates = settings.gates.clips
    between = "column_values_to_be_between"
    return [
        *clips.expectations(settings),
        expect("slots", between, column="outside", max_value=0.1, rows=("clip",), why="a slot outside the film"),
        clear_of_dialogue(gates),
        expect(
            "types",
            between,
            column="share",
            max_value=gates.largest_type_share,
            rows=("type",),
            why=f"nearly all clips of the film (of {FEWEST} or more) are of one type",
        ),
    ]
