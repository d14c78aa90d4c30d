"""The page is whole in itself, holds what the draft says whatever its words are, and may do nothing else."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from narration_toys import SETTINGS, toy_draft, write_toy

from common.errors import BadInput
from narration import player
from narration.player import PAGE, address, embedded, page


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_holds_the_draft_and_the_script_as_it_is_written(tmp_path):
    write_toy(tmp_path, toy_draft())
    text = (tmp_path / PAGE).read_text()
    data = data_of(text)
    assert [line["text"] for line in data["lines"]] == ["Anna waves.", "It rains."]
    assert [line["span"] for line in data["lines"]] == ["0:00.5-0:01.9", "0:03.0-0:04.5"]
    assert data["script"] == (tmp_path / "description.md").read_text()
    assert (data["film"], data["voice"], data["token"]) == ("film.mp4", "", "")
    assert data["title"] == "The </script> <Toy> & Co"
    assert f"<h1>{html.escape(data['title'])}</h1>" in text


def test_no_address_outside_stands_in_it_and_the_policy_allows_only_its_own_parts():
    text = page(toy_draft(), SETTINGS, film="film.mp4")
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for kind, pattern in (("script-src", r"<script>(.*?)</script>"), ("style-src", r"<style>(.*?)</style>")):
        part = re.search(pattern, text, re.DOTALL)[1]
        assert f"{kind} 'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'" in policy


def test_what_stands_in_a_title_is_never_taken_for_a_mark_of_the_template():
    text = page(toy_draft(), SETTINGS, film="{{data}}")
    assert data_of(text)["film"] == "{{data}}"


def test_the_film_is_found_from_the_pages_folder_whatever_it_is_called(tmp_path):
    film = tmp_path / "films" / "a #1?.mp4"
    film.parent.mkdir()
    film.write_bytes(b"x")
    assert address(film, tmp_path / "draft") == "../films/a%20%231%3F.mp4"
    assert embedded(film) == "data:video/mp4;base64,eA=="


def test_a_film_too_large_for_a_page_is_told(tmp_path: Path, monkeypatch):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"xx")
    monkeypatch.setattr(player, "LARGEST_EMBEDDED", 1)
    with pytest.raises(BadInput, match="leave --embed-film out"):
        embedded(film)
