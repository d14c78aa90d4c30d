"""captioner: one fine-tuned model per variant of Table 1 and seed, each with its MLflow run and registered version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.clips import read_records
from assets.code import CAPTIONER, FILM, training
from assets.experiments import captioner_units
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from models.captioner.features import FilmFeatures
    from publishing.settings import Settings


def make(work: Work) -> None:
    from models.training.captioner import train_variant

    variant, seed = variant_and_seed(work.unit)
    films = work.units("storyboard_v2")
    train_variant(
        variant,
        seed,
        work.read("base_model"),
        [record for film in films for record in read_records(work.read("storyboard_v2", film))],
        features_of(work, films),
        casts_of(work, films),
        work.settings.captioner,
        work.out,
    )


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
    """The training as MLflow knows it: parameters, curve, data versions, and the model as a registered version."""
    from common.files import read_json
    from publishing.tracking import MODEL, log_training_run

    variant, seed = variant_and_seed(work.unit)
    curve = read_json(work.out / "training.json")
    settings = work.settings.captioner
    log_training_run(
        stage="captioner",
        unit=work.unit,
        folder=work.out,
        data=work.data,
        inputs=work.inputs,
        parameters={
            "variant": variant,
            "seed": seed,
            **settings.variants[variant].model_dump(mode="json"),
            **{f"training.{name}": value for name, value in settings.training.model_dump(mode="json").items()},
            "trainable": settings.trainable_of(variant),
        },
        metrics={
            "final_loss": float(facts(work.out)["training"]["final_loss"].iloc[0]),
            "clips": read_json(work.out / "config.json")["clips"],
            "steps": len(curve["loss"]),
        },
        curves={"loss": curve["loss"]},
        model=MODEL,
    )


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


# What a training runs, besides the model.
TRAINING = ("captioner", "draws", "language_model", "loop", "observing", "resuming", "trainable", "tuning")

STAGE = Stage(
    name="captioner",
    description="The Focused Caption Module, fine-tuned on Storyboard-v2: one model per variant of Table 1 and seed.",
    make=make,
    reads=("films", "storyboard_v2", "base_model", "clip_features"),
    units=captioner_units,
    inputs=inputs,
    sections=("captioner", "experiments", "gates.captioner"),
    parameters=parameters,
    code=(*FILM, "assets/clips.py", *CAPTIONER, *training(*TRAINING)),
    facts=facts,
    expectations=expectations,
    track=track,
    jobs=all_jobs,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "mlflow"),
)
