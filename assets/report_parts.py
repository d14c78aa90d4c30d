"""What the report shows besides the tables: how much was measured, kinds of clips, figures, examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assets.experiments import Experiment, experiments
from models.baselines.settings import SANITY
from publishing.settings import SPLITS, film_ids
from publishing.stage import Work

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.figures import Example
    from evaluation.report import Figure, Size
    from evaluation.tables import Measured

BEST, EXAMPLES = "C2", 6
BENCHMARKS = ("mad_eval_named", "cinepile_ad")
PAPERS_SIZE = {
    "mad_eval_named": "the paper: 6,520 clips of 10 films",
    "cinepile_ad": "the paper: 100 clips",
    "train": "the paper: 11,250 clips of 50 films",
}
FEW = 200
"""Fewer clips than this carry a difference of the paper's size (half a point of METEOR) in no benchmark seen."""
SIZES = ("wide", "medium", "close")


def is_studio(work: Work) -> bool:
    return work.settings.films.source == "studio"


def threshold_of_row(work: Work, row: str) -> float | None:
    """The recognition threshold that a row sets, which is then a point of Figure 7 and no row of a table."""
    found = work.settings.captioner.rows.get(row)
    return getattr(found, "threshold", None)


def sizes(work: Work, measured: list[Measured]) -> list[Size]:
    """What stands at the head of the page: films and clips of every benchmark, beside the paper's."""
    from evaluation.published import BENCHMARK_TITLES
    from evaluation.report import Size

    kind = "drawn films" if is_studio(work) else "films"
    found = []
    for benchmark in BENCHMARKS:
        counts = next((one.scores.counts for one in measured if one.benchmark == benchmark), None)
        if counts:
            what = f"of {counts['films']} {kind}: {BENCHMARK_TITLES[benchmark]}"
            found.append(Size(f"{counts['clips']} clips", what, PAPERS_SIZE[benchmark]))
    train = [film for film in film_ids(work.settings, "train") if film in work.units("films")]
    found.append(Size(f"{len(train)} {kind}", "to learn from", PAPERS_SIZE["train"]))
    seeds = len(work.settings.captioner.seeds)
    found.append(Size(f"{seeds} {'seed' if seeds == 1 else 'seeds'}", "for every training", "the paper names none"))
    return found


def cautions(work: Work, measured: list[Measured]) -> list[str]:
    """What a reader must know before the first number."""
    told = []
    few = {one.benchmark: one.scores.counts["clips"] for one in measured if one.scores.counts.get("clips", FEW) < FEW}
    if few:
        least = min(few.values())
        told.append(
            f"Few clips: with {least} of them a number moves by several points from one choice of clips to another. "
            "Read the intervals, and the paired differences, before any order."
        )
    if len(work.settings.captioner.seeds) == 1:
        told.append("One seed: how far another training with the same settings would move a number is not known here.")
    return told


def kinds(work: Work, measured: list[Measured]) -> pd.DataFrame:
    """The best row by type of clip, and by the size of the shot where the films' truth says it."""
    import pandas as pd

    from assets.predictions import read_predictions
    from evaluation.breakdown import TYPES, by_kind

    found = []
    for benchmark in BENCHMARKS:
        seeds = [one for one in measured if (one.row, one.benchmark) == (BEST, benchmark)]
        if not seeds:
            continue
        unit = next(e.unit for e in experiments(work.settings) if (e.row, e.benchmark) == (BEST, benchmark))
        clips = read_predictions(work.read("predictions", unit))[["film", "clip_id", "type"]]
        types = {(film, str(clip)): TYPES[int(kind)] for film, clip, kind in clips.itertuples(index=False)}
        intervals = work.settings.evaluation.intervals
        found.append(by_kind(seeds, types, list(TYPES.values()), intervals))
        shots = shot_sizes(work, benchmark)
        found.append(by_kind(seeds, shots, [f"{size} shot" for size in SIZES], intervals))
    return pd.concat(found, ignore_index=True) if found else by_kind([], {}, [], work.settings.evaluation.intervals)


def shot_sizes(work: Work, benchmark: str) -> dict[tuple[str, str], str]:
    """(film, clip) -> the size of its shot, for the studio's films, whose truth holds it."""
    from common.files import read_json

    found: dict[tuple[str, str], str] = {}
    for film in film_ids(work.settings, benchmark):  # type: ignore[arg-type]
        truth = work.read("films", film) / "truth" / "clips.json" if film in work.units("films") else None
        if truth is not None and truth.is_file():
            found |= {(film, str(clip["id"])): f"{clip['size']} shot" for clip in read_json(truth)}
    return found


def figures(work: Work, rows: list[Measured], by_kind: tuple[str, pd.DataFrame] | None) -> list[Figure]:
    """Figures 6 and 7, the kinds of clips and the training curves, as far as there are any."""
    found = [*cluster_figures(work), *threshold_figure(work, rows)]
    if by_kind is not None:
        found += kind_figures(by_kind[1])
    return [*found, *training_curves(work)]


def threshold_figure(work: Work, rows: list[Measured]) -> list[Figure]:
    """Figure 7: the best row with names decided at other thresholds, from rows that set one."""
    import numpy as np
    import pandas as pd

    from evaluation.chart import figure_7
    from evaluation.report import Figure

    points = []
    for one in rows:
        threshold = 1.0 if one.row == BEST else threshold_of_row(work, one.row)
        if threshold is None or one.benchmark != "mad_eval_named":
            continue
        point: dict[str, float] = {"threshold": threshold}
        for metric in ("METEOR", "BertScore", "R", "name recall"):
            low, high = one.scores.intervals.get(metric, (np.nan, np.nan))
            value = one.scores.summary.get(metric)
            point |= {metric: np.nan if value is None else value, f"{metric} low": low, f"{metric} high": high}
        points.append(point)
    table = pd.DataFrame(points)
    if not len(table) or table["threshold"].nunique() < 2:
        return []
    table = table.groupby("threshold", as_index=False).mean().dropna(axis="columns", how="all")
    table.to_csv(work.out / "figure_7.csv", index=False, float_format="%.4f")
    title = "Figure 7: scores against the recognition threshold"
    drawing = figure_7(table, chosen=1.0, title=title, axis="u, times the encoder's own")
    (work.out / "figure_7.svg").write_text(drawing, encoding="utf-8")
    about = (
        f"{BEST}'s weights, with names decided anew at each threshold u of equation 6, in multiples of the encoder's "
        "own; the dashed line is the one in use. Above it a face that is named anew may have no region, since masks "
        "were made for the people named at it."
    )
    return [Figure(title, drawing, "", about)]


def kind_figures(table: pd.DataFrame) -> list[Figure]:
    from evaluation.charts import bars
    from evaluation.report import Figure

    own = table[table["benchmark"] == BENCHMARKS[0]]
    if not len(own):
        return []
    title = "Score by kind of clip"
    about = f"{BEST} on MAD-eval-Named; dots are means over the clips of a kind, lines their intervals over clips."
    return [Figure(title, bars(own, title=title), "", about)]


def training_curves(work: Work) -> list[Figure]:
    """The loss of every captioner that was trained, a panel a variant and a line a seed."""
    from common.files import read_json
    from evaluation.charts import curves
    from evaluation.report import Figure

    panels: dict[str, dict[str, list[float]]] = {}
    for unit in work.units("captioner"):
        path = work.read("captioner", unit) / "training.json"
        variant, _, seed = unit.rpartition(".")
        if path.is_file():
            panels.setdefault(variant, {})[f"seed {seed}"] = read_json(path)["loss"]
    if not panels:
        return []
    title = "Training curves"
    about = "Loss of the fine-tuning, a line a seed, each point the mean of the steps around it; all on one scale."
    return [Figure(title, curves(panels, title=title, across="step"), "", about)]


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
        best = (one.scores for one in measured if (one.row, one.benchmark) == (BEST, experiment.benchmark))
        if (scores := next(best, None)) is None:
            continue  # put aside in this benchmark
        others = other_rows(work, experiment)
        count = EXAMPLES if experiment.benchmark == "mad_eval_named" else EXAMPLES // 2
        for film, clip, why in choose_examples(scores.per_clip, count):
            example = example_of(work, experiment, film, int(clip), why, others.get((film, int(clip)), {}))
            found.append(replace(example, scores=clip_scores(scores.per_clip, film, clip)))
    return found


def clip_scores(per_clip: pd.DataFrame, film: str, clip: str) -> dict[str, float]:
    """The clip's own values of the metrics that the figure shows."""
    line = per_clip[(per_clip["film"] == film) & (per_clip["clip_id"] == clip)].iloc[0]
    shown = [metric for metric in ("METEOR", "BertScore", "R") if metric in per_clip.columns]
    return {metric: float(line[metric]) for metric in shown if line[metric] == line[metric]}


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
