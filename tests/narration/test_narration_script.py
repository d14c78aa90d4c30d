"""A draft is written in four forms that say the same; a film is looked at shot by shot on the file's clock."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from corpora.film import Film
from corpora.subtitles import read_srt
from models.captioner.settings import CaptionerSettings
from models.perception.recognition import Naming
from models.perception.settings import PerceptionSettings
from models.perception.shots import Shot
from narration.dapt import read_dapt
from narration.given import Given
from narration.narrate import Models, narrate
from narration.output import FILES, write_script
from narration.script import Alternative, Draft, Line, Reasons, ShotSheet, Silence, clock
from narration.settings import NarrationSettings
from narration.watching import banks_of, shot_sheets, with_stride

SHOTS = (ShotSheet(0, 9, 0.0, 1.0, ("Anna",)), ShotSheet(10, 29, 1.0, 3.0, ()))
LINES = (Line(0.5, 1.0, "Anna waves.", ("Anna",), 0.8), Line(1.5, 3.0, "It rains.", (), 0.4))


def film(*, fps: float = 10.0, delay: float = 0.0) -> Film:
    return Film("f", "F", "none", "video", fps, 30, 64, 36, 30 / fps, (), (), (), (), Path("nowhere"), delay)


def test_all_forms_hold_the_same_lines_at_the_same_times(tmp_path: Path) -> None:
    write_script(tmp_path, Draft("F", SHOTS, LINES, ("It cannot know.",)), NarrationSettings())
    found = json.loads((tmp_path / "description.json").read_text())
    assert [line["text"] for line in found["lines"]] == ["Anna waves.", "It rains."]
    assert [(cue.start, cue.end, cue.text) for cue in read_srt(tmp_path / "description.srt")] == [
        (line.start, line.end, line.text) for line in LINES
    ]
    assert (tmp_path / "description.vtt").read_text().startswith("WEBVTT")
    assert [cue.text for cue in read_dapt(tmp_path / "description.dapt.xml")] == ["Anna waves.", "It rains."]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    page = (tmp_path / "description.md").read_text()
    assert "It cannot know." in page and "nobody recognised" in page and "Anna waves." in page


def test_a_shot_lists_whom_it_shows_and_no_strangers_on_the_files_clock() -> None:
    faces = pd.DataFrame({"shot": [0, 0, 1]})
    naming = {0: Naming("Anna", 0.1), 1: Naming("", 2.0), 2: Naming("", 2.0)}
    sheets = shot_sheets(film(delay=0.5), [Shot(0, 0, 9), Shot(1, 10, 29)], faces, np.array([0, 1, 2]), naming)
    assert [sheet.characters for sheet in sheets] == [("Anna",), ()]
    assert [(sheet.start, sheet.end) for sheet in sheets] == [(0.5, 1.5), (1.5, 3.5)]


@pytest.mark.parametrize(("fps", "stride"), [(10.0, 5), (29.97, 15), (1.0, 1)])
def test_key_frames_are_as_far_apart_in_seconds_whatever_the_frame_rate(fps: float, stride: int) -> None:
    assert with_stride(PerceptionSettings(), film(fps=fps), NarrationSettings()).key_frame_stride == stride


def test_a_missing_film_and_missing_models_are_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    models = Models(tmp_path / "e", tmp_path / "b", tmp_path / "c", PerceptionSettings(), CaptionerSettings())
    film = tmp_path / "film.mp4"
    with pytest.raises(BadInput, match="no such film"):
        narrate(Given(film), models, NarrationSettings())
    film.write_bytes(b"")
    with pytest.raises(BadInput, match="make repro"):
        narrate(Given(film), models, NarrationSettings())


@pytest.mark.parametrize(
    ("cast", "said"),
    [("[]", "not a cast"), ("[{", "not valid JSON"), ('[{"role": "ANNA", "portrait": "../../a.png"}]', "outside")],
)
def test_a_cast_that_cannot_be_read_is_one_line_before_the_work(tmp_path: Path, cast: str, said: str) -> None:
    from corpora.video import write_video

    models = Models(tmp_path / "e", tmp_path / "b", tmp_path / "c", PerceptionSettings(), CaptionerSettings())
    for folder in (models.face_encoder, models.base_model, models.captioner):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    source = tmp_path / "film"
    source.mkdir()
    write_video(source / "film.mp4", [np.full((36, 64, 3), shade, np.uint8) for shade in range(12)], fps=10)
    (source / "cast.json").write_text(cast)
    with pytest.raises(BadInput, match=said):
        narrate(Given(source), models, NarrationSettings(), out=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".work"]


def test_the_banks_get_both_of_the_encoders_thresholds() -> None:
    class Encoder:
        name, size, threshold, portrait_threshold = "toy", 2, 0.4, 0.9

    columns = ["frame", "shot", "x1", "y1", "x2", "y2", "confidence", "embedding"]
    banks = banks_of(film(), pd.DataFrame(columns=columns), {}, PerceptionSettings(), Encoder())  # type: ignore[arg-type]
    assert banks.threshold_of("best query") == 0.4 and banks.threshold_of("actor") == 0.9


def test_the_queue_begins_with_the_most_doubtful_line_and_tells_why(tmp_path: Path) -> None:
    doubtful = Line(
        3.0, 4.0, "Someone nods.", (), 0.8, doubt=0.7, drafted="Bo nods.", reasons=Reasons("first", ("Bo?",))
    )
    other = Alternative("They nod.", 0.5, -0.7, "", ())
    draft = Draft(
        "F", SHOTS, (*LINES, replace(doubtful, alternatives=(other,))), (), (Silence(4.0, 5.0, "all repeat"),)
    )
    write_script(tmp_path, draft, NarrationSettings())
    found = json.loads((tmp_path / "description.json").read_text())
    assert found["review"][0] == {"line": 3, "doubt": 0.7, "why": ["Bo?"]} and len(found["review"]) == 3
    assert found["silences"] == [{"start": 4.0, "end": 5.0, "why": "all repeat"}]
    page = (tmp_path / "review.md").read_text()
    assert page.index("Someone nods.") < page.index("Anna waves.")
    assert all(words in page for words in ("Check: Bo?", '"Bo nods."', "Or: They nod.", "all repeat"))


def test_the_draft_keeps_the_keys_that_other_readers_know() -> None:
    value = Draft("F", SHOTS, LINES, ()).value()
    assert set(value["shots"][0]) == {"first_frame", "last_frame", "start", "end", "characters"}
    assert {"start", "end", "text", "characters", "confidence"} <= set(value["lines"][0])


def test_times_are_read_as_minutes_and_seconds() -> None:
    assert [clock(0.0), clock(62.45), clock(3599.97)] == ["0:00.0", "1:02.4", "60:00.0"]
