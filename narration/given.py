"""What a person hands over: a film, and beside it or named apart its subtitles and its cast.

Whatever lies where, it is laid out as one folder that `corpora.ingest` reads, so that it is checked there and nowhere
else.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import BadInput
from common.files import inside, read_whole, write_json
from corpora.film import Film, read_film
from corpora.folder import read_cast
from corpora.formats import ANNOTATIONS, Format, check_links, film_file
from corpora.ingest import ingest
from corpora.subtitles import read_srt

LARGEST_TABLE = 20_000_000  # bytes of subtitles or a cast; a feature film's have a hundredth of it
ID = "film"  # of a film that is narrated, whatever its file is called
CAST, SUBTITLES = "cast.json", "subtitles.srt"
_TABLES = (".json", ".csv", ".srt", ".txt")
_OWN = ("description.json", "description.srt")  # what narrate writes, where it writes into the film's own folder


@dataclass(frozen=True)
class Given:
    """A film or its folder; `subtitles` and `cast` (a cast.json, or the folder that holds it) stand for the film's own.

    `main_characters`: how many of a cast may be named, the first credits (None: all).
    """

    source: Path
    subtitles: Path | None = None
    cast: Path | None = None
    main_characters: int | None = None


def check(given: Given) -> None:
    """`BadInput` for a path that is not there, or a cast or subtitles that cannot be read: before any work."""
    try:
        there = given.source.is_file() or given.source.is_dir()  # a device or a pipe would be read for ever
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise BadInput(f"{str(given.source)[:200]}: cannot be read ({error.strerror}); give another film") from None
    if not there:
        raise BadInput(f"{given.source}: no such film or folder; give film.mp4 or a folder that holds it")
    cast = _cast_folder(given.cast) if given.cast is not None else None
    for path in (given.subtitles or _own_subtitles(given.source), (cast or given.source) / CAST):
        if path is not None and path.exists():
            read_whole(path, largest=LARGEST_TABLE)  # what cannot be subtitles or a cast, whatever stands in it
    if given.subtitles is not None:
        read_srt(given.subtitles)
    if cast is not None:
        read_cast(cast)


def video_of(given: Given) -> Path:
    """The film file that was given, with its sound where it has any."""
    return given.source if given.source.is_file() else film_file(given.source)


def inputs_of(given: Given) -> list[Path]:
    """Every file that decides what the film in normal form will hold, in a fixed order."""
    if given.source.is_file():
        beside = given.source.with_suffix(".srt")
        files = [given.source, *([beside] if beside.is_file() else [])]
    else:
        tables = [path for path in given.source.iterdir() if path.suffix in _TABLES and path.name not in _OWN]
        pictures = (given.source / "portraits").rglob("*")
        files = [video_of(given), *sorted(path for path in (*tables, *pictures) if path.is_file())]
        if (given.source / CAST).is_file():
            files += _cast_files(given.source)
    if given.subtitles is not None:
        files.append(given.subtitles)
    if given.cast is not None:
        files += _cast_files(_cast_folder(given.cast))
    return files


def _cast_files(folder: Path) -> list[Path]:
    entries, _ = read_cast(folder)
    return [folder / CAST, *(path for entry in entries for path in entry.portraits if path.is_file())]


def prepare(given: Given, out: Path) -> Film:
    """The film in normal form under `out`, where it may lie already; one given in normal form is read in place.

    Raises `BadInput` where film, cast or subtitles cannot be used.
    """
    check(given)
    given = _without_bare_folder(given)
    if (out / ANNOTATIONS[Format.NORMAL_FORM]).is_file():
        return _titled(read_film(out), given)
    known = (given.source / ANNOTATIONS[Format.NORMAL_FORM]).is_file()
    named_apart = given.subtitles is not None or given.cast is not None
    if known and not named_apart:
        return read_film(given.source)
    _check_room(given, out)
    if not named_apart:
        return _ingested(given, given.source, out)
    staged = out.with_name(f"{out.name}.given")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        return _ingested(given, _staged(given, staged, known=known), out)
    except BadInput as error:  # told by the paths that were given
        told = str(error).replace(str(staged / _video_name(given)), str(video_of(given)))
        raise BadInput(told.replace(str(staged), str(given.source))) from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _check_room(given: Given, out: Path) -> None:
    free, size = shutil.disk_usage(out.parent).free, video_of(given).stat().st_size
    if free < size:
        told = f"{free / 1e6:.0f} MB are free, and the film's pictures take up to {size / 1e6:.0f}"
        raise BadInput(f"{out.parent}: {told}; make room, or name another --out")


def _without_bare_folder(given: Given) -> Given:
    """A folder that holds a film and no annotation is that film, with the subtitles that lie beside it."""
    if given.source.is_file() or any((given.source / name).is_file() for name in ANNOTATIONS.values()):
        return given
    return replace(given, source=video_of(given), subtitles=given.subtitles or _own_subtitles(given.source))


def _ingested(given: Given, source: Path, out: Path) -> Film:
    return _titled(ingest(source, out, film_id=ID, cast=given.main_characters), given)


def _titled(film: Film, given: Given) -> Film:
    """A format without titles leaves the film its folder's name, or its file's."""
    if film.title not in (ID, f"{ID}.given"):
        return film
    return replace(film, title=given.source.stem if given.source.is_file() else given.source.resolve().name)


def _staged(given: Given, folder: Path, *, known: bool) -> Path:
    """What was given, together: with a cast a plain folder, without one the film's own format, a file alone a file."""
    video = folder / _video_name(given)
    if given.cast is None and given.source.is_dir() and not known:
        check_links(given.source)  # a copy would hold what they lead to
        others = shutil.ignore_patterns(video_of(given).name, SUBTITLES)
        shutil.copytree(given.source, folder, ignore=others, copy_function=shutil.copyfile)
    else:
        folder.mkdir(parents=True)
        if given.cast is not None:
            _copy_cast(_cast_folder(given.cast), folder)
        elif known:
            _copy_known_cast(read_film(given.source), folder)
    video.symlink_to(video_of(given).resolve())
    alone = not (folder / CAST).is_file() and (given.source.is_file() or known)
    if (subtitles := given.subtitles or _own_subtitles(given.source)) is not None:
        shutil.copyfile(subtitles, video.with_suffix(".srt") if alone else folder / SUBTITLES)
    return video if alone else folder


def _video_name(given: Given) -> str:
    return f"film{video_of(given).suffix.lower()}"


def _own_subtitles(source: Path) -> Path | None:
    path = source.with_suffix(".srt") if source.is_file() else source / SUBTITLES
    return path if path.is_file() else None


def _cast_folder(cast: Path) -> Path:
    """The folder of a cast.json that was given itself or by its folder."""
    if cast.is_dir():
        return cast
    if cast.name != CAST and cast.is_file():
        raise BadInput(f"{cast}: a cast is a folder with {CAST}, or that file; call it {CAST}")
    return cast.parent


def _copy_cast(source: Path, target: Path) -> None:
    """cast.json and the portraits it means, no other file of that folder."""
    shutil.copyfile(source / CAST, target / CAST)
    entries, _ = read_cast(source)
    for path in {path for entry in entries for path in entry.portraits if path.is_file()}:
        copy = inside(target, str(path.relative_to(source.resolve())))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _copy_known_cast(film: Film, target: Path) -> None:
    """The cast of a film in normal form as a plain folder's."""
    if not film.cast:
        return
    rows = [
        {"id": each.id, "name": each.actor, "role": each.name, "portrait": list(each.portraits)} for each in film.cast
    ]
    write_json(target / CAST, rows)
    for each in film.cast:
        for portrait, path in zip(each.portraits, film.portrait_paths(each.name), strict=True):
            copy = inside(target, portrait)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
