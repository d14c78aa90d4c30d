"""Whether a model may become champion: evidence from the published data, held against the champion's, clip by clip.

Pure of the registry (`publishing/champion.py` acts on the decision): evidence in, decision with its reasons out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import BadInput
from publishing.lineage import unmet_gates, upstream
from publishing.records import is_whole, read_record, version
from publishing.settings import PromotionSettings

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.settings import IntervalSettings


@dataclass(frozen=True)
class Cost:
    """What a model costs, counted and not timed: equal on a busy machine and an idle one.

    `millions` of parameters of all that speaks, the base model's among them; `gflops`: 1e9 floating-point operations to
    describe a clip; `working_mib`: tensors held at once while it is loaded and describes, MiB.
    """

    millions: float
    gflops: float
    working_mib: float

    def line(self) -> str:
        return (
            f"{self.millions:.2f} million parameters, {self.gflops:.3g} GFLOPs a clip, "
            f"{self.working_mib:.1f} MiB of tensors"
        )


@dataclass(frozen=True)
class Evidence:
    """What is known of one model: scores per clip on each benchmark, and the versions of the data behind them.

    `benchmarks` maps a benchmark to the versions of its clips, film by film: two models may be compared only on equal
    ones. `per_clip` maps it to a table with `film`, `clip_id` and a column a metric; `identities` say how each metric
    was computed. `lineage` maps every unit behind it to its data version; `unmet` the gates not passed. `cost` is None
    where it was not counted.
    """

    captioner: str  # data version of the model's folder
    benchmarks: Mapping[str, Mapping[str, str]]
    per_clip: Mapping[str, pd.DataFrame]
    identities: Mapping[str, str]
    mib: float
    lineage: Mapping[str, str] = field(default_factory=dict)
    unmet: tuple[str, ...] = ()
    cost: Cost | None = None


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion on one metric of one benchmark, signed so that more is better.

    `clips` are those that both have a value on; without any there is no `mean`, and without draws no interval.
    `over_films` is the interval with films drawn whole, where there are two or more. `verdict` is the report's:
    better, worse or undecided.
    """

    benchmark: str
    metric: str
    clips: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    over_films: tuple[float, float] | None = None
    verdict: str = "undecided"

    def line(self) -> str:
        where = f"{self.metric} on {self.benchmark}"
        if self.mean is None:
            return f"{where}: no clip has {self.metric} for both"
        bounds = "no interval" if self.low is None or self.high is None else f"[{self.low:+.2f}, {self.high:+.2f}]"
        films = f", over films [{self.over_films[0]:+.2f}, {self.over_films[1]:+.2f}]" if self.over_films else ""
        return f"{where}: {self.mean:+.2f} {bounds}{films}, {self.clips} clips"


@dataclass(frozen=True)
class Decision:
    """`reasons` say why not, or why; `differences` is the table behind them (empty for a first champion)."""

    promote: bool
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {
            "promote": self.promote,
            "reasons": list(self.reasons),
            "differences": [asdict(difference) for difference in self.differences],
        }


def gather(
    data: Path, unit: str, experiments: Mapping[str, str], *, gates: Mapping[str, str] | None = None
) -> Evidence:
    """The evidence for the captioner `unit`; `experiments` maps each benchmark to its unit of predictions and scores.

    `gates` maps a stage to the digest of what its gate expects: verdicts on anything else upstream do not count.

    Every folder must be whole and have passed its gate, and the scores must come from exactly these predictions, and
    these from exactly this model: else `BadInput` says what to make again.
    """
    from evaluation.store import read_scores

    folder = data / "captioner" / unit
    made = _published(folder)
    benchmarks: dict[str, dict[str, str]] = {}
    per_clip: dict[str, pd.DataFrame] = {}
    identities: dict[str, str] = {}
    for benchmark, experiment in sorted(experiments.items()):
        predictions, scores = data / "predictions" / experiment, data / "scores" / experiment
        spoken = _inputs(predictions)
        if spoken.get("captioner", {}).get(unit) != made:
            raise BadInput(f"{predictions}: not made with the captioner {unit} that lies here; run `make repro`")
        if _inputs(scores).get("predictions", {}).get(experiment) != _published(predictions):
            raise BadInput(f"{scores}: not of the predictions that lie here; run `make repro`")
        found = read_scores(scores)
        benchmarks[benchmark] = dict(spoken.get(benchmark, {}))
        per_clip[benchmark] = found.per_clip
        identities |= found.identities
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    behind = upstream(data, [("captioner", unit), *(("scores", each) for each in experiments.values())])
    unmet = tuple(unmet_gates(data, behind, gates or {}))
    lineage = {link.name: link.wanted for link in behind}
    return Evidence(made, benchmarks, per_clip, identities, size / 2**20, lineage, unmet)


def _published(folder: Path) -> str:
    """The data version of a whole, published folder."""
    record = read_record(folder)
    found = version(folder)
    if record is None or found is None:
        raise BadInput(f"{folder}: not published; run `make repro`")
    if not record.audit or not is_whole(folder, record):
        raise BadInput(f"{folder}: changed since it passed its gate; run `make repro`")
    return found


def _inputs(folder: Path) -> dict[str, dict[str, str]]:
    _published(folder)
    record = read_record(folder)
    return {} if record is None else dict(record.made_from.get("inputs", {}))


def decide(
    challenger: Evidence, champion: Evidence | None, settings: PromotionSettings, intervals: IntervalSettings
) -> Decision:
    """The rules in order: gates passed, small and cheap enough, enough evidence, comparable, measured on the same
    clips, nothing clearly worse, something clearly better.

    "Clearly" is as in the report (`evaluation.compare`): the paired bootstrap intervals over clips and, where there are
    two films or more, over films lie wholly on one side of 0.
    """
    lacking = _lacking(challenger, settings)
    if lacking:
        return Decision(False, tuple(lacking))
    if champion is None:
        return Decision(True, ("there is no champion yet, and the evidence is complete",))
    if champion.captioner == challenger.captioner:
        return Decision(False, ("it is the champion already",))
    incomparable = _incomparable(challenger, champion, settings)
    if incomparable:
        return Decision(False, tuple(incomparable))
    differences = tuple(_differences(challenger, champion, settings, intervals))
    unmeasured = tuple(each.line() for each in differences if each.mean is None)
    if unmeasured:
        return Decision(False, unmeasured, differences)
    if intervals.draws == 0:
        return Decision(
            False, ("nothing can be decided without intervals: set evaluation.intervals.draws",), differences
        )
    worse = tuple(f"clearly worse: {each.line()}" for each in differences if each.verdict == "worse")
    better = tuple(f"clearly better: {each.line()}" for each in differences if each.verdict == "better")
    if worse:
        return Decision(False, worse, differences)
    if not better:
        return Decision(False, ("nothing is clearly better: everywhere an interval holds 0",), differences)
    return Decision(True, better, differences)


def _lacking(challenger: Evidence, settings: PromotionSettings) -> list[str]:
    found = [f"gates: {each}" for each in challenger.unmet]
    if challenger.mib > settings.largest_mib:
        found.append(f"too large: {challenger.mib:.1f} MiB, allowed {settings.largest_mib:g}")
    found += _too_dear(challenger, settings)
    for benchmark, table in challenger.per_clip.items():
        if len(table) < settings.fewest_clips:
            found.append(f"too little evidence: {len(table)} clips on {benchmark}, asked {settings.fewest_clips}")
        absent = [metric for metric in settings.metrics if metric not in table or table[metric].isna().all()]
        if absent:
            found.append(f"not measured on {benchmark}: {', '.join(absent)}")
    if not challenger.per_clip:
        found.append("no benchmark was scored")
    return found


def _too_dear(challenger: Evidence, settings: PromotionSettings) -> list[str]:
    cost = challenger.cost
    if cost is None:  # of data that lack a gate nothing is computed
        return [] if challenger.unmet else ["its cost was not counted"]
    limits = {
        "too many parameters": (cost.millions, settings.largest_millions, "millions"),
        "too dear": (cost.gflops, settings.dearest_gflops, "GFLOPs a clip"),
        "too much memory": (cost.working_mib, settings.largest_working_mib, "MiB of tensors"),
    }
    return [
        f"{what}: {found:.4g} {unit}, allowed {most:g}"
        for what, (found, most, unit) in limits.items()
        if not found <= most
    ]


def _incomparable(challenger: Evidence, champion: Evidence, settings: PromotionSettings) -> list[str]:
    found = []
    for benchmark in sorted(challenger.benchmarks.keys() | champion.benchmarks.keys()):
        if challenger.benchmarks.get(benchmark) != champion.benchmarks.get(benchmark):
            found.append(
                f"not comparable: {benchmark} is another data version than the champion was measured on; "
                "`focusedad promote --retire` makes room"
            )
    for metric in settings.metrics:
        if challenger.identities.get(metric) != champion.identities.get(metric):
            found.append(f"not comparable: {metric} was computed otherwise for the champion")
    return found


def _differences(
    challenger: Evidence, champion: Evidence, settings: PromotionSettings, intervals: IntervalSettings
) -> Sequence[Difference]:
    found = []
    for benchmark, table in sorted(challenger.per_clip.items()):
        for metric in settings.metrics:
            theirs = champion.per_clip[benchmark].reindex(columns=["film", "clip_id", metric])
            mine = table[["film", "clip_id", metric]]
            pairs = mine.merge(theirs, on=["film", "clip_id"], suffixes=("", " champion"))
            values = (pairs[metric] - pairs[f"{metric} champion"]).to_numpy(np.float64)
            there = np.isfinite(values)
            found.append(_difference(benchmark, metric, values[there], list(pairs["film"][there]), intervals))
    return found


def _difference(
    benchmark: str, metric: str, values: np.ndarray, films: Sequence[str], intervals: IntervalSettings
) -> Difference:
    """Of finite differences, challenger minus champion: (clips,)."""
    from evaluation import compare
    from evaluation.intervals import film_interval, mean_interval
    from evaluation.published import LOWER_IS_BETTER

    if not len(values):
        return Difference(benchmark, metric, 0)
    turned = metric in LOWER_IS_BETTER
    mean = float(values.mean())
    bounds, over_films = mean_interval(values, intervals), film_interval(values, films, intervals)
    verdict = "undecided"
    if bounds is not None:
        names = ("challenger", "champion", benchmark, metric)
        verdict = compare.Difference(*names, mean, *bounds, over_films, len(values)).verdict
    low, high = _signed(bounds, turned) or (None, None)
    mean = -mean if turned else mean
    return Difference(benchmark, metric, len(values), mean, low, high, _signed(over_films, turned), verdict)


def _signed(bounds: tuple[float, float] | None, turned: bool) -> tuple[float, float] | None:
    """An interval as more is better."""
    return bounds if bounds is None or not turned else (-bounds[1], -bounds[0])
