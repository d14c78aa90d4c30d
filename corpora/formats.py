"""Which format a file or folder is in, told from what it holds rather than from what it is called."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import inside, read_json
from corpora.mad import is_mad
from corpora.reading import content_of, decoded

VIDEO_ENDINGS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v")


class Format(StrEnum):
    """Films (folders that `ingest` reads), then single files, then collections."""

    NORMAL_FORM = "normal form"
    STORYBOARD20K = "storyboard20k"
    MAD_EVAL_NAMED = "mad_eval_named"
    CINEPILE = "cinepile"
    LSMDC = "lsmdc"
    MAD = "mad"
    CMDAD = "cmdad"
    FOLDER = "folder"
    MOVIENET = "movienet"
    VIDEO = "video"
    STORYBOARD20K_FILE = "storyboard20k file"
    MAD_EVAL_NAMED_FILE = "mad_eval_named file"
    CINEPILE_FILE = "cinepile file"
    LSMDC_FILE = "lsmdc file"
    MAD_FILE = "mad file"
    CMDAD_FILE = "cmdad file"
    MOVIENET_FILE = "movienet file"
    SHOT_LISTS_FILE = "shot lists file"
    STORYBOARD_V2_FILE = "focusedad storyboard_v2 file"
    MAD_EVAL_JSON_FILE = "focusedad mad_eval file"
    CINEPILE_AD_FILE = "focusedad cinepile_ad file"
    CHARACTER_BANK_FILE = "character bank file"
    SHORT_NAMES_FILE = "short names file"
    TRANSCRIPT_FILE = "transcript file"
    SUBTITLES_FILE = "subtitles file"
    FILMS = "folder of films"


# In a film's folder the annotation's name is fixed; the first that is there decides.
ANNOTATIONS = {
    Format.NORMAL_FORM: "film.json",
    Format.STORYBOARD20K: "storyboard20k.json",
    Format.MAD_EVAL_NAMED: "mad_eval_named.csv",
    Format.CINEPILE: "cinepile.json",
    Format.LSMDC: "lsmdc.csv",
    Format.MAD: "mad.json",
    Format.CMDAD: "cmdad.csv",
    Format.FOLDER: "cast.json",
    Format.MOVIENET: "movienet.json",  # last: beside another annotation it adds its boxes to that one
}


def recognise(path: Path) -> Format:
    """The format of a film's folder, a corpus file, or a folder of films; `BadInput` where it is none known."""
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise BadInput(f"{path}: no such file or folder")
    ending = path.suffix.lower()
    if ending in VIDEO_ENDINGS:
        return Format.VIDEO
    if ending in (".srt", ".vtt"):
        return Format.SUBTITLES_FILE
    found = _of_json(read_json(path, foreign=True)) if ending == ".json" else _of_table(path)
    if found is None:
        raise BadInput(f"{path}: in no known format; docs/corpora.md lists those that are read")
    return found


def film_file(folder: Path) -> Path:
    """The film of a folder: `film.mp4`, or `film` with another video ending; `BadInput` where there is none."""
    for path in _films(folder):
        if path.is_file():
            return path
    raise BadInput(f"{folder}: holds no film; put film.mp4 there")


def _films(folder: Path) -> list[Path]:
    return [folder / f"film{ending}" for ending in VIDEO_ENDINGS]


def check_links(source: Path) -> None:
    """`BadInput` for a link in a film's folder that leads out of it: only the film itself, which is large, may be one.

    What lies in the folder is copied and published, and a link in a folder that came from elsewhere may mean any file.
    """
    film = next((path for path in _films(source) if path.is_file()), None)
    for above, folders, files in os.walk(source):
        for path in (Path(above, name) for name in sorted((*folders, *files))):
            if path.is_symlink() and path != film:
                try:
                    inside(source, str(path.relative_to(source)))
                except BadInput:
                    raise BadInput(f"{path}: a link out of the film's folder; put the file itself there") from None


def film_folders(folder: Path) -> list[Path]:
    """The film folders under a folder of films, at any depth, sorted; hidden folders are passed over, and a folder that
    links lead to a second time."""
    found: list[Path] = []
    waiting, seen = [folder], {folder.resolve()}
    while waiting:
        each = waiting.pop()
        if each != folder and _annotation(each):
            found.append(each)
            continue
        for child in sorted(each.iterdir(), reverse=True):
            if child.is_dir() and not child.name.startswith(".") and (there := child.resolve()) not in seen:
                seen.add(there)
                waiting.append(child)
    return found


def _of_folder(folder: Path) -> Format:
    found = _annotation(folder)
    if found is not None:
        return found
    if film_folders(folder):
        return Format.FILMS
    names = ", ".join(ANNOTATIONS[each] for each in ANNOTATIONS if each is not Format.NORMAL_FORM)
    raise BadInput(
        f"{folder}: neither a film's folder nor a folder of them; a film's folder holds film.mp4 and one of {names}"
    )


def _annotation(folder: Path) -> Format | None:
    return next((found for found, name in ANNOTATIONS.items() if (folder / name).is_file()), None)


def _of_json(content: Any) -> Format | None:
    if isinstance(content, list):
        first = next((each for each in content if isinstance(each, dict)), {})
        keys_of_lists = (
            ("key_frames", Format.STORYBOARD20K_FILE),
            ("detect characters", Format.STORYBOARD_V2_FILE),
            ("sentence", Format.MAD_EVAL_JSON_FILE),
            ("movie_scene", Format.CINEPILE_FILE),
        )
        return next((found for key, found in keys_of_lists if key in first), None)
    if isinstance(content, dict):
        keys = (
            ("imdb_id", Format.MOVIENET_FILE),
            ("movie_scene", Format.CINEPILE_FILE),
            ("narrations", Format.CINEPILE_AD_FILE),
            ("segments", Format.TRANSCRIPT_FILE),
        )
        found = next((found for key, found in keys if key in content), None)
        return found or _of_keyed(content)
    return None


def _of_keyed(content: dict[str, Any]) -> Format | None:
    """A format whose object goes from ids to entries."""
    if is_mad(content):
        return Format.MAD_FILE
    credits = next((value[0] for value in content.values() if isinstance(value, list) and value), None)
    if isinstance(credits, dict) and "role" in credits:
        return Format.CHARACTER_BANK_FILE
    first = next(iter(content.values()), None)
    return Format.SHORT_NAMES_FILE if isinstance(first, dict) and "char_in_ad" in first else None


def _of_table(path: Path) -> Format | None:
    first = next((line for line in decoded(content_of(path)[:65536]).splitlines() if line.strip()), "")
    if first.count("\t") >= 5:
        return Format.LSMDC_FILE
    header = {cell.strip() for cell in first.split(",")}
    if "shot_list" in header:
        return Format.SHOT_LISTS_FILE
    if {"cmd_filename", "scaled_start"} <= header:
        return Format.CMDAD_FILE
    return Format.MAD_EVAL_NAMED_FILE if {"movie", "sentence", "start", "end"} <= header else None
