"""What a person edits while a draft is being spoken is neither lost nor left unspoken."""

import re
import shlex
import sys

import numpy as np
import pytest
from narration_toys import SETTINGS, toy_draft, write_toy

from corpora.video import write_video
from models.captioner.settings import CaptionerSettings
from models.perception.settings import PerceptionSettings
from narration import narrate as narrating
from narration.given import Given
from narration.narrate import Models, narrate, pace

# Stands in for a voice: a tone; a person edits the script while the first line is spoken.
EDITING = """
import pathlib, sys, wave
text, script, noted = sys.stdin.read(), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
if not noted.exists():
    script.write_text(script.read_text().replace("It rains.", "It pours."))
with noted.open("a") as stream:
    stream.write(text + "\\n")
with wave.open(sys.argv[1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(22050); out.writeframes(bytes(range(100)) * 100)
"""


@pytest.fixture
def models(tmp_path) -> Models:
    folders = [tmp_path / name for name in ("face_encoder", "base_model", "captioner")]
    for folder in folders:
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    return Models(*folders, PerceptionSettings(), CaptionerSettings())


def test_edits_made_while_it_speaks_are_kept_and_spoken(tmp_path, models, monkeypatch):
    film, out, noted = tmp_path / "film.mp4", tmp_path / "out", tmp_path / "noted.txt"
    write_video(film, (np.full((36, 64, 3), n, np.uint8) for n in range(60)), fps=10)
    out.mkdir()
    write_toy(out, toy_draft("../film.mp4"))
    monkeypatch.setattr(narrating, "_draft", lambda *_: toy_draft())
    voice = shlex.join([sys.executable, "-c", EDITING, "{wav}", str(out / "description.md"), str(noted)])
    draft = narrate(Given(film), models, SETTINGS, out=out, voice=voice)
    assert [line.text for line in draft.lines] == ["Anna waves.", "It pours."]
    assert "It pours. _(edited)_" in (out / "description.md").read_text()
    assert "It pours." in (out / "description.vtt").read_text()
    assert noted.read_text().splitlines()[-1] == "It pours."
    assert noted.read_text().count("Anna waves.") == 1, "what was said already is not said again"


def test_a_run_tells_its_pace_and_its_memory():
    told = pace(toy_draft(), 3.0)
    assert re.fullmatch(r".*: 0\.1 min of film in 3 s, 30\.0 s per film minute, [1-9]\d* MiB", told)
