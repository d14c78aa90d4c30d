"""From a film to a draft: perception finds who is where, the captioner says a line for every pause.

The same perception and captioner that made the tables; nothing here is special to a kind of film.
"""

from __future__ import annotations

import logging
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.files import file_md5
from narration.edits import Edits, check_edits, read_edits, with_edits
from narration.given import Given, check, inputs_of, prepare, video_of
from narration.kept import keep_draft
from narration.lines import draft_lines
from narration.mixing import write_voice
from narration.output import check_folder, write_script
from narration.player import address
from narration.progress import Progress, quiet
from narration.script import Draft, Line, Silence
from narration.seeing import Seen, see, version_of
from narration.settings import NarrationSettings
from narration.speaker import Speaker
from narration.voice import Voice, speak_draft
from narration.watching import with_stride
from narration.work import Journal, Work

if TYPE_CHECKING:
    from models.captioner.settings import CaptionerSettings
    from models.perception.encoders import FaceEncoder
    from models.perception.settings import PerceptionSettings

log = logging.getLogger(__name__)


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
    log.info("%s: reading the film, loading the models", given.source.name)
    with ExitStack() as stack:
        stack.enter_context(quiet("models", "corpora"))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrate-")))
        pretrained = _pretrained(encoder, scratch) if encoder else None  # one that is missing is told at once
        work = Work(out if out is not None else scratch)
        stack.enter_context(work.alone())
        speaking = None
        if voice is not None:  # one that is missing is told at once
            speaking = Voice(voice, language=settings.language, folder=work.stage("voice", ""))
        draft = _draft(given, pretrained, models, settings, work, out)
        if out is not None:
            draft = _finished(draft, given, settings, out, speaking)
            write_script(out, draft, settings, embed=video_of(given) if embed_film else None)
    log.info(pace(draft, time.monotonic() - started))
    return draft


def pace(draft: Draft, took: float) -> str:
    """How long a run took, for a minute of the film too, and how much memory this process has had at the most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    minutes = max(draft.duration / 60, 1e-6)
    each = f"{took / minutes:.1f} s per film minute"
    return f"{draft.title}: {minutes:.1f} min of film in {took:.0f} s, {each}, {peak:.0f} MiB"


def _finished(draft: Draft, given: Given, settings: NarrationSettings, out: Path, voice: Voice | None) -> Draft:
    """The draft with the edits that stand in its script, spoken where there is a voice.

    Speaking takes minutes: what is edited meanwhile is taken over and spoken too.
    """
    draft = replace(draft, film=address(video_of(given), out))
    keep_draft(out, draft)
    edits = read_edits(out)  # again: somebody may have gone on editing
    while True:
        done = _edited(draft, edits, out)
        if voice is not None:
            done = _spoken(done, given, settings, out, voice)
        before, edits = edits, read_edits(out)
        if edits == before:
            return done
        log.info("the script was edited meanwhile: once more with these edits")


def _edited(draft: Draft, edits: Edits, out: Path) -> Draft:
    check_edits(edits, out, duration=draft.duration)
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

    source = [[[str(place), file_md5(path)] for place, path in enumerate(inputs_of(given))], given.main_characters]
    film = prepare(given, work.stage("film", source) / "film")
    edits = read_edits(out) if out is not None else Edits()
    check_edits(edits, out or given.source, duration=film.duration + film.delay)
    perception = with_stride(models.perception, film, settings)
    encoder = pretrained or load_encoder(models.face_encoder)
    version = version_of(models.face_encoder)
    seen = see(film, video_of(given), source, encoder, version, perception, settings, work)
    lines, silences = _said(seen, models, perception, settings, work, edits)
    silences = sorted((*silences, *seen.silent), key=lambda each: each.start)
    return Draft(
        film.title,
        seen.sheets,
        tuple(lines),
        seen.notes,
        tuple(silences),
        film.duration + film.delay,
        tracks=seen.tracks(),
        dialogue=seen.speech(),
    )


def _said(
    seen: Seen,
    models: Models,
    perception: PerceptionSettings,
    settings: NarrationSettings,
    work: Work,
    edits: Edits,
) -> tuple[list[Line], list[Silence]]:
    """What the captioner says in every slot, the edits known to what follows them."""
    from models.perception.recognition import threshold_of

    decides = [
        seen.key,
        version_of(models.base_model),
        version_of(models.captioner),
        models.captioner_settings.model_dump(mode="json"),
    ]
    progress = Progress("lines", "slots", len(seen.film.descriptions))
    speaker = Speaker(
        seen.film,
        seen.regions,
        models.captioner_settings,
        models.base_model,
        models.captioner,
        seen.watched.shots,
        perception.key_frame_stride,
        Journal(work.stage("lines", decides) / "said.jsonl"),
        progress,
    )
    return draft_lines(
        seen.film,
        seen.regions,
        speaker,
        perception=perception,
        settings=settings,
        threshold=threshold_of(perception.recognition, seen.watched.banks.threshold_of("best query")),
        by_hand=edits.texts(),
        progress=progress,
    )
