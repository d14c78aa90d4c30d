"""Masks against the true people's, and what carrying them along the shot brings: a row per mask, per appearance."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from corpora.film import Clip
from models.measuring.names import outcome
from models.measuring.truth import Perceived, true_names
from models.perception.regions import Regions
from models.perception.settings import PerceptionSettings
from models.perception.shots import shot_of

LOST = 0.5  # a mask whose IoU is below this has lost its person
MASK_COLUMNS = {
    "film": "object",
    "clip": "int64",
    "track": "int64",
    "frame": "int64",
    "way": "object",
    "confidence": "float64",
    "person": "object",
    "iou": "float64",
    "anchor": "float64",
}
APPEARANCE_COLUMNS = {
    "film": "object",
    "clip": "int64",
    "frame": "int64",
    "name": "object",
    "best query": "object",
    "actor": "object",
}


def observe_masks(perceived: Perceived, truth: pd.DataFrame) -> pd.DataFrame:
    """A row per mask: MASK_COLUMNS. `iou` is with the true person of the track, whatever the track was called.

    `person`: whose head most of the track's recognised faces are ("" for a false face). `way`: "recognised", or
    "forward", "backward" by the nearest recognised frame of the track, "either" where two are as near. `anchor`: the
    IoU of the recognised mask it came from. A person who is not in the frame gives 0.
    """
    regions, rows = perceived.regions, perceived.regions.regions
    persons = _persons(perceived, truth)
    recognised = {key: group.to_numpy() for key, group in _recognised(rows).groupby(["clip", "track"])["frame"]}
    masks = {(frame, name): mask for frame, name, mask in truth[["frame", "name", "mask"]].itertuples(index=False)}
    observed = []
    columns = ["clip", "track", "frame", "source", "confidence", "mask"]
    for clip, track, frame, source, confidence, mask in rows[columns].itertuples(index=False):
        person = persons.get((clip, track), "")
        way = "recognised" if source == "recognised" else direction(frame, recognised.get((clip, track), np.zeros(0)))
        iou = mask_iou(regions, mask, masks.get((frame, person)))
        observed.append((perceived.film.id, clip, track, frame, way, confidence, person, iou, iou))
    return _anchored(pd.DataFrame(observed, columns=list(MASK_COLUMNS)).astype(MASK_COLUMNS))


def _anchored(masks: pd.DataFrame) -> pd.DataFrame:
    """With `anchor`: the IoU of the recognised mask that a carried one came from, of two as near the better."""
    ious: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for clip, track, frame, iou in masks[masks["way"] == "recognised"][["clip", "track", "frame", "iou"]].to_numpy():
        ious.setdefault((clip, track), []).append((frame, iou))
    anchors = [
        min(((abs(frame - other), -iou) for other, iou in ious.get((clip, track), ())), default=(0, np.nan))[1]
        for clip, track, frame in masks[["clip", "track", "frame"]].itertuples(index=False)
    ]
    return masks.assign(anchor=-np.array(anchors, float))


def direction(frame: int, recognised: np.ndarray) -> str:
    """Which way a mask came to `frame`: "forward", "backward", or "either" where the nearest frames are as near."""
    before = min((frame - other for other in recognised.tolist() if other < frame), default=np.inf)
    after = min((other - frame for other in recognised.tolist() if other > frame), default=np.inf)
    return "either" if before == after else "forward" if before < after else "backward"


def _recognised(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["source"] == "recognised"]


def _persons(perceived: Perceived, truth: pd.DataFrame) -> dict[tuple[int, int], str]:
    """Per clip and track the character whose head most of its recognised faces are, "" for nobody's."""
    names = true_names(perceived.faces, truth)
    corners = zip(perceived.faces["frame"], map(_corner, perceived.faces["x1"]), strict=True)
    name_of = dict(zip(corners, names, strict=True))
    votes: dict[tuple[int, int], Counter[str]] = {}
    columns = ["clip", "track", "frame", "face_x1"]
    for clip, track, frame, x1 in _recognised(perceived.regions.regions)[columns].itertuples(index=False):
        votes.setdefault((clip, track), Counter())[name_of.get((frame, _corner(x1)), "")] += 1
    return {key: min(count, key=lambda name: (-count[name], name)) for key, count in votes.items()}


def _corner(x1: float) -> int:
    """A face's left edge as a key that does not depend on its float type, tenths of a pixel."""
    return round(10 * float(x1))


def mask_iou(regions: Regions, counts: str, true: str | None) -> float:
    """IoU of two masks in COCO's run lengths; 0 where there is no true one."""
    if not true:
        return 0.0
    first, second = regions.mask(counts), regions.mask(true)
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 0.0


def observe_appearances(
    perceived: Perceived, truth: pd.DataFrame, masks: pd.DataFrame, settings: PerceptionSettings
) -> pd.DataFrame:
    """A row per described clip, key frame and character in view: APPEARANCE_COLUMNS.

    Per bank what the regions say of this character there: "face" (the right name, and their face was detected),
    "carried" (the right name, and no face of theirs was: it is known from other frames alone), "wrong" (another name),
    "none", or "unseen" (none, and in this shot of the clip their face is found on no key frame, so nobody could tell).
    A carried mask that has lost them says nothing.
    """
    clips, faces = perceived.film.clips(), perceived.faces
    found = set(zip(faces["frame"].tolist(), true_names(faces, truth), strict=True))
    shot = {frame: shot_of(perceived.shots, frame) for frame in truth["frame"].tolist()}
    seen = {
        (clip, shot[frame], name)
        for clip, frame in _key_frames(clips, settings.key_frame_stride)
        for other, name in found
        if other == frame and name
    }
    said = _said(masks.merge(perceived.regions.tracks, on=["clip", "track"]), found)
    in_view = {frame: group["name"].tolist() for frame, group in truth.groupby("frame")}
    rows = []
    for clip, frame in _key_frames(clips, settings.key_frame_stride):
        for name in in_view.get(frame, ()):
            otherwise = "none" if (clip, shot[frame], name) in seen else "unseen"
            given = (said.get((bank, clip, frame, name), otherwise) for bank in _NAMES)
            rows.append((perceived.film.id, clip, frame, name, *given))
    return pd.DataFrame(rows, columns=list(APPEARANCE_COLUMNS)).astype(APPEARANCE_COLUMNS)


_NAMES = {"best query": "name_best", "actor": "name_actor"}


def _said(masks: pd.DataFrame, found: set[tuple[int, str]]) -> dict[tuple[str, int, int, str], str]:
    """(bank, clip, frame, character) to what the best of their masks there says; nothing where it says nothing."""
    said: dict[tuple[str, int, int, str], str] = {}
    for bank, column in _NAMES.items():
        columns = ["clip", "frame", "person", "way", "iou", column]
        for clip, frame, person, way, iou, given in masks[columns].itertuples(index=False):
            if not person or (way != "recognised" and iou < LOST):
                continue
            right = "face" if (frame, person) in found else "carried"
            here = {"right": right, "wrong": "wrong", "Unknown": "none"}[outcome(given, person)]
            key = (bank, clip, frame, person)
            said[key] = min(here, said.get(key, here), key=("face", "carried", "wrong", "none").index)
    return said


def _key_frames(clips: list[Clip], stride: int) -> list[tuple[int, int]]:
    return [(clip.id, frame) for clip in clips for frame in clip.key_frames(stride)]
