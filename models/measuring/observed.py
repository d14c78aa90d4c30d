"""Everything observed about films, as tables, and the figures of one film in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from models.measuring.carrying import COLUMNS, observe_carrying
from models.measuring.masks import LOST, observe_appearances, observe_masks
from models.measuring.names import observe_faces, observe_heads, observe_strangers
from models.measuring.truth import Perceived, read_truth
from models.perception.settings import PerceptionSettings

CONFIDENT = 0.8  # share of the carried masks, those of highest confidence
CARRIED = ("forward", "backward", "either")


@dataclass(frozen=True)
class Observed:
    """What was observed on one film or several, a table per subject (see the functions `observe_...`)."""

    heads: pd.DataFrame
    faces: pd.DataFrame
    strangers: pd.DataFrame
    masks: pd.DataFrame
    appearances: pd.DataFrame
    carrying: pd.DataFrame


def observe(perceived: Perceived, settings: PerceptionSettings, *, carrying: bool = False) -> Observed:
    """Everything about one film; BadInput where it carries no truth.

    `carrying`: masks are also carried from single faces, which takes seconds a film; else that table is empty.
    """
    truth = read_truth(perceived.film, stride=settings.key_frame_stride)
    masks = observe_masks(perceived, truth)
    return Observed(
        heads=observe_heads(perceived, truth),
        faces=observe_faces(perceived, truth, settings),
        strangers=observe_strangers(perceived, truth, settings),
        masks=masks,
        appearances=observe_appearances(perceived, truth, masks, settings),
        carrying=observe_carrying(perceived, truth, settings) if carrying else pd.DataFrame(columns=list(COLUMNS)),
    )


def together(observed: Sequence[Observed]) -> Observed:
    """Several films' rows as one."""
    return Observed(
        **{
            each.name: pd.concat([getattr(film, each.name) for film in observed], ignore_index=True)
            for each in fields(Observed)
        }
    )


def most_confident(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The `share` of the rows with the highest confidence, rounded up; of equal ones the earlier."""
    count = int(np.ceil(round(share * len(rows), 6)))
    return rows.sort_values("confidence", ascending=False, kind="stable").head(count)


def flat(observed: Observed) -> dict[str, float]:
    """The figures of one film in a row, to print film by film."""
    heads, masks, faces = observed.heads, observed.masks, observed.faces
    facing = heads[heads["yaw"] < 50]
    true = faces[faces["head"] == 1]
    carried = masks[masks["way"].isin(CARRIED)]
    recognised = masks[masks["way"] == "recognised"]
    people = true.groupby("track")["name"].nunique()
    strangers = observed.strangers
    listed = strangers["listed"] == 1
    return {
        "faces": len(faces),
        "recall": _mean(facing["found"]),
        "precision": _mean(faces["head"]),
        **{
            f"{key}_{each}": _mean(true[bank] == each)
            for key, bank in (("best", "best query"), ("actor", "actor"))
            for each in ("right", "wrong")
        },
        "tracks": len(people),
        "impure_tracks": int((people > 1).sum()),
        "listed_right": _mean(strangers["best query"][listed] == "right"),
        "unlisted_named": _mean(strangers["best query"][~listed] == "wrong"),
        "regions": len(masks),
        "recognised_iou": _mean(recognised["iou"]),
        "recognised_count": len(recognised),
        "propagated_iou": _mean(carried["iou"]),
        "propagated_count": len(carried),
        "forward_iou": _mean(masks["iou"][masks["way"] == "forward"]),
        "backward_iou": _mean(masks["iou"][masks["way"] == "backward"]),
        "confident_iou": _mean(most_confident(carried, CONFIDENT)["iou"]),
        "all_iou": _mean(masks["iou"]),
        "all_count": len(masks),
        "lost": _mean(masks["iou"] < LOST),
        "propagated_lost": _mean(carried["iou"] < LOST),
        "named_by_carrying": _mean(observed.appearances["best query"] == "carried"),
    }


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else float("nan")
