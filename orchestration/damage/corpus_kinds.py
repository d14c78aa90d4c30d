"""The files of corpora: each is read alone, inspected, written again, and taken into a film's normal form."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from common.errors import BadInput
from corpora import (
    character_bank,
    cinepile,
    cmdad,
    focusedad,
    lsmdc,
    mad,
    mad_eval_named,
    movienet,
    movienet_boxes,
    short_names,
    shot_lists,
    storyboard20k,
)
from corpora.cast import copy_portrait
from corpora.film import Film, read_film, write_film
from corpora.folder import read_cast, read_descriptions
from corpora.ingest import read_source
from corpora.inspection import inspect
from corpora.subtitles import read_srt, write_srt, write_vtt
from corpora.transcript import read_transcript, write_transcript
from corpora.video import VideoFacts
from orchestration.damage import samples
from orchestration.damage.kinds import Kind

FACTS = VideoFacts(fps=10.0, frames=600, width=480, height=270, duration=60.0, has_sound=True)


def kinds() -> list[Kind]:
    return [*_annotations(), *_lists(), *_films_parts()]


def _annotations() -> list[Kind]:
    """The files that make a folder a film."""
    whole = [
        ("Storyboard20K", "storyboard20k.json", "json", samples.STORYBOARD20K, storyboard20k),
        ("MAD-eval-Named", "mad_eval_named.csv", "table", samples.MAD_EVAL_NAMED, mad_eval_named),
        ("LSMDC", "lsmdc.csv", "tabs", samples.LSMDC, lsmdc),
        ("MAD", "mad.json", "json", samples.MAD, mad),
        ("CMD-AD", "cmdad.csv", "table", samples.CMDAD, cmdad),
    ]
    return [
        *(
            Kind(name, file, form, _laid({file: good}), _film_of(file, module.read, module.write), (file, "portrait"))
            for name, file, form, good, module in whole
        ),
        Kind(
            "CinePile",
            "cinepile.json",
            "json",
            _laid({"cinepile.json": samples.CINEPILE, "transcript.json": samples.TRANSCRIPT}),
            _film_of("cinepile.json", cinepile.read, None),
        ),
        Kind(
            "WhisperX transcript",
            "transcript.json",
            "json",
            _laid({"cinepile.json": samples.CINEPILE, "transcript.json": samples.TRANSCRIPT}),
            _film_of("transcript.json", read_transcript, write_transcript),
            named=("transcript.json", "transcript is of", "transcript repeat", "cinepile.json"),
        ),
        Kind(
            "MovieNet",
            "movienet.json",
            "json",
            _laid({"movienet.json": samples.MOVIENET, "movienet_shots.txt": samples.SHOTS}),
            _film_of("movienet.json", movienet.read, None),
        ),
        Kind(
            "MovieNet's shots",
            "movienet_shots.txt",
            "text",
            _laid({"movienet.json": samples.MOVIENET, "movienet_shots.txt": samples.SHOTS}),
            _film_of("movienet_shots.txt", movienet_boxes.read_shots, movienet_boxes.write_shots),
        ),
        Kind(
            "plain folder's cast",
            "cast.json",
            "json",
            _laid({"cast.json": samples.CAST, "descriptions.csv": samples.DESCRIPTIONS}, bank=False),
            _film_of("cast.json", lambda path: read_cast(path.parent), None),
        ),
        Kind(
            "plain folder's descriptions",
            "descriptions.csv",
            "table",
            _laid({"cast.json": samples.CAST, "descriptions.csv": samples.DESCRIPTIONS}, bank=False),
            _film_of("descriptions.csv", read_descriptions, None),
            named=("descriptions.csv", "cast.json: no row"),
        ),
    ]


def _lists() -> list[Kind]:
    """Corpus files that are no film's."""
    authors = (
        ("Storyboard-v2", "storyboard_v2.json", samples.STORYBOARD_V2, focusedad.read_storyboard_v2),
        ("MAD-eval as JSON", "mad_eval.json", samples.MAD_EVAL_JSON, focusedad.read_mad_eval),
        ("Cinepile-AD", "cinepile_ad.json", samples.CINEPILE_AD, focusedad.read_cinepile_ad),
    )
    writers: tuple[Any, ...] = (focusedad.write_storyboard_v2, focusedad.write_mad_eval, None)
    return [
        *(
            Kind(name, file, "json", _laid({file: good}, bank=False), _list(file, read, write))
            for (name, file, good, read), write in zip(authors, writers, strict=True)
        ),
        Kind(
            "shot lists",
            "shots.csv",
            "table",
            _laid({"shots.csv": samples.SHOT_LISTS}, bank=False),
            _list("shots.csv", shot_lists.read, shot_lists.write),
        ),
    ]


def _films_parts() -> list[Kind]:
    """What lies beside an annotation, and the normal form itself."""
    beside = {"mad_eval_named.csv": samples.MAD_EVAL_NAMED}
    return [
        Kind(
            "character bank",
            "charbank.json",
            "json",
            _laid(beside),
            _film_of("charbank.json", character_bank.read, None),
        ),
        Kind(
            "short names",
            "chars_mapping.json",
            "json",
            _laid({**beside, "chars_mapping.json": samples.SHORT_NAMES}),
            _film_of("chars_mapping.json", short_names.read, None),
            named=("chars_mapping.json", "charbank.json"),
        ),
        Kind(
            "SRT",
            "subtitles.srt",
            "text",
            _laid({**beside, "subtitles.srt": samples.SRT}),
            _film_of("subtitles.srt", read_srt, write_srt),
        ),
        Kind(
            "WebVTT",
            "subtitles.vtt",
            "text",
            _laid({"subtitles.vtt": samples.VTT}, bank=False),
            lambda folder: _alone(folder / "subtitles.vtt", read_srt, write_vtt),
        ),
        Kind("normal form", "film.json", "json", _lay_normal_form, _normal_form),
        Kind("portrait, PNG", "portraits/ANNA.png", "png", _laid(beside), _film_of("mad_eval_named.csv", None, None)),
        Kind(
            "portrait, JPEG", "portraits/BEN.jpg", "binary", _laid(beside), _film_of("mad_eval_named.csv", None, None)
        ),
    ]


def _laid(files: dict[str, Any], *, bank: bool = True) -> Callable[[Path], None]:
    def lay(folder: Path) -> None:
        samples.put_portraits(folder / "portraits")
        for name, content in (({"charbank.json": samples.CHARACTER_BANK} if bank else {}) | files).items():
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            (folder / name).write_text(text, encoding="utf-8")

    return lay


def _film_of(file: str, read: Any, write: Any) -> Callable[[Path], Any]:
    """Reads `file` alone, then the film of its folder into the normal form, which must come back as it was written."""

    def read_film_folder(folder: Path) -> Any:
        alone = _alone(folder / file, read, write) if read is not None else None
        film, portraits, subtitles = read_source(folder, "tt1", FACTS)
        out = folder.parent / "normal"
        for target, source in portraits.items():
            copy_portrait(source, out / target)
        write_film(film, out)
        write_srt(out / "subtitles.srt", subtitles)
        _check_film(film)
        assert read_film(out) == replace(film, folder=out), "the film does not come back from its normal form"
        return alone, film, [str(path) for path in portraits], subtitles

    return read_film_folder


def _list(file: str, read: Any, write: Any) -> Callable[[Path], Any]:
    return lambda folder: _alone(folder / file, read, write)


def _alone(path: Path, read: Any, write: Any) -> Any:
    with contextlib.suppress(BadInput):
        assert isinstance(inspect(path)["problems"], list)
    found = read(path)
    if write is not None:
        rows = found.rows if hasattr(found, "rows") else found
        again = path.with_name(f"again{path.suffix}")
        write(again, rows)
        back = read(again)
        written = _without_places(rows)
        assert _without_places(back.rows if hasattr(back, "rows") else back) == written, "rows do not come back"
    return found


def _without_places(rows: Sequence[Any]) -> list[Any]:
    """Rows without the line they stood on, which changes where bad ones are left out."""
    return [replace(row, row=0) if hasattr(row, "row") else row for row in rows]


def _check_film(film: Film) -> None:
    assert all(0 <= each.start <= each.end <= film.duration for each in film.descriptions), "a slot outside the film"
    assert all(0 <= box.frame < film.frames for box in film.labelled_boxes), "a box outside the film"
    known = {each.name for each in film.cast}
    assert len({name.casefold() for name in known}) == len(film.cast), "two characters of one name"
    assert all(each.text == " ".join(each.text.split()) for each in film.descriptions), "a sentence of several lines"
    clips = film.clips()
    assert all(0 <= clip.first_frame <= clip.last_frame < film.frames for clip in clips), "a clip outside the film"


def _lay_normal_form(folder: Path) -> None:
    _laid({"mad_eval_named.csv": samples.MAD_EVAL_NAMED})(folder)
    film, _, subtitles = read_source(folder, "tt1", FACTS)
    write_film(film, folder)
    write_srt(folder / "subtitles.srt", subtitles)


def _normal_form(folder: Path) -> Any:
    film = read_film(folder)
    paths = [str(path) for each in film.cast for path in film.portrait_paths(each.name)]
    out = folder.parent / "normal"
    write_film(film, out)
    assert read_film(out) == replace(film, folder=out), "the film does not come back"
    return film, paths, film.clips(), film.subtitles()
