"""The data set as it is passed on: files with their hashes, records that can be read as described, nothing hidden.

The community's `mlcroissant` finds nothing to say about it and reads every record by it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from good_units import clips, films

from common.errors import BadInput
from publishing.croissant import write_data_set
from publishing.records import RECORD, put_aside, write_record
from publishing.settings import check_settings

VALUES: dict[str, Any] = {"studio": {"train_films": 1, "mad_eval_named_films": 2, "cinepile_ad_films": 0}}
SETTINGS = check_settings(VALUES, source="params.yaml")
TRAIN, TEST, ASIDE = "tt9000001", "tt9100001", "tt9100002"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    for stage, film in (("storyboard_v2", TRAIN), ("mad_eval_named", TEST)):
        for folder, make in ((data / "films" / film, films), (data / stage / film, clips)):
            folder.mkdir(parents=True)
            make(folder)
            if make is films:
                (folder / "truth").mkdir()
                (folder / "truth/people.json").write_text("{}")
            write_record(folder, key="", made_from={}, audit="")
    (data / "films" / ASIDE).mkdir()
    put_aside(data / "films" / ASIDE, "damaged")
    return data


def written(data: Path, name: str = "out") -> tuple[Path, dict[str, Any]]:
    out = data.parent / name
    write_data_set(out, SETTINGS, data=data, published="2026-01-02")
    return out, json.loads((out / "croissant.json").read_text())


def test_required_fields_are_there(data: Path) -> None:
    _, told = written(data)
    assert told["@type"] == "sc:Dataset" and told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    for field in ("@context", "name", "description", "license", "url", "creator", "datePublished", "distribution"):
        assert told[field], field
    for file in told["distribution"]:
        assert file["@type"] == "cr:FileObject"
        assert all(file[field] for field in ("@id", "name", "contentUrl", "encodingFormat", "sha256"))
    for records in told["recordSet"]:
        assert records["@type"] == "cr:RecordSet" and records["@id"] and records["field"]
        for field in records["field"]:
            assert field["@type"] == "cr:Field" and field["@id"].startswith(f"{records['@id']}/") and field["dataType"]
    ids = [each["@id"] for each in told["distribution"] + told["recordSet"] + told["recordSet"][0]["field"]]
    assert len(ids) == len(set(ids))


def test_mlcroissant_finds_nothing_to_say_and_reads_every_record(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant

    out, _ = written(data)
    caplog.set_level("WARNING")
    found = mlcroissant.Dataset(jsonld=out / "croissant.json")
    assert not found.metadata.issues.errors and not found.metadata.issues.warnings
    assert not caplog.records
    rows = list(csv.DictReader((out / "clips.csv").open(encoding="utf-8", newline="")))
    read = [(each["clips/film"].decode(), each["clips/clip_id"]) for each in found.records("clips")]
    assert read == [(row["film"], int(row["clip_id"])) for row in rows]


def test_every_file_is_described_as_it_lies_there(data: Path) -> None:
    out, told = written(data)
    described = {file["contentUrl"]: file for file in told["distribution"]}
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert set(described) == there - {"croissant.json"}
    for place, file in described.items():
        content = (out / place).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest() and file["contentSize"] == f"{len(content)} B"


def test_records_are_read_as_described(data: Path) -> None:
    out, told = written(data)
    (records,) = told["recordSet"]
    rows = list(csv.DictReader((out / "clips.csv").open(encoding="utf-8", newline="")))
    read = {"sc:Integer": int, "sc:Float": float, "sc:Text": str}
    for row in rows:
        for field in records["field"]:
            assert field["source"]["fileObject"] == {"@id": "clips.csv"}
            read[field["dataType"]](row[field["source"]["extract"]["column"]])
    keys = [tuple(row[key["@id"].removeprefix("clips/")] for key in records["key"]) for row in rows]
    assert len(keys) == len(set(keys)) == 6
    assert [row["split"] for row in rows] == ["train"] * 3 + ["mad_eval_named"] * 3
    assert rows[0]["text"] == "Anna waves at Bob." and rows[0]["film"] == TRAIN


def test_no_truth_no_record_and_no_film_put_aside_is_passed_on(data: Path) -> None:
    out, _ = written(data)
    places = {part for path in out.rglob("*") for part in path.relative_to(out).parts}
    assert not places & {"truth", RECORD, ASIDE} and {TRAIN, TEST} <= places


def test_the_same_films_are_the_same_bytes(data: Path) -> None:
    one, two = written(data, "one")[0], written(data, "two")[0]
    for path in one.rglob("*"):
        assert not path.is_file() or path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_what_may_not_or_cannot_be_passed_on_is_told(data: Path) -> None:
    real = check_settings({"films": {"source": "corpora"}}, source="params.yaml")
    with pytest.raises(BadInput, match="the rights in yours"):
        write_data_set(data.parent / "out", real, data=data, published="")
    with pytest.raises(BadInput, match="not empty"):
        write_data_set(data, SETTINGS, data=data, published="")
    (data / "mad_eval_named" / TEST / RECORD).unlink()
    with pytest.raises(BadInput, match=f"mad_eval_named/{TEST}: not published"):
        written(data)
    assert not (data.parent / "out").exists()
