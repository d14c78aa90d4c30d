"""Who is where in the film: faces, banks, shots and regions by the perception that made the tables.

Nothing is found twice: what is done stands in the draft's work folder.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.film import Clip, Film
from narration.progress import Progress, counted
from narration.script import ShotSheet, Track
from narration.settings import NarrationSettings
from narration.work import Journal, RememberedDetector, RememberedEncoder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models.perception.bank_files import Banks
    from models.perception.encoders import FaceEncoder
    from models.perception.recognition import Naming
    from models.perception.regions import Regions
    from models.perception.settings import PerceptionSettings
    from models.perception.shots import Shot

log = logging.getLogger(__name__)
WINDOWS, FEWEST_SLOTS = 8, 32  # a film is decoded once for a window, and a window is what a kill can cost


@dataclass(frozen=True)
class Watched:
    """The faces on key frames, a track and its name for each, and the shots."""

    faces: pd.DataFrame
    shots: tuple[Shot, ...]
    banks: Banks
    tracks: np.ndarray
    naming: dict[int, Naming]


def with_stride(perception: PerceptionSettings, film: Film, settings: NarrationSettings) -> PerceptionSettings:
    """The same parameters with key frames as far apart in seconds as the settings say, whatever the frame rate."""
    stride = max(1, round(film.fps * settings.key_frame_seconds))
    return perception.model_copy(update={"key_frame_stride": stride})


def watch(film: Film, encoder: FaceEncoder, perception: PerceptionSettings, folder: Path) -> Watched:
    """Looks through the whole film once; `folder` keeps the faces that were found."""
    from models.perception.detection import load_detector
    from models.perception.faces import read_faces, survey, write_faces
    from models.perception.perceive import name_faces
    from models.perception.query_bank import embed_portraits

    detector = load_detector(perception.detector)
    if not (folder / "shots.json").is_file():  # written last
        log.info("%s: looking for faces in %.0f s of film", film.title, film.duration)
        progress = Progress("faces", "key frames", -(-film.frames // perception.key_frame_stride))
        remembered = RememberedDetector(detector, Journal(folder / "detections.jsonl"), progress)
        write_faces(*survey(film, remembered, RememberedEncoder(encoder, folder), perception), folder)
        for path in (folder / "detections.jsonl", *folder.glob("embeddings-*.bin")):
            path.unlink(missing_ok=True)
    faces, shots = read_faces(folder)
    banks = banks_of(film, faces, embed_portraits(film, detector, encoder), perception, encoder)
    if film.cast:
        log.info("faces: %d of them; %d of the %d in the cast found", len(faces), len(banks.best), len(film.cast))
    tracks, naming, _ = name_faces(faces, banks, perception)
    return Watched(faces, shots, banks, tracks, naming)


def banks_of(
    film: Film,
    faces: pd.DataFrame,
    portraits: Mapping[str, np.ndarray],
    perception: PerceptionSettings,
    encoder: FaceEncoder,
) -> Banks:
    """The banks as the stage query_banks makes them, with both of the encoder's thresholds."""
    from models.perception.query_bank import build_banks

    return build_banks(
        film,
        faces,
        portraits,
        perception,
        encoder=encoder.name,
        threshold=encoder.threshold,
        actor_threshold=encoder.portrait_threshold,
    )


def windows(clips: Sequence[Clip]) -> Iterator[Sequence[Clip]]:
    """A film's clips in time order, a few at a time: all at once where they are few."""
    size = max(FEWEST_SLOTS, -(-len(clips) // WINDOWS))
    for first in range(0, len(clips), size):
        yield clips[first : first + size]


def follow(film: Film, watched: Watched, perception: PerceptionSettings, folder: Path) -> Regions:
    """Who stands where in every slot (`film.descriptions`), window by window; `folder` keeps those that are done."""
    import pandas as pd

    from models.perception.perceive import character_regions
    from models.perception.regions import read_regions, write_regions

    clips = film.clips()
    progress = Progress("regions", "slots", len(clips))
    found = []
    for number, window in enumerate(windows(clips)):
        done = folder / f"regions-{number:03d}"
        if done.is_dir():
            progress.skip(len(window))
        else:
            partial = done.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            with counted("models.perception.perceive", "regions:", progress):
                some = character_regions(film, watched.faces, watched.shots, watched.banks, window, perception)
            write_regions(some, partial)
            partial.rename(done)
            progress.add(0, always=True)
        found.append(read_regions(done))
    if not found:
        return character_regions(film, watched.faces, watched.shots, watched.banks, [], perception)
    tracks, regions = ([getattr(each, name) for each in found] for name in ("tracks", "regions"))
    return replace(
        found[0],
        tracks=pd.concat(tracks, ignore_index=True),
        regions=pd.concat(regions, ignore_index=True),
        clips=len(clips),
    )


def shot_sheets(
    film: Film, shots: Sequence[Shot], faces: pd.DataFrame, tracks: np.ndarray, naming: Mapping[int, Naming]
) -> tuple[ShotSheet, ...]:
    """Per shot, the names of its tracks in order of appearance; strangers are not listed.

    Times are the file's, as a player shows them; the film's own clock starts at its first picture.
    """
    sheets = []
    shot_of_face = faces["shot"].to_numpy()
    for number, shot in enumerate(shots):
        here = dict.fromkeys(naming[int(track)].name for track in tracks[shot_of_face == number])
        characters = tuple(name for name in here if name)
        start, end = shot.first / film.fps + film.delay, (shot.last + 1) / film.fps + film.delay
        sheets.append(ShotSheet(shot.first, shot.last, start, end, characters))
    return tuple(sheets)


def face_tracks(film: Film, faces: pd.DataFrame, tracks: np.ndarray, naming: Mapping[int, Naming]) -> tuple[Track, ...]:
    """The faces of whoever was recognised, track by track in order of appearance, on the file's clock."""
    found: dict[int, list[tuple[float, float, float, float, float]]] = {}
    boxes_n4 = faces[["x1", "y1", "x2", "y2"]].to_numpy(float) / ([film.width, film.height] * 2)
    for track, frame, box in zip(tracks, faces["frame"], boxes_n4, strict=True):
        if naming[int(track)].name:
            time = round(int(frame) / film.fps + film.delay, 3)
            x1, y1, x2, y2 = (round(min(max(float(share), 0.0), 1.0), 4) for share in box)
            found.setdefault(int(track), []).append((time, x1, y1, x2, y2))
    return tuple(Track(naming[track].name, tuple(boxes)) for track, boxes in found.items())


def faceless(film: Film, banks: Banks) -> list[str]:
    """Who has portraits in which no face was found, so that they help nobody."""
    return [each.name for each in film.cast if each.portraits and each.name not in {**banks.actor, **banks.best}]
