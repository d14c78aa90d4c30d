"""baselines: the other systems of Table 2 that are trained or prepared in this world, each from its paper's words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.captioner import casts_of, features_of
from assets.clips import read_records
from assets.code import BASELINES, CAPTIONER, FILM, RECORDS, training
from assets.experiments import baseline_units
from models.baselines.settings import AUTOAD
from publishing.settings import film_ids
from publishing.stage import WHOLE, Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

CURVES = "training.json"
EXAMPLES = "examples.json"
LEARNT = ("steps", "first_loss", "final_loss")
# What of the captioner's training and prompt these systems share.
SHARED = {"training", "previous_descriptions", "prior_words", "feature_noise", "drop_prior"}


def make(work: Work) -> None:
    films = work.units("storyboard_v2")
    records = [record for film in films for record in read_records(work.read("storyboard_v2", film))]
    features, casts = features_of(work, films), casts_of(work, films)
    system, seed = system_and_seed(work.unit)
    settings, base = work.settings, work.read("base_model")
    if system == AUTOAD:
        from models.baselines.autoad_training import train_autoad

        train_autoad(seed, base, records, features, casts, settings.baselines.autoad, settings.captioner, work.out)
    else:
        from models.baselines.examples import collect
        from models.baselines.mm_narrator import BANK
        from models.baselines.perceived import answering_tower

        collect(records, features, casts, answering_tower(base), bank=BANK).write(work.out)


def system_and_seed(unit: str) -> tuple[str, int]:
    system, _, seed = unit.rpartition(".")
    return system, int(seed)


def inputs(settings: Settings, unit: str) -> dict[str, list[str]]:
    films = film_ids(settings, "train")
    return {"films": films, "storyboard_v2": films, "base_model": [WHOLE], "clip_features": films}


def parameters(settings: Settings, unit: str) -> Any:
    """The system's own part; a collection of examples depends on the data alone."""
    system, seed = system_and_seed(unit)
    if system != AUTOAD:
        return {"system": system}
    return {
        "autoad": settings.baselines.autoad.model_dump(mode="json"),
        "captioner": settings.captioner.model_dump(mode="json", include=SHARED),
        "seed": seed,
    }


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

    curves = read_json(folder / CURVES) if (folder / CURVES).exists() else {}
    rows = [
        {
            "part": part,
            "steps": len(losses),
            "first_loss": losses[0],
            "final_loss": sum(losses[-20:]) / len(losses[-20:]),
        }
        for part, curve in sorted(curves.items())
        if (losses := curve["loss"])
    ]
    table = pd.DataFrame(rows, columns=["part", *LEARNT])
    parts = {part: table[table["part"] == part].reset_index(drop=True) for part in ("text", "clips")}
    examples = [{"examples": len(read_json(folder / EXAMPLES))}] if (folder / EXAMPLES).exists() else []
    return {**parts, "collection": pd.DataFrame(examples, columns=["examples"])}


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    steps = settings.captioner.training.steps
    length: dict[str, Any] = {"min_value": 1} if steps is None else {"min_value": steps, "max_value": steps}
    highest = settings.gates.captioner.highest_final_loss
    learnt = "column_pair_values_a_to_be_greater_than_b"
    return [
        expect("text", learnt, column_A="first_loss", column_B="final_loss", why="the language was not learnt"),
        expect("clips", between, column="steps", **length, why="rows need equal steps"),
        expect("clips", between, column="final_loss", min_value=0.0, max_value=highest, why="nothing was learnt"),
        expect("collection", between, column="examples", min_value=1, why="no example to learn the style from"),
    ]


def track(work: Work) -> None:
    """The training as MLflow knows it."""
    from common.files import read_json
    from publishing.tracking import figures, flat, log_training_run

    system, seed = system_and_seed(work.unit)
    curves = read_json(work.out / CURVES) if (work.out / CURVES).exists() else {}
    log_training_run(
        stage="baselines",
        unit=work.unit,
        folder=work.out,
        data=work.data,
        inputs=work.inputs,
        parameters={"system": system, "seed": seed, **flat(parameters(work.settings, work.unit))},
        metrics=figures({name: table.iloc[0].to_dict() for name, table in facts(work.out).items() if len(table)}),
        curves={f"{part}.loss": curve["loss"] for part, curve in curves.items()},
    )


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    found = facts(folder)
    return {
        "training": pd.concat([found["text"], found["clips"]], ignore_index=True),
        "examples": int(found["collection"]["examples"].sum()),
    }


STAGE = Stage(
    name="baselines",
    description="Other systems of Table 2, trained or prepared in this world: AutoAD-I style, MM-Narrator style.",
    make=make,
    reads=("films", "storyboard_v2", "base_model", "clip_features"),
    units=baseline_units,
    inputs=inputs,
    sections=("baselines", "captioner", "experiments", "gates.captioner"),
    parameters=parameters,
    code=(
        *FILM,
        *RECORDS,
        *CAPTIONER,
        *BASELINES,
        *training("captioner", "draws", "language_model", "loop"),
        "corpora/studio",
    ),
    facts=facts,
    expectations=expectations,
    track=track,
    jobs=all_jobs,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "mlflow"),
)
