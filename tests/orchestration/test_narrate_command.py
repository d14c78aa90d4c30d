"""`focusedad narrate`: which captioner speaks, and mistakes told in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import BadInput
from narration.script import Draft, Line, Reasons, Silence
from orchestration.cli import main
from orchestration.narrate_command import summary
from orchestration.narrate_model import captioner_folder
from publishing import tracking
from publishing.champion import ALIAS
from publishing.records import write_record


def registered(home: Path, tmp_path: Path) -> Path:
    """A captioner's folder, registered under `home` with the base model that lies in `tmp_path`."""
    folder, data = tmp_path / "C2.0", tmp_path / "data"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"plan": {}}))
    (folder / "model.safetensors").write_bytes(b"weights")
    (data / "base_model").mkdir(parents=True)
    write_record(data / "base_model", key="", made_from={}, audit="")
    tracking.log_training_run(
        stage="captioner",
        unit="C2.0",
        folder=folder,
        data=data,
        inputs={"base_model": ("",)},
        parameters={},
        metrics={},
        curves={},
        model=tracking.MODEL,
        home=home,
    )
    return data / "base_model"


def test_the_champion_is_found_by_its_alias(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home, address = tmp_path / "home", f"models:/{tracking.MODEL}@{ALIAS}"
    base = registered(home, tmp_path)
    with pytest.raises(BadInput, match="focusedad promote"):
        captioner_folder(address, base_model=base, home=home)
    tracking.client(home).set_registered_model_alias(tracking.MODEL, ALIAS, "1")
    found = captioner_folder(address, base_model=base, home=home)
    assert (found / "model.safetensors").read_bytes() == b"weights"
    assert captioner_folder(f"models:/{tracking.MODEL}/1", base_model=base, home=home) == found
    assert "will not speak" not in caplog.text
    captioner_folder(address, base_model=tmp_path / "another", home=home)
    assert "will not speak as then" in caplog.text
    for wrong in (f"models:/{tracking.MODEL}/7", "models:/other/1", f"models:/{tracking.MODEL}@best"):
        with pytest.raises(BadInput, match="no such registered model"):
            captioner_folder(wrong, base_model=base, home=home)


@pytest.mark.parametrize(("model", "said"), [("models:/", "not an address"), ("models:/a@b", "no registry here yet")])
def test_an_address_that_leads_nowhere_says_what_to_do(tmp_path: Path, model: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        captioner_folder(model, base_model=tmp_path, home=tmp_path / "home")


def test_a_folder_is_taken_as_it_is_and_must_hold_a_captioner(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no trained captioner"):
        captioner_folder(str(tmp_path), base_model=tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert captioner_folder(str(tmp_path), base_model=tmp_path) == tmp_path


def test_mistakes_of_the_command_are_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert main(["profile", "smoke"]) == 0
    capsys.readouterr()
    assert main(["narrate", str(tmp_path / "none.mp4"), "--model", str(tmp_path)]) == 2
    assert "no trained captioner" in capsys.readouterr().err
    assert main(["narrate", str(tmp_path / "none.mp4")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "no such film or folder" in said[0]


@pytest.mark.parametrize(("variant", "weights"), [("B1", "C2"), ("B2", "C2"), ("D1", "C2")])
def test_a_row_without_weights_of_its_own_names_the_variant_to_take(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variant: str,
    weights: str,
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert main(["profile", "mini"]) == 0
    capsys.readouterr()
    assert main(["narrate", str(tmp_path / "none.mp4"), "--variant", variant]) == 2
    told = capsys.readouterr().err
    assert f"uses {weights}'s weights" in told and f"take --variant {weights}" in told and told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "give a FILM"), (["--serve"], "name it with --out"), (["--serve", "--out", "{}"], "holds no draft")],
)
def test_a_draft_is_served_only_where_there_is_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    assert main(["profile", "smoke"]) == 0
    capsys.readouterr()
    assert main(["narrate", *(word.format(tmp_path) for word in words)]) == 2
    assert said in capsys.readouterr().err


def test_what_came_of_it_is_told_in_a_few_lines_with_the_next_step(tmp_path: Path) -> None:
    line = Line(0.5, 1.9, "Anna waves.", (), 0.8)
    doubtful = replace(line, start=3.0, end=4.5, reasons=Reasons("first", ("Is it?",)))
    draft = Draft("The Film", (), (line, doubtful), ("It cannot know.",), (Silence(5.0, 6.0, "all repeat"),))
    out = tmp_path / "a draft"
    out.mkdir()
    (out / "description.voice.m4a").write_bytes(b"")
    told = summary(draft, out, served=False).splitlines()
    assert told[:2] == ["The Film: 2 lines, 1 to be checked; 1 pause silent", "> It cannot know."]
    assert "review.md, index.html, description.voice.m4a" in told[2]
    assert told[3].endswith(f"focusedad narrate --out '{out}' --serve")
    assert len(summary(draft, out, served=True).splitlines()) == 3, "it is served already"
