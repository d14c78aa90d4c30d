"""What the captioner put forward costs, for the limits of its promotion: counted, so that it is the same every time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from publishing.promotion import Cost

if TYPE_CHECKING:
    from publishing.settings import Settings
    from publishing.stage import Work

CLIPS = 4  # of each benchmark, the first; counting makes describing several times slower


def cost_of(data: Path, experiments: Mapping[str, str], settings: Settings) -> Cost:
    """Counted while the model is loaded and describes the first clips of each benchmark, as its predictions were made.

    `experiments` maps each benchmark to its unit of predictions.
    """
    from assets.clips import read_records
    from assets.experiments import experiment_of
    from assets.predictions import captioner_says
    from models.captioner.checkpoints import load_captioner
    from models.measuring.cost import counted

    clips, flops, peak, parameters = 0, 0, 0, 0
    for benchmark, unit in sorted(experiments.items()):
        work = _as_it_was_made(data, unit, settings)
        records = [each for film in work.units(benchmark) for each in read_records(work.read(benchmark, film))][:CLIPS]
        found = counted(partial(captioner_says, work, experiment_of(settings, unit), records))
        clips, flops, peak = clips + len(records), flops + found.flops, max(peak, found.peak_bytes)
        if not parameters:
            model = load_captioner(work.read("captioner"), work.read("base_model")).model
            parameters = sum(weight.numel() for weight in model.parameters())
    return Cost(parameters / 1e6, flops / max(clips, 1) / 1e9, peak / 2**20)


def _as_it_was_made(data: Path, unit: str, settings: Settings) -> Work:
    """The unit of predictions with the units that it read, by its own record."""
    from publishing.records import aside_reason, read_record
    from publishing.stage import Work

    folder = data / "predictions" / unit
    record = read_record(folder)
    read = {} if record is None else record.made_from["inputs"]
    inputs = {
        stage: tuple(each for each in units if aside_reason(data / stage / each) is None)
        for stage, units in read.items()
    }
    return Work(settings, unit, folder, data, inputs)
