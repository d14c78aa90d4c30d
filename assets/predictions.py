"""predictions: one description per clip, for every row of the tables and every benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.captioner import casts_of, features_of
from assets.clips import read_records
from assets.code import CAPTIONER, FILM, RECORDS
from assets.experiments import experiment_of, experiment_units
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

TABLE = "predictions.csv"
COLUMNS = ["film", "clip_id", "start", "end", "type", "text_gt", "text_gen"]


def make(work: Work) -> None:
    import pandas as pd

    from models.captioner.checkpoints import load_captioner
    from models.captioner.describe import describe

    experiment = experiment_of(work.settings, work.unit)
    row = experiment.settings(work.settings)
    films = work.units(experiment.benchmark)
    records = [record for film in films for record in read_records(work.read(experiment.benchmark, film))]
    said = describe(
        load_captioner(work.read("captioner"), work.read("base_model")),
        records,
        features_of(work, films),
        casts_of(work, films),
        bank=row.bank,
        settings=work.settings.captioner,
        region=row.region,
    )
    table = pd.DataFrame(records).assign(text_gt=lambda records: records["text"], text_gen=said)
    table[COLUMNS].to_csv(work.out / TABLE, index=False)


def read_predictions(folder: Path) -> pd.DataFrame:
    """A row a clip: film, clip_id, start, end (s), type, text_gt, text_gen."""
    import pandas as pd

    return pd.read_csv(folder / TABLE, keep_default_na=False, dtype={"film": str})


def inputs(settings: Settings, unit: str) -> dict[str, list[str]]:
    experiment = experiment_of(settings, unit)
    films = film_ids(settings, experiment.benchmark)
    none: list[str] = []
    return {
        "captioner": [experiment.captioner(settings)],
        "films": films,
        "clip_features": films,
        "mad_eval_named": films if experiment.benchmark == "mad_eval_named" else none,
        "cinepile_ad": films if experiment.benchmark == "cinepile_ad" else none,
    }


def parameters(settings: Settings, unit: str) -> Any:
    row = experiment_of(settings, unit).settings(settings)
    prompt = {
        "generation",
        "previous_descriptions",
        "previous_at_test",
        "prior_words",
        "character_order",
        "max_characters",
    }
    return {
        "row": row.model_dump(mode="json"),
        "captioner": settings.captioner.model_dump(mode="json", include=prompt),
    }


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    table = read_predictions(folder)
    said = table["text_gen"].str.strip()
    clips = pd.DataFrame(
        {
            "film": table["film"],
            "clip": table["clip_id"],
            "key": table["film"] + "/" + table["clip_id"].astype(str),
            "words": [len(text.split()) for text in said],
        }
    )
    whole = {"clips": len(table), "distinct": said.nunique() / max(len(table), 1)}
    return {"clips": clips, "whole": pd.DataFrame([whole])}


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    clip = ("film", "clip")
    longest = settings.captioner.generation.max_tokens
    return [
        expect("clips", "column_values_to_be_unique", column="key", rows=clip, why="two descriptions of one clip"),
        expect("clips", between, column="words", min_value=1, max_value=longest, rows=clip, why="an empty description"),
        expect(
            "whole",
            between,
            column="distinct",
            min_value=settings.gates.predictions.distinct,
            why="it says the same of every clip",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    table = read_predictions(folder)
    return {"clips": len(table), "sample": table[["film", "clip_id", "text_gt", "text_gen"]].head(12)}


STAGE = Stage(
    name="predictions",
    description="One description per clip for every row of Tables 1 and 2, by beam search (section 4.4).",
    make=make,
    reads=("films", "mad_eval_named", "cinepile_ad", "base_model", "clip_features", "captioner"),
    units=experiment_units,
    inputs=inputs,
    sections=("captioner", "experiments", "gates.predictions"),
    parameters=parameters,
    code=(*FILM, *RECORDS, *CAPTIONER),
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="results",
    kinds=("csv",),
)
