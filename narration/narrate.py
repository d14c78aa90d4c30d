"""From a film to a draft: perception finds who is where, the captioner says a line for every pause.

The same perception and captioner that made the tables; nothing here is special to a kind of film.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import file_md5
from corpora.film import Description, Film
from corpora.subtitles import Subtitle
from narration.dialogue import Dialogue, dialogue_of
from narration.edits import Edits, check_edits, read_edits, with_edits
from narration.given import Given, check, inputs_of, prepare, video_of
from narration.kept import keep_draft
from narration.lines import draft_lines
from narration.mixing import write_voice
from narration.output import check_folder, write_script
from narration.player import address
from narration.script import Draft, Speech
from narration.settings import NarrationSettings
from narration.slots import Slot, find_slots
from narration.speaker import Speaker
from narration.voice import Voice, speak_draft
from narration.watching import Watched, face_tracks, faceless, follow, shot_sheets, watch, with_stride
from narration.work import Journal, Work

if TYPE_CHECKING:
    from models.captioner.settings import CaptionerSettings
    from models.perception.encoders import FaceEncoder
    from models.perception.settings import PerceptionSettings

log = logging.getLogger(__name__)

STUDIO_ONLY = (
    "The captioner was trained on studio films alone: on a real film its lines show how the parts work together, "
    "they do not describe what is seen."
)
DRAWN_FACES = (
    "Faces were recognised by an encoder that knows drawn faces alone: on a real film its names are guesses and may be "
    "wrong; `make dlib`, then `--encoder dlib`."
)
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
    voice: str | None = None,
) -> Draft:
    """Drafts the description of a film or film folder, and writes it into `out` where given.

    What a run has done stays in `out`: one that was interrupted goes on there. `encoder` names a pretrained face
    encoder ("dlib", "facenet") in place of the trained one; `embed_film` puts the film into the page; `voice` is the
    command that speaks the lines ("": espeak-ng). Raises `BadInput` where the film cannot be read, a model or the voice
    is missing, or the disk is full.
    """
    check(given)
    for folder in (models.base_model, models.captioner, *([] if encoder else [models.face_encoder])):
        if not (folder / "config.json").is_file():
            raise BadInput(f"{folder}: no trained model; {_instead(folder)}")
    if out is not None:
        check_folder(out)
        read_edits(out)  # a script that cannot be read is told before the work
    started = time.monotonic()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrate-")))
        pretrained = _pretrained(encoder, scratch) if encoder else None  # one that is missing is told at once
        work = Work(out if out is not None else scratch)
        stack.enter_context(work.alone())
        speaking = None
        if voice is not None:  # one that is missing is told at once
            speaking = Voice(voice, language=settings.language, folder=work.stage("voice", ""))
        draft = _draft(given, pretrained, models, settings, work, out)
        if out is not None:
            draft = _edited(draft, given, out)
            if speaking is not None:
                draft = _spoken(draft, given, settings, out, speaking)
            write_script(out, draft, settings, embed=video_of(given) if embed_film else None)
    took = time.monotonic() - started
    pace = took / max(draft.duration / 60, 1e-6)
    log.info("%s: %.0f s of film in %.0f s, %.0f s for a minute of it", draft.title, draft.duration, took, pace)
    return draft


def _edited(draft: Draft, given: Given, out: Path) -> Draft:
    """The draft with the edits of its script, as it stands in the folder now."""
    edits = read_edits(out)  # again: somebody may have gone on editing
    check_edits(edits, out, duration=draft.duration)
    draft = replace(draft, film=address(video_of(given), out))
    keep_draft(out, draft)
    if edits.kept or edits.taken_out:
        log.info("edits by hand: %d kept, %d taken out", len(edits.kept), len(edits.taken_out))
    return with_edits(draft, edits)


def _spoken(draft: Draft, given: Given, settings: NarrationSettings, out: Path, voice: Voice) -> Draft:
    """Writes the lines as sound; the draft is told which could not be spoken."""
    said, left_out = speak_draft(draft, voice, settings.voice)
    write_voice(out, said, video_of(given), duration=draft.duration, mixing=settings.mixing, settings=settings.voice)
    return replace(draft, notes=(*draft.notes, *(f"Not spoken: {reason}." for reason in left_out)))


def _instead(folder: Path) -> str:
    """What can be done where a model is not there: name one of its neighbours, or train it."""
    others = sorted(path.parent.name for path in folder.parent.glob("*.*/config.json"))
    return f"there are {', '.join(others)}" if others else "run `make repro` first"


def _pretrained(kind: str, scratch: Path) -> FaceEncoder:
    from models.perception.encoders import load_encoder, write_pretrained

    try:
        write_pretrained(kind, scratch / "face_encoder")
        return load_encoder(scratch / "face_encoder")
    except BadInput as error:  # which advises kinds that this command takes without a word
        told = str(error).partition(", or choose encoder kind")[0]
        raise BadInput(f"{told}, or leave --encoder out: the lineage's own encoder knows drawn faces alone") from None


def _draft(
    given: Given,
    pretrained: FaceEncoder | None,
    models: Models,
    settings: NarrationSettings,
    work: Work,
    out: Path | None,
) -> Draft:
    from models.perception.encoders import load_encoder
    from models.perception.recognition import threshold_of

    source = [[str(place), file_md5(path)] for place, path in enumerate(inputs_of(given))]
    film = prepare(given, work.stage("film", [source, given.main_characters]) / "film")
    edits = read_edits(out) if out is not None else Edits()
    check_edits(edits, out or given.source, duration=film.duration + film.delay)
    perception = with_stride(models.perception, film, settings)
    encoder = pretrained or load_encoder(models.face_encoder)
    looked = [
        source,
        given.main_characters,
        perception.model_dump(mode="json"),
        encoder.name,
        _version(models.face_encoder),
    ]
    watched = watch(film, encoder, perception, work.stage("faces", looked))
    sheets = shot_sheets(film, watched.shots, watched.faces, watched.tracks, watched.naming)
    dialogue = dialogue_of(
        film, video_of(given), settings.speech, work.stage("sound", [source, settings.speech.model_dump()])
    )
    cuts = [sheet.end - film.delay for sheet in sheets]
    slots = find_slots(dialogue.lines, film.duration, settings, cuts=cuts)
    film = replace(film, descriptions=tuple(_unsaid(slots)))
    log.info("%s: %d shots, %d slots", film.title, len(watched.shots), len(slots))
    where = [looked, [[slot.start, slot.end] for slot in slots]]
    regions = follow(film, watched, perception, work.stage("regions", where))
    said = [
        where,
        _version(models.base_model),
        _version(models.captioner),
        models.captioner_settings.model_dump(mode="json"),
    ]
    speaker = Speaker(
        film,
        regions,
        models.captioner_settings,
        models.base_model,
        models.captioner,
        watched.shots,
        perception.key_frame_stride,
        Journal(work.stage("lines", said) / "said.jsonl"),
    )
    lines, silences = draft_lines(
        film,
        regions,
        speaker,
        perception=perception,
        settings=settings,
        threshold=threshold_of(perception.recognition, watched.banks.threshold_of("best query")),
        by_hand=edits.texts(),
    )
    return Draft(
        film.title,
        sheets,
        tuple(lines),
        tuple(_notes(film, watched, dialogue, drawn=encoder.name == "studio")),
        tuple(silences),
        film.duration + film.delay,
        tracks=face_tracks(film, watched.faces, watched.tracks, watched.naming),
        dialogue=tuple(_on_file_clock(dialogue.lines, film)),
    )


def _version(folder: Path) -> Any:
    """What a model's files are."""
    return sorted([path.name, file_md5(path)] for path in folder.rglob("*") if path.is_file() and path.name[0] != "_")


def _unsaid(slots: Sequence[Slot]) -> list[Description]:
    return [Description(number, slot.start, slot.end, "") for number, slot in enumerate(slots, 1)]


def _on_file_clock(lines: Sequence[Subtitle], film: Film) -> list[Speech]:
    return [
        Speech(round(line.start + film.delay, 3), round(min(line.end, film.duration) + film.delay, 3), line.text)
        for line in lines
    ]


def _notes(film: Film, watched: Watched, dialogue: Dialogue, *, drawn: bool) -> list[str]:
    banks = watched.banks
    notes = [STUDIO_ONLY]
    if drawn and banks.actor and not (film.folder / "truth").is_dir():  # what carries truth is drawn itself
        notes.append(DRAWN_FACES)
    if dialogue.note:
        notes.append(dialogue.note)
    if not banks.actor and not banks.best:
        notes.append(NO_CAST)
    notes += [
        f"{name}: no face was found in the portraits, so that they help nobody." for name in faceless(film, banks)
    ]
    if not film.descriptions:
        notes.append(NO_PAUSE)
    return notes + [f"Of the input: {reason}" for reason in film.put_aside]
