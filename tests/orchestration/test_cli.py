"""The command `focusedad`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from orchestration import doctor
from orchestration.cli import main
from publishing.profiles import load_profile
from publishing.settings import load_settings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(tmp_path))
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_profile_writes_the_parameters(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "smoke", "--json"]) == 0
    assert answer(capsys)["films"] == 4
    assert load_settings(root / "params.yaml") == load_profile("smoke")
    assert main(["profile"]) == 0
    assert "mini-large" in capsys.readouterr().out


def test_an_unknown_profile_is_one_line_and_status_2(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "huge"]) == 2
    assert capsys.readouterr().err.startswith("huge: no such profile; there are ")
    assert not (root / "params.yaml").exists()


def test_tables_are_printed_as_they_were_made(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables"]) == 2
    assert "make repro" in capsys.readouterr().err
    columns = ["row", "benchmark", "metric", "published", "reproduced", "low", "high", "note", "run_id", "data_version"]
    folder = root / "data/paper_tables"
    folder.mkdir(parents=True)
    for name in ("table_1", "table_2"):
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            for metric in ("SPICE", "METEOR"):
                row = {
                    "row": "C2",
                    "benchmark": "MAD-eval-Named",
                    "metric": metric,
                    "published": "7.4",
                    "reproduced": "6.0",
                }
                writer.writerow(row | {"low": "5.0", "high": "7.0"})
    (folder / "tables.txt").write_text("Table 1: as it was laid out\n", encoding="utf-8")
    assert main(["tables"]) == 0
    shown = capsys.readouterr().out
    assert "Table 1: as it was laid out" in shown and "data/paper_tables/report.html" in shown
    assert main(["tables", "--json"]) == 0
    assert answer(capsys)["table_2"][0]["metric"] == "SPICE"


def test_inspect_a_path_that_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(root / "nothing")]) == 2
    assert "nothing" in capsys.readouterr().err


def test_score_passes_on_its_own_arguments(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(root / "absent.csv")]) == 2
    assert "absent.csv" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["doctor", "inspect", "profile", "tables", "score", "crate"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_doctor_says_what_is_wrong_and_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "params.yaml").write_text("studio: {train_filsm: 1}")
    (root / ".dvc/tmp").mkdir(parents=True)
    (root / ".dvc/tmp/rwlock").write_text("")
    assert main(["doctor", "--json"]) == 1
    findings = {finding["what"]: finding for finding in answer(capsys)["findings"]}
    assert findings["params.yaml"]["state"] == "wrong" and "train_filsm" in findings["params.yaml"]["found"]
    assert findings["DVC"]["state"] == "wrong" and "--fix" in findings["DVC"]["remedy"]
    assert findings["Java"]["state"] == "ok"
    assert (root / ".dvc/tmp/rwlock").exists(), "without --fix nothing is touched"
    assert main(["doctor"]) == 1
    assert "thing(s) needed" in capsys.readouterr().out


def test_every_optional_thing_says_what_its_absence_costs(root: Path) -> None:
    for finding in doctor.examine():
        assert finding.needed or finding.cost
