"""The units of the experiments: which system, with which seed, predicts which row of the tables on which benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.baselines.settings import BASELINES, PREPARED, SEEDED
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

    @property
    def baseline(self) -> bool:
        """Whether another system than the captioner speaks."""
        return self.row in BASELINES

    def settings(self, settings: Settings) -> RowSettings:
        return settings.captioner.rows[self.row]

    def captioner(self, settings: Settings) -> str:
        """The unit of `captioner` whose weights speak."""
        return f"{self.settings(settings).variant}.{self.seed}"

    def trained(self, settings: Settings) -> tuple[str, str] | None:
        """Stage and unit of what was trained or prepared for this row; None where nothing is."""
        if not self.baseline:
            return "captioner", self.captioner(settings)
        return ("baselines", f"{self.row}.{self.seed}") if self.row in PREPARED else None


def experiments(settings: Settings) -> list[Experiment]:
    """Every experiment of the parameters whose benchmark has films, in the order of the tables."""
    seeds = settings.captioner.seeds
    return [
        Experiment(row, benchmark, seed)
        for benchmark, rows in settings.experiments.rows.items()
        if film_ids(settings, benchmark)
        for row in rows
        for seed in (seeds if row not in BASELINES or row in SEEDED else seeds[:1])
    ]


def experiment_units(settings: Settings) -> list[str]:
    return [experiment.unit for experiment in experiments(settings)]


def experiment_of(settings: Settings, unit: str) -> Experiment:
    return next(experiment for experiment in experiments(settings) if experiment.unit == unit)


def captioner_units(settings: Settings) -> list[str]:
    """Every variant that a row needs, with every seed."""
    return _trained(settings, "captioner")


def baseline_units(settings: Settings) -> list[str]:
    """Every baseline that a row needs and that is trained or prepared, with its seeds."""
    return _trained(settings, "baselines")


def _trained(settings: Settings, stage: str) -> list[str]:
    found = (experiment.trained(settings) for experiment in experiments(settings))
    return sorted({each[1] for each in found if each is not None and each[0] == stage})
