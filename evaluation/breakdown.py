"""One row's scores by kind of clip: where is it good, and where not? In the long form of `evaluation.tables`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluation.intervals import film_interval, mean_interval
from evaluation.settings import IntervalSettings
from evaluation.tables import COLUMNS, Measured, reasons_without_run

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("METEOR", "BertScore", "R", "name recall")
NOTE = "mean over the clips of this kind"
TYPES = {
    1: "type 1: somebody named is recognised",
    2: "type 2: named, but not recognised",
    3: "type 3: nobody named, somebody recognised",
    0: "type 0: nobody named or recognised",
}
"""The paper's types of clips (section 4.1), and what is none of them."""

Clip = tuple[str, str]
"""Film and clip_id."""


def by_kind(
    seeds: Sequence[Measured], kinds: Mapping[Clip, str], order: Sequence[str], settings: IntervalSettings
) -> pd.DataFrame:
    """A line a kind and metric: the mean over the clips of that kind, seeds averaged clip by clip.

    `seeds` are of one row and benchmark; `kinds` names the kind of a clip (clips without one are left out); kinds come
    in `order`, those without clips not at all.
    """
    import pandas as pd

    lines = []
    for kind in order:
        for metric in METRICS:
            by_clip = of_clips(seeds, metric)
            own = {clip: value for clip, value in by_clip.items() if kinds.get(clip) == kind}
            values = np.array(list(own.values()), dtype=float)
            if not len(values) or np.isnan(values).all():
                continue
            films = [film for film, _ in own]
            missing = (np.nan, np.nan)
            over_clips = mean_interval(values, settings) or missing
            over_films = film_interval(values, films, settings) or missing
            lines.append(
                {
                    "row": f"{kind} ({len(own)} clips)",
                    "benchmark": seeds[0].benchmark,
                    "metric": metric,
                    "published": np.nan,
                    "reproduced": float(np.nanmean(values)),
                    **dict(zip(("low", "high", "low_films", "high_films"), (*over_clips, *over_films), strict=True)),
                    "seeds": len(seeds),
                    "seed_low": np.nan,
                    "seed_high": np.nan,
                    "clips": len(own),
                    "note": NOTE,
                    "run_id": " ".join(dict.fromkeys(one.run_id for one in seeds if one.run_id)),
                    "no_run": reasons_without_run(seeds),
                    "data_version": " ".join(dict.fromkeys(one.data_version for one in seeds if one.data_version)),
                }
            )
    return pd.DataFrame(lines, columns=list(COLUMNS))


def of_clips(seeds: Sequence[Measured], metric: str) -> dict[Clip, float]:
    """A metric's value per clip, the mean over seeds; NaN where a seed has none."""
    found: dict[Clip, list[float]] = {}
    for one in seeds:
        if metric in one.scores.per_clip:
            columns = (one.scores.per_clip[name].tolist() for name in ("film", "clip_id", metric))
            for film, clip, value in zip(*columns, strict=True):
                found.setdefault((str(film), str(clip)), []).append(float(value))
    return {clip: float(np.mean(values)) for clip, values in found.items()}
