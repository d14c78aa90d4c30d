"""The perception's figures as a command: a page, JSON, and what is told of mistakes."""

import json
from pathlib import Path

import pytest
from measuring_toys import (
    ADA,
    SETTINGS,
    perceived_in,
)

from common.errors import BadInput
from corpora.film import Film
from models.measuring.changes import with_changes
from models.measuring.command import main, published
from models.measuring.page import number
from models.measuring.truth import Perceived
from models.perception.bank_files import Banks, write_banks
from models.perception.faces import write_faces
from models.perception.regions import Regions, write_regions
from models.perception.settings import PerceptionSettings


def publish(perceived: Perceived, data: Path) -> Path:
    """The film's folder under `data`, with banks and regions as the stages lay them out."""
    folder = data / "films" / "tt1"
    write_banks(perceived.banks, data / "query_banks" / "tt1")
    write_faces(perceived.faces, perceived.shots, data / "query_banks" / "tt1")
    write_regions(perceived.regions, data / "character_regions" / "tt1")
    return folder


def toy_data(folder: Path) -> Path:
    (folder / "films" / "tt1").mkdir(parents=True)
    return publish(perceived_in(folder / "films" / "tt1"), folder)


def test_the_command_writes_a_page_and_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film, page = toy_data(tmp_path / "data"), tmp_path / "perception.md"
    arguments = [str(film), "--data", str(tmp_path / "data"), "--page", str(page)]
    assert main(arguments) == 0
    text = page.read_text(encoding="utf-8")
    assert "| carried | .800 | - | not measured |" in text and "face encoder `toy`" in text
    assert json.loads(page.with_suffix(".json").read_text())["detection"]["all"]["recall"]["count"] == 6
    assert "propagated_iou" in capsys.readouterr().out
    assert main(arguments) == 0 and page.read_text(encoding="utf-8") == text


def test_json_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(toy_data(tmp_path)), "--data", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["films"]["tt1"]["propagated_iou"] == pytest.approx(0.75)
    assert told["films"]["mean"]["backward_iou"] == pytest.approx(1 / 3)


def test_what_a_film_has_none_of_is_null_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "films" / "tt1").mkdir(parents=True)
    film = publish(perceived_in(tmp_path / "films" / "tt1", regions=[], tracks=[]), tmp_path)
    assert main([str(film), "--data", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["films"]["tt1"]["propagated_iou"] is None


def test_what_is_not_published_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = toy_data(tmp_path)
    assert main([str(film), "--data", str(tmp_path / "elsewhere")]) == 2
    assert "run the query_banks stage" in capsys.readouterr().err


def test_published_settings_are_read_with_the_regions(tmp_path: Path) -> None:
    film = toy_data(tmp_path)
    made = tmp_path / "character_regions" / "tt1" / "_made.json"
    made.write_text(json.dumps({"from": {"parameters": {"key_frame_stride": 15}}}))
    from corpora.film import read_film

    assert published(read_film(film), tmp_path)[1].key_frame_stride == 15


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("regions.bakend=sam2", "no such parameter"),
        ("regions", "no such parameter"),
        ("regions.backend.kind=1", "no such parameter"),
        ("regions.feet=tall", "feet"),
        ("regions.band=0", "greater than or equal to 1"),
        ("regions.band=[", "not a value"),
    ],
)
def test_a_parameter_that_is_none_is_told(change: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        with_changes(SETTINGS, [change])


def test_parameters_are_changed_by_name() -> None:
    changed = with_changes(SETTINGS, ["regions.longest=1.5", "recognition.threshold=null", "key_frame_stride=15"])
    assert (changed.regions.longest, changed.recognition.threshold, changed.key_frame_stride) == (1.5, None, 15)
    assert with_changes(SETTINGS, []) == SETTINGS


def test_regions_are_made_anew_from_published_banks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = toy_data(tmp_path)
    (tmp_path / "character_regions" / "tt1" / "regions.json").unlink()  # not read
    asked = []

    def made(
        film: Film, faces: object, shots: object, banks: Banks, clips: object, settings: PerceptionSettings
    ) -> Regions:
        asked.append((settings.regions.longest, sorted(banks.best)))
        return perceived_in(tmp_path / "films" / "tt1").regions

    monkeypatch.setattr("models.measuring.command.character_regions", made)
    arguments = [str(film), "--data", str(tmp_path), "--work", str(tmp_path / "work"), "--set"]
    assert main([*arguments, "regions.longest=1"]) == 0 and main([*arguments, "regions.longest=1"]) == 0
    assert asked == [(1.0, ["Ada", "Bob"])]  # the second call reads what the first left
    assert main([*arguments, "regions.longest=2"]) == 2  # and none reads what was made otherwise
    assert main([*arguments, "detector.min_face=30"]) == 2
    write_banks(Banks("toy", 0.4, {"Ada": ADA}, {"Ada": ADA}), tmp_path / "query_banks" / "tt1")
    assert main([*arguments, "regions.longest=1"]) == 2  # nor what other banks gave
    assert main([str(film), *arguments, "regions.longest=1"]) == 2  # nor one film twice


@pytest.mark.parametrize(
    ("value", "told"), [(0.5, ".500"), (1.0, "1.000"), (0.0, ".000"), (-0.25, "-.250"), (12, "12.000")]
)
def test_numbers_have_three_places(value: float, told: str) -> None:
    assert number(value) == told
