"""What each corpus says about one film, in one type: the step between the readers and the normal form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from common.errors import BadInput
from corpora import (
    character_bank,
    cinepile,
    cmdad,
    folder,
    lsmdc,
    mad,
    mad_eval_named,
    movienet,
    movienet_boxes,
    storyboard20k,
)
from corpora.cast import CastEntry, distinct
from corpora.film import LabelledBox
from corpora.formats import ANNOTATIONS, Format
from corpora.reading import Reading
from corpora.slots import Annotation, Slot
from corpora.transcript import read_transcript
from corpora.video import VideoFacts

Row = TypeVar("Row")

# The set of the paper's experiments that a corpus serves.
SPLIT_OF = {
    Format.STORYBOARD20K: "train",
    Format.MAD_EVAL_NAMED: "mad_eval_named",
    Format.CINEPILE: "cinepile_ad",
    Format.LSMDC: "train",
    Format.MAD: "train",
    Format.CMDAD: "none",
    Format.MOVIENET: "train",
    Format.FOLDER: "none",
    Format.VIDEO: "none",
}


def annotation_of(source: Path, kind: Format, *, film_id: str, facts: VideoFacts) -> Annotation:
    """Reads the annotation of the film folder (or bare film) `source`; `BadInput` where nothing of it can be used."""
    readers: dict[Format, Callable[[Path, str, VideoFacts], Annotation]] = {
        Format.STORYBOARD20K: _storyboard20k,
        Format.MAD_EVAL_NAMED: _mad_eval_named,
        Format.CINEPILE: _cinepile,
        Format.LSMDC: _lsmdc,
        Format.MAD: _mad,
        Format.CMDAD: _cmdad,
        Format.MOVIENET: _movienet,
        Format.FOLDER: _folder,
        Format.VIDEO: lambda source, film_id, facts: Annotation(source.stem, (), ()),
    }
    if kind not in readers:
        raise BadInput(f"{source}: is {kind}, not a film; give a film's folder in a corpus format")
    annotation = readers[kind](source, film_id, facts)
    return _with_movienet(source, annotation, facts) if kind is not Format.MOVIENET else annotation


def _storyboard20k(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.STORYBOARD20K]
    rows, problems = _of_film(path, storyboard20k.read(path), film_id, lambda row: (row.movie_id,))
    cast, cast_problems = character_bank.cast_of(source, [film_id, rows[0].movie_id])
    canonical = {entry.name.casefold(): entry.name for entry in distinct(cast)[0]}
    size, boxes = (facts.width, facts.height), []
    found = storyboard20k.labelled_boxes(rows, fps=facts.fps, frames=facts.frames, size=size, delay=facts.start)
    for box in found:
        name = canonical.get(box.name.casefold())
        if name is not None:
            boxes.append(LabelledBox(box.frame, name, box.box, box.confidence))
    strangers = sorted({box.name for box in found if box.name.casefold() not in canonical})
    if strangers:
        cast_problems.append(f"{path.name}: boxes of {', '.join(strangers)}, who are not in the cast; left out")
    slots = tuple(storyboard20k.slots(rows, path.name))
    return Annotation(rows[0].title or film_id, cast, slots, tuple(boxes), (*problems, *cast_problems))


def _mad_eval_named(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.MAD_EVAL_NAMED]
    rows, problems = _of_film(path, mad_eval_named.read(path), film_id, lambda row: (row.imdb, row.movie))
    cast, cast_problems = character_bank.cast_of(source, [film_id, rows[0].imdb, rows[0].movie])
    slots = tuple(Slot(row.start, row.end, row.sentence, f"{path.name}:{row.row}") for row in rows)
    return Annotation(rows[0].movie, cast, slots, (), (*problems, *cast_problems))


def _lsmdc(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.LSMDC]
    rows, problems = _of_film(path, lsmdc.read(path), film_id, lambda row: (row.clip.movie,))
    cast, cast_problems = character_bank.cast_of(source, [film_id, rows[0].clip.movie])
    slots = tuple(Slot(row.start, row.end, row.sentence, f"{path.name}:{row.row}") for row in rows)
    return Annotation(rows[0].clip.movie, cast, slots, (), (*problems, *cast_problems))


def _mad(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.MAD]
    rows, problems = _of_film(path, mad.read(path), film_id, lambda row: (row.movie,))
    cast, cast_problems = character_bank.cast_of(source, [film_id, rows[0].movie])
    slots = tuple(Slot(row.start, row.end, row.sentence, f"{path.name}:{row.id}") for row in rows)
    return Annotation(rows[0].movie, cast, slots, (), (*problems, *cast_problems))


def _cmdad(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    """A folder named after the scene's YouTube id holds that scene, one named after an IMDb id the whole film."""
    path = source / ANNOTATIONS[Format.CMDAD]
    read = cmdad.read(path)
    rows = [row for row in read.rows if film_id in (row.imdb, row.video)]
    if not rows:
        told = "name the folder after the scene's YouTube id, or after the IMDb id if the film is whole"
        raise BadInput(f"{path}: no row is of {film_id}; {told}")
    if not any(row.text for row in rows):
        raise BadInput(f"{path}: has no column text; take the layout with sentences")
    cast, cast_problems = character_bank.cast_of(source, [film_id, rows[0].imdb, rows[0].movie, rows[0].title])
    times = [(row.scene_start, row.scene_end) if film_id == row.video else (row.start, row.end) for row in rows]
    slots = tuple(Slot(*time, row.text, f"{path.name}:{row.row}") for time, row in zip(times, rows, strict=True))
    return Annotation(rows[0].title or film_id, cast, slots, (), (*read.problems, *cast_problems))


def _movienet(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.MOVIENET]
    read = movienet.read(path)
    cast, cast_problems = character_bank.cast_of(source, [film_id, read.imdb])
    boxes, box_problems = _movienet_boxes(source, read, cast, facts)
    problems = (*read.problems, *box_problems, *cast_problems)
    return Annotation(read.imdb, cast, tuple(read.slots(path.name)), boxes, problems, tuple(read.dialogue()))


def _with_movienet(source: Path, annotation: Annotation, facts: VideoFacts) -> Annotation:
    """The annotation with the boxes and the dialogue of a `movienet.json` beside it, where there is one."""
    path = source / ANNOTATIONS[Format.MOVIENET]
    if source.is_file() or not path.is_file():
        return annotation
    read = movienet.read(path)
    boxes, problems = _movienet_boxes(source, read, annotation.cast, facts)
    return replace(
        annotation,
        labelled_boxes=(*annotation.labelled_boxes, *boxes),
        problems=(*annotation.problems, *read.problems, *problems),
        dialogue=annotation.dialogue or tuple(read.dialogue()),
    )


def _movienet_boxes(
    source: Path, read: movienet.MovieNet, cast: Sequence[CastEntry], facts: VideoFacts
) -> tuple[tuple[LabelledBox, ...], list[str]]:
    path = source / "movienet_shots.txt"
    shots = movienet_boxes.read_shots(path).rows if path.is_file() else ()
    names = {entry.id: entry.name for entry in reversed(distinct(cast)[0]) if entry.id}
    return movienet_boxes.labelled_boxes(read, names, shots=shots, facts=facts, name=ANNOTATIONS[Format.MOVIENET])


def _cinepile(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    path = source / ANNOTATIONS[Format.CINEPILE]
    scene, problems = cinepile.read(path)
    transcript = read_transcript(source / "transcript.json")
    end = facts.start + facts.duration  # the transcript's clock begins with the file, not with the first picture
    try:
        slots, without_pause = cinepile.slots(scene.lines, transcript.rows, duration=end, name=path.name)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    if not slots:
        raise BadInput(f"{path}: no description has a pause to stand in; is transcript.json of another film?")
    cast, cast_problems = character_bank.cast_of(source, [film_id, scene.yt_clip_link, scene.movie_name])
    found = (*problems, *transcript.problems, *without_pause, *cast_problems)
    return Annotation(scene.movie_name or film_id, cast, tuple(slots), (), found)


def _folder(source: Path, film_id: str, facts: VideoFacts) -> Annotation:
    cast, problems = folder.read_cast(source)
    path = source / "descriptions.csv"
    slots: list[Slot] = []
    if path.exists():
        slots, more = folder.read_descriptions(path)
        problems = [*problems, *more]
    return Annotation(film_id, cast, tuple(slots), (), tuple(problems))


def _of_film(
    path: Path, read: Reading[Row], film_id: str, keys: Callable[[Row], Sequence[Any]]
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of one film: all of a file that holds one film, else those that bear the film's id or name."""
    if len({tuple(keys(row)) for row in read.rows}) == 1:
        return read.rows, read.problems
    rows = tuple(row for row in read.rows if film_id in keys(row))
    if not rows:
        raise BadInput(f"{path}: holds several films, and none is {film_id}; name the folder after the film's id")
    return rows, read.problems
