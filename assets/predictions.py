"""predictions: one description per clip, for every row of the tables and every benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets import baseline_rows
from assets.captioner import casts_of, features_of
from assets.clips import read_records
from assets.code import BASELINE_ROWS, CAPTIONER, FILM, RECORDS, training
from assets.experiments import Experiment, experiment_of, experiment_units
from common.errors import blaming
from models.baselines.settings import ABOUT, CONSTANT, SANITY
from publishing.settings import film_ids
from publishing.stage import WHOLE, Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

TABLE = "predictions.csv"
BASELINE = "baseline.json"  # beside the table where another system than the captioner speaks: which, and what it is
READS = (
    "films",
    "query_banks",
    "storyboard_v2",
    "mad_eval_named",
    "cinepile_ad",
    "base_model",
    "clip_features",
    "captioner",
    "baselines",
)
COLUMNS = ["film", "clip_id", "start", "end", "type", "text_gt", "text_gen"]


def make(work: Work) -> None:
    import pandas as pd

    from common.files import write_json

    experiment = experiment_of(work.settings, work.unit)
    films = work.units(experiment.benchmark)
    records = [record for film in films for record in read_records(work.read(experiment.benchmark, film))]
    if experiment.baseline:
        said = baseline_rows.say(work, experiment, records)
        write_json(work.out / BASELINE, {"row": experiment.row, "about": ABOUT[experiment.row]})
    else:
        said = captioner_says(work, experiment, records)
    table = pd.DataFrame(records).assign(text_gt=lambda records: records["text"], text_gen=said)
    table[COLUMNS].to_csv(work.out / TABLE, index=False)


def captioner_says(work: Work, experiment: Experiment, records: list[dict[str, Any]]) -> list[str]:
    """A description of every record by a variant of the captioner, in the way of the experiment's row."""
    from models.captioner.checkpoints import load_captioner
    from models.captioner.describe import describe

    row, films = experiment.settings(work.settings), work.units(experiment.benchmark)
    if row.threshold is not None:
        records = [each for film in films for each in named_anew(work, film, row.threshold, records)]
    return describe(
        load_captioner(work.read("captioner"), work.read("base_model")),
        records,
        features_of(work, films),
        casts_of(work, films),
        bank=row.bank,
        settings=work.settings.captioner,
        region=row.region,
        words_per_second=row.words_per_second,
        distinctness=row.distinctness,
    )


def named_anew(work: Work, film: str, threshold: float, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The film's records with names decided at another threshold, for Figure 7."""
    from models.perception.bank_files import read_banks
    from models.perception.faces import read_faces
    from models.training.thresholds import records_at

    bank = work.read("query_banks", film)
    own = [record for record in records if record["film"] == film]
    return records_at(own, read_faces(bank)[0], read_banks(bank), threshold, work.settings.perception)


def read_predictions(folder: Path) -> pd.DataFrame:
    """A row a clip: film, clip_id, start, end (s), type, text_gt, text_gen."""
    import pandas as pd

    with blaming(folder / TABLE, "make predictions again"):
        return pd.read_csv(folder / TABLE, keep_default_na=False, dtype={"film": str})


def inputs(settings: Settings, unit: str) -> dict[str, list[str]]:
    experiment = experiment_of(settings, unit)
    films = film_ids(settings, experiment.benchmark)
    nothing: dict[str, list[str]] = {stage: [] for stage in READS}
    if experiment.baseline:
        return nothing | {experiment.benchmark: films} | baseline_rows.inputs(settings, experiment)
    return nothing | {
        experiment.benchmark: films,
        "captioner": [experiment.captioner(settings)],
        "films": films,
        "query_banks": films if experiment.settings(settings).threshold is not None else [],
        "base_model": [WHOLE],
        "clip_features": films,
    }


def parameters(settings: Settings, unit: str) -> Any:
    experiment = experiment_of(settings, unit)
    if experiment.baseline:
        return baseline_rows.parameters(settings, experiment)
    row = experiment.settings(settings)
    prompt = {
        "generation",
        "previous_descriptions",
        "previous_at_test",
        "prior_words",
        "character_order",
        "max_characters",
    }
    perception = settings.perception.model_dump(mode="json", include={"recognition", "key_frame_stride"})
    return {
        "row": row.model_dump(mode="json"),
        "perception": perception if row.threshold is not None else None,
        "captioner": settings.captioner.model_dump(mode="json", include=prompt),
    }


def aside(settings: Settings, unit: str) -> str | None:
    """Why a row is left out on this machine: the tables then say so in its cells."""
    experiment = experiment_of(settings, unit)
    return baseline_rows.missing(settings, experiment) if experiment.baseline else None


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

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
    row = read_json(folder / BASELINE)["row"] if (folder / BASELINE).exists() else ""
    # The constant row says the same of every clip by design: there is nothing to expect of it.
    whole = [] if row == CONSTANT else [{"distinct": said.nunique() / max(len(table), 1)}]
    return {
        "clips": clips,
        # A sanity row's texts are people's, as long as people made them.
        "generated": clips[:0] if row in SANITY else clips,
        "whole": pd.DataFrame(whole, columns=["distinct"], dtype=float),
    }


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    clip = ("film", "clip")
    longest = settings.captioner.generation.max_tokens
    return [
        expect("clips", "column_values_to_be_unique", column="key", rows=clip, why="two descriptions of one clip"),
        expect("clips", between, column="words", min_value=1, rows=clip, why="an empty description"),
        expect(
            "generated",
            between,
            column="words",
            max_value=longest,
            rows=clip,
            why="more words than captioner.generation.max_tokens has tokens",
        ),
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
    description="One description per clip for every row: by beam search (section 4.4), or by a baseline's own way.",
    make=make,
    reads=READS,
    units=experiment_units,
    inputs=inputs,
    sections=(
        "baselines",
        "captioner",
        "experiments",
        "perception.recognition",
        "perception.key_frame_stride",
        "gates.predictions",
    ),
    parameters=parameters,
    code=(*FILM, *RECORDS, *CAPTIONER, *BASELINE_ROWS, "models/perception", *training("thresholds")),
    aside=aside,
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="results",
    kinds=("pytorch", "csv"),
)
