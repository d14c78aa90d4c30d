"""From a film to a draft: perception finds who is where, the captioner says a line for every pause.

The same perception and captioner that made the tables; nothing here is special to a kind of film.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from corpora.film import Description, Film
from narration.edits import Edits, check_edits, read_edits, with_edits
from narration.given import Given, check, prepare, video_of
from narration.kept import keep_draft
from narration.lines import draft_lines
from narration.output import check_folder, write_script
from narration.player import address
from narration.progress import Progress, WatchedDetector
from narration.script import Draft, ShotSheet, Speech, Track
from narration.settings import NarrationSettings
from narration.slots import Slot, find_slots

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models.captioner.settings import CaptionerSettings
    from models.perception.bank_files import Banks
    from models.perception.encoders import FaceEncoder
    from models.perception.recognition import Naming
    from models.perception.settings import PerceptionSettings
    from models.perception.shots import Shot

log = logging.getLogger(__name__)

STUDIO_ONLY = (
    "The captioner was trained on studio films alone: on a real film its lines show how the parts work together, "
    "they do not describe what is seen."
)
DRAWN_FACES = (
    "Faces were recognised by an encoder that knows drawn faces alone: on a real film its names are guesses and may be "
    "wrong; `make dlib`, then `--encoder dlib`."
)
NO_SUBTITLES = "There are no subtitles, so speech was not avoided: the slots are the shots."
NO_PAUSE = "There is no pause long enough for a line (narration.shortest_slot)."
NO_CAST = "There is no cast with portraits: nobody can be named."


@dataclass(frozen=True)
class Models:
    """Folders of trained models, and the parameters they were trained with."""

    face_encoder: Path
    base_model: Path
    captioner: Path
    perception: PerceptionSettings
    captioner_settings: CaptionerSettings


def narrate(
    given: Given,
    models: Models,
    settings: NarrationSettings,
    *,
    encoder: str | None = None,
    out: Path | None = None,
    embed_film: bool = False,
) -> Draft:
    """Drafts the description of a film or film folder, and writes it into `out` where given.

    `encoder` names a pretrained face encoder ("dlib", "facenet") in place of the trained one; `embed_film` puts the
    film into the page. Raises `BadInput` where the film cannot be read or a model is missing.
    """
    from models.perception.encoders import load_encoder

    check(given)
    for folder in (models.base_model, models.captioner, *([] if encoder else [models.face_encoder])):
        if not (folder / "config.json").is_file():
            raise BadInput(f"{folder}: no trained model; {_instead(folder)}")
    if out is not None:
        check_folder(out)
        read_edits(out)  # a script that cannot be read is told before the work
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="narrate-") as scratch:
        pretrained = _pretrained(encoder, Path(scratch)) if encoder else None  # one that is missing is told at once
        film = prepare(given, Path(scratch) / "film")
        edits = read_edits(out) if out is not None else Edits()
        check_edits(edits, out or given.source, duration=film.duration + film.delay)
        perception = with_stride(models.perception, film, settings)
        faces = pretrained or load_encoder(models.face_encoder)
        draft = _draft(film, faces, perception, models, settings, edits)
    if out is not None:
        edits = read_edits(out)  # again: somebody may have gone on editing
        check_edits(edits, out, duration=draft.duration)
        video = video_of(given)
        draft = replace(draft, film=address(video, out))
        keep_draft(out, draft)
        draft = with_edits(draft, edits)
        write_script(out, draft, settings, embed=video if embed_film else None)
        _tell_edits(edits)
    took = time.monotonic() - started
    pace = took / max(film.duration / 60, 1e-6)
    log.info("%s: %.0f s of film in %.0f s, %.0f s for a minute of it", film.title, film.duration, took, pace)
    return draft


def _instead(folder: Path) -> str:
    """What can be done where a model is not there: name one of its neighbours, or train it."""
    others = sorted(path.parent.name for path in folder.parent.glob("*.*/config.json"))
    return f"there are {', '.join(others)}" if others else "run `make repro` first"


def _tell_edits(edits: Edits) -> None:
    if edits.kept or edits.taken_out:
        counts = len(edits.kept), len(edits.taken_out)
        log.info("edits by hand: %d kept, %d taken out", *counts)


def with_stride(perception: PerceptionSettings, film: Film, settings: NarrationSettings) -> PerceptionSettings:
    """The same parameters with key frames as far apart in seconds as the settings say, whatever the frame rate."""
    stride = max(1, round(film.fps * settings.key_frame_seconds))
    return perception.model_copy(update={"key_frame_stride": stride})


def _pretrained(kind: str, scratch: Path) -> FaceEncoder:
    from models.perception.encoders import load_encoder, write_pretrained

    try:
        write_pretrained(kind, scratch / "face_encoder")
        return load_encoder(scratch / "face_encoder")
    except BadInput as error:  # which advises kinds that this command takes without a word
        told = str(error).partition(", or choose encoder kind")[0]
        raise BadInput(f"{told}, or leave --encoder out: the lineage's own encoder knows drawn faces alone") from None


def _draft(
    film: Film,
    encoder: FaceEncoder,
    perception: PerceptionSettings,
    models: Models,
    settings: NarrationSettings,
    edits: Edits,
) -> Draft:
    from models.perception.detection import load_detector
    from models.perception.faces import survey
    from models.perception.perceive import character_regions, name_faces
    from models.perception.query_bank import embed_portraits
    from models.perception.recognition import threshold_of

    detector = load_detector(perception.detector)
    log.info("%s: looking for faces in %.0f s of film", film.title, film.duration)
    key_frames = -(-film.frames // perception.key_frame_stride)
    watched = WatchedDetector(detector, Progress("faces", "key frames", key_frames))
    faces, shots = survey(film, watched, encoder, perception)
    banks = banks_of(film, faces, embed_portraits(film, detector, encoder), perception, encoder)
    tracks, naming, _ = name_faces(faces, banks, perception)
    sheets = shot_sheets(film, shots, faces, tracks, naming)
    cuts = [sheet.end - film.delay for sheet in sheets]
    slots = find_slots(film.subtitles(), film.duration, settings, cuts=cuts)
    film = replace(film, descriptions=tuple(_unsaid(slots)))
    log.info("%s: %d shots, %d slots", film.title, len(shots), len(slots))
    log.info("regions: following who is recognised through %d slots", len(slots))  # one call: nothing to estimate by
    regions = character_regions(film, faces, shots, banks, film.clips(), perception)
    lines, silences = draft_lines(
        film,
        regions,
        perception=perception,
        captioner_settings=models.captioner_settings,
        base_model=models.base_model,
        captioner=models.captioner,
        settings=settings,
        threshold=threshold_of(perception.recognition, banks.threshold_of("best query")),
        by_hand=edits.texts(),
        shots=shots,
    )
    notes = tuple(_notes(film, banks, drawn=encoder.name == "studio"))
    return Draft(
        film.title,
        sheets,
        tuple(lines),
        notes,
        tuple(silences),
        film.duration + film.delay,
        tracks=face_tracks(film, faces, tracks, naming),
        dialogue=tuple(Speech(each.start + film.delay, each.end + film.delay, each.text) for each in film.subtitles()),
    )


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


def _unsaid(slots: Sequence[Slot]) -> list[Description]:
    return [Description(number, slot.start, slot.end, "") for number, slot in enumerate(slots, 1)]


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


def _notes(film: Film, banks: Banks, *, drawn: bool) -> list[str]:
    notes = [STUDIO_ONLY]
    if drawn and banks.actor and not (film.folder / "truth").is_dir():  # what carries truth is drawn itself
        notes.append(DRAWN_FACES)
    if not film.subtitles():
        notes.append(NO_SUBTITLES)
    if not banks.actor and not banks.best:
        notes.append(NO_CAST)
    notes += [f"{name}: no face was found in the portraits; nobody is named so." for name in faceless(film, banks)]
    if not film.descriptions:
        notes.append(NO_PAUSE)
    return notes + [f"Of the input: {reason}" for reason in film.put_aside]


def faceless(film: Film, banks: Banks) -> list[str]:
    """Who has portraits in which no face was found, so that they help nobody."""
    return [each.name for each in film.cast if each.portraits and each.name not in {**banks.actor, **banks.best}]
