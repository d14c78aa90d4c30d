"""captioner: one fine-tuned model per variant of Table 1 and seed, each with its MLflow run and registered version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import TUNING
from assets.experiments import captioner_units
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from models.captioner.features import FilmFeatures
    from publishing.settings import Settings


def make(work: Work) -> None:
    from assets.tune import fine_tune, launch

    if work.settings.captioner.training.processes > 1:
        launch(work)
    else:
        fine_tune(work)


def variant_and_seed(unit: str) -> tuple[str, int]:
    variant, _, seed = unit.rpartition(".")
    return variant, int(seed)


def features_of(work: Work, films: tuple[str, ...]) -> dict[str, FilmFeatures]:
    from models.captioner.features import read_features

    return {film: read_features(work.read("clip_features", film)) for film in films}


def casts_of(work: Work, films: tuple[str, ...]) -> dict[str, list[str]]:
    """The names of each film's characters."""
    from corpora.film import read_film

    return {film: [character.name for character in read_film(work.read("films", film)).cast] for film in films}


def track(work: Work) -> None:
    """The training as MLflow knows it: its live run gets what it lacks, and the model becomes a registered version.

    Then its checkpoints go: what passed its audit is about to be published.
    """
    import shutil

    from assets.tune import checkpoints_of, run_parameters
    from common.files import read_json
    from publishing.live import NOTE, noted_run
    from publishing.tracking import MODEL, log_training_run

    curve = read_json(work.out / "training.json")
    log_training_run(
        stage="captioner",
        unit=work.unit,
        folder=work.out,
        data=work.data,
        inputs=work.inputs,
        parameters=run_parameters(work),
        metrics={
            "final_loss": float(facts(work.out)["training"]["final_loss"].iloc[0]),
            "clips": read_json(work.out / "config.json")["clips"],
            "steps": len(curve["loss"]),
        },
        curves={"loss": curve["loss"]},
        model=MODEL,
        run=noted_run(checkpoints_of(work) / NOTE),
    )
    checkpoints = checkpoints_of(work)
    shutil.rmtree(checkpoints, ignore_errors=True)
    for folder in (checkpoints.parent, checkpoints.parent.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def inputs(settings: Settings, unit: str) -> dict[str, list[str]]:
    films = film_ids(settings, "train")
    return {"films": films, "clip_features": films}


def parameters(settings: Settings, unit: str) -> Any:
    """The variant's own part: another variant's settings do not make this one stale."""
    return settings.captioner.of_training(*variant_and_seed(unit))


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

    losses = read_json(folder / "training.json")["loss"]
    last = losses[-20:]
    row = (
        {"steps": len(losses), "first_loss": losses[0], "final_loss": sum(last) / len(last)} if losses else {"steps": 0}
    )
    return {"training": pd.DataFrame([row], columns=["steps", "first_loss", "final_loss"])}


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    steps = settings.captioner.training.steps
    length: dict[str, Any] = {"min_value": 1} if steps is None else {"min_value": steps, "max_value": steps}
    highest = settings.gates.captioner.highest_final_loss
    return [
        expect("training", between, column="steps", **length, why="rows need equal steps"),
        expect("training", between, column="final_loss", min_value=0.0, max_value=highest, why="nothing was learnt"),
        expect("training", "column_pair_values_a_to_be_greater_than_b", column_A="first_loss", column_B="final_loss"),
    ]


def summary(folder: Path) -> dict[str, Any]:
    row = facts(folder)["training"].iloc[0]
    return {"steps": int(row["steps"]), "loss": f"{row['first_loss']:.3f} -> {row['final_loss']:.3f}"}


def jobs(settings: Settings) -> int:
    """Variants side by side, unless each already takes several processes."""
    return all_jobs(settings) if settings.captioner.training.processes == 1 else 1


STAGE = Stage(
    name="captioner",
    description="The Focused Caption Module, fine-tuned on Storyboard-v2: one model per variant of Table 1 and seed.",
    make=make,
    reads=("films", "storyboard_v2", "base_model", "clip_features"),
    units=captioner_units,
    inputs=inputs,
    sections=("captioner", "experiments", "gates.captioner"),
    parameters=parameters,
    code=TUNING,
    facts=facts,
    expectations=expectations,
    track=track,
    jobs=jobs,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "mlflow"),
)
