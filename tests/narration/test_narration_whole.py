"""A whole narrate, with models of random weights, over input that is hard or bad: a draft that says so, or one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from narration_world import untrained_lineage

from corpora.subtitles import Subtitle, read_srt, write_srt
from corpora.video import write_video
from narration.dapt import read_dapt
from narration.given import Given
from narration.narrate import Models, narrate
from narration.output import FILES
from narration.script import Draft
from narration.settings import NarrationSettings
from publishing.settings import load_settings

pytestmark = pytest.mark.slow
SETTINGS = NarrationSettings()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    root = tmp_path_factory.mktemp("lineage")
    captioner = untrained_lineage(root)
    settings = load_settings(root / "params.yaml")
    folders = (root / "data/face_encoder", root / "data/base_model", captioner)
    return Models(*folders, settings.perception, settings.captioner)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twelve seconds of grey."""
    path = tmp_path / "film.mp4"
    write_video(path, (np.full((36, 64, 3), 2 * shade, np.uint8) for shade in range(120)), fps=10)
    return path


def spoken(path: Path, *lines: tuple[float, float, str]) -> Path:
    write_srt(path, [Subtitle(*line) for line in lines])
    return path


def slots(draft: Draft) -> list[tuple[float, float]]:
    return sorted((each.start, each.end) for each in (*draft.lines, *draft.silences))


def test_a_film_without_a_pause_gets_an_empty_draft_that_says_why(models: Models, film: Path, tmp_path: Path) -> None:
    talk = spoken(tmp_path / "talk.srt", *((n, n + 0.9, f"Line {n}.") for n in range(11)), (11.0, 12.0, "Enough."))
    out = tmp_path / "out"
    draft = narrate(Given(film, talk), models, SETTINGS, out=out)
    assert draft.lines == () and draft.silences == ()
    (told,) = [note for note in draft.notes if "no pause long enough" in note]
    assert "the longest is 0.0 s, and narration.shortest_slot 1.0 s" in told
    assert {path.name for path in out.iterdir() if path.name[0] != "."} == set(FILES)
    assert told in (out / "description.md").read_text() and told in (out / "index.html").read_text()
    assert told in (out / "review.md").read_text()
    assert (out / "description.vtt").read_text() == "WEBVTT\n" and read_srt(out / "description.srt") == []
    assert read_dapt(out / "description.dapt.xml") == []
    again = narrate(Given(film, talk), models, SETTINGS, out=out)
    assert replace(again, drafted=draft.drafted) == draft
    shorter = NarrationSettings(shortest_slot=0.05, margin=0.0)
    assert len(slots(narrate(Given(film, talk), models, shorter))) >= 10, "and by the setting that it names there are"


def test_subtitles_in_disorder_over_each_other_and_beyond_the_film_give_the_slots_of_good_ones(
    models: Models, film: Path, tmp_path: Path
) -> None:
    good = spoken(tmp_path / "good.srt", (2.0, 4.0, "Café."), (6.0, 8.0, "Now."), (11.0, 12.0, "Bye."))
    bad = tmp_path / "bad.srt"
    rows = [
        "7\r\n00:00:11,000 --> 00:10:00,000\r\nBye.\r\n",
        "x\r\n00:00:06,000 --> 00:00:07,500\r\nNow.\r\n",
        "1\r\n00:00:02,000 --> 00:00:04,000\r\nCafé.\r\n",
        "1\r\n00:00:03,000 --> 00:00:03,500\r\nAt once.\r\n",
        "2\r\n00:00:07,000 --> 00:00:08,000\r\nAnd again.\r\n",
        "3\r\n00:00:05,000 --> 00:00:04,000\r\nBackwards.\r\n",
        "4\r\n00:00:77,0 -> 9\r\nNo time.\r\n",
        "5\r\n01:00:00,000 --> 01:00:09,000\r\nAfter the end.\r\n",
    ]
    bad.write_bytes("\r\n".join(rows).encode("cp1252"))
    first, second = (narrate(Given(film, path), models, SETTINGS) for path in (good, bad))
    assert slots(second) == slots(first) and len(slots(first)) == 3
    assert any("bad.srt" in note or "ends" in note for note in second.notes), "what was left out is told"
    assert any("Café." in speech.text for speech in second.dialogue)


def test_a_cast_of_portraits_that_are_missing_broken_or_of_nobody_is_told_person_by_person(
    models: Models, film: Path, tmp_path: Path
) -> None:
    people = tmp_path / "people"
    people.mkdir()
    cv2.imwrite(str(people / "grey.png"), np.full((80, 80, 3), 99, np.uint8))
    (people / "broken.png").write_bytes(b"\x89PNG no picture")
    cast = [
        {"id": "1", "name": "A", "role": "Anna", "portrait": "grey.png"},
        {"id": "2", "name": "B", "role": "Bo", "portrait": "missing.png"},
        {"id": "3", "name": "C", "role": "Cy", "portrait": "broken.png"},
    ]
    (people / "cast.json").write_text(json.dumps(cast))
    draft = narrate(Given(film, cast=people), models, SETTINGS)
    for name, why in (("Anna", "no face was found"), ("Bo", "missing.png"), ("Cy", "broken.png")):
        assert any(name in note and why in note for note in draft.notes), (name, draft.notes)
    assert not any(line.characters for line in draft.lines)
