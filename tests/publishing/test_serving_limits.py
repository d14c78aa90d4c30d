"""What one request to the registered model may ask: refused in one line before any work."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
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


def test_a_film_outside_the_folder_that_is_served_is_refused_whatever_leads_there(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "inside.mp4").write_bytes((tmp_path / "short.mp4").read_bytes())
    (tmp_path / "films" / "link.mp4").symlink_to(tmp_path / "short.mp4")
    (tmp_path / "words.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nHello.\n")
    parameters = tmp_path / "params.yaml"
    text = parameters.read_text()
    assert "folder: ''  # films, subtitles" in text
    parameters.write_text(text.replace("folder: ''  # films, subtitles", "folder: films  # films, subtitles"))
    answers, worked = asked("films/inside.mp4", "films/link.mp4")
    assert worked == ["inside.mp4"] and "does not lie below serving.folder" in answers[1]["error"]
    for outside in ("short.mp4", "films/../short.mp4", "/etc/passwd", "/dev/zero"):
        (refused,), worked = asked(outside)
        assert "does not lie below serving.folder" in refused["error"] and worked == []
    for more in ("subtitles", "cast"):
        (refused,), worked = asked("films/inside.mp4", **{more: str(tmp_path / "words.srt")})
        assert "words.srt: does not lie below serving.folder" in refused["error"] and worked == []


LINKS = ("film.mp4", "subtitles.srt", "cast.json", "film.json", "portraits/a.png", "portraits")


@pytest.mark.parametrize(
    ("part", "link"), [*(("film", link) for link in LINKS), ("cast", "cast.json"), ("cast", "portraits")]
)
def test_a_link_in_a_folder_that_is_served_leads_nowhere_else(asked: Any, tmp_path: Path, part: str, link: str) -> None:
    folder, elsewhere = tmp_path / "films" / "one", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        (each / "portraits").mkdir(parents=True)
        (each / "cast.json").write_text('[{"id": "nm1", "name": "A", "role": "ANNA", "portrait": "portraits/a.png"}]')
        (each / "subtitles.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nHello.\n")
        for name in ("film.mp4", "film.json", "portraits/a.png"):
            (each / name).write_bytes((tmp_path / "short.mp4").read_bytes())
    (tmp_path / "films" / "other.mp4").symlink_to(folder / "film.mp4")
    parameters = tmp_path / "params.yaml"
    text = parameters.read_text()
    assert "folder: ''  # films, subtitles" in text
    parameters.write_text(text.replace("folder: ''  # films, subtitles", "folder: films  # films, subtitles"))
    asking = ("films/other.mp4", {"cast": str(folder)}) if part == "cast" else ("films/one", {})
    (told,), worked = asked(asking[0], **asking[1])
    assert worked == [Path(asking[0]).name] and told["lines"] == []
    if link == "portraits":
        (folder / "portraits" / "a.png").unlink()
        (folder / "portraits").rmdir()
    else:
        (folder / link).unlink()
    (folder / link).symlink_to(elsewhere / link)
    (told,), worked = asked(asking[0], **asking[1])
    refusals = ("does not lie below serving.folder", "leads outside")  # the latter by the cast, for its portraits
    assert any(refusal in told["error"] for refusal in refusals) and worked == []


def test_requests_that_come_in_together_are_worked_on_one_after_the_other_or_refused(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from narration import narrate

    begun, go_on, drafted = threading.Event(), threading.Event(), narrate.narrate

    def slow(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return drafted(*given)

    monkeypatch.setattr(narrate, "narrate", slow)
    with ThreadPoolExecutor(9) as several:
        first = several.submit(asked, "short.mp4")
        assert begun.wait(60)
        others = [several.submit(asked, "short.mp4") for _ in range(8)]
        refused = [each.result()[0][0] for each in others]
        go_on.set()
        assert first.result()[0][0]["lines"] == []
    assert all("another one is being worked on" in each["error"] for each in refused)
    assert asked("short.mp4")[0][0]["lines"] == [], "when it is done, the next is taken"


def test_what_never_ends_is_refused_unread(asked: Any) -> None:
    for film in ("/dev/zero", "/dev/stdin", "/proc/self/mem"):
        (refused,), worked = asked(film)
        assert refused["error"].count("\n") == 0 and worked == []
    for film in ("x" * 5000, "nul\0.mp4", "http://127.0.0.1/film.mp4"):
        (refused,), worked = asked(film)
        assert "\n" not in refused["error"] and worked == []
    (refused,), worked = asked("short.mp4", cast="x" * 5000)
    assert "cannot be read (File name too long)" in refused["error"] and worked == []
    (refused,), worked = asked("short.mp4", subtitles="/dev/zero")
    assert "it is no file" in refused["error"] and worked == []
