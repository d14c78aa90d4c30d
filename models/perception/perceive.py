"""The character perception module: from a film to its query banks, and from a film and banks to character regions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from common.tables import table
from corpora.film import Clip, Film
from corpora.video import read_frames
from models.perception.bank_files import Banks, write_banks
from models.perception.carriers import MaskCarrier, ShotView, load_carrier
from models.perception.detection import FaceDetector
from models.perception.encoders import FaceEncoder
from models.perception.faces import find_faces, survey, write_faces
from models.perception.query_bank import build_banks, embed_portraits, picture_of_clusters
from models.perception.recognition import Naming, name_tracks, threshold_of
from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions, box_of, encode_mask
from models.perception.settings import PerceptionSettings, RegionSettings
from models.perception.shots import Shot, shot_of
from models.perception.tracks import embeddings_of, link_tracks

__all__ = ["character_regions", "find_faces", "make_query_banks", "name_faces", "survey"]

log = logging.getLogger(__name__)


def make_query_banks(
    film: Film, out: Path, detector: FaceDetector, encoder: FaceEncoder, settings: PerceptionSettings
) -> Banks:
    """All that the stage query_banks writes for a film: banks, bank.json, clusters.png, faces.parquet, shots.json."""
    faces, shots = survey(film, detector, encoder, settings)
    log.info("banks: %s %d faces on key frames, %d shots", film.id, len(faces), len(shots))
    portraits = embed_portraits(film, detector, encoder)
    banks = build_banks(
        film,
        faces,
        portraits,
        settings,
        encoder=encoder.name,
        threshold=encoder.threshold,
        actor_threshold=encoder.portrait_threshold,
    )
    write_banks(banks, out)
    write_faces(faces, shots, out)
    picture_of_clusters(faces, banks, out / "clusters.png")
    return banks


def name_faces(
    faces: pd.DataFrame, banks: Banks, settings: PerceptionSettings
) -> tuple[np.ndarray, dict[int, Naming], dict[int, Naming]]:
    """The film's tracks (a number per face), and each track's name by the best query bank and by the actor bank.

    Tracks of one shot that get the same name, and never share a frame, become one track, named anew on all its faces.
    """
    recognition = settings.recognition
    tracks = link_tracks(faces, threshold=banks.threshold, stride=settings.key_frame_stride, settings=recognition)
    embeddings_nd, frames = embeddings_of(faces), faces["frame"].to_numpy()

    def named(kind: str, tracks: np.ndarray) -> dict[int, Naming]:
        return name_tracks(
            frames,
            tracks,
            embeddings_nd,
            banks.of(kind),
            threshold=threshold_of(recognition, banks.threshold_of(kind)),
            distance=recognition.distance,
        )

    tracks = _joined(tracks, frames, faces["shot"].to_numpy(), named("best query", tracks))
    return tracks, named("best query", tracks), named("actor", tracks)


def _joined(tracks: np.ndarray, frames: np.ndarray, shots: np.ndarray, naming: dict[int, Naming]) -> np.ndarray:
    """Tracks of one shot with one name, joined under the earliest's number where they share no frame."""
    joined = tracks.copy()
    groups: dict[tuple[int, str], list[int]] = {}
    for track in sorted(naming):
        if naming[track].name:
            groups.setdefault((int(shots[tracks == track][0]), naming[track].name), []).append(track)
    for members in groups.values():
        used = set(frames[joined == members[0]].tolist())
        for other in members[1:]:
            here = set(frames[joined == other].tolist())
            if not used & here:
                joined[joined == other] = members[0]
                used |= here
    return joined


def character_regions(
    film: Film,
    faces: pd.DataFrame,
    shots: Sequence[Shot],
    banks: Banks,
    clips: Sequence[Clip],
    settings: PerceptionSettings,
) -> Regions:
    """Tracks and regions of each clip, from the film's faces and banks.

    A track that either bank names gets a mask on every key frame of its clip and shot: from the face where one was
    found, carried along the shot where none was. Tracks that neither names are listed without regions.
    """
    carrier = load_carrier(settings.regions)
    tracks, best, actor = name_faces(faces, banks, settings)
    plans = [_plan(clip, faces, tracks, shots, settings) for clip in sorted(clips, key=lambda c: (c.first_frame, c.id))]
    size = _working_size(film, settings.regions)
    track_rows: list[dict[str, object]] = []
    region_rows: list[dict[str, object]] = []
    shot_of_face = faces["shot"].to_numpy()
    for plan, frames in _with_frames(film, plans, size, every_frame=carrier.every_frame):
        for number, (track, rows) in enumerate(plan.tracks.items()):
            track_rows.append(
                {
                    "clip": plan.clip.id,
                    "track": number,
                    "shot": int(shot_of_face[rows[0]]),
                    "name_best": best[track].name,
                    "distance_best": best[track].distance,
                    "name_actor": actor[track].name,
                    "distance_actor": actor[track].distance,
                }
            )
        named = {
            number: rows
            for number, (track, rows) in enumerate(plan.tracks.items())
            if best[track].name or actor[track].name
        }
        region_rows += _clip_regions(plan, named, faces, frames, film, carrier)
        log.info("regions: %s clip %d, %d tracks, %d named", film.id, plan.clip.id, len(plan.tracks), len(named))
    order = ["clip", "track", "frame"]
    return Regions(
        film.id,
        film.width,
        film.height,
        table(track_rows, TRACK_COLUMNS).sort_values(order[:2], ignore_index=True),
        table(region_rows, REGION_COLUMNS).sort_values(order, ignore_index=True),
        clips=len(plans),
    )


def shot_views(
    film: Film,
    faces: pd.DataFrame,
    shots: Sequence[Shot],
    tracks: np.ndarray,
    clips: Sequence[Clip],
    settings: PerceptionSettings,
    *,
    every_frame: bool,
) -> Iterator[tuple[Clip, ShotView]]:
    """What a carrier would see of each clip's shots, with all tracks of faces as people, named or not.

    `tracks`: a number per row of `faces`; people bear these numbers. For whoever wants to try carriers on their own.
    """
    plans = [_plan(clip, faces, tracks, shots, settings) for clip in sorted(clips, key=lambda c: (c.first_frame, c.id))]
    frame_of = faces["frame"].to_numpy()
    for plan, frames in _with_frames(film, plans, _working_size(film, settings.regions), every_frame=every_frame):
        for shot in sorted({plan.shot_of_frame[int(frame_of[row])] for row in plan.rows}):
            face_of = {
                (track, int(frame_of[row])): int(row)
                for track, own in plan.tracks.items()
                for row in own
                if plan.shot_of_frame[int(frame_of[row])] == shot
            }
            yield plan.clip, _view(plan, shot, face_of, faces, frames, film)


@dataclass(frozen=True)
class _Plan:
    """What a clip needs: its key frames and, per film track seen on them, the rows of its faces there."""

    clip: Clip
    key_frames: tuple[int, ...]
    shot_of_frame: dict[int, int]  # every frame of the clip
    tracks: dict[int, np.ndarray]  # in order of first appearance, larger faces first
    rows: np.ndarray


def _plan(
    clip: Clip, faces: pd.DataFrame, tracks: np.ndarray, shots: Sequence[Shot], settings: PerceptionSettings
) -> _Plan:
    key_frames = clip.key_frames(settings.key_frame_stride)
    rows = np.flatnonzero(faces["frame"].isin(key_frames).to_numpy())
    of_track: dict[int, list[int]] = {}
    for row in rows:
        of_track.setdefault(int(tracks[row]), []).append(int(row))
    shot_of_frame = {frame: shot_of(shots, frame) for frame in range(clip.first_frame, clip.last_frame + 1)}
    return _Plan(clip, key_frames, shot_of_frame, {t: np.array(r) for t, r in of_track.items()}, rows)


def _working_size(film: Film, settings: RegionSettings) -> tuple[int, int]:
    """(width, height) at which masks are made: never larger than the film."""
    width = min(settings.working_width, film.width)
    return width, max(2, round(film.height * width / film.width))


def _with_frames(
    film: Film, plans: Sequence[_Plan], size: tuple[int, int], *, every_frame: bool
) -> Iterator[tuple[_Plan, dict[int, np.ndarray]]]:
    """Each clip with its frames at working size, decoded in one pass; frames that no later clip needs are let go.

    Without `every_frame` they are the clip's key frames.
    """

    def wanted(plan: _Plan) -> Sequence[int]:
        return (sorted(plan.shot_of_frame) if every_frame else plan.key_frames) if plan.tracks else ()

    stream = read_frames(film.video, {frame for plan in plans for frame in wanted(plan)}, size=size)
    held: dict[int, np.ndarray] = {}
    for plan in plans:
        while wanted(plan) and wanted(plan)[-1] not in held:
            number, frame = next(stream)
            held[number] = frame
        held = {number: frame for number, frame in held.items() if number >= plan.clip.first_frame}
        yield plan, {number: held[number] for number in plan.shot_of_frame if number in held}


def _clip_regions(
    plan: _Plan,
    named: dict[int, np.ndarray],
    faces: pd.DataFrame,
    frames: dict[int, np.ndarray],
    film: Film,
    carrier: MaskCarrier,
) -> list[dict[str, object]]:
    """Region rows of one clip, shot by shot: recognised masks, and what is carried from them to other key frames."""
    confidence_of, box_of_row = faces["confidence"].to_numpy(), faces[["x1", "y1", "x2", "y2"]].to_numpy(np.float64)
    frame_of = faces["frame"].to_numpy()
    rows: list[dict[str, object]] = []
    for shot in sorted({plan.shot_of_frame[frame_of[row]] for own in named.values() for row in own}):
        face_of = {
            (number, int(frame_of[row])): row
            for number, own in named.items()
            for row in own
            if plan.shot_of_frame[frame_of[row]] == shot
        }
        for number, masks in carrier.carry(_view(plan, shot, face_of, faces, frames, film)).items():
            for frame, carried in masks.items():
                face = face_of.get((number, frame))
                confidence = carried.confidence if face is None else float(confidence_of[face])
                corners = None if face is None else box_of_row[face]
                rows.append(_row(plan, number, frame, carried.mask, film, confidence, corners))
    return rows


def _view(
    plan: _Plan,
    shot: int,
    face_of: dict[tuple[int, int], int],
    faces: pd.DataFrame,
    frames: dict[int, np.ndarray],
    film: Film,
) -> ShotView:
    """What a carrier sees of a shot. `face_of`: track and frame to the face's row in `faces`."""
    inside = {frame: picture for frame, picture in frames.items() if plan.shot_of_frame[frame] == shot}
    scale = next(iter(inside.values())).shape[1] / film.width
    on_frame: dict[int, list[int]] = {}
    for row in plan.rows.tolist():
        on_frame.setdefault(int(faces["frame"].iloc[row]), []).append(row)
    people: dict[int, dict[int, int]] = {}
    for (number, frame), row in face_of.items():
        people.setdefault(number, {})[frame] = on_frame[frame].index(row)
    boxes_n4 = faces[["x1", "y1", "x2", "y2"]].to_numpy(np.float64) * scale
    return ShotView(
        frames=inside,
        key_frames=[frame for frame in plan.key_frames if plan.shot_of_frame[frame] == shot],
        boxes={frame: boxes_n4[rows] for frame, rows in on_frame.items() if plan.shot_of_frame[frame] == shot},
        people=people,
        fps=film.fps,
    )


def _row(
    plan: _Plan,
    number: int,
    frame: int,
    mask_hw: np.ndarray,
    film: Film,
    confidence: float,
    face: np.ndarray | None,
) -> dict[str, object]:
    """A row of the regions table; the mask is brought to the film's size."""
    import cv2

    full = cv2.resize(mask_hw.astype(np.float32), (film.width, film.height), interpolation=cv2.INTER_LINEAR) > 0.5
    x1, y1, x2, y2 = box_of(full)
    corners = face if face is not None else [float("nan")] * 4
    return {
        "clip": plan.clip.id,
        "track": number,
        "frame": frame,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        **{f"face_{name}": float(value) for name, value in zip(("x1", "y1", "x2", "y2"), corners, strict=True)},
        "source": "recognised" if face is not None else "propagated",
        "confidence": confidence,
        "mask": encode_mask(full),
    }
