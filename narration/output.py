"""The draft as files: JSON for tools, WebVTT, SRT and DAPT for players and other tools, Markdown for a person."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
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
STAGED, WRITING = ".description.partial", ".description.writing.json"  # while the files are written
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
    staged = folder / STAGED
    try:
        known = _known(folder)
        _keep_foreign_changes(folder, known)
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        _write_derived(staged, folder, draft, settings, embed)
        digests = {name: file_md5(staged / name) for name in DERIVED}
        # A kill from here on leaves old files and new ones side by side: all of them are known to be ours.
        write_json(folder / WRITING, {name: sorted({*known.get(name, ()), digests[name]}) for name in DERIVED})
        for name in DERIVED:
            (staged / name).replace(folder / name)
        write_json(folder / DATA, {**draft.value(), "files": digests})
        write_text(folder / SCRIPT, script_text(draft))
        (folder / WRITING).unlink()
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror}); make room, or name another --out") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _write_derived(staged: Path, folder: Path, draft: Draft, settings: NarrationSettings, embed: Path | None) -> None:
    """The files that are made from the draft, into a folder of their own; `folder` is where they will lie."""
    cues = [Subtitle(line.start, line.end, line.text) for line in draft.lines]
    write_vtt(staged / "description.vtt", cues)
    write_srt(staged / "description.srt", cues)
    try:
        write_dapt(
            staged / "description.dapt.xml",
            draft.lines,
            title=draft.title,
            duration=draft.duration or max((line.end for line in draft.lines), default=0.0),
            language=settings.language,
            mixing=settings.mixing,
        )
    except BadInput as error:
        raise BadInput(str(error).replace(str(staged), str(folder))) from None
    write_text(staged / "review.md", review_text(draft))
    film = embedded(embed) if embed is not None else draft.film
    voice = voice_of(folder)
    write_text(staged / PAGE, page(draft, settings, film=film, voice=voice.name if voice else ""))


def voice_of(folder: Path) -> Path | None:
    """The spoken track in a draft's folder, if there is one."""
    return next((path for name in VOICES if (path := folder / name).is_file()), None)


def _known(folder: Path) -> dict[str, list[str]]:
    """Digests of what this program has written into `folder`, name by name; several where it was interrupted."""
    known: dict[str, list[str]] = {}
    for name, read in (
        (DATA, lambda value: {key: [digest] for key, digest in value["files"].items()}),
        (WRITING, dict),
    ):
        try:
            for key, digests in read(read_json(folder / name)).items():
                known.setdefault(key, []).extend(map(str, digests))
        except (BadInput, AttributeError, KeyError, TypeError, ValueError):
            continue
    return known


def _keep_foreign_changes(folder: Path, known: Mapping[str, Sequence[str]]) -> None:
    """Only the script's lines are taken over; what a person changed anywhere else is kept in a copy, and told."""
    changed = [
        name
        for name in DERIVED
        if name in known and (folder / name).is_file() and file_md5(folder / name) not in known[name]
    ]
    if (folder / SCRIPT).is_file() and changed_elsewhere(folder / SCRIPT):
        changed.append(SCRIPT)
    for name in changed:
        kept = _copy_of(folder / name)
        what = "outside its lines" if name == SCRIPT else "by hand"
        log.warning(
            "%s was changed %s; that is kept as %s, only the script's lines are taken over", name, what, kept.name
        )


def _copy_of(path: Path) -> Path:
    """A copy beside `path`; the one that is there, where it holds the same."""
    number, content = 1, file_md5(path)
    while (copy := path.with_name(f"{path.stem}.by_hand_{number}{path.suffix}")).exists():
        if file_md5(copy) == content:
            return copy
        number += 1
    partial = copy.with_name(f".{copy.name}.partial")
    shutil.copyfile(path, partial)
    return partial.replace(copy)
