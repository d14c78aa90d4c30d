"""The draft as files: JSON for tools, WebVTT, SRT and DAPT for players and other tools, Markdown for a person."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from common.errors import BadInput
from common.files import file_md5, read_json, write_json, write_text
from corpora.subtitles import Subtitle, write_srt, write_vtt
from narration.dapt import write_dapt
from narration.edits import changed_elsewhere, script_text
from narration.player import PAGE, embedded, page
from narration.script import Draft, review_text
from narration.settings import NarrationSettings

log = logging.getLogger(__name__)
SCRIPT, DATA = "description.md", "description.json"
DERIVED = ("description.vtt", "description.srt", "description.dapt.xml", "review.md", PAGE)
VOICES = ("description.voice.m4a", "description.voice.wav")  # the spoken track, where one was asked for
FILES = (SCRIPT, DATA, *DERIVED)


def check_folder(folder: Path) -> None:
    """`BadInput` where nothing can be written into `folder`, told before the work and not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror}); name another --out") from None


def write_script(folder: Path, draft: Draft, settings: NarrationSettings, *, embed: Path | None = None) -> None:
    """Writes `FILES` into `folder`. The script with its edits is replaced last: what is interrupted loses none.

    `embed` is the film's file where it is to be part of the page.
    """
    try:
        _keep_foreign_changes(folder)
        cues = [Subtitle(line.start, line.end, line.text) for line in draft.lines]
        write_vtt(folder / "description.vtt", cues)
        write_srt(folder / "description.srt", cues)
        write_dapt(
            folder / "description.dapt.xml",
            draft.lines,
            title=draft.title,
            duration=draft.duration or max((line.end for line in draft.lines), default=0.0),
            language=settings.language,
            mixing=settings.mixing,
        )
        write_text(folder / "review.md", review_text(draft))
        film = embedded(embed) if embed is not None else draft.film
        voice = voice_of(folder)
        write_text(folder / PAGE, page(draft, settings, film=film, voice=voice.name if voice else ""))
        digests = {name: file_md5(folder / name) for name in DERIVED}
        write_json(folder / DATA, {**draft.value(), "files": digests})
        write_text(folder / SCRIPT, script_text(draft))
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror}); make room, or name another --out") from None


def voice_of(folder: Path) -> Path | None:
    """The spoken track in a draft's folder, if there is one."""
    return next((path for name in VOICES if (path := folder / name).is_file()), None)


def _keep_foreign_changes(folder: Path) -> None:
    """Only the script's lines are taken over; what a person changed anywhere else is kept in a copy, and told."""
    try:
        written = dict(read_json(folder / DATA)["files"])
    except (BadInput, KeyError, TypeError, ValueError):
        written = {}
    changed = [
        name
        for name in DERIVED
        if name in written and (folder / name).is_file() and file_md5(folder / name) != written[name]
    ]
    if (folder / SCRIPT).is_file() and changed_elsewhere(folder / SCRIPT):
        changed.append(SCRIPT)
    for name in changed:
        kept = _free_name(folder / name)
        shutil.copyfile(folder / name, kept)
        what = "outside its lines" if name == SCRIPT else "by hand"
        log.warning(
            "%s was changed %s; that is kept as %s, only the script's lines are taken over", name, what, kept.name
        )


def _free_name(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.stem}.by_hand_{number}{path.suffix}")).exists():
        number += 1
    return other
