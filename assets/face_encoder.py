"""face_encoder: what turns a face into a vector (equation 4), with its calibrated threshold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import training
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

# What of the studio draws the strangers it learns from; the films' own parameters do not matter here.
STRANGERS = {"seed", "strangers", "fps", "width", "height"}


def make(work: Work) -> None:
    from models.training.face_encoder import train_face_encoder

    settings = work.settings
    train_face_encoder(settings.perception.encoder, work.out, studio=settings.studio, jobs=settings.compute.jobs)


def parameters(settings: Settings, unit: str) -> Any:
    encoder = settings.perception.encoder
    if encoder.kind != "studio":
        return {"kind": encoder.kind}
    return {
        "encoder": encoder.model_dump(mode="json"),
        "studio": settings.studio.model_dump(mode="json", include=STRANGERS),
    }


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

    config = read_json(folder / "config.json")
    # Of a pretrained encoder nothing is measured here, so there is no row to judge.
    path = folder / "metrics.json"
    rows = [{"accuracy": read_json(path)["film_film_balanced_accuracy"]}] if path.exists() else []
    return {
        "encoder": pd.DataFrame([{"threshold": config["threshold"], "size": config["size"]}]),
        "held_out": pd.DataFrame(rows, columns=["accuracy"], dtype=float),
    }


def expectations(settings: Settings) -> list[Any]:
    between = "column_values_to_be_between"
    lowest = settings.gates.face_encoder.lowest_accuracy
    return [
        expect(
            "encoder", between, column="threshold", min_value=0.0, max_value=4.0, why="unit vectors differ by 0 to 4"
        ),
        expect("held_out", between, column="accuracy", min_value=lowest, why="it hardly tells strangers apart"),
    ]


def summary(folder: Path) -> dict[str, Any]:
    from common.files import read_json

    config = read_json(folder / "config.json")
    measured = read_json(folder / "metrics.json") if (folder / "metrics.json").exists() else {}
    return {name: value for name, value in {**config, **measured}.items() if isinstance(value, int | float | str)}


def track(work: Work) -> None:
    """The training as MLflow knows it; a pretrained encoder has none."""
    from common.files import read_json
    from publishing.tracking import figures, log_training_run

    if (work.out / "training.json").exists():
        curves = read_json(work.out / "training.json")
        log_training_run(
            stage="face_encoder",
            unit=work.unit,
            folder=work.out,
            data=work.data,
            inputs=work.inputs,
            parameters=work.settings.perception.encoder.model_dump(mode="json"),
            metrics=figures(read_json(work.out / "metrics.json")),
            curves={name: values for name, values in curves.items() if name != "step"},
        )


STAGE = Stage(
    name="face_encoder",
    description="The face embedding (equation 4): trained on strangers with a contrastive loss, or pinned.",
    make=make,
    sections=("perception.encoder", "studio", "gates.face_encoder"),
    parameters=parameters,
    code=(
        "common",
        "corpora/studio",
        *(
            f"models/perception/{part}.py"
            for part in ("area_sums", "cascade", "detection", "encoders", "settings", "studio_encoder")
        ),
        *training("face_encoder", "face_crops", "contrastive_loss", "verification"),
    ),
    facts=facts,
    expectations=expectations,
    track=track,
    summary=summary,
    group="perception",
    kinds=("pytorch", "safetensors"),
)
