"""base_model: what the paper takes ready-made: a vision tower that sees and a language model that speaks.

The studio's is trained here; the published ones are SigLIP with VideoRefer-7B, or with Qwen2-7B-Instruct and untrained
connectors: checked, named and not copied.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import CAPTIONER, training
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings

STUDIO = "studio"  # the kind that is trained here; all others are published
# What of the studio draws the stock clips.
STOCK = {"seed", "stock_people", "fps", "width", "height", "slot_min", "slot_max"}


def make(work: Work) -> None:
    from common.files import write_json
    from models.training.base_model import train_base_model
    from models.training.measure_base import measure_folder

    settings, jobs = work.settings.base_model, work.settings.compute.jobs
    if settings.kind != STUDIO:
        from models.captioner.published.base import write_base

        write_base(settings, work.out)
        return
    train_base_model(settings, work.out, jobs=jobs, studio=work.settings.studio)
    figures = measure_folder(work.out, work.settings.studio, clips=settings.held_out_clips, jobs=jobs)
    write_json(work.out / "metrics.json", figures)


def parameters(settings: Settings, unit: str) -> Any:
    chosen = settings.base_model.of_kind()
    if settings.base_model.kind != STUDIO:
        return {"base_model": chosen}
    return {"base_model": chosen, "studio": settings.studio.model_dump(mode="json", include=STOCK)}


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from common.files import read_json

    if published(folder):
        return {"weights": weights(folder)}
    curves = read_json(folder / "training.json")
    rows = [
        {"part": part, "steps": len(curve["loss"]), "first_loss": curve["loss"][0], "final_loss": curve["loss"][-1]}
        for part, curve in sorted(curves.items())
        if curve["loss"]
    ]
    measured = read_json(folder / "metrics.json")["all"]
    return {
        "parts": pd.DataFrame(rows, columns=["part", "steps", "first_loss", "final_loss"]),
        "held_out": pd.DataFrame([{"clips": measured["clips"], "verb": measured["verb"]}]),
    }


def published(folder: Path) -> bool:
    """Whether the folder names published weights instead of holding its own: then it has their key map."""
    return (folder / "keys.json").is_file()


def weights(folder: Path) -> pd.DataFrame:
    """The published files: whose they are, their commit, their size and digest."""
    import pandas as pd

    from common.files import read_json

    sources = read_json(folder / "config.json")["weights"].values()
    rows = [
        {"repository": source["repository"], "revision": source["revision"], "file": name, **fact}
        for source in sources
        for name, fact in sorted(source["files"].items())
    ]
    return pd.DataFrame(rows, columns=["repository", "revision", "file", "bytes", "sha256"])


def expectations(settings: Settings) -> list[Any]:
    if settings.base_model.kind != STUDIO:
        why = "weights without a digest: what is made from them could not be keyed by them"
        digest = ("repository", "file")
        return [
            expect("weights", "table_row_count_to_be_between", min_value=4, why="a captioner and a tower have more"),
            expect("weights", "column_value_lengths_to_equal", column="sha256", value=64, rows=digest, why=why),
        ]
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
        expect(
            "held_out",
            "column_values_to_be_between",
            column="verb",
            min_value=settings.gates.base_model.lowest_verb_accuracy,
            why="on clips it never saw it hardly ever names the action",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    from common.files import read_json

    if published(folder):
        return {"published weights": weights(folder)}
    figures = read_json(folder / "metrics.json")
    groups = [{"clips of": name, **group} for name, group in figures.items() if name != "tower"]
    tower = [{"the tower's answer": name, "right": share} for name, share in figures["tower"].items()]
    return {
        "training": facts(folder)["parts"],
        "held-out stock clips": pd.DataFrame(groups),
        "tower on them": pd.DataFrame(tower),
    }


def track(work: Work) -> None:
    """The trainings of its parts as MLflow knows them, in one run."""
    from common.files import read_json
    from publishing.tracking import figures, flat, log_training_run

    if published(work.out):
        return  # nothing was trained
    curves = read_json(work.out / "training.json")
    log_training_run(
        stage="base_model",
        unit=work.unit,
        folder=work.out,
        data=work.data,
        inputs=work.inputs,
        parameters=flat(work.settings.base_model.model_dump(mode="json")),
        metrics=figures(read_json(work.out / "metrics.json")),
        curves={f"{part}.loss": curve["loss"] for part, curve in curves.items()},
    )


STAGE = Stage(
    name="base_model",
    description="Vision tower and language model: trained on stock clips with nobody of any film, or the published.",
    make=make,
    sections=("base_model", "studio", "gates.base_model"),
    parameters=parameters,
    code=(
        "common",
        "corpora/studio",
        *CAPTIONER,
        *training(
            "base_model",
            "stock",
            "stock_set",
            "tower",
            "language_model",
            "alignment",
            "loop",
            "measure_base",
            "judging",
            "perceived_masks",
        ),
    ),
    facts=facts,
    expectations=expectations,
    track=track,
    summary=summary,
    group="captioner",
    kinds=("pytorch", "safetensors"),
)
