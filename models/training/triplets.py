"""Clip records: each described clip with its sentence, what came before it, who was recognised in it, and its type.

The training set (Storyboard-v2) and the two benchmarks are these records, beside the authors' own JSON files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from common.files import canonical_json, write_text
from corpora.film import Character, Clip, Description, Film
from corpora.subtitles import Subtitle
from models.perception.bank_files import FOLDERS
from models.perception.regions import Regions
from models.perception.settings import PerceptionSettings

BANK_COLUMN = {"best query": "name_best", "actor": "name_actor"}
PREVIOUS = 3  # descriptions in the text prior (paper, section 4.2)
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "sir", "lady", "lord", "the", "of", "and", "von", "van", "de"})


def named_in(text: str, cast: Sequence[Character]) -> tuple[str, ...]:
    """Characters whose name stands in `text`, in the order of the cast.

    A name counts on word boundaries whatever its case, but not written small (`will`, `grace` are words). Where a name
    has several words, one of them suffices if no other character shares it and it is no title.
    """
    words = [_words(character.name) for character in cast]
    found = []
    for i, character in enumerate(cast):
        others = {word for j, of_other in enumerate(words) if j != i for word in of_other}
        alone = [word for word in words[i] if word not in others and word not in TITLES and len(word) > 2]
        if any(_stands_in(form, text) for form in (character.name, *alone)):
            found.append(character.name)
    return tuple(found)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in re.findall(r"[\w'’-]+", name))


def _stands_in(form: str, text: str) -> bool:
    pattern = rf"(?<!\w){re.escape(form)}(?!\w)"
    return any(match.group() != match.group().lower() for match in re.finditer(pattern, text, re.IGNORECASE))


def clip_type(named: Iterable[str], recognised: Iterable[str]) -> int:
    """Section 4.1: 1 a named character is recognised in the clip; 2 characters are named, none of those recognised;
    3 nobody is named, characters are recognised; 0 neither."""
    named, recognised = set(named), set(recognised)
    if named:
        return 1 if named & recognised else 2
    return 3 if recognised else 0


def text_prior(descriptions: Sequence[Description], index: int, subtitles: Sequence[Subtitle]) -> list[dict[str, str]]:
    """What description `index` may know: the three before it, and the subtitles between and after those, oldest first.

    The first description of a film knows the subtitles since the film's beginning.
    """
    slot = descriptions[index]
    earlier = descriptions[max(0, index - PREVIOUS) : index]
    since = earlier[0].start if earlier else 0.0
    lines = [(each.start, 0, "description", each.text) for each in earlier]
    # What is still being said when the slot begins belongs to it no less than what was said before.
    lines += [(line.start, 1, "subtitle", line.text) for line in subtitles if since <= line.start < slot.start]
    return [{"kind": kind, "text": text} for _, _, kind, text in sorted(lines, key=lambda line: line[:2])]


def characters_seen(regions: Regions, clip: int, bank: str) -> list[dict[str, Any]]:
    """Recognised characters of a clip by one bank, in order of appearance: name, track and first frame.

    A name stands once: where a cut or a gap left it two tracks, the one with more regions is given.
    """
    tracks, rows = regions.of_clip(clip)
    first_seen, counts = rows.groupby("track")["frame"].min(), rows.groupby("track").size()
    by_name: dict[str, list[int]] = {}
    for track, name in zip(tracks["track"], tracks[BANK_COLUMN[bank]], strict=True):
        if name and track in counts.index:
            by_name.setdefault(str(name), []).append(int(track))
    seen = []
    for name, own in by_name.items():
        longest = min(own, key=lambda track: (-int(counts[track]), track))
        seen.append({"name": name, "track": longest, "first_seen": int(min(first_seen[track] for track in own))})
    return sorted(seen, key=lambda each: (each["first_seen"], each["track"]))


def clip_records(film: Film, regions: Regions, settings: PerceptionSettings) -> list[dict[str, Any]]:
    """One record per description of `film`, in time order; the contract of `clips.jsonl`."""
    subtitles = film.subtitles()
    descriptions = film.descriptions
    records = []
    for index, (clip, description) in enumerate(zip(film.clips(), descriptions, strict=True)):
        characters = {bank: characters_seen(regions, clip.id, bank) for bank in FOLDERS}
        recognised = [each["name"] for each in characters["best query"]]
        records.append(
            {
                "film": film.id,
                "clip_id": clip.id,
                "start": clip.start,
                "end": clip.end,
                "first_frame": clip.first_frame,
                "last_frame": clip.last_frame,
                "key_frames": list(clip.key_frames(settings.key_frame_stride)),
                "text": description.text,
                "type": clip_type(named_in(description.text, film.cast), recognised),
                "prior": text_prior(descriptions, index, subtitles),
                "characters": characters,
            }
        )
    return records


def write_clip_records(records: Sequence[dict[str, Any]], path: Path) -> None:
    """`clips.jsonl`: a record per line."""
    write_text(path, "".join(canonical_json(record) + "\n" for record in records))


# ---- the authors' files


def write_storyboard_v2(film: Film, records: Sequence[dict[str, Any]], regions: Regions, path: Path) -> None:
    """`storyboard_v2.json` (FocusedAD's layout): the records of types 1 to 3, with the face boxes behind their names.

    A face box is that of the name's first recognised frame; its frame index counts the clip's frames.
    """
    from corpora.focusedad import Triplet
    from corpora.focusedad import write_storyboard_v2 as write

    write(
        path,
        [
            Triplet(
                movie_id=film.id,
                global_id=int(record["clip_id"]),
                type=int(record["type"]),
                resolution=(film.height, film.width),
                main_characters=tuple(each["name"] for each in record["characters"]["best query"]),
                synopses=record["text"],
                movie_clips=f"movie_clips/{film.id}/{record['clip_id']}/1.mp4",
                detections=_detections(record, regions),
            )
            for record in records
            if record["type"] != 0
        ],
    )


def _detections(record: dict[str, Any], regions: Regions) -> tuple[Any, ...]:
    from corpora.focusedad import Detection

    if record["type"] == 2:
        return ()  # the published examples of type 2 carry none: what is named is not seen
    _, rows = regions.of_clip(record["clip_id"])
    found = []
    for each in record["characters"]["best query"]:
        faces = rows[(rows["track"] == each["track"]) & rows["face_x1"].notna()].sort_values("frame")
        if len(faces):
            first: pd.Series = faces.iloc[0]
            box = tuple(round(float(first[f"face_{corner}"]), 2) for corner in ("x1", "y1", "x2", "y2"))
            confidence, frame = round(float(first["confidence"]), 4), int(first["frame"]) - int(record["first_frame"])
            found.append(Detection(each["name"], box, confidence, frame))  # type: ignore[arg-type]
    return tuple(found)


def write_mad_eval(film: Film, records: Sequence[dict[str, Any]], path: Path) -> None:
    """`{film}.json` of MAD-eval-Named in the authors' layout."""
    from corpora.focusedad import EvalClip
    from corpora.focusedad import write_mad_eval as write

    write(
        path,
        [
            EvalClip(
                id=int(record["clip_id"]),
                movie=film.title,
                imdb=film.id,
                movie_duration=film.duration,
                start=record["start"],
                end=record["end"],
                sentence=record["text"],
            )
            for record in records
        ],
    )


def write_cinepile_ad(film: Film, records: Sequence[dict[str, Any]], path: Path) -> None:
    """`{film}.json` of Cinepile-AD in the authors' layout."""
    from corpora.focusedad import CinepileAd, Narration
    from corpora.focusedad import write_cinepile_ad as write

    narrations = tuple(Narration(str(record["clip_id"]), record["text"]) for record in records)
    write(path, CinepileAd(film.title, film.id, narrations))


def clip_of(record: dict[str, Any]) -> Clip:
    """The clip that a record describes."""
    numbers = (record["start"], record["end"], record["first_frame"], record["last_frame"])
    return Clip(record["film"], record["clip_id"], *numbers)
