"""What one request to the registered model may ask: refused in one line before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpora.video import write_video
from publishing.profiles import load_profile, write_parameters


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks a model that notes what it is given in place of narrating; answers and what it worked on."""
    from narration import narrate
    from publishing.registered_model import FilmGiven, Narrator

    worked: list[str] = []

    class Drafted:
        def value(self) -> dict[str, Any]:
            return {"lines": []}

    def draft(given: Any, *_: Any) -> Drafted:
        worked.append(given.source.name)
        return Drafted()

    monkeypatch.setattr(narrate, "narrate", draft)
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    parameters = tmp_path / "params.yaml"
    write_parameters(load_profile("smoke"), parameters, profile="smoke")
    text = parameters.read_text()
    assert "most_films: 4" in text and "longest_minutes: 180.0" in text
    parameters.write_text(text.replace("most_films: 4", "most_films: 2").replace("minutes: 180.0", "minutes: 0.05"))
    model = Narrator()
    model.folder = tmp_path

    def ask(*films: str, **more: str) -> tuple[list[dict[str, Any]], list[str]]:
        worked.clear()
        given = [FilmGiven(film=str(tmp_path / film), **more) for film in films]
        return model.predict(None, given), list(worked)

    for name, frames in (("short.mp4", 20), ("long.mp4", 50)):
        write_video(tmp_path / name, iter(np.zeros((frames, 48, 64, 3), dtype=np.uint8)), fps=10)
    return ask


def test_too_many_films_are_refused_whole(asked: Any) -> None:
    answers, worked = asked("short.mp4", "short.mp4", "short.mp4")
    assert worked == [] and len(answers) == 3
    assert all(each["error"].startswith("request: 3 films, and 2 are the most") for each in answers)


def test_a_film_that_is_too_long_spoils_no_other(asked: Any) -> None:
    answers, worked = asked("long.mp4", "short.mp4")
    assert worked == ["short.mp4"] and answers[1]["lines"] == []
    assert "0.1 minutes, and 0.05 are the most" in answers[0]["error"]
    assert "serving.longest_minutes" in answers[0]["error"]


def test_mistakes_are_told_film_by_film(asked: Any) -> None:
    (absent,), worked = asked("nowhere.mp4")
    assert "no such film or folder" in absent["error"] and worked == []
    (wrong,), worked = asked("short.mp4", names="always")
    assert wrong["error"].startswith("request: narration.names") and worked == []
