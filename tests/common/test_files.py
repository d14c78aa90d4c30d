"""JSON that cannot be read is a mistake in one line, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from common.files import read_json, read_json_lines, write_json


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1,\n}', r"x\.json:2: not valid JSON"),
        (b'"\xff"', r"x\.json: not UTF-8 at byte 1"),
        (b"[" * 200_000, r"x\.json: nested too deeply"),
        (b"9" * 5000, r"x\.json: .* a number too long"),
    ],
)
def test_what_is_no_json_is_told_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadInput, match=told) as caught:
        read_json(tmp_path / "x.json")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_json_comes_back(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"é": [1, 2.5, None]})
    assert read_json(tmp_path / "x.json") == {"é": [1, 2.5, None]}


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", '"a\\u0000b"', '"\\ud800"'])
def test_what_no_writer_of_ours_leaves_is_refused_however_deep(tmp_path: Path, value: str) -> None:
    (tmp_path / "x.json").write_text(f'{{"a": [1, {{"b": {value}}}]}}')
    with pytest.raises(BadInput, match=r"x\.json: "):
        read_json(tmp_path / "x.json")


def test_a_corpus_is_judged_row_by_row_by_its_reader(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"start": NaN}, {"start": 1}]')
    assert read_json(tmp_path / "x.json", foreign=True)[1] == {"start": 1}


def test_lines_of_json_come_back_and_a_bad_one_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "\u2028"}\n\n2\n', encoding="utf-8")
    assert read_json_lines(path, advice="make it again") == [{"a": "\u2028"}, 2]
    for bad in ("NaN", "{", '"\\u0000"'):
        path.write_text(f"1\n{bad}\n")
        with pytest.raises(BadInput, match=r"x\.jsonl:2: .*; make it again"):
            read_json_lines(path, advice="make it again")
