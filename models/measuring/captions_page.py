"""The page `docs/RESULTS.md`: what the captioner reaches on the mini world's unseen films, each figure computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.measuring.captions_sections import BEST, COMPARED, TABLE, goals, verdict
from models.measuring.figures import Figure, Section
from models.measuring.page import cell, markdown_table, number, section_lines, wrapped

_TITLE = """# Results of the captioner in the mini world

The mini world is drawn by the studio: its films, people and sentences are made up, its language is closed, and its
figures are its own. What can be compared with the paper is the order of rows, not the figures. Everything on this
page is computed by the command below from published data and the films' truth, which no stage reads.
"""
_MEANING = """Action: the verb or event of the clip, in any of the describers' phrasings, over all clips. Subject: the
first name said is the subject's, where the face is seen (type 1). Second name: the other person's name
follows. Object: its word is said. Faceless: verb and subject right where the subject's face is not seen
(type 2), so that the name must come from the description before. Sentence: all of these right and
nothing else wrong (everybody named is in the picture, the place is the place, pronouns fit), in whatever
words. Word for word: one of the three tellings that the studio wrote. METEOR and BertScore: means of
the clips' own values; the tables print METEOR over the whole benchmark, which is lower."""


@dataclass(frozen=True)
class About:
    """What the figures are of, and how they were made."""

    command: str
    profile: str
    films: dict[str, int]  # by benchmark
    clips: dict[str, int]
    seeds: Sequence[int]
    versions: dict[str, str]  # data version by what was read
    left_out: Sequence[str] = ()  # test films that count in no figure


def about_rows(
    rows: pd.DataFrame, *, command: str, profile: str, versions: dict[str, str], left_out: Sequence[str] = ()
) -> About:
    """Counts of what was measured."""
    by = rows.groupby("benchmark")
    films = {str(name): int(part["film"].nunique()) for name, part in by}
    clips = {str(name): len(part[["film", "clip_id"]].drop_duplicates()) for name, part in by}
    return About(command, profile, films, clips, sorted(rows["seed"].unique().tolist()), versions, left_out)


def page(found: Sequence[Section], about: About) -> str:
    """Markdown."""
    sizes = "; ".join(f"{name}: {about.films[name]} films, {about.clips[name]} clips" for name in about.films)
    told = (
        f"Profile `{about.profile}`. {sizes}; seeds {', '.join(map(str, about.seeds))}. In brackets: 95 % interval of "
        "the percentile bootstrap (1,000 draws) over films, whose clips and seeds stay together; the JSON beside this "
        "page has the intervals over clips for differences too. A dash: not asked, or not there."
    )
    if about.left_out:
        told += (
            f" Left out of every figure: {', '.join(about.left_out)}, test films that were looked at while the "
            "recipe was chosen."
        )
    shown = [section for section in found if section.title and section.lines]
    parts = [
        _TITLE,
        "```\n" + about.command + "\n```\n",
        wrapped(told),
        wrapped(_MEANING),
        _goals(found),
        _order(found),
        *map(section_lines, shown),
        _versions(about),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


GOALS_HEAD = ("", "goal", "measured", "", "judgments")


def goal_rows(found: Sequence[Section]) -> list[list[str]]:
    """What was asked for and what was reached, a row a goal under GOALS_HEAD."""
    return [
        [of, number(goal), cell(figure), met(figure, goal), f"{figure.count:,}"] for of, goal, figure in goals(found)
    ]


def _goals(found: Sequence[Section]) -> str:
    about = f"Row {BEST}, all benchmarks and seeds, names and regions as perceived by the project."
    return "\n".join(["## Goals", "", about, "", markdown_table(GOALS_HEAD, goal_rows(found))])


def met(figure: Figure, goal: float) -> str:
    """Whether a goal is met, and whether the interval leaves no doubt of it."""
    if np.isnan(figure.value):
        return "not measured"
    if figure.value >= goal:
        return "met" if figure.low >= goal else "met, within its interval"
    return "not met" if figure.high < goal else "not met, within its interval"


def order_rows(found: Sequence[Section]) -> list[list[str]]:
    """Whether each pair of Table 1 stands in the paper's order, by each of COMPARED; none where rows are missing."""
    lines = next(section.lines for section in found if section.key == "differences")
    return [[pair, *(verdict(line[name]) for name in COMPARED)] for pair, line in lines.items()]


def _order(found: Sequence[Section]) -> str:
    rows = order_rows(found)
    about = wrapped(
        "Better: the paper's order, with the whole interval of the paired difference above zero; worse: the other way "
        "round; undecided: the interval holds zero. The differences themselves stand further below."
    )
    return "\n".join([f"## Table 1's order, {TABLE}", "", about, markdown_table(("", *COMPARED), rows)]) if rows else ""


def _versions(about: About) -> str:
    rows = [[f"`{name}`", f"`{version[:12]}`"] for name, version in about.versions.items()]
    return "\n".join(["## Data versions", "", markdown_table(("data", "version"), rows)])
