"""A studio film's annotation, written in the format of the corpus that its split stands for.

The writers live beside the readers, so that a format is described once; here a screenplay and its true tracks become
their rows.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from corpora import character_bank, cinepile, mad_eval_named, storyboard20k
from corpora.character_bank import BankEntry
from corpora.cinepile import Scene, SceneLine
from corpora.film import frames_of
from corpora.lsmdc import ClipId
from corpora.mad_eval_named import MadEvalRow
from corpora.storyboard20k import PersonBox, Storyboard
from corpora.studio.screenplay import Described, Screenplay
from corpora.subtitles import Subtitle, write_srt
from corpora.transcript import Segment, write_transcript

KEY_FRAMES = 3  # per clip, as MovieNet has
TRUTH_STRIDE = 5  # frames between those that have true tracks
LEAST_VISIBLE = 0.2  # an annotator draws no box around less of a person


def write_annotations(
    screenplay: Screenplay, tracks: pd.DataFrame, split: str, out: Path, *, width: int, height: int, fps: float
) -> None:
    """Writes `charbank.json`, `subtitles.srt` and the annotation of `split` into `out`.

    train: `storyboard20k.json`; mad_eval_named: `mad_eval_named.csv`; cinepile_ad: `cinepile.json` and
    `transcript.json`. `tracks` are the true tracks (frame, name, x1, y1, x2, y2 in pixels, visible 0-1), of which only
    the training films' person boxes are taken.
    """
    if split == "train":
        storyboards = _storyboards(screenplay, tracks, size=(width, height), fps=fps)
        storyboard20k.write(out / "storyboard20k.json", storyboards)
    elif split == "mad_eval_named":
        mad_eval_named.write(out / "mad_eval_named.csv", _mad_eval_rows(screenplay))
    elif split == "cinepile_ad":
        cinepile.write(out / "cinepile.json", _scene(screenplay))
        segments = [Segment(_milliseconds(line.start), _milliseconds(line.end), line.text) for line in screenplay.lines]
        write_transcript(out / "transcript.json", segments)
    else:
        raise ValueError(f"no corpus is written for the split {split!r}")
    cast = [BankEntry(f"nm{9_000_000 + each.person:07d}", each.actor, each.name) for each in screenplay.cast]
    character_bank.write(out / "charbank.json", {screenplay.film_id: cast})
    write_srt(out / "subtitles.srt", [Subtitle(line.start, line.end, line.text) for line in screenplay.lines])


def movie_name(screenplay: Screenplay) -> str:
    """The film as LSMDC would call it: a number whose thousands tell the source, and the title."""
    digits = "".join(character for character in screenplay.film_id if character.isdigit())
    words = "".join(character if character.isalnum() else " " for character in screenplay.title).split()
    return f"9{int(digits or 0) % 1000:03d}_{'_'.join(words)}"


def _storyboards(
    screenplay: Screenplay, tracks: pd.DataFrame, *, size: tuple[int, int], fps: float
) -> list[Storyboard]:
    by_frame = _persons(tracks[tracks["visible"] > LEAST_VISIBLE], max(size))
    return [
        _storyboard(screenplay, number, described, by_frame, size=size, fps=fps)
        for number, described in enumerate(screenplay.descriptions, 1)
    ]


def _storyboard(
    screenplay: Screenplay,
    number: int,
    described: Described,
    by_frame: dict[int, list[PersonBox]],
    *,
    size: tuple[int, int],
    fps: float,
) -> Storyboard:
    clip = ClipId(movie_name(screenplay), _milliseconds(described.start), _milliseconds(described.end))
    width, height = size
    frames = storyboard20k.key_frame_numbers(clip, KEY_FRAMES, fps=fps)
    film = screenplay.film_id
    return Storyboard(
        movie_id=film,
        global_id=number,
        flag="train",
        title=screenplay.title,
        resolution=(height, width),
        key_frames=tuple(f"storyboard20k/frames/train/{film}/{clip}_{k}.jpg" for k in range(KEY_FRAMES)),
        synopses=((described.text, *described.alternatives),),
        persons=tuple(tuple(by_frame.get(_true_frame(screenplay, frame, fps), ())) for frame in frames),
        row=number,
    )


def _true_frame(screenplay: Screenplay, frame: int, fps: float) -> int:
    """The frame nearest to `frame` that has truth, in the same shot where there is one."""
    before = frame // TRUTH_STRIDE * TRUTH_STRIDE
    nearest = sorted((before, before + TRUTH_STRIDE), key=lambda each: abs(each - frame))
    for shot in screenplay.shots:
        first, last = frames_of(shot.start, shot.end, fps=fps, frames=round(screenplay.duration * fps))
        if first <= frame <= last:
            return next((each for each in nearest if first <= each <= last), nearest[0])
    return nearest[0]


def _persons(tracks: pd.DataFrame, unit: int) -> dict[int, list[PersonBox]]:
    """People of every frame, from left to right; the score is the visible share."""
    columns = ["frame", "x1", "name", "y1", "x2", "y2", "visible"]
    persons: dict[int, list[PersonBox]] = {}
    for frame, x1, name, y1, x2, y2, visible in sorted(tracks[columns].itertuples(index=False, name=None)):
        box = (round(x1 / unit, 6), round(y1 / unit, 6), round(x2 / unit, 6), round(y2 / unit, 6))
        persons.setdefault(frame, []).append(PersonBox(name, box, round(visible, 3)))
    return persons


def _mad_eval_rows(screenplay: Screenplay) -> list[MadEvalRow]:
    duration = _milliseconds(screenplay.duration)
    return [
        MadEvalRow(
            movie_name(screenplay),
            each.text,
            duration,
            _milliseconds(each.start),
            _milliseconds(each.end),
            screenplay.film_id,
            line,
        )
        for line, each in enumerate(screenplay.descriptions, 2)
    ]


def _scene(screenplay: Screenplay) -> Scene:
    described = [(each.start, "description", each.text) for each in screenplay.descriptions]
    spoken = [(each.start, "subtitle", each.text) for each in screenplay.lines]
    lines = tuple(
        SceneLine("description" if kind == "description" else "subtitle", text, row)
        for row, (_, kind, text) in enumerate(sorted(described + spoken), 1)
    )
    link = f"https://www.youtube.com/watch?v={screenplay.film_id}"
    return Scene(screenplay.title, 0, screenplay.title, link, lines)


def _milliseconds(seconds: float) -> float:
    return round(float(seconds), 3)
