"""The units of the experiments: which variant, with which seed, predicts which row of Table 1 on which benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from publishing.settings import film_ids

if TYPE_CHECKING:
    from models.captioner.settings import RowSettings
    from publishing.settings import Benchmark, Settings


@dataclass(frozen=True)
class Experiment:
    """One table of predictions; `unit` names its folder."""

    row: str
    benchmark: Benchmark
    seed: int

    @property
    def unit(self) -> str:
        return f"{self.row}.{self.benchmark}.{self.seed}"

    def settings(self, settings: Settings) -> RowSettings:
        return settings.captioner.rows[self.row]

    def captioner(self, settings: Settings) -> str:
        """The unit of `captioner` whose weights speak."""
        return f"{self.settings(settings).variant}.{self.seed}"


def experiments(settings: Settings) -> list[Experiment]:
    """Every experiment of the parameters whose benchmark has films, in the order of the tables."""
    return [
        Experiment(row, benchmark, seed)
        for benchmark, rows in settings.experiments.rows.items()
        if film_ids(settings, benchmark)
        for row in rows
        for seed in settings.captioner.seeds
    ]


def experiment_units(settings: Settings) -> list[str]:
    return [experiment.unit for experiment in experiments(settings)]


def experiment_of(settings: Settings, unit: str) -> Experiment:
    return next(experiment for experiment in experiments(settings) if experiment.unit == unit)


def captioner_units(settings: Settings) -> list[str]:
    """Every variant that a row needs, with every seed."""
    needed = {experiment.captioner(settings) for experiment in experiments(settings)}
    return sorted(needed)
