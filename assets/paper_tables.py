"""paper_tables: Tables 1 and 2 and the figures: each cell published beside reproduced, with run and data version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM
from assets.experiments import experiments
from assets.report_parts import (
    BEST,
    cautions,
    chosen_examples,
    figures,
    is_studio,
    kinds,
    shared_films,
    sizes,
    threshold_of_row,
)
from models.baselines.settings import ABOUT, SANITY
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.tables import Measured
    from publishing.settings import Settings

MINI_WORLD = "mini world: films drawn by the studio, so compare the order of the rows, not the numbers"
ABOUT_MINI_WORLD = (
    "These films, faces, stories and sentences are drawn and written by this project's studio, and every model here "
    "was trained on them from scratch. The numbers are the mini world's: they stand beside the paper's to compare the "
    "order of the rows, and say nothing about real films."
)
ABOUT_CORPORA = "Measured on the corpora under the folder of raw films, with the weights that the parameters name."
DVC_METRICS = ("SPICE", "METEOR", "BertScore", "R", "CIDEr", "R@5/16", "CRITIC")
"""What `dvc metrics` and `dvc plots` show: a line a row that fits a terminal. Everything is in the tables."""
NOTHING_TRAINED = "nothing is trained"
RUN_ELSEWHERE = "not known to the MLflow here"
SANITY_METRICS = ("SPICE", "METEOR", "BertScore", "R", "CIDEr", "R@5/16", "CRITIC", "name recall", "ROUGE_L", "words")
ABOUT_TABLES = {
    "delivery": "People of the cast that are named, words a second of the pause, and words said just before.",
    "past_the_paper": "What goes beyond the publication, measured on the same clips.",
    "kinds": "By the paper's types of clips (section 4.1) and, in drawn films, by the size of the shot.",
    "sanity": "What a metric gives to texts that know nothing of the picture, and to a second phrasing.",
}


def make(work: Work) -> None:
    from evaluation.compare import check_orders, differences, order_lines
    from evaluation.figures import figure_8
    from evaluation.layout import as_latex, as_markdown, as_text
    from evaluation.report import About, Table, write_report

    rows = measured_rows(work)
    of_tables = [one for one in rows if threshold_of_row(work, one.row) is None]
    measured = [one for one in of_tables if one.row not in SANITY]
    tables = {name: found for name, found in laid_tables(work, measured, of_tables).items() if len(found[1])}
    text = []
    for name, (title, table) in tables.items():
        table.to_csv(work.out / f"{name}.csv", index=False, float_format="%.4f")
        (work.out / f"{name}.md").write_text(f"# {title}\n\n{as_markdown(table)}", encoding="utf-8")
        (work.out / f"{name}.tex").write_text(as_latex(table, title=title), encoding="utf-8")
        text.append(as_text(table, title=title))
    intervals = work.settings.evaluation.intervals
    orders = check_orders(measured, intervals)
    (work.out / "tables.txt").write_text("\n".join([*text, *order_lines(measured, intervals)]) + "\n", encoding="utf-8")
    write_for_dvc(work, of_tables)
    examples = chosen_examples(work, measured)
    if examples:
        (work.out / "figure_8.png").write_bytes(figure_8(examples))
    about = About(
        title="FocusedAD, reproduced",
        world=f"{ABOUT_MINI_WORLD if is_studio(work) else ABOUT_CORPORA} {shared_films(work)}",
        orders=orders,
        identities=next((one.scores.identities for one in measured if one.row == BEST), {}),
        provenance=provenance(rows),
        sizes=sizes(work, measured),
        cautions=cautions(work, measured),
        differences=differences(of_tables, intervals, against=BEST),
        runs_address=work.settings.evaluation.runs_address.rstrip("/"),
    )
    titled = [Table(title, table, ABOUT_TABLES.get(name, "")) for name, (title, table) in tables.items()]
    write_report(work.out, titled, figures(work, rows, tables.get("kinds")), examples, about)


def laid_tables(
    work: Work, measured: list[Measured], with_sanity: list[Measured]
) -> dict[str, tuple[str, pd.DataFrame]]:
    """Name to title and table, in the order of the page; some may be empty."""
    from evaluation.published import NOT_RUN
    from evaluation.tables import DELIVERY, PAPER, build_further_table, build_tables, past_the_paper

    note = MINI_WORLD if is_studio(work) else ""
    asked = {each.row for each in experiments(work.settings)}
    left_out = {row: reason for row, reason in NOT_RUN.items() if row not in asked}
    first, second = build_tables(measured, world=note, not_run=left_out | put_aside(work))
    past = build_further_table(past_the_paper(measured), world=note, metrics=PAPER)
    sanity = build_further_table([one for one in with_sanity if one.row in SANITY], world=note, metrics=SANITY_METRICS)
    return {
        "table_1": ("Table 1: ablation on MAD-eval-Named", first),
        "past_the_paper": ("Table 1, past the paper: rows without a published value", past),
        "table_2": ("Table 2: comparison with other systems", second),
        "further": ("What the paper does not report", build_further_table(measured, world=note)),
        "delivery": (
            "Who is spoken of, and how it would sound",
            build_further_table(measured, world=note, metrics=DELIVERY),
        ),
        "kinds": (f"Score by kind of clip ({BEST})", kinds(work, measured)),
        "sanity": ("Sanity rows: texts that look at no picture", sanity),
    }


def write_for_dvc(work: Work, measured: list[Measured]) -> None:
    """A file a row for `dvc metrics`, and two tables for `dvc plots`: scores by row, and the best row's training."""
    import pandas as pd

    from common.files import read_json, write_json

    found: dict[str, dict[str, dict[str, float]]] = {}
    for one in measured:  # of several seeds the first
        values = ((name, one.scores.summary.get(name)) for name in DVC_METRICS)
        there = {name: round(value, 2) for name, value in values if value is not None}
        found.setdefault(one.benchmark, {}).setdefault(one.row, there)
    for benchmark, by_row in found.items():
        for row, there in by_row.items():
            write_json(work.out / "metrics" / benchmark / f"{row}.json", there)
    rows = [{"row": row, **values} for row, values in found.get("mad_eval_named", {}).items()]
    pd.DataFrame(rows).to_csv(work.out / "rows.csv", index=False)
    unit = next((unit for unit in work.units("captioner") if unit.startswith(f"{BEST}.")), None)
    loss = read_json(work.read("captioner", unit) / "training.json")["loss"] if unit else []
    pd.DataFrame({"step": range(1, len(loss) + 1), "loss": loss}).to_csv(work.out / "training.csv", index=False)


def measured_rows(work: Work) -> list[Measured]:
    """The scores of every experiment, with the training run and the data version they come from."""
    from evaluation.store import read_scores
    from evaluation.tables import Measured
    from publishing.records import version
    from publishing.tracking import find_run

    rows = []
    for experiment in experiments(work.settings):
        if experiment.unit not in work.units("scores"):
            continue
        folder = work.read("scores", experiment.unit)
        trained = experiment.trained(work.settings)
        run = find_run(*trained, version(work.read(*trained)) or "") if trained else None
        rows.append(
            Measured(
                row=experiment.row,
                benchmark=experiment.benchmark,
                scores=read_scores(folder),
                run_id=run or "",
                no_run="" if run else RUN_ELSEWHERE if trained else NOTHING_TRAINED,
                data_version=version(folder) or "",
                about=ABOUT[experiment.row] if experiment.baseline else experiment.settings(work.settings).about,
                unit=experiment.unit,
            )
        )
    return rows


def provenance(rows: list[Measured]) -> dict[str, str]:
    """The folder of every row's scores, of each seed its own, and the data version that lies there."""
    return {f"scores/{one.unit}": one.data_version for one in rows}


def put_aside(work: Work) -> dict[str, str]:
    """Row -> why it has no predictions here, as its stage found it."""
    from publishing.records import aside_reason

    found = {each.row: aside_reason(work.data / "predictions" / each.unit) for each in experiments(work.settings)}
    return {row: f"not run here: {reason}" for row, reason in found.items() if reason is not None}


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    tables = [pd.read_csv(folder / f"{name}.csv") for name in ("table_1", "table_2")]
    cells = pd.concat(tables, ignore_index=True)
    empty = cells["reproduced"].isna() & cells["note"].fillna("").eq("")
    cells["unexplained"] = empty.astype(int)
    return {
        "cells": cells[["row", "benchmark", "metric", "reproduced", "unexplained"]],
        "shared": pd.read_csv(folder / "shared.csv", dtype=str, keep_default_na=False),
    }


def expectations(settings: Settings) -> list[Any]:
    where = ("row", "benchmark", "metric")
    return [
        expect("cells", "table_row_count_to_be_between", min_value=18, why="the paper's Table 1 alone has 18 cells"),
        expect(
            "cells",
            "column_values_to_be_between",
            column="unexplained",
            max_value=0,
            rows=where,
            why="a cell without a number must say why",
        ),
    ]


def summary(folder: Path) -> dict[str, Any]:
    import pandas as pd

    shown = ["row", "benchmark", "metric", "published", "reproduced", "low", "high"]
    further = {name: folder / f"{name}.csv" for name in ("past_the_paper", "sanity")}
    return {
        "table 1": pd.read_csv(folder / "table_1.csv")[shown],
        "table 2": pd.read_csv(folder / "table_2.csv")[shown],
        **{name.replace("_", " "): pd.read_csv(path)[shown] for name, path in further.items() if path.is_file()},
        "shared by training and test films": pd.read_csv(folder / "shared.csv", dtype=str, keep_default_na=False),
        "report": "data/paper_tables/report.html",
        "figure 6": folder / "figure_6.png",
    }


STAGE = Stage(
    name="paper_tables",
    description="Tables 1 and 2 and the figures, published beside reproduced: a page, Markdown, CSV, LaTeX and text.",
    make=make,
    reads=("films", "query_banks", "character_regions", "captioner", "baselines", "predictions", "scores"),
    sections=("captioner.rows", "experiments", "evaluation.intervals", "evaluation.runs_address", "films.source"),
    code=(
        *FILM,
        "assets/experiments.py",
        "assets/predictions.py",
        "assets/report_parts.py",
        "corpora/leaks.py",
        "evaluation",
        "models/baselines/settings.py",
        "models/perception/region_picture.py",
        "models/perception/regions.py",
    ),
    facts=facts,
    expectations=expectations,
    summary=summary,
    group="results",
    kinds=("html", "csv"),
)
