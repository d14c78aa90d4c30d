"""films: a film in normal form, drawn by the studio or read from a real corpus."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.film_facts import clear_of_dialogue, lost_frames, seconds_over
from publishing.settings import RAW, Settings, film_ids, split_of
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from corpora.film import Film

STILL_WIDTH = 320  # pixels; the picture travels inside an event


def make(work: Work) -> None:
    from corpora.ingest import ingest

    settings, film = work.settings, work.unit
    if settings.films.source == "corpora":
        raw = raw_folder(work.data.parent, settings, film)
        made = ingest(raw, work.out, film_id=film, cast=settings.films.corpora.cast)
    else:
        from corpora.studio.production import produce

        corpus = work.out.with_name(f"{film}.corpus")
        try:
            produce(film, split_of(settings, film), settings.studio, corpus)
            made = ingest(corpus, work.out, film_id=film)
        finally:
            shutil.rmtree(corpus, ignore_errors=True)
    write_still(made, work.out / "still.png")


def write_still(film: Film, path: Path) -> None:
    """A small picture of the film for the interface: the middle of its first described slot."""
    import cv2

    from common.files import write_bytes
    from corpora.video import read_frames

    clips = film.clips()
    middle = (clips[0].first_frame + clips[0].last_frame) // 2 if clips else film.frames // 2
    size = (STILL_WIDTH, round(film.height * STILL_WIDTH / film.width))
    _, frame = next(iter(read_frames(film.video, [middle], size=size)))
    _, content = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    write_bytes(path, content.tobytes())


def raw_folder(root: Path, settings: Settings, film: str) -> Path:
    return root / RAW / split_of(settings, film) / film


def raw(settings: Settings, film: str) -> str | None:
    """Where a real film comes from; the studio's films come from their parameters alone."""
    if settings.films.source == "studio":
        return None
    return f"{RAW}/{split_of(settings, film)}/{film}"


def parameters(settings: Settings, film: str) -> Any:
    """What this one film depends on, so that an override of another film leaves it alone."""
    if settings.films.source == "corpora":
        return {"source": "corpora", "cast": settings.films.corpora.cast}
    studio = settings.studio
    # How many films there are, and what other films override, says nothing about this one.
    counts = {"overrides", "train_films", "mad_eval_named_films", "cinepile_ad_films", "strangers", "stock_people"}
    return {
        "split": split_of(settings, film),
        "studio": studio.model_dump(mode="json", exclude=counts)
        | {"seed": studio.seed_of(film), "seconds": studio.seconds_of(film)},
    }


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from corpora.film import read_film

    film = read_film(folder)
    talk = [(line.start, line.end) for line in film.subtitles()]
    return {
        "film": pd.DataFrame(
            [
                {
                    "seconds": film.duration,
                    "fps": film.fps,
                    "frames": film.frames,
                    "lost_frames": lost_frames(film),
                    "characters": len(film.cast),
                    "with_portrait": sum(bool(character.portraits) for character in film.cast),
                    "descriptions": len(film.descriptions),
                    "subtitles_end": max((end for _, end in talk), default=0.0),
                    "subtitles_overrun": max((end - film.duration for _, end in talk), default=0.0),
                }
            ]
        ),
        "slots": pd.DataFrame(
            [
                {
                    "clip": each.id,
                    "start": each.start,
                    "seconds": each.end - each.start,
                    "overrun": each.end - film.duration,
                    "over_dialogue": seconds_over(each.start, each.end, talk),
                }
                for each in film.descriptions
            ],
            columns=["clip", "start", "seconds", "overrun", "over_dialogue"],
        ),
    }


def expectations(settings: Settings) -> list[Any]:
    gates = settings.gates.films
    between = "column_values_to_be_between"
    return [
        expect(
            "film", between, column="seconds", min_value=gates.shortest_seconds, why="a film this short has no story"
        ),
        expect("film", between, column="fps", min_value=5, max_value=121, why="no usual frame rate"),
        expect("film", between, column="lost_frames", max_value=0, why="the video cannot be read to its end"),
        expect("film", between, column="with_portrait", min_value=1, why="nobody of the cast has a portrait"),
        expect("film", between, column="descriptions", min_value=1, why="no described slot to learn or measure from"),
        expect("film", between, column="subtitles_overrun", max_value=0.5, why="subtitles of another cut of the film"),
        expect("slots", between, column="seconds", min_value=0.0, strict_min=True, rows=("clip",)),
        expect("slots", between, column="overrun", max_value=0.1, rows=("clip",), why="a slot after the film's end"),
        clear_of_dialogue(gates),
    ]


def summary(folder: Path) -> dict[str, Any]:
    from corpora.film import read_film

    film = read_film(folder)
    return {
        "title": film.title,
        "split": film.split,
        "source": film.source,
        "seconds": film.duration,
        "characters": ", ".join(character.name for character in film.cast),
        "descriptions": len(film.descriptions),
        "rows put aside": "\n".join(film.put_aside) or "none",
        "first description": film.descriptions[0].text if film.descriptions else "",
        "still": folder / "still.png",
    }


STAGE = Stage(
    name="films",
    description="Films in normal form: video without sound, subtitles, cast with portraits, described slots.",
    make=make,
    units=film_ids,
    per_film=True,
    sections=("films", "studio", "gates.films"),
    parameters=parameters,
    code=("common", "corpora"),
    raw=raw,
    aside=lambda settings, film: settings.films.set_aside.get(film),
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="films",
    kinds=("video",),
)
