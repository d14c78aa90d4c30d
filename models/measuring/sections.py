"""What was observed as tables of shares and means with their intervals: the figures that the page prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from models.measuring.figures import Figure, Section, mean_over
from models.measuring.masks import LOST
from models.measuring.names import BANKS, OUTCOMES
from models.measuring.observed import CARRIED, CONFIDENT, Observed, most_confident
from models.measuring.truth import HEIGHT_EDGES, YAW_EDGES, band_of, bands

MOST_CONFIDENT = f"carried, the {CONFIDENT:.0%} of highest confidence"
# Mean IoU of masks carried from one face to frames where a face was found as well.
GOALS = {"carried": 0.80, MOST_CONFIDENT: 0.88}
FROM = {
    "face": "right, face found",
    "carried": "right, by carrying alone",
    "wrong": "wrong",
    "none": "no name",
    "unseen": "face nowhere in the shot",
}


def sections(observed: Observed) -> list[Section]:
    """The tables of the page, in its order."""
    return [
        _detection(observed),
        _identity(observed),
        _strangers(observed),
        _masks(observed),
        _carrying(observed),
        _appearances(observed),
    ]


def goals(found: Sequence[Section]) -> list[tuple[str, float, Figure, bool]]:
    """What was asked of the masks: which, the IoU asked for, the figure, and whether it is met."""
    lines = next(section.lines for section in found if section.key == "carrying")
    return [(of, goal, lines[of]["IoU"], lines[of]["IoU"].value >= goal) for of, goal in GOALS.items()]


def as_json(found: Sequence[Section]) -> dict[str, Any]:
    """Sections as plain values: section, line, column, then value, low, high (null where there is none) and count."""
    return {
        section.key: {
            of: {column: plain(figure) for column, figure in line.items()} for of, line in section.lines.items()
        }
        for section in found
    }


def plain(figure: Figure) -> dict[str, float | int | None]:
    """A figure as plain values, null for nan."""
    numbers = {name: getattr(figure, name) for name in ("value", "low", "high")}
    return {**{k: None if np.isnan(v) else round(v, 6) for k, v in numbers.items()}, "count": figure.count}


def _detection(observed: Observed) -> Section:
    heads, faces = observed.heads, observed.faces
    visible = heads[heads["yaw"] <= YAW_EDGES[-2]]
    heads_by, visible_by = _by_band(heads, "yaw", "height"), _by_band(visible, "yaw", "height")
    lines: dict[str, dict[str, Figure]] = {
        "all": {
            "recall": mean_over(visible["found"], visible[["film", "shot"]]),
            "precision": mean_over(faces["head"], faces[["film", "shot"]]),
        }
    }
    for of in bands(YAW_EDGES, "degrees"):
        rows = heads[heads_by["yaw"] == of]
        lines[of] = {"recall": mean_over(rows["found"], rows[["film", "shot"]])}
    boxes_by = band_of(faces["box_height"], HEIGHT_EDGES, "pixels")
    for of in bands(HEIGHT_EDGES, "pixels"):
        rows, boxes = visible[visible_by["height"] == of], faces[boxes_by == of]
        lines[of] = {
            "recall": mean_over(rows["found"], rows[["film", "shot"]]),
            "precision": mean_over(boxes["head"], boxes[["film", "shot"]]),
        }
    about = (
        "Recall: share of the visible faces on key frames that were found, by the head's yaw and the true face's "
        "height. Precision: share of the detected boxes that are a head's (IoU .3, one box a head), by the box's own "
        "height; a false box has no yaw. Heads turned beyond 80 degrees show no face: the line says how many are "
        "taken for one, and they are not in the line above all."
    )
    return Section("detection", "Faces found", about, "shots", lines)


def _by_band(rows: pd.DataFrame, yaw: str, height: str) -> dict[str, pd.Series]:
    return {
        "yaw": band_of(rows[yaw], YAW_EDGES, "degrees"),
        "height": band_of(rows[height], HEIGHT_EDGES, "pixels"),
    }


def _identity(observed: Observed) -> Section:
    faces = observed.faces[observed.faces["head"] == 1]
    by = _by_band(faces, "yaw", "height")
    groups = {"all": faces}
    groups |= {of: faces[by["yaw"] == of] for of in bands(YAW_EDGES, "degrees")}
    groups |= {of: faces[by["height"] == of] for of in bands(HEIGHT_EDGES, "pixels")}
    lines = {
        f"{bank}: {of}": {each: mean_over(rows[bank] == each, rows["film"]) for each in OUTCOMES}
        for bank in BANKS
        for of, rows in groups.items()
        if bank != "none" or of == "all"
    }
    about = (
        "Share of the detected true faces of the whole film that get the right name, a wrong one, or Unknown. Without "
        "a bank everybody is Unknown by definition."
    )
    return Section("identity", "Names given", about, "films", lines)


def _strangers(observed: Observed) -> Section:
    rows = observed.strangers
    listed, unlisted = rows[rows["listed"] == 1], rows[rows["listed"] == 0]
    lines = {
        "listed": {each: mean_over(listed["best query"] == each, listed["film"]) for each in OUTCOMES},
        "taken off the list": {
            each: mean_over(unlisted["best query"] == each, unlisted["film"]) for each in OUTCOMES if each != "right"
        },
    }
    about = (
        "Each of the cast in turn is taken off the list and the best query bank made anew, from clusters and portraits "
        "alone: what a stranger's face gets (any name is wrong), and what becomes of the others."
    )
    return Section("strangers", "Strangers", about, "films", lines)


def _masks(observed: Observed) -> Section:
    masks = observed.masks
    carried = masks[masks["way"].isin(CARRIED)]
    groups = {
        "recognised": masks[masks["way"] == "recognised"],
        "carried": carried,
        "carried forward": masks[masks["way"] == "forward"],
        "carried backward": masks[masks["way"] == "backward"],
        "carried, either way": masks[masks["way"] == "either"],
        "carried from a mask of its person": carried[carried["anchor"] >= LOST],
        MOST_CONFIDENT: most_confident(carried, CONFIDENT),
        "all": masks,
    }
    lines = _overlaps(groups)
    about = (
        "Mean IoU of a mask with the true person of its track, whatever the track was called, and the share of masks "
        "that lost their person (IoU below .5). Every track has a detected face in its shot. A carried mask's way is "
        "that from the nearest frame where the face was found; where two are as near it may be either. From a mask of "
        "its person: that frame's own mask had not lost the person, so what went wrong went wrong in carrying. A "
        "carried mask's confidence is its carrier's: by flow, the likeness of its colours to the recognised region's; "
        "by SAM 2, the predicted IoU times the probability of presence."
    )
    return Section("masks", "Masks", about, "clips", lines)


def _overlaps(groups: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Figure]]:
    return {
        of: {
            "IoU": mean_over(rows["iou"], rows[["film", "clip"]]),
            "lost": mean_over(rows["iou"] < LOST, rows[["film", "clip"]]),
        }
        for of, rows in groups.items()
    }


def _carrying(observed: Observed) -> Section:
    asked = observed.carrying
    carried = asked[asked["iou"].notna()]
    groups = {
        "carried": carried,
        "carried forward": carried[carried["way"] == "forward"],
        "carried backward": carried[carried["way"] == "backward"],
        MOST_CONFIDENT: most_confident(carried, CONFIDENT),
    }
    lines = _overlaps(groups)
    about = (
        "The harder test of what carries the masks: each track of a described clip's shot keeps one face, in its "
        "middle, and the mask is carried from there to the other key frames on which the face was found too. Left out "
        f"as doubtful: {len(asked) - len(carried):,} of {len(asked):,}."
    )
    return Section("carrying", "Masks carried from one face alone", about, "clips", lines)


def _appearances(observed: Observed) -> Section:
    rows = observed.appearances
    lines = {
        bank: {title: mean_over(rows[bank] == said, rows[["film", "clip"]]) for said, title in FROM.items()}
        for bank in ("actor", "best query")
    }
    about = (
        "Of all appearances (a character in view on a key frame of a described clip): the share that bears the right "
        "name with the face found there; the share that bears it only because a mask was carried there, with no "
        "face found; a wrong name; no name; and no name where their face is found on no key frame of that shot in the "
        "clip (turned away, hidden or missed by the detector), so that there was nothing to recognise."
    )
    return Section("appearances", "Who is named on the key frames of described clips", about, "clips", lines)
