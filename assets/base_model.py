"""base_model: what the paper takes ready-made: a vision tower that sees and a language model that speaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

# What of the studio draws the stock clips.
STOCK = {"seed", "stock_people", "fps", "width", "height", "slot_min", "slot_max"}


def make(work: Work) -> None:
    from models.training.base_model import train_base_model

    settings = work.settings
    train_base_model(settings.base_model, work.out, jobs=settings.compute.jobs, studio=settings.studio)


def parameters(settings: Settings, unit: str) -> Any:
    return {
        "base_model": settings.base_model.model_dump(mode="json"),
        "studio": settings.studio.model_dump(mode="json", include=STOCK),
    }


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

    curves = read_json(folder / "training.json")
    rows = [
        {"part": part, "steps": len(curve["loss"]), "first_loss": curve["loss"][0], "final_loss": curve["loss"][-1]}
        for part, curve in sorted(curves.items())
        if curve["loss"]
    ]
    return {"parts": pd.DataFrame(rows, columns=["part", "steps", "first_loss", "final_loss"])}


def expectations(settings: Settings) -> list[Any]:
    return [
        expect("parts", "table_row_count_to_be_between", min_value=3, why="a part of the base model was not trained"),
        expect(
            "parts",
            "column_pair_values_a_to_be_greater_than_b",
            column_A="first_loss",
            column_B="final_loss",
            rows=("part",),
            why="a part learnt nothing",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    return {"parts": facts(folder)["parts"]}


STAGE = Stage(
    name="base_model",
    description="Vision tower, language model and their alignment, trained on stock clips with nobody of any film.",
    make=make,
    sections=("base_model", "studio", "gates.base_model"),
    parameters=parameters,
    code=(
        "common",
        "corpora/studio",
        "models/captioner",
        "models/prior",
        *(
            f"models/training/{part}.py"
            for part in ("base_model", "stock_set", "tower", "language_model", "alignment", "loop")
        ),
    ),
    facts=facts,
    expectations=expectations,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "safetensors"),
)
