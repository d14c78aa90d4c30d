"""Judgments as tables: the goals, rows, their paired differences, and whose the errors are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from models.measuring.captions_rows import MEASURES, SHARES, Unit
from models.measuring.captions_truth import STATES
from models.measuring.figures import Figure, Section, mean_over

BEST = "C2"
GOALS = {"action": 0.95, "subject": 0.95, "second name": 0.90, "faceless": 0.60}
TABLE = "mad_eval_named"  # the benchmark of Table 1
# Table 1, the second better than the first in the paper.
PAPER = (("A1", "A2"), ("A2", "C1"), ("C1", "C2"), ("A2", "C2"), ("B1", "B2"), ("B2", "C2"))
COMPARED = ("action", "subject", "second name", "faceless", "sentence", "METEOR", "BertScore")
FROZEN = {"soft prompt and connectors", "soft prompt", "connectors"}  # the language model stays as it was
FILMS, CLIPS = ["film"], ["film", "clip_id"]


def sections(rows: pd.DataFrame, units: Sequence[Unit]) -> list[Section]:
    """The tables of the page, in its order."""
    found = [_goals(rows), _rows(rows), _by_seed(rows), _differences(rows), _soft_prompt(rows, units)]
    return [*found, _others(rows), _types(rows), _names(rows), _captioner(rows)]


def goals(found: Sequence[Section]) -> list[tuple[str, float, Figure]]:
    """What was asked, the share asked for, and the figure."""
    line = next(section.lines for section in found if section.key == "goals")
    return [(of, goal, line[of]["all"]) for of, goal in GOALS.items()]


def means(rows: pd.DataFrame, measures: Iterable[str] = MEASURES) -> dict[str, Figure]:
    """The mean of every measure over the rows that it is asked of, resampled by films."""
    return {name: _mean(rows, name) for name in measures}


def _mean(rows: pd.DataFrame, name: str, units: list[str] = FILMS) -> Figure:
    asked = rows[rows[name].notna()]
    return mean_over(asked[name], asked[units])


def _goals(rows: pd.DataFrame) -> Section:
    best = rows[rows["row"] == BEST]
    of = {"all": best} | {str(name): part for name, part in best.groupby("benchmark")}
    return Section(
        "goals", "", "", "films", {name: {column: _mean(part, name) for column, part in of.items()} for name in GOALS}
    )


def _rows(rows: pd.DataFrame) -> Section:
    return Section(
        "rows",
        "Rows",
        "Every row, all seeds and clips of a benchmark together. A1 and A2 have no regions, B1 no bank, B2 the bank of "
        "portraits, C1 no text prior; C2 is all. Other rows are named in the parameters.",
        "films, with all seeds of a film",
        {f"{row}, {benchmark}": means(part) for (row, benchmark), part in rows.groupby(["row", "benchmark"])},
    )


def _by_seed(rows: pd.DataFrame) -> Section:
    parts = rows[rows["benchmark"] == TABLE].groupby(["row", "seed"])
    return Section(
        "seeds",
        f"Seeds, {TABLE}",
        "The same, one training each.",
        "films",
        {f"{row}, seed {seed}": means(part) for (row, seed), part in parts},
    )


def difference(rows: pd.DataFrame, worse: str, better: str, name: str, units: list[str] = FILMS) -> Figure:
    """Mean of `better` minus `worse` on the same clips and seeds of Table 1's benchmark."""
    key = ["film", "clip_id", "seed"]
    table = rows[rows["benchmark"] == TABLE]
    first, second = (table.loc[table["row"] == row, [*key, name]] for row in (worse, better))
    pairs = first.merge(second, on=key, suffixes=("_worse", "_better")).dropna()
    return mean_over(pairs[f"{name}_better"] - pairs[f"{name}_worse"], pairs[units])


def verdict(figure: Figure) -> str:
    """Whether a difference lies on one side of zero with its whole interval."""
    if not figure.count or np.isnan(figure.low):
        return "-"
    return "better" if figure.low > 0 else "worse" if figure.high < 0 else "undecided"


def _differences(rows: pd.DataFrame) -> Section:
    there = set(rows["row"])
    pairs = [pair for pair in PAPER if set(pair) <= there]
    return Section(
        "differences",
        "Table 1: differences in the paper's order",
        "The later row minus the earlier one on the same clips and seeds; the paper's order asks for more than zero. "
        "Decided is a difference whose interval does not hold zero.",
        "films, with all seeds of a film",
        {f"{b} over {a}": {name: difference(rows, a, b, name) for name in COMPARED} for a, b in pairs},
    )


def frozen_pairs(units: Iterable[Unit]) -> list[tuple[str, str]]:
    """Rows with the language model frozen that differ in nothing but the soft prompt: without, with."""
    rows = {unit.row: unit for unit in units if unit.prompt.get("trainable") in FROZEN and unit.benchmark == TABLE}

    def rest(unit: Unit) -> tuple[object, ...]:
        return unit.bank, unit.prompt["region"], unit.prompt["text_prior"]

    return sorted(
        (without.row, with_it.row)
        for without in rows.values()
        for with_it in rows.values()
        if rest(without) == rest(with_it) and with_it.prompt["soft_prompt"] and not without.prompt["soft_prompt"]
    )


def _soft_prompt(rows: pd.DataFrame, units: Sequence[Unit]) -> Section:
    return Section(
        "soft prompt",
        "The soft prompt, language model frozen",
        "The paper's own setting (Figure 2): only connectors, and the soft prompt where there is one, are trained. "
        "With the soft prompt minus without.",
        "films, with all seeds of a film",
        {
            f"{b} over {a}": {name: difference(rows, a, b, name) for name in COMPARED}
            for a, b in frozen_pairs(units)
        },
    )  # fmt: skip


def _others(rows: pd.DataFrame) -> Section:
    """Rows beyond Table 1 (candidate re-ranking and the like) against C2."""
    known = {row for pair in PAPER for row in pair}
    others = sorted(set(rows["row"]) - known)
    return Section(
        "others",
        f"Other rows against {BEST}",
        f"The row minus {BEST} on the same clips and seeds.",
        "films, with all seeds of a film",
        {f"{row} over {BEST}": {name: difference(rows, BEST, row, name) for name in COMPARED} for row in others},
    )


def _types(rows: pd.DataFrame) -> Section:
    best = rows[rows["row"] == BEST]
    told = {0: "nobody in view", 1: "named, face seen", 2: "named, faceless", 3: "seen, nobody named"}
    lines = {f"type {kind}, {what}": means(best[best["type"] == kind], ("action", "second name", "object", "sentence"))
             for kind, what in told.items()}  # fmt: skip
    lines["type 2, name alone"] = {"subject": _mean(best, "faceless name")}
    return Section("types", f"{BEST} by type of description", "By the truth's types.", "films", lines)


def _names(rows: pd.DataFrame) -> Section:
    """How the subject's and the second person's name fare by what the records knew of them."""
    best = rows[rows["row"] == BEST]
    lines: dict[str, dict[str, Figure]] = {}
    for who, measure in (("subject", "subject"), ("second", "second name")):
        asked = best[best[measure].notna() & best[f"{who}_named"].notna()]
        for state in STATES:
            chosen = asked[asked[f"{who}_named"] == state]
            share = mean_over(asked[f"{who}_named"] == state, asked[FILMS])
            lines[f"{measure}: {state}"] = {"share of clips": share, "said right": _mean(chosen, measure)}
    return Section(
        "names",
        "Names: what perception knew, what was said",
        f"{BEST}. Of the clips that ask for a name (subjects whose face is seen; second persons), in how many the "
        "records carry it on that person's region (right), carry another's there or theirs elsewhere (wrong), or "
        "nothing (missing); and how often the sentence has it right in each case. What is said wrong "
        "with right records is the captioner's own, the rest begins in perception.",
        "films, with all seeds of a film",
        lines,
    )


def _captioner(rows: pd.DataFrame) -> Section:
    best = rows[rows["row"] == BEST]
    known = best["names_right"].astype(bool)
    for who in ("subject", "second"):
        asked = best[f"{who}_named"].notna() & ((best["type"] == 1) | (who == "second"))
        known &= ~asked | (best[f"{who}_named"] == "right")
    return Section(
        "captioner",
        "The captioner alone",
        f"{BEST} on the clips whose records name every region right and lack nobody who is asked for, and on the rest.",
        "films, with all seeds of a film",
        {"records right": means(best[known], SHARES), "records wrong or short": means(best[~known], SHARES)},
    )
