"""From a film to a draft: perception finds who is where, the captioner says a line for every pause.

The same perception and captioner that made the tables; nothing here is special to a kind of film.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from corpora.film import Description, Film
from narration.lines import draft_lines
from narration.script import Draft, ShotSheet, write_script
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
NO_SUBTITLES = "There are no subtitles, so speech was not avoided: the slots are the shots."
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
    source: Path, models: Models, settings: NarrationSettings, *, encoder: str | None = None, out: Path | None = None
) -> Draft:
    """Drafts the description of a film or film folder, and writes it into `out` where given.

    `encoder` names a pretrained face encoder ("dlib", "facenet") in place of the trained one. Raises `BadInput` where
    the film cannot be read or a model is missing.
    """
    from corpora.film import read_film
    from corpora.ingest import ingest

    for folder in (models.base_model, models.captioner, *([] if encoder else [models.face_encoder])):
        if not (folder / "config.json").is_file():
            raise BadInput(f"{folder}: no trained model; run `make repro` first")
    with tempfile.TemporaryDirectory(prefix="narrate-") as scratch:
        known = (source / "film.json").is_file()  # a film of the lineage is in normal form already
        film = read_film(source) if known else ingest(source, Path(scratch) / "film", film_id="film")
        perception = with_stride(models.perception, film, settings)
        draft = _draft(film, _encoder(encoder, models, Path(scratch)), perception, models, settings)
    if out is not None:
        write_script(out, draft)
    return draft


def with_stride(perception: PerceptionSettings, film: Film, settings: NarrationSettings) -> PerceptionSettings:
    """The same parameters with key frames as far apart in seconds as the settings say, whatever the frame rate."""
    stride = max(1, round(film.fps * settings.key_frame_seconds))
    return perception.model_copy(update={"key_frame_stride": stride})


def _encoder(kind: str | None, models: Models, scratch: Path) -> FaceEncoder:
    from models.perception.encoders import load_encoder, write_pretrained

    if kind is None:
        return load_encoder(models.face_encoder)
    write_pretrained(kind, scratch / "face_encoder")
    return load_encoder(scratch / "face_encoder")


def _draft(
    film: Film, encoder: FaceEncoder, perception: PerceptionSettings, models: Models, settings: NarrationSettings
) -> Draft:
    from models.perception.detection import load_detector
    from models.perception.faces import survey
    from models.perception.perceive import character_regions, name_faces
    from models.perception.query_bank import embed_portraits
    from models.perception.recognition import threshold_of

    detector = load_detector(perception.detector)
    log.info("%s: looking for faces in %.0f s of film", film.title, film.duration)
    faces, shots = survey(film, detector, encoder, perception)
    banks = banks_of(film, faces, embed_portraits(film, detector, encoder), perception, encoder)
    sheets = shot_sheets(film, shots, faces, *name_faces(faces, banks, perception)[:2])
    cuts = [sheet.end - film.delay for sheet in sheets]
    slots = find_slots(film.subtitles(), film.duration, settings, cuts=cuts)
    film = replace(film, descriptions=tuple(_unsaid(slots)))
    log.info("%s: %d shots, %d slots", film.title, len(shots), len(slots))
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
    )
    return Draft(film.title, sheets, tuple(lines), tuple(_notes(film, banks)), tuple(silences))


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


def _notes(film: Film, banks: Banks) -> list[str]:
    notes = [STUDIO_ONLY]
    if not film.subtitles():
        notes.append(NO_SUBTITLES)
    if not banks.actor and not banks.best:
        notes.append(NO_CAST)
    return notes + [f"Of the input: {reason}" for reason in film.put_aside]
