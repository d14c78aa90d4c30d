"""Clip records: names in sentences, types, what came before, who was seen; and the authors' files."""

import dataclasses
import json
from pathlib import Path

import pytest

from common.tables import table
from corpora.film import Character, Description, Film
from corpora.focusedad import read_cinepile_ad, read_mad_eval, read_storyboard_v2
from corpora.subtitles import Subtitle
from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions
from models.perception.settings import PerceptionSettings
from models.training.triplets import (
    characters_seen,
    clip_of,
    clip_records,
    clip_type,
    named_in,
    text_prior,
    write_cinepile_ad,
    write_clip_records,
    write_mad_eval,
    write_storyboard_v2,
)

SRT = "1\n00:00:00,500 --> 00:00:01,000\nGood evening.\n\n2\n00:00:03,500 --> 00:00:03,900\nNot you.\n"


def cast(*names: str) -> tuple[Character, ...]:
    return tuple(Character(name, "", "", ()) for name in names)


def film(folder: Path, *texts: str) -> Film:
    descriptions = tuple(Description(i + 1, 2.0 * i + 1, 2.0 * i + 3, text) for i, text in enumerate(texts))
    seconds = 2.0 * len(texts) + 2
    people = cast("Ada", "Ben")
    return Film(
        "tt1",
        "Toy",
        "train",
        "studio",
        10.0,
        int(10 * seconds),
        480,
        270,
        seconds,
        people,
        descriptions,
        (),
        (),
        folder,
    )


def regions(*seen: tuple[int, int, str, str, tuple[int, ...]]) -> Regions:
    """(clip, track, name by best, name by actor, frames): a recognised face on the first frame, carried after."""
    tracks, rows = [], []
    for clip, track, best, actor, frames in seen:
        named = {"name_best": best, "distance_best": 0.3, "name_actor": actor, "distance_actor": 0.5}
        tracks.append({"clip": clip, "track": track, "shot": 0, **named})
        for i, frame in enumerate(frames):
            face = {f"face_{c}": (10.0 + k if i == 0 else float("nan")) for k, c in enumerate(("x1", "y1", "x2", "y2"))}
            box = {"x1": 0.0, "y1": 0.0, "x2": 9.0, "y2": 9.0}
            source = {"source": "propagated" if i else "recognised", "confidence": 0.9, "mask": ""}
            rows.append({"clip": clip, "track": track, "frame": frame, **box, **face, **source})
    return Regions("tt1", 480, 270, table(tracks, TRACK_COLUMNS), table(rows, REGION_COLUMNS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada waves.", ("Ada",)),
        ("ADA waves at Ben's dog.", ("Ada", "Ben")),
        ("Adamant, he goes to Benares.", ()),
        ("The ben is high.", ()),
        ("She waves.", ()),
    ],
)
def test_names_are_whole_words_in_any_case_but_small(text: str, expected: tuple[str, ...]) -> None:
    assert named_in(text, cast("Ada", "Ben")) == expected


def test_a_part_of_a_name_will_do_where_it_is_nobody_elses() -> None:
    people = cast("Mr. Graham Hess", "Merrill Hess", "Officer Paski")
    assert named_in("Graham and Paski look up.", people) == ("Mr. Graham Hess", "Officer Paski")
    assert named_in("Hess looks up. Mr. Smith does not.", people) == ()
    assert named_in("Merrill Hess looks up.", people) == ("Merrill Hess",)


@pytest.mark.parametrize(
    ("named", "recognised", "expected"),
    [
        (("Ada",), ("Ada",), 1),
        (("Ada", "Ben"), ("Ben",), 1),
        (("Ada",), (), 2),
        (("Ada",), ("Ben",), 2),
        ((), ("Ben",), 3),
        ((), (), 0),
    ],
)
def test_the_four_types(named: tuple[str, ...], recognised: tuple[str, ...], expected: int) -> None:
    assert clip_type(named, recognised) == expected


def test_the_prior_is_three_descriptions_and_the_subtitles_since() -> None:
    told = [Description(i + 1, 10.0 * i, 10.0 * i + 2, f"d{i}") for i in range(5)]
    said = [Subtitle(5, 6, "old"), Subtitle(15, 16, "a"), Subtitle(35, 36, "b"), Subtitle(45, 46, "later")]
    prior = text_prior(told, 4, said)
    assert [each["text"] for each in prior] == ["d1", "a", "d2", "d3", "b"]
    assert [each["kind"] for each in prior] == ["description", "subtitle", "description", "description", "subtitle"]


def test_the_first_description_knows_what_was_said_before_it_and_no_more() -> None:
    told = [Description(1, 8, 10, "first")]
    assert text_prior(told, 0, [Subtitle(1, 2, "hello"), Subtitle(9, 10, "during")]) == [
        {"kind": "subtitle", "text": "hello"}
    ]


def test_characters_come_in_order_of_appearance_and_once() -> None:
    seen = regions((1, 0, "Ben", "", (20, 25)), (1, 1, "Ada", "Ben", (15,)), (1, 2, "Ben", "", (40, 45, 50)))
    assert characters_seen(seen, 1, "best query") == [
        {"name": "Ada", "track": 1, "first_seen": 15},
        {"name": "Ben", "track": 2, "first_seen": 20},
    ]
    assert characters_seen(seen, 1, "actor") == [{"name": "Ben", "track": 1, "first_seen": 15}]
    assert characters_seen(seen, 2, "best query") == []


def test_records_hold_the_contract(tmp_path: Path) -> None:
    (tmp_path / "subtitles.srt").write_text(SRT)
    toy = film(tmp_path, "Ada waves.", "Ada leaves.", "She runs.", "Rain falls.")
    seen = regions((1, 0, "Ada", "Ben", (10, 15)), (3, 0, "Ada", "", (50,)))
    records = clip_records(toy, seen, PerceptionSettings())
    assert [record["type"] for record in records] == [1, 2, 3, 0]
    assert [record["clip_id"] for record in records] == [1, 2, 3, 4]
    second = records[1]
    assert (second["first_frame"], second["last_frame"], second["key_frames"]) == (30, 49, [30, 35, 40, 45])
    assert second["prior"] == [{"kind": "description", "text": "Ada waves."}]
    assert [line["text"] for line in records[2]["prior"]] == ["Ada waves.", "Ada leaves.", "Not you."]
    assert records[0]["characters"] == {
        "best query": [{"name": "Ada", "track": 0, "first_seen": 10}],
        "actor": [{"name": "Ben", "track": 0, "first_seen": 10}],
    }
    assert clip_of(second) == toy.clips()[1]
    write_clip_records(records, tmp_path / "clips.jsonl")
    lines = (tmp_path / "clips.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records


def test_the_type_follows_the_best_query_bank_not_the_actors(tmp_path: Path) -> None:
    records = clip_records(film(tmp_path, "Ben waves."), regions((1, 0, "Ada", "Ben", (10,))), PerceptionSettings())
    assert records[0]["type"] == 2


def test_the_authors_triplets_hold_types_1_to_3_and_clip_frames(tmp_path: Path) -> None:
    toy = film(tmp_path, "Ada waves.", "Ada leaves.", "She runs.", "Rain falls.")
    seen = regions((1, 0, "Ada", "", (20, 25)), (3, 0, "Ben", "", (55,)))
    records = clip_records(toy, seen, PerceptionSettings())
    write_storyboard_v2(toy, records, seen, tmp_path / "storyboard_v2.json")
    triplets = read_storyboard_v2(tmp_path / "storyboard_v2.json")
    assert triplets.problems == () and [triplet.type for triplet in triplets.rows] == [1, 2, 3]
    first, second, third = triplets.rows
    assert (first.movie_clips, first.resolution) == ("movie_clips/tt1/1/1.mp4", (270, 480))
    assert first.detections[0].name == "Ada" and first.detections[0].frame_index == 10
    assert first.detections[0].box == (10, 11, 12, 13)
    assert second.detections == () and third.detections[0].frame_index == 5


def test_the_benchmarks_files_are_read_back(tmp_path: Path) -> None:
    toy = dataclasses.replace(film(tmp_path, "Ada waves.", "Rain falls."), split="mad_eval_named")
    records = clip_records(toy, regions(), PerceptionSettings())
    write_mad_eval(toy, records, tmp_path / "tt1.json")
    rows = read_mad_eval(tmp_path / "tt1.json").rows
    assert [(row.id, row.sentence, row.start) for row in rows] == [(1, "Ada waves.", 1.0), (2, "Rain falls.", 3.0)]
    write_cinepile_ad(toy, records, tmp_path / "st1.json")
    narrated, problems = read_cinepile_ad(tmp_path / "st1.json")
    assert [each.content for each in narrated.narrations] == ["Ada waves.", "Rain falls."] and problems == ()
