"""What is true of a film's described clips, and what perception knew of the people in them: a row of facts a clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.errors import BadInput
from common.files import read_json, read_json_lines
from models.perception.tracks import box_iou

SAME_PERSON = 0.3  # IoU of a region's box with a person's from which the region is theirs
STATES = ("right", "wrong", "missing")  # of a person's name in a clip's record


def film_facts(film: Path) -> dict[int, dict[str, Any]]:
    """The facts of every described clip by its number, as `models.training.judging.judge` takes them.

    `names` are the people whose figure is in the picture; BadInput where the film carries no truth.
    """
    truth = film / "truth"
    if not (truth / "clips.json").is_file():
        raise BadInput(f"{truth / 'clips.json'}: no truth beside this film; only the studio's films can be measured")
    from corpora.studio.people import pronoun_of

    people: dict[str, int] = read_json(truth / "people.json")
    pronouns = {name: pronoun_of(person) for name, person in people.items()}
    tracks = pd.read_parquet(truth / "tracks.parquet", columns=["frame", "name"])
    fps = float(read_json(film / "film.json")["fps"])
    facts = {}
    for clip in read_json(truth / "clips.json"):
        inside = tracks["frame"].between(round(clip["start"] * fps), round(clip["end"] * fps) - 1)
        facts[int(clip["id"])] = {
            **{name: clip[name] for name in ("type", "subject", "verb", "second", "object", "place")},
            "cast": sorted(people),
            "names": sorted(set(tracks["name"][inside])),
            "pronouns": pronouns,
            "texts": {"description": [clip["text"], *clip["alternatives"]]},
        }
    return facts


def clip_records(folder: Path) -> list[dict[str, Any]]:
    """The clip records of a published folder of a film, in time order."""
    return read_json_lines(folder / "clips.jsonl", advice="make the stage again")


def whose_tracks(regions: pd.DataFrame, truth: pd.DataFrame) -> dict[tuple[int, int], str]:
    """For each (clip, track) of a film's regions the person whom most of its boxes show; none where they show nobody.

    `regions`: clip, track, frame, x1, y1, x2, y2; `truth`: frame, name, x1, y1, x2, y2.
    """
    there: dict[int, list[tuple[str, np.ndarray]]] = {}
    for frame, name, *box in truth[["frame", "name", "x1", "y1", "x2", "y2"]].itertuples(index=False):
        there.setdefault(frame, []).append((name, np.array(box, float)))
    votes: dict[tuple[int, int], Counter[str]] = {}
    for clip, track, frame, *box in regions[["clip", "track", "frame", "x1", "y1", "x2", "y2"]].itertuples(index=False):
        overlaps = [(box_iou(np.array(box, float), other), name) for name, other in there.get(frame, ())]
        overlap, name = max(overlaps, default=(0.0, ""))
        if overlap >= SAME_PERSON:
            votes.setdefault((clip, track), Counter())[name] += 1
    return {key: min(count, key=lambda name: (-count[name], name)) for key, count in votes.items()}


def name_state(person: str | None, seen: Iterable[Mapping[str, Any]], whose: Mapping[int, str]) -> str | None:
    """What a clip's record knows of a person: "right" where their own region carries their name, "wrong" where it
    carries another's or another's region theirs, "missing" where neither; None without a person.

    `seen`: the record's characters (name, track); `whose`: the clip's tracks and the persons they show.
    """
    if person is None:
        return None
    named = [(str(each["name"]), whose.get(int(each["track"]), "")) for each in seen]
    if (person, person) in named:
        return "right"
    return "wrong" if any(person in pair for pair in named) else "missing"


def perceived(data: Path, benchmark: str, film: str, bank: str, facts: Mapping[int, Mapping[str, Any]]) -> pd.DataFrame:
    """What the film's records know by `bank`: clip_id, subject_named, second_named (STATES or None), and names_right:
    no region carries another's name."""
    tracks = pd.read_parquet(data / "films" / film / "truth" / "tracks.parquet")
    whose = whose_tracks(pd.read_parquet(data / "character_regions" / film / "regions.parquet"), tracks)
    rows = []
    for record in clip_records(data / benchmark / film):
        clip = int(record["clip_id"])
        seen = [] if bank == "none" else record["characters"][bank]
        here = {track: person for (of, track), person in whose.items() if of == clip}
        rows.append(
            {
                "clip_id": clip,
                "subject_named": name_state(facts[clip]["subject"], seen, here),
                "second_named": name_state(facts[clip]["second"], seen, here),
                "names_right": all(here.get(int(each["track"]), each["name"]) == each["name"] for each in seen),
            }
        )
    return pd.DataFrame(rows)
