"""The gate of predictions: the table by itself, beside the benchmark it describes, and beside the training films."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assets import predictions
from assets.clips import read_records
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from corpora.film import Film
    from publishing.settings import Settings

BENCHMARKS = ("mad_eval_named", "cinepile_ad")
TRAINED = ("captioner", "baselines")  # what speaks, if it was trained on films


def gated(stage: Stage) -> Stage:
    return replace(stage, compared=compared, expectations=expectations)


def compared(work: Work) -> dict[str, pd.DataFrame]:
    said = predictions.read_predictions(work.out)
    return {"coverage": coverage(work, said), "leaks": leaks(work, sorted(set(said["film"])))}


def coverage(work: Work, said: pd.DataFrame) -> pd.DataFrame:
    """A row for every clip that the benchmark or the table knows: is it `missing` here, or `unknown` there?"""
    import pandas as pd

    asked = {
        (film, record["clip_id"])
        for benchmark in BENCHMARKS
        for film in work.units(benchmark)
        for record in read_records(work.read(benchmark, film))
    }
    told = set(zip(said["film"], said["clip_id"], strict=True))
    rows = [
        {
            "film": film,
            "clip": clip,
            "missing": int((film, clip) not in told),
            "unknown": int((film, clip) not in asked),
        }
        for film, clip in sorted(asked | told)
    ]
    return pd.DataFrame(rows, columns=["film", "clip", "missing", "unknown"])


def leaks(work: Work, tested: list[str]) -> pd.DataFrame:
    """What the films behind the model share with those described: kind, what, and the films' ids on both sides."""
    import pandas as pd

    from corpora.leaks import shared

    trained = training_films(work)
    rows = [
        {"kind": each.kind, "what": each.what, "train": " ".join(each.train), "test": " ".join(each.test)}
        for each in shared(films_of(work, trained), films_of(work, tested))
    ]
    # By their ids too: a training film need not lie here any more.
    found = {(row["kind"], row["what"]) for row in rows}
    rows += [
        {"kind": "film", "what": film, "train": film, "test": film}
        for film in sorted(set(trained) & set(tested))
        if ("film", film) not in found
    ]
    return pd.DataFrame(rows, columns=["kind", "what", "train", "test"])


def training_films(work: Work) -> list[str]:
    """The films that the model was trained on, as its own record names them; none for what was not trained on films."""
    from publishing.records import read_record

    records = [read_record(work.read(stage, unit)) for stage in TRAINED for unit in work.units(stage)]
    return sorted(
        {film for record in records if record for film in record.made_from["inputs"].get("storyboard_v2", {})}
    )


def films_of(work: Work, ids: list[str]) -> list[Film]:
    """Films by id, also those that this unit does not read itself: only who plays in them is looked at."""
    from corpora.film import read_film

    folders = [work.data / "films" / film for film in ids]
    return [read_film(folder) for folder in folders if (folder / "film.json").is_file()]


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    clip = ("film", "clip")
    return [
        *predictions.expectations(settings),
        expect("coverage", between, column="missing", max_value=0, rows=clip, why="a clip without a description"),
        expect("coverage", between, column="unknown", max_value=0, rows=clip, why="no such clip in the benchmark"),
        expect(
            "leaks",
            "column_values_to_not_be_in_set",
            column="kind",
            value_set=list(settings.gates.predictions.forbidden_leaks),
            rows=("kind", "what", "train", "test"),
            why="the model has seen what it is tested on",
        ),
    ]
