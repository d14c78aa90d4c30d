"""What a corpus file or folder is, how much is in it, and what is wrong with it: `focusedad inspect PATH`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BadInput
from corpora import (
    character_bank,
    cinepile,
    cmdad,
    focusedad,
    leaks,
    lsmdc,
    mad,
    mad_eval_named,
    movienet,
    short_names,
    shot_lists,
    storyboard20k,
)
from corpora.film import SPLITS, Film, read_film
from corpora.formats import Format, check_links, film_file, film_folders, recognise
from corpora.ingest import read_source
from corpora.subtitles import read_srt
from corpora.transcript import read_transcript
from corpora.video import probe


@dataclass(frozen=True)
class _Counts:
    films: int = 0
    clips: int = 0
    rows: int = 0
    characters: int = 0
    problems: tuple[str, ...] = ()
    film: Film | None = None


def inspect(path: Path, *, thorough: bool = False) -> dict[str, Any]:
    """{"path", "format", "films", "clips", "rows", "characters", "problems"}.

    A folder of films also counts "formats" and has "warnings": what its training and test films share
    (`corpora/leaks.py`). A film belongs to the split that a folder above it is named after, else to the one it names.
    rows: readable annotation rows (entries, lines); clips: described slots. `problems` name file and row; a corpus file
    or film of which nothing can be used is one problem. `thorough` decodes every frame of every film. Raises `BadInput`
    for a path in no known format.
    """
    path = Path(path)
    kind = recognise(path)
    if kind is not Format.FILMS:
        return _report(path, kind, _safely(kind, path, thorough))
    kinds: Counter[str] = Counter()
    total = _Counts()
    sides: dict[str, list[Film]] = {"train": [], "test": []}
    for folder in film_folders(path):
        film_kind = recognise(folder)
        kinds[str(film_kind)] += 1
        counts, place = _safely(film_kind, folder, thorough), folder.relative_to(path)
        if (split := _split_of(folder, counts.film)) != "none" and counts.film is not None:
            sides["train" if split == "train" else "test"].append(counts.film)
        total = _Counts(
            total.films + counts.films,
            total.clips + counts.clips,
            total.rows + counts.rows,
            total.characters + counts.characters,
            (*total.problems, *(f"{place}/{problem}" for problem in counts.problems)),
        )
    warnings = [str(each) for each in leaks.shared(sides["train"], sides["test"])]
    return {**_report(path, kind, total), "formats": dict(sorted(kinds.items())), "warnings": warnings}


def _split_of(folder: Path, film: Film | None) -> str:
    above = folder.resolve().parent.name
    return above if above in SPLITS else film.split if film is not None else "none"


def _report(path: Path, kind: Format, counts: _Counts) -> dict[str, Any]:
    return {
        "path": str(path),
        "format": str(kind),
        "films": counts.films,
        "clips": counts.clips,
        "rows": counts.rows,
        "characters": counts.characters,
        "problems": list(counts.problems),
    }


def _safely(kind: Format, path: Path, thorough: bool) -> _Counts:
    """Counts, with a failure told as a problem whose place is relative to the film's folder."""
    try:
        return _FILES[kind](path) if kind in _FILES else _film(path, kind, thorough)
    except BadInput as error:
        return _Counts(problems=(str(error).replace(f"{path}/", ""),))


def _film(path: Path, kind: Format, thorough: bool) -> _Counts:
    if kind is Format.NORMAL_FORM:
        film = read_film(path)
        probe(film.video, thorough=thorough)
    else:
        check_links(path)
        facts = probe(path if path.is_file() else film_file(path), thorough=thorough)
        film_id = path.stem if path.is_file() else path.resolve().name
        film, _, _ = read_source(path, film_id, facts)
    return _of_film(film)


def _of_film(film: Film) -> _Counts:
    clips = len(film.descriptions)
    return _Counts(1, clips, clips, len(film.cast), film.put_aside, film)


def _storyboard20k(path: Path) -> _Counts:
    read = storyboard20k.read(path)
    names = {(row.movie_id, person.name.casefold()) for row in read.rows for frame in row.persons for person in frame}
    films = {row.movie_id for row in read.rows}
    return _Counts(len(films), len(storyboard20k.slots(read.rows, "")), len(read.rows), len(names), read.problems)


def _mad_eval_named(path: Path) -> _Counts:
    read = mad_eval_named.read(path)
    return _Counts(len({row.movie for row in read.rows}), len(read.rows), len(read.rows), 0, read.problems)


def _lsmdc(path: Path) -> _Counts:
    read = lsmdc.read(path)
    return _Counts(len({row.clip.movie for row in read.rows}), len(read.rows), len(read.rows), 0, read.problems)


def _mad(path: Path) -> _Counts:
    read = mad.read(path)
    return _Counts(len({row.movie for row in read.rows}), len(read.rows), len(read.rows), 0, read.problems)


def _cmdad(path: Path) -> _Counts:
    read = cmdad.read(path)
    told = sum(bool(row.text) for row in read.rows)
    return _Counts(len({row.imdb for row in read.rows}), told, len(read.rows), 0, read.problems)


def _movienet(path: Path) -> _Counts:
    read = movienet.read(path)
    known = {person.pid for person in read.people} - {movienet.OTHERS}
    rows = len(read.people) + len(read.scenes) + len(read.stories)
    return _Counts(1, len(read.stories), rows, len(known), read.problems)


def _shot_lists(path: Path) -> _Counts:
    read = shot_lists.read(path)
    return _Counts(len({row.imdb for row in read.rows}), 0, len(read.rows), 0, read.problems)


def _cinepile(path: Path) -> _Counts:
    scene, problems = cinepile.read(path)
    described = sum(line.kind == "description" for line in scene.lines)
    return _Counts(1, described, len(scene.lines), 0, tuple(problems))


def _storyboard_v2(path: Path) -> _Counts:
    read = focusedad.read_storyboard_v2(path)
    names = {(row.movie_id, name.casefold()) for row in read.rows for name in row.main_characters}
    return _Counts(len({row.movie_id for row in read.rows}), len(read.rows), len(read.rows), len(names), read.problems)


def _mad_eval_json(path: Path) -> _Counts:
    read = focusedad.read_mad_eval(path)
    return _Counts(len({row.movie for row in read.rows}), len(read.rows), len(read.rows), 0, read.problems)


def _cinepile_ad(path: Path) -> _Counts:
    film, problems = focusedad.read_cinepile_ad(path)
    return _Counts(1, len(film.narrations), len(film.narrations), 0, problems)


def _character_bank(path: Path) -> _Counts:
    bank = character_bank.read(path)
    credits = sum(len(entries) for entries in bank.films.values())
    return _Counts(len(bank.films), 0, credits, credits, bank.problems)


def _short_names(path: Path) -> _Counts:
    read = short_names.read(path)
    return _Counts(0, 0, len(read.actors), len(read.actors), read.problems)


def _transcript(path: Path) -> _Counts:
    read = read_transcript(path)
    return _Counts(1, 0, len(read.rows), 0, read.problems)


def _subtitles(path: Path) -> _Counts:
    problems: list[str] = []
    return _Counts(1, 0, len(read_srt(path, problems)), 0, tuple(problems))


_FILES: dict[Format, Callable[[Path], _Counts]] = {
    Format.STORYBOARD20K_FILE: _storyboard20k,
    Format.MAD_EVAL_NAMED_FILE: _mad_eval_named,
    Format.LSMDC_FILE: _lsmdc,
    Format.MAD_FILE: _mad,
    Format.CMDAD_FILE: _cmdad,
    Format.MOVIENET_FILE: _movienet,
    Format.SHOT_LISTS_FILE: _shot_lists,
    Format.CINEPILE_FILE: _cinepile,
    Format.STORYBOARD_V2_FILE: _storyboard_v2,
    Format.MAD_EVAL_JSON_FILE: _mad_eval_json,
    Format.CINEPILE_AD_FILE: _cinepile_ad,
    Format.CHARACTER_BANK_FILE: _character_bank,
    Format.SHORT_NAMES_FILE: _short_names,
    Format.TRANSCRIPT_FILE: _transcript,
    Format.SUBTITLES_FILE: _subtitles,
}
