"""JSON that cannot be read is a mistake in one line, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from common.files import read_json, write_json


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
