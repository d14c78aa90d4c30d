"""The studio's films in corpus formats: what was played is what the readers find."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from corpus_toys import put_portrait

from corpora import cinepile
from corpora.film import Film
from corpora.ingest import ingest
from corpora.studio.annotations import movie_name, write_annotations
from corpora.studio.screenplay import CastMember, Described, Line, Screenplay, Shot
from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay
from corpora.transcript import read_transcript

BLACK = (0.0, 0.0, 0.0)


def described(start: float, end: float, shot: int, text: str) -> Described:
    return Described(start, end, shot, 1, text, (f"{text} Again.",), "Anna", "walk", None, None, "kitchen")


def shot(start: float, end: float) -> Shot:
    return Shot("kitchen", 0, "day", "wide", 0.0, start, end)


SCREENPLAY = Screenplay(
    film_id="tt9100001",
    title="The Lantern's End",
    split="train",
    duration=4.0,
    cast=tuple(CastMember(name, f"{name} Actor", 7, "she", BLACK, BLACK, BLACK, 1.0) for name in ("Anna", "Ben")),
    shots=(shot(0.0, 2.3), shot(2.3, 4.0)),
    lines=(Line(1.5, 2.0, "Anna", "We must go now, Ben."), Line(3.4, 3.8, "Ben", "Never before midnight.")),
    descriptions=(described(0.1, 1.4, 0, "Anna walks in."), described(2.1, 3.3, 1, "Ben sits, and Anna waves.")),
)
# Anna stands 30 px wide in the first shot; Ben, hardly visible, beside her; in the second shot both are elsewhere.
TRACKS = pd.DataFrame(
    [
        *(
            {"frame": f, "name": "Anna", "x1": 10 + f, "y1": -4, "x2": 40, "y2": 48, "visible": 0.9}
            for f in (0, 5, 10, 20)
        ),
        *({"frame": f, "name": "Ben", "x1": 2, "y1": 4, "x2": 9, "y2": 48, "visible": 0.1} for f in (0, 5, 10, 20)),
        *({"frame": f, "name": "Ben", "x1": 33, "y1": 4, "x2": 60, "y2": 44, "visible": 0.8} for f in (25, 30, 35)),
    ]
)


@pytest.fixture
def films(tmp_path: Path, film_bytes: bytes):
    def make(split: str) -> Film:
        folder = tmp_path / split / SCREENPLAY.film_id
        folder.mkdir(parents=True)
        (folder / "film.mp4").write_bytes(film_bytes)
        for name in ("Anna", "Ben", "Ben_2"):
            put_portrait(folder / f"portraits/{name}.png")
        write_annotations(SCREENPLAY, TRACKS, split, folder, width=64, height=48, fps=10)
        return ingest(folder, tmp_path / "films" / split / SCREENPLAY.film_id)

    return make


@pytest.mark.parametrize("split", ["train", "mad_eval_named", "cinepile_ad"])
def test_the_readers_find_what_was_played(films, split: str) -> None:
    film = films(split)
    assert (film.split, film.put_aside) == (split, ())
    assert [each.text for each in film.descriptions] == [each.text for each in SCREENPLAY.descriptions]
    for found, played in zip(film.descriptions, SCREENPLAY.descriptions, strict=True):
        slack = 0.15 if split == "cinepile_ad" else 0.0  # its slots are pauses, won back from the dialogue
        assert abs(found.start - played.start) <= slack and abs(found.end - played.end) <= slack
    assert [(each.name, each.actor, each.id) for each in film.cast] == [
        ("Anna", "Anna Actor", "nm9000007"),
        ("Ben", "Ben Actor", "nm9000007"),
    ]
    assert film.cast[1].portraits == ("portraits/Ben.png", "portraits/Ben_2.png")
    assert [(cue.start, cue.text) for cue in film.subtitles()] == [(each.start, each.text) for each in SCREENPLAY.lines]


def test_boxes_come_from_the_nearest_truth_of_the_same_shot(films) -> None:
    boxes = films("train").labelled_boxes
    assert {(box.frame, box.name) for box in boxes} == {
        (3, "Anna"),
        (7, "Anna"),
        (11, "Anna"),
        (23, "Ben"),
        (27, "Ben"),
        (31, "Ben"),
    }
    first = next(box for box in boxes if box.frame == 3)
    assert first.box == pytest.approx((15, 0, 40, 48), abs=0.01) and first.confidence == 0.9


def test_the_files_are_the_corpora_s(films, tmp_path: Path) -> None:
    films("train")
    (board, _) = json.loads((tmp_path / "train/tt9100001/storyboard20k.json").read_text())
    assert board["synopses"] == [["Anna walks in.", "Anna walks in. Again."]]
    assert board["key_frames"][2].endswith("9001_The_Lantern_s_End_00.00.00.100-00.00.01.400_2.jpg")
    assert board["main characters"] == [["Anna"], ["Anna"], ["Anna"]]
    assert movie_name(SCREENPLAY) == "9001_The_Lantern_s_End"


def test_no_other_split_has_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no corpus"):
        write_annotations(SCREENPLAY, TRACKS, "none", tmp_path, width=64, height=48, fps=10)


def test_slots_are_won_back_from_the_dialogue_of_whole_stories(tmp_path: Path) -> None:
    """Intersection over union of the slots won back and the true ones, over eight screenplays: .85 on average."""
    overlaps = []
    for number in range(1, 9):
        played = write_screenplay(f"st92000000{number}", "cinepile_ad", StudioSettings())
        write_annotations(played, TRACKS, "cinepile_ad", tmp_path, width=64, height=48, fps=10)
        scene, _ = cinepile.read(tmp_path / "cinepile.json")
        transcript = read_transcript(tmp_path / "transcript.json").rows
        slots, problems = cinepile.slots(scene.lines, transcript, duration=played.duration, name="cinepile.json")
        assert [slot.text for slot in slots] == [each.text for each in played.descriptions] and problems == []
        for slot, true in zip(slots, played.descriptions, strict=True):
            shared = min(slot.end, true.end) - max(slot.start, true.start)
            overlaps.append(max(0.0, shared) / (max(slot.end, true.end) - min(slot.start, true.start)))
    assert sum(overlaps) / len(overlaps) > 0.8
