"""`focusedad score FILE.csv`: the files people have, and what is said of the ones that cannot be scored."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from common.errors import BadInput
from evaluation import fetch_spice
from evaluation.command import main, score_file
from evaluation.settings import EvaluationSettings, IntervalSettings, JavaSettings, RecallWindow
from evaluation.spice import JARS


@pytest.fixture
def settings() -> EvaluationSettings:
    return EvaluationSettings(
        metrics=("ROUGE_L", "R", "Recall"),
        tokenise="none",
        recall=(RecallWindow(k=1, neighbours=2),),
        intervals=IntervalSettings(draws=20),
    )


def _write(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "scores.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_two_columns_are_enough(tmp_path: Path, settings: EvaluationSettings) -> None:
    path = _write(tmp_path, 'text_gt,text_gen\n"A man, alone.",A man\n"Two\nlines","Two\nlines"\n')
    found = score_file(path, settings)
    assert found["counts"]["clips"] == 2 and found["file"] == "scores.csv"
    assert found["summary"]["R@1/2"] == 100.0
    assert json.loads(json.dumps(found)) == found


def test_rows_of_one_vid_are_references_of_one_clip(tmp_path: Path, settings: EvaluationSettings) -> None:
    path = _write(tmp_path, "vid,text_gt,text_gen\n1,A dog,Rain falls\n2,Snow,Snow\n1,Rain falls,\n")
    found = score_file(path, settings)
    assert found["counts"]["clips"] == 2
    assert found["summary"]["ROUGE_L"] == pytest.approx(100.0)


def test_times_order_the_clips_of_a_film(tmp_path: Path, settings: EvaluationSettings) -> None:
    rows = ["tt2,9,10,Rain falls,Rain falls", "tt1,2,3,Snow lies,Snow lies", "tt2,1,2,A dog barks,A dog barks"]
    path = _write(tmp_path, "imdbid,start,end,text_gt,text_gen\n" + "\n".join(rows) + "\n")
    found = score_file(path, settings)
    assert found["counts"]["films"] == 2
    assert found["summary"]["R@1/2"] == 100.0


def test_the_same_rows_twice_are_two_clips_and_the_files_of_the_field_are_read(
    tmp_path: Path, settings: EvaluationSettings
) -> None:
    path = _write(tmp_path, "text_gt,text_gen\r\nCafé “x”,Café\r\nCafé “x”,Café\r\n\r\n", encoding="cp1252")
    assert score_file(path, settings)["counts"]["clips"] == 2
    path = _write(tmp_path, "\ufefftext_gt,text_gen\nCafé,Café\n")
    assert score_file(path, settings)["summary"]["ROUGE_L"] == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "scores.csv:1: no column text_gt and text_gen (it is empty)"),
        ("gt,text_gen\na,b\n", "scores.csv:1: no column text_gt (its columns are gt, text_gen)"),
        ("text_gt,text_gen,text_gt\na,b,c\n", "scores.csv:1: column text_gt occurs twice"),
        ("text_gt,text_gen\n\n", "no rows below the header"),
        ('text_gt,text_gen\n"a\nb",c\n,d\n', "scores.csv:4: text_gt is empty"),
        ("text_gt,text_gen\na,b\nA man, alone,b\n", "scores.csv:3: 3 values for 2 columns; quote texts"),
        ("text_gt,text_gen,start,end\na,b,5,4\n", "scores.csv:2: the clip ends at 4 before it starts at 5"),
        ("text_gt,text_gen,start\na,b,0:05\n", "scores.csv:2: start is '0:05'; give seconds"),
        ("text_gt,text_gen,end\na,b,nan\n", "scores.csv:2: end is 'nan'; give seconds"),
        ("vid,text_gt,text_gen\n1,a,b\n1,c,d\n", "scores.csv:3: vid 1 has another text_gen"),
        ("vid,text_gt,text_gen,start\n1,a,b,1\n1,c,b,2\n", "scores.csv:3: vid 1 has another start"),
        ("vid,text_gt,text_gen\n,a,b\n", "scores.csv:2: vid is empty"),
        ('text_gt,text_gen\n"a,b\n', "scores.csv:2: not CSV"),
    ],
)
def test_what_is_wrong_is_named_by_line(text: str, told: str, tmp_path: Path, settings: EvaluationSettings) -> None:
    with pytest.raises(BadInput) as caught:
        score_file(_write(tmp_path, text), settings)
    assert told in str(caught.value)


def test_the_command_prints_a_line_a_metric_or_json(
    tmp_path: Path, settings: EvaluationSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, "text_gt,text_gen\nRain falls,Rain falls\n")
    assert main([str(path)], settings) == 0
    told = capsys.readouterr().out
    assert "scores.csv: 1 clips, 1 films" in told
    assert "ROUGE_L           100.0" in told and "R@1/2            missing: no film has 2 clips" in told
    assert main([str(path), "--json", "--metric", "R"], settings) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["R"] == 0.0


def test_the_command_ends_with_status_2_and_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv")]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "no such file" in told.err
    assert main([str(tmp_path)]) == 2


def test_the_command_ends_with_status_1_and_one_line_where_java_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'Error: out of memory' >&2\nexit 1\n")
    java.chmod(0o755)
    table = tmp_path / "table.csv"
    table.write_text("text_gt,text_gen\nA man that no other test has.,A man.\n")
    settings = EvaluationSettings(metrics=("CIDEr",), java=JavaSettings(executable=str(java)))
    assert main([str(table)], settings) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "status 1: Error: out of memory" in told.err


def test_fetching_without_maven_names_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert fetch_spice.main(["--into", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "mvn: not found; install Maven" in told and all(name in told for name in JARS)


def _maven(folder: Path, body: str) -> None:
    program = folder / "mvn"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def test_fetching_puts_every_jar_in_place_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = "\n".join(f'case "$4" in *{coordinates}) name={name};; esac' for name, coordinates in JARS.items())
    _maven(tmp_path, copies + '\ntouch "${5#-DoutputDirectory=}/$name"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert fetch_spice.fetch(tmp_path / "jars") == list(JARS)
    assert sorted(path.name for path in (tmp_path / "jars").iterdir()) == sorted(JARS)
    assert fetch_spice.fetch(tmp_path / "jars") == []


def test_a_fetch_that_fails_says_what_maven_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _maven(tmp_path, "echo '[ERROR] Could not resolve it'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(
        BadInput, match=r"stanford-corenlp:3\.6\.0: Maven could not fetch it: \[ERROR\] Could not resolve"
    ):
        fetch_spice.fetch(tmp_path / "jars")
    assert not list((tmp_path / "jars").iterdir())
