"""paper_tables: Tables 1 and 2, Figures 6 and 8: each cell published beside reproduced, with run and data version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM
from assets.experiments import Experiment, experiments
from models.baselines.settings import ABOUT, SANITY
from publishing.settings import SPLITS, film_ids
from publishing.stage import Stage, Work, expect

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.figures import Example
    from evaluation.report import Figure
    from evaluation.tables import Measured
    from publishing.settings import Settings

MINI_WORLD = "mini world: films drawn by the studio, so compare the order of the rows, not the numbers"
ABOUT_MINI_WORLD = (
    "These films, faces, stories and sentences are drawn and written by this project's studio, and every model here "
    "was trained on them from scratch. The numbers are the mini world's: they stand beside the paper's to compare the "
    "order of the rows, and say nothing about real films."
)
ABOUT_CORPORA = "Measured on the corpora under the folder of raw films, with the weights that the parameters name."
BEST, EXAMPLES = "C2", 6
SANITY_METRICS = ("SPICE", "METEOR", "BertScore", "R", "CIDEr", "R@5/16", "ROUGE_L", "words")


def make(work: Work) -> None:
    from evaluation.compare import check_orders, order_lines
    from evaluation.figures import figure_8
    from evaluation.layout import as_markdown, as_text
    from evaluation.published import NOT_RUN
    from evaluation.report import About, Table, write_report
    from evaluation.tables import build_further_table, build_tables

    studio = work.settings.films.source == "studio"
    measured = measured_rows(work)
    note = MINI_WORLD if studio else ""
    first, second = build_tables(measured, world=note, not_run=NOT_RUN | put_aside(work))
    further = build_further_table([one for one in measured if one.row not in SANITY], world=note)
    sanity = build_further_table([one for one in measured if one.row in SANITY], world=note, metrics=SANITY_METRICS)
    titles = {
        "table_1": ("Table 1: ablation on MAD-eval-Named", first),
        "table_2": ("Table 2: comparison with other systems", second),
        "further": ("What the paper does not report", further),
        "sanity": ("Sanity rows: texts that look at no picture", sanity),
    }
    text = []
    for name, (title, table) in titles.items():
        table.to_csv(work.out / f"{name}.csv", index=False, float_format="%.4f")
        (work.out / f"{name}.md").write_text(f"# {title}\n\n{as_markdown(table)}", encoding="utf-8")
        text.append(as_text(table, title=title))
    intervals = work.settings.evaluation.intervals
    orders = check_orders(measured, intervals)
    (work.out / "tables.txt").write_text("\n".join([*text, *order_lines(measured, intervals)]) + "\n", encoding="utf-8")
    examples = chosen_examples(work, measured)
    figures = cluster_figures(work)
    shared = shared_films(work)
    if examples:
        (work.out / "figure_8.png").write_bytes(figure_8(examples))
    about = About(
        title="FocusedAD, reproduced",
        world=f"{ABOUT_MINI_WORLD if studio else ABOUT_CORPORA} {shared}",
        orders=orders,
        identities=next((one.scores.identities for one in measured if one.row == BEST), {}),
        provenance={f"scores/{one.row}.{one.benchmark}": one.data_version for one in measured},
    )
    write_report(work.out, [Table(title, table) for title, table in titles.values()], figures, examples, about)


def shared_films(work: Work) -> str:
    """Writes `shared.csv`, what training and test films have in common, and says it in one sentence.

    A warning, not a rejection: whether a shared actor spoils a result is for its reader to judge.
    """
    import pandas as pd

    from corpora.film import read_film
    from corpora.leaks import shared, told

    sides = [
        [
            read_film(work.read("films", film))
            for split in splits
            for film in film_ids(work.settings, split)
            if film in work.units("films")
        ]
        for splits in (SPLITS[:1], SPLITS[1:])
    ]
    found = shared(*sides)
    rows = [(each.kind, each.what, " ".join(each.train), " ".join(each.test)) for each in found]
    pd.DataFrame(rows, columns=["kind", "what", "train", "test"]).to_csv(work.out / "shared.csv", index=False)
    chance = " Each of the studio's actors plays on one side only: names are shared by chance."
    return told(found) + (chance if found and work.settings.films.source == "studio" else "")


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
                data_version=version(folder) or "",
                about=ABOUT.get(experiment.row, ""),
            )
        )
    return rows


def put_aside(work: Work) -> dict[str, str]:
    """Row -> why it has no predictions here, as its stage found it."""
    from publishing.records import aside_reason

    found = {each.row: aside_reason(work.data / "predictions" / each.unit) for each in experiments(work.settings)}
    return {row: f"not run here: {reason}" for row, reason in found.items() if reason is not None}


def cluster_figures(work: Work) -> list[Figure]:
    """Figure 6: the face clusters of the first film of the first benchmark that has one."""
    from evaluation.report import Figure

    for benchmark in ("mad_eval_named", "cinepile_ad"):
        for film in film_ids(work.settings, benchmark):
            if film in work.units("query_banks"):
                picture = (work.read("query_banks", film) / "clusters.png").read_bytes()
                (work.out / "figure_6.png").write_bytes(picture)
                about = "Every face of the film on the two main axes of its embedding; colours are the clusters' names."
                alternative = (
                    f"Scatter of the faces of {film}, coloured by character, with the best query of each marked."
                )
                return [Figure(f"Figure 6: the clusters behind the best queries ({film})", picture, alternative, about)]
    return []


def chosen_examples(work: Work, measured: list[Measured]) -> list[Example]:
    """Figure 8: clips of the best row at even steps from its best score to its worst."""
    from evaluation.figures import choose_examples

    found = []
    for experiment in experiments(work.settings):
        if experiment.row != BEST or experiment.seed != work.settings.captioner.seeds[0]:
            continue
        scores = next(one.scores for one in measured if (one.row, one.benchmark) == (BEST, experiment.benchmark))
        others = other_rows(work, experiment)
        count = EXAMPLES if experiment.benchmark == "mad_eval_named" else EXAMPLES // 2
        for film, clip, why in choose_examples(scores.per_clip, count):
            found.append(example_of(work, experiment, film, int(clip), why, others.get((film, int(clip)), {})))
    return found


def other_rows(work: Work, shown: Experiment) -> dict[tuple[str, int], dict[str, str]]:
    """(film, clip) -> row -> what that row said of it."""
    from assets.predictions import read_predictions

    said: dict[tuple[str, int], dict[str, str]] = {}
    for experiment in experiments(work.settings):
        if experiment.unit not in work.units("predictions") or experiment.row in (shown.row, *SANITY):
            continue
        if (experiment.benchmark, experiment.seed) == (shown.benchmark, shown.seed):
            for line in read_predictions(work.read("predictions", experiment.unit)).to_dict("records"):
                said.setdefault((line["film"], int(line["clip_id"])), {})[experiment.row] = line["text_gen"]
    return said


def example_of(
    work: Work, experiment: Experiment, film_id: str, clip: int, why: str, others: dict[str, str]
) -> Example:
    """One clip as Figure 8 shows it: the key frame with most regions, or its middle one."""
    from assets.predictions import read_predictions
    from corpora.film import read_film
    from corpora.video import read_frames
    from evaluation.figures import Box, Example
    from models.perception.region_picture import names_of
    from models.perception.regions import read_regions

    film = read_film(work.read("films", film_id))
    regions = read_regions(work.read("character_regions", film_id))
    names = names_of(regions, clip)
    rows = regions.regions[regions.regions["clip"] == clip]
    keys = next(each for each in film.clips() if each.id == clip).key_frames(work.settings.perception.key_frame_stride)
    counts = rows["frame"].value_counts().sort_index()
    frame = int(counts.index[int(counts.argmax())]) if len(counts) else keys[len(keys) // 2]
    picture = next(iter(read_frames(film.video, [frame])))[1]
    boxes = [
        Box(names[row["track"]], (row["x1"], row["y1"], row["x2"], row["y2"]))
        for row in rows[rows["frame"] == frame].to_dict("records")
        if names.get(row["track"])
    ]
    table = read_predictions(work.read("predictions", experiment.unit))
    line = table[(table["film"] == film_id) & (table["clip_id"] == clip)].iloc[0]
    return Example(
        film=film_id,
        clip_id=str(clip),
        benchmark=experiment.benchmark,
        frame=picture,
        boxes=boxes,
        prediction=line["text_gen"],
        reference=line["text_gt"],
        chosen=why,
        others=others,
    )


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
    return {
        "table 1": pd.read_csv(folder / "table_1.csv")[shown],
        "table 2": pd.read_csv(folder / "table_2.csv")[shown],
        "sanity": pd.read_csv(folder / "sanity.csv")[shown],
        "shared by training and test films": pd.read_csv(folder / "shared.csv", dtype=str, keep_default_na=False),
        "report": "data/paper_tables/report.html",
        "figure 6": folder / "figure_6.png",
    }


STAGE = Stage(
    name="paper_tables",
    description="Tables 1 and 2 and Figures 6 and 8, published beside reproduced, as a page, Markdown, CSV and text.",
    make=make,
    reads=("films", "query_banks", "character_regions", "captioner", "baselines", "predictions", "scores"),
    sections=("experiments", "evaluation.intervals", "films.source"),
    code=(
        *FILM,
        "assets/experiments.py",
        "assets/predictions.py",
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
