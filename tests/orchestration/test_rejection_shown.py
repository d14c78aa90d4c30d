"""A refusal in Dagster's interface: the check shows the frames, and its link opens the Data Docs."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from toy_stages import WORDS
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from orchestration.factory import _check_metadata
from orchestration.ui import PAGES, _must_be_free, pages_address, pages_command
from publishing.publish import Outcome, publish_stage
from publishing.stage import graph_of
from publishing.thumbnails import THUMBNAILS

TWO = FILMS[1]


def rejected(world: ToyWorld) -> Outcome:
    world.raw(TWO, "an incomprehensible text")
    graph = graph_of((WORDS,))
    return publish_stage(WORDS, world.settings, graph=graph, root=world.root, code_root=world.root)


def test_the_link_of_a_refusal_opens_its_data_docs(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv(PAGES, f"http://127.0.0.1:{port}")
    link = str(_check_metadata(rejected(world), world.root)["data_docs"].value)
    assert link.startswith(pages_address())
    serving = subprocess.Popen(pages_command(port, world.data / "rejected"), stderr=subprocess.DEVNULL)
    try:
        page = fetched(link)
        assert "Data Docs created by Great Expectations" in page
    finally:
        serving.terminate()
        serving.wait()
    assert (world.root / "data/rejected" / urlsplit(link).path.lstrip("/")).is_file()


def test_where_nothing_was_refused_the_page_says_so(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = subprocess.Popen(pages_command(port, tmp_path / "rejected"), stderr=subprocess.DEVNULL)
    try:
        assert "Nothing was refused" in fetched(f"http://127.0.0.1:{port}/")
    finally:
        serving.terminate()
        serving.wait()


def test_a_port_that_is_none_is_told_in_one_line() -> None:
    with pytest.raises(BadInput, match="port 99999: a port is a number up to 65535"):
        _must_be_free(99999)


def fetched(address: str, patience: float = 60.0) -> str:
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(address) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_the_frames_of_a_refused_unit_are_shown(world: ToyWorld) -> None:
    outcome = rejected(world)
    assert not [name for name in _check_metadata(outcome, world.root) if name.startswith("frames_of")]
    Path(world.data / "rejected/words" / TWO / THUMBNAILS).write_bytes(b"\x89PNG")
    assert "data:image/png;base64,iVBORw==" in str(_check_metadata(outcome, world.root)[f"frames_of_{TWO}"].value)
