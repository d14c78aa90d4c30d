"""scores: every metric of every table of predictions, per clip and as a whole, with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM, training
from assets.experiments import experiment_of, experiment_units
from assets.predictions import read_predictions
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.naming import Cast
    from publishing.settings import Settings


def make(work: Work) -> None:
    from evaluation.score import score
    from evaluation.store import write_scores

    root = work.data.parent
    table = read_predictions(work.read("predictions"))
    found = score(
        table,
        work.settings.evaluation,
        casts={film: cast_of(work, film) for film in work.units("films")},
        cache=root / ".cache",
        jars=root / spice_jars(work.settings),
        name=work.unit,
    )
    write_scores(found, work.out)


def cast_of(work: Work, film_id: str) -> Cast:
    """Whom the film's descriptions may name, found as the clip records find them."""
    from corpora.film import read_film
    from evaluation.naming import Cast
    from models.training.triplets import named_in

    cast = read_film(work.read("films", film_id)).cast
    return Cast(tuple(character.name for character in cast), lambda text: named_in(text, cast))


def spice_jars(settings: Settings, unit: str = "") -> str:
    """The folder of SPICE's jars: with them a score holds SPICE, so they are part of what it is made from."""
    from evaluation.spice import JARS_FOLDER

    return JARS_FOLDER


def inputs(settings: Settings, unit: str) -> dict[str, list[str]]:
    return {"predictions": [unit], "films": film_ids(settings, experiment_of(settings, unit).benchmark)}


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from evaluation.store import read_scores

    found = read_scores(folder)
    rows = [{"metric": name, "value": value} for name, value in found.summary.items() if value is not None]
    counts = {"clips": found.counts["clips"], "metrics": len(rows)}
    return {"scores": pd.DataFrame(rows, columns=["metric", "value"]), "whole": pd.DataFrame([counts])}


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    return [
        expect("whole", between, column="clips", min_value=settings.gates.scores.fewest_clips, why="too few clips"),
        expect("whole", between, column="metrics", min_value=1, why="no metric could be computed"),
        # CIDEr reaches 1000, a raw BertScore may be a little negative.
        expect("scores", between, column="value", min_value=-100, max_value=1000, rows=("metric",)),
    ]


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    from evaluation.store import read_scores

    found = read_scores(folder)
    rows = [
        {"metric": name, "value": "-" if value is None else f"{value:.2f}", "note": found.missing.get(name, "")}
        for name, value in found.summary.items()
    ]
    return {"clips": found.counts["clips"], "scores": pd.DataFrame(rows)}


# Where and how it is computed, which changes no score.
NO_RESULT: dict[str, Any] = {"java": True, "runs_address": True, "judge": {"key_variable", "answer_seconds"}}

STAGE = Stage(
    name="scores",
    description="SPICE, METEOR, BertScore, R (equations 9 and 10) and the field's other metrics, with intervals.",
    make=make,
    reads=("films", "predictions"),
    units=experiment_units,
    inputs=inputs,
    sections=("evaluation", "experiments", "gates.scores"),
    parameters=lambda settings, unit: settings.evaluation.model_dump(mode="json", exclude=NO_RESULT),
    code=(*FILM, "evaluation", "assets/experiments.py", "assets/predictions.py", *training("triplets")),
    raw=spice_jars,
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="results",
    kinds=("json",),
)
