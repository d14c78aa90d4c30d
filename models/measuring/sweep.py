"""The sweep behind Figure 7, at the level of recognition: what becomes of names as the threshold u of equation 6 moves.

No studio film has a stranger, so a loose threshold alone would look best: it costs nothing to name everybody. Each of
the cast is therefore also taken off the list in turn, and what their faces get is what a loose threshold costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.measuring.figures import Figure, mean_over
from models.measuring.names import OUTCOMES, outcome, without
from models.measuring.truth import Perceived, read_truth, true_names
from models.perception.bank_files import Banks
from models.perception.settings import PerceptionSettings
from models.training.thresholds import names_at

MULTIPLES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)  # of the encoder's own threshold (squared L2)
SWEPT = ("actor", "best query")
COLUMNS = {
    "film": "object",
    "bank": "object",
    "multiple": "float64",
    "listed": "int64",  # 1: a face of the cast; 0: of the character who was taken off the list
    "outcome": "object",
    "faces": "int64",  # how many such faces
}


def observe_sweep(
    perceived: Perceived, truth: pd.DataFrame, settings: PerceptionSettings, multiples: Sequence[float] = MULTIPLES
) -> pd.DataFrame:
    """COLUMNS: per bank and multiple of the threshold how many true faces get which outcome, cast and strangers."""
    names = true_names(perceived.faces, truth)
    rows = list(_counted(perceived, names, perceived.banks, "", settings, multiples))
    for unlisted in sorted(perceived.banks.actor):
        rows += _counted(perceived, names, without(perceived, unlisted, settings), unlisted, settings, multiples)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _counted(
    perceived: Perceived,
    names: list[str],
    banks: Banks,
    unlisted: str,
    settings: PerceptionSettings,
    multiples: Sequence[float],
) -> Iterator[tuple[str, str, float, int, str, int]]:
    """The faces of `unlisted`, or of the whole cast where nobody is."""
    for multiple in multiples:
        for bank in SWEPT:
            given = names_at(perceived.faces, banks, bank, multiple, settings)
            judged = [
                outcome(name, true)
                for name, true in zip(given, names, strict=True)
                if true and (not unlisted or true == unlisted)
            ]
            for each in OUTCOMES:
                yield perceived.film.id, bank, multiple, int(not unlisted), each, judged.count(each)


class Sweep:
    """Collects the sweep of film after film, and what the encoders' own thresholds are."""

    def __init__(self) -> None:
        self._films: list[pd.DataFrame] = []
        self.thresholds: dict[str, list[float]] = {bank: [] for bank in SWEPT}  # squared L2
        self.encoders: set[str] = set()

    def add(self, perceived: Perceived, settings: PerceptionSettings) -> None:
        """One film more."""
        truth = read_truth(perceived.film, stride=settings.key_frame_stride)
        self._films.append(observe_sweep(perceived, truth, settings))
        self.encoders.add(perceived.banks.encoder)
        for bank in SWEPT:
            self.thresholds[bank].append(perceived.banks.threshold_of(bank))

    def rows(self) -> pd.DataFrame:
        """All films' rows (COLUMNS)."""
        return pd.concat(self._films, ignore_index=True)


@dataclass(frozen=True)
class Point:
    """One threshold: shares of the cast's faces by outcome, and of strangers' faces that get a name."""

    multiple: float
    outcomes: dict[str, Figure]
    strangers_named: Figure

    @property
    def balance(self) -> float:
        """The mean of the two shares that are as they should be: the cast named rightly, strangers not at all."""
        return (self.outcomes["right"].value + 1 - self.strangers_named.value) / 2


def points(swept: pd.DataFrame, bank: str) -> list[Point]:
    """A point per threshold, in rising order; intervals over films."""
    own = swept[swept["bank"] == bank]
    found = []
    for multiple, rows in own.groupby("multiple", sort=True):
        cast, strangers = _faces(rows[rows["listed"] == 1]), _faces(rows[rows["listed"] == 0])
        outcomes = {each: mean_over(cast["outcome"] == each, cast["film"]) for each in OUTCOMES}
        named = mean_over(strangers["outcome"] != "Unknown", strangers["film"])
        found.append(Point(float(str(multiple)), outcomes, named))
    return found


def _faces(counted: pd.DataFrame) -> pd.DataFrame:
    """A row per face again."""
    return counted.loc[np.repeat(counted.index.to_numpy(), counted["faces"].to_numpy())]


def best(found: Sequence[Point], *, strangers: bool) -> Point:
    """The threshold with the most right names, or with `strangers` of the highest balance; of equal ones the lowest."""
    return max(
        found, key=lambda point: (point.balance if strangers else point.outcomes["right"].value, -point.multiple)
    )
