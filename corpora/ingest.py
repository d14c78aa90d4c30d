"""A film in any corpus's format, checked and written in the normal form."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common.errors import BadInput
from corpora.annotations import SPLIT_OF, annotation_of
from corpora.cast import characters, copy_portrait, distinct, leading, readable_portraits
from corpora.film import FILM_ID, Film, read_film, write_film
from corpora.formats import ANNOTATIONS, Format, check_links, film_file, recognise
from corpora.reading import label, one_line
from corpora.slots import descriptions
from corpora.subtitles import Subtitle, read_srt, write_srt
from corpora.video import VideoFacts, probe, strip_sound

_SIDE_FILES = (
    "charbank.json",
    "chars_mapping.json",
    "transcript.json",
    "movienet_shots.txt",
    "descriptions.csv",
    "subtitles.srt",
)
_NORMAL_FORM = ("film.json", "film.mp4", "subtitles.srt", "portraits", "source", "truth")
_log = logging.getLogger(__name__)


def ingest(source: Path, out: Path, *, film_id: str | None = None, cast: int | None = None) -> Film:
    """Reads the film at `source` and writes its normal form into `out`, which appears whole or not at all.

    Every frame is decoded once, so that damage shows here and not in a later stage. Rows that cannot be used are left
    out with their reasons (`Film.put_aside`); `BadInput` where the film, the cast or the annotation cannot be used at
    all. `film_id` is the folder's name where not given; `cast`: how many of the credits are main characters (all).
    """
    source, out = Path(source), Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: exists already; name a folder that does not")
    film_id = film_id or (source.stem if source.is_file() else source.resolve().name)
    _check_id(source, film_id)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        film = _ingest(source, partial, film_id=film_id, cast=cast)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _log.info("films: %s ingested, %d frames, %d descriptions", film.id, film.frames, len(film.descriptions))
    return replace(film, folder=out)


def read_source(
    source: Path, film_id: str, facts: VideoFacts, *, cast: int | None = None
) -> tuple[Film, dict[str, Path], list[Subtitle]]:
    """The film as it will be, without writing: (film, portrait in the normal form -> its source file, subtitles)."""
    _check_id(source, film_id)
    kind = recognise(source)
    annotation = annotation_of(source, kind, film_id=film_id, facts=facts)
    entries, repeated = distinct(annotation.cast)
    entries, unreadable = readable_portraits(entries)
    entries, minor = leading(entries, cast, labelled={box.name for box in annotation.labelled_boxes})
    described, unusable = descriptions(annotation.slots, duration=facts.duration, delay=facts.start)
    if annotation.slots and not described:
        raise BadInput(f"{source / ANNOTATIONS[kind]}: no row of it lies in the film ({unusable[0]})")
    subtitles, unread = _subtitles(source, annotation.dialogue, facts)
    people = characters(entries)
    reasons = (*_about(facts), *annotation.problems, *repeated, *unreadable, *minor, *unusable, *unread)
    film = Film(
        id=film_id,
        title=label(annotation.title) or film_id,
        split=SPLIT_OF[kind],
        source=str(kind),
        fps=facts.fps,
        frames=facts.frames,
        width=facts.width,
        height=facts.height,
        duration=facts.duration,
        cast=tuple(character for character, _ in people),
        descriptions=described,
        labelled_boxes=annotation.labelled_boxes,
        put_aside=tuple(map(one_line, reasons)),
        folder=source,
        delay=round(facts.start, 6),
    )
    portraits = {
        target: path for character, paths in people for target, path in zip(character.portraits, paths, strict=True)
    }
    return film, portraits, subtitles


def _check_id(source: Path, film_id: str) -> None:
    if not FILM_ID.fullmatch(film_id):
        told = "use letters, digits, _ and - only, at most 100"
        raise BadInput(f"{source}: {film_id!r} cannot be a film's id; {told}")


def _about(facts: VideoFacts) -> list[str]:
    """What of the pictures a person should know, though nothing of them is left out."""
    if not facts.variable:
        return []
    told = f"at {facts.fps:.3f} frames a second on average, times are up to {facts.drift:.2f} s off"
    return [f"film: its frame rate varies; {told}; convert it to a constant rate"]


def _ingest(source: Path, out: Path, *, film_id: str, cast: int | None) -> Film:
    check_links(source)
    if recognise(source) is Format.NORMAL_FORM:
        return _copied(source, out, film_id)
    given = source if source.is_file() else film_file(source)
    facts = probe(given)
    out.mkdir(parents=True)
    strip_sound(given, out / "film.mp4")
    try:
        silent = probe(out / "film.mp4", thorough=True)
    except BadInput as error:  # the packets are those of the given film, and that is the file to mend
        raise BadInput(str(error).replace(str(out / "film.mp4"), str(given))) from None
    film, portraits, subtitles = read_source(source, film_id, replace(silent, start=facts.start), cast=cast)
    for target, path in portraits.items():
        copy_portrait(path, out / target)
    write_srt(out / "subtitles.srt", subtitles)
    if source.is_dir():
        _keep_source(source, out)
    write_film(film, out)
    return film


def _keep_source(source: Path, out: Path) -> None:
    """The annotation as it came, and the studio's truth where there is one."""
    (out / "source").mkdir()
    for name in (*ANNOTATIONS.values(), *_SIDE_FILES):
        if (source / name).is_file():
            shutil.copyfile(source / name, out / "source" / name)
    if (source / "truth").is_dir():
        shutil.copytree(source / "truth", out / "truth", copy_function=shutil.copyfile)


def _copied(source: Path, out: Path, film_id: str) -> Film:
    film = read_film(source)
    if film.id != film_id:
        raise BadInput(f"{source}: holds the film {film.id}; take it under that id")
    if not film.video.is_file():
        raise BadInput(f"{film.video}: no such film file; ingest the film again")
    probe(film.video, thorough=True)  # it may be a link to any file; only a film is copied
    out.mkdir(parents=True)
    for name in _NORMAL_FORM:
        if (source / name).is_dir():
            shutil.copytree(source / name, out / name, copy_function=shutil.copyfile)
        elif (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    return film


def _subtitles(source: Path, quoted: Sequence[Subtitle], facts: VideoFacts) -> tuple[list[Subtitle], list[str]]:
    """The film's subtitles on the clock of its pictures; those that the annotation quotes where there is no file."""
    path = source.with_suffix(".srt") if source.is_file() else source / "subtitles.srt"
    problems: list[str] = []
    name, cues = (path.name, read_srt(path, problems)) if path.is_file() else ("the annotation", quoted)
    kept = []
    for cue in cues:
        start, end = cue.start - facts.start, min(cue.end - facts.start, facts.duration)
        if end >= 0 and start < facts.duration:
            kept.append(Subtitle(max(start, 0.0), end, cue.text))
        else:
            problems.append(f"{name}: a line at {cue.start:g} s lies outside the film; left out")
    return kept, problems
