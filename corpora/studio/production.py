"""A film from its screenplay to its folder: pictures and sound, portraits, the corpus's annotation, and the truth.

The folder has the layout of the corpus that the film's split stands for, as if it had come from there; `truth/` beside
it is for tests and for the mini world's own reports, and nothing in the pipeline reads it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from common.files import write_bytes, write_json
from corpora.studio.annotations import write_annotations
from corpora.studio.casting import portraits_of
from corpora.studio.figures import Person
from corpora.studio.people import alternative_look, film_look
from corpora.studio.screenplay import CastMember, Line, Screenplay, Shot
from corpora.studio.settings import StudioSettings
from corpora.studio.sound import RATE, sound_of
from corpora.studio.stories import write_screenplay
from corpora.studio.takes import Frame, Take
from corpora.studio.wardrobe import dress
from corpora.video import write_video

log = logging.getLogger(__name__)

TRUTH_STRIDE = 5  # frames between those the truth is told of: the key frames
CHANGES_LOOK = 0.2  # share of characters who come back with other hair for the film's last part
LAST_PART = 0.62  # share of the film after which they do
TRACK_COLUMNS = (
    "frame", "name", "x1", "y1", "x2", "y2", "face_x1", "face_y1", "face_x2", "face_y2", "yaw", "visible",
    "face_visible", "mask",
)  # fmt: skip


def produce(film_id: str, split: str, settings: StudioSettings, out: Path) -> None:
    """Writes one film in its corpus's format into the folder `out`; the same settings give the same bytes."""
    screenplay = write_screenplay(film_id, split, settings)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    frames = _noting_truth(film_frames(screenplay, settings), rows)
    sound = (sound_of(screenplay), RATE)
    write_video(out / "film.mp4", (frame.picture for frame in frames), fps=settings.fps, sound=sound)
    tracks = pd.DataFrame(rows, columns=list(TRACK_COLUMNS))
    for member in screenplay.cast:
        _write_portraits(member, out / "portraits")
    write_annotations(
        screenplay, tracks, split, out, width=settings.width, height=settings.height, fps=settings.fps
    )  # fmt: skip
    _write_truth(screenplay, tracks, out / "truth")
    log.info("films: %s rendered %d frames", film_id, round(screenplay.duration * settings.fps))


def film_frames(screenplay: Screenplay, settings: StudioSettings) -> Iterator[Frame]:
    """Every frame of a film in order, with its truth."""
    casts = _casts(screenplay)
    fps, total = settings.fps, round(screenplay.duration * settings.fps)
    take, index = None, -1
    for number in range(total):
        time = number / fps
        now = _shot_at(screenplay.shots, time, max(index, 0))
        if now != index:
            index = now
            shot = screenplay.shots[index]
            late = shot.start >= LAST_PART * screenplay.duration
            take = Take(shot, casts[late], width=settings.width, height=settings.height)
        assert take is not None
        yield take.frame(time, speaking=_mouths_open(screenplay.lines, time))


def member_as_person(member: CastMember, *, late: bool = False, detail: int = 432) -> Person:
    """What the stage draws of a cast member; `late` gives the look of the story's last part."""
    look = alternative_look(member.person) if late else film_look(member.person)
    clothes = dress(member.person, member.top, member.bottom, member.shoe, look.skin)
    return Person(look, clothes, member.height, detail=detail)


def _casts(screenplay: Screenplay) -> dict[bool, Mapping[str, Person]]:
    """The people of the film's first part (False) and last part (True)."""
    early = {member.name: member_as_person(member) for member in screenplay.cast}
    late = dict(early)
    for member in screenplay.cast:
        if np.random.default_rng([16, member.person]).random() < CHANGES_LOOK:
            late[member.name] = member_as_person(member, late=True)
    return {False: early, True: late}


def _shot_at(shots: tuple[Shot, ...], time: float, first: int) -> int:
    """Index of the shot that a time lies in, at or after shot `first`."""
    index = first
    while index + 1 < len(shots) and time >= shots[index + 1].start - 1e-6:
        index += 1
    return index


def _mouths_open(lines: tuple[Line, ...], time: float) -> set[str]:
    """Who has the mouth open: those who speak, but not on every frame."""
    opened = np.sin(time * 17.0) + 0.8 * np.sin(time * 29.3) > -0.1
    return {line.speaker for line in lines if opened and line.start <= time < line.end}


def _noting_truth(frames: Iterator[Frame], rows: list[dict[str, object]]) -> Iterator[Frame]:
    """Passes frames on and adds the truth of every key frame to `rows`."""
    for number, frame in enumerate(frames):
        if number % TRUTH_STRIDE == 0:
            rows += _truth_rows(number, frame)
        yield frame


def _truth_rows(number: int, frame: Frame) -> list[dict[str, object]]:
    from pycocotools import mask as rle

    rows = []
    for seen in frame.people():
        face = seen.face if seen.face is not None else (float("nan"),) * 4
        counts = rle.encode(np.asfortranarray(seen.mask.astype(np.uint8)))["counts"].decode("ascii")
        values = (
            number, seen.name, *seen.box, *(round(v, 2) for v in face), round(seen.yaw, 1), round(seen.visible, 4),
            seen.face_visible, counts,
        )  # fmt: skip
        rows.append(dict(zip(TRACK_COLUMNS, values, strict=True)))
    return rows


def _write_portraits(member: CastMember, folder: Path) -> None:
    for take, picture in enumerate(portraits_of(member), start=1):
        name = f"{member.name}.png" if take == 1 else f"{member.name}_{take}.png"
        done, content = cv2.imencode(".png", picture[..., ::-1])
        assert done
        write_bytes(folder / name, content.tobytes())


def _write_truth(screenplay: Screenplay, tracks: pd.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tracks.to_parquet(folder / "tracks.parquet", compression="zstd", index=False)
    clips = []
    for number, described in enumerate(screenplay.descriptions, start=1):
        facts = dataclasses.asdict(described)
        shot = facts.pop("shot")
        clips.append({"id": number, **facts, "size": screenplay.shots[shot].size})
    write_json(folder / "clips.json", clips)
    write_json(folder / "people.json", {member.name: member.person for member in screenplay.cast})
