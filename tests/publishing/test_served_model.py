"""The registered model: a film's path in, its draft out, in this process and over HTTP, with mistakes told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "narration"))  # the untrained lineage is shared

from narration_world import untrained_lineage

from corpora.video import write_video
from publishing import tracking

pytestmark = pytest.mark.slow
WAIT_SECONDS = 240
NAME = f"models:/{tracking.MODEL}/1"


@dataclass(frozen=True)
class World:
    """A repository with an untrained lineage, one registered captioner, and a film of ten seconds."""

    root: Path

    @property
    def film(self) -> Path:
        return self.root / "film" / "film.mp4"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        return kept | {
            "FOCUSEDAD_ROOT": str(self.root),
            "MLFLOW_TRACKING_URI": tracking.tracking_uri(self.root / ".home"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "OTEL_SDK_DISABLED": "true",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("served")
    captioner = untrained_lineage(root)
    how = {"parameters": {}, "metrics": {}, "curves": {}, "inputs": {"base_model": ("",)}, "model": tracking.MODEL}
    home = root / ".home"
    tracking.log_training_run(stage="captioner", unit="C2.0", folder=captioner, data=root / "data", home=home, **how)
    made = World(root)
    made.film.parent.mkdir()
    frames = np.random.default_rng(0).integers(0, 255, (100, 96, 128, 3), dtype=np.uint8)
    write_video(made.film, iter(frames), fps=10)
    (made.film.parent / "subtitles.srt").write_text("1\n00:00:04,000 --> 00:00:05,000\nHello.\n")
    return made


def test_the_signature_says_what_goes_in(world: World) -> None:
    import mlflow

    tracking.client(world.root / ".home")
    signature = mlflow.models.get_model_info(NAME).signature
    assert signature is not None
    for word in ("film", "subtitles", "cast", "names"):
        assert word in str(signature.inputs)


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[str]:
    """`mlflow models serve` on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["mlflow", "models", "serve", "-m", NAME, "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    command += ["--timeout", str(WAIT_SECONDS)]
    with (world.root / "server.log").open("wb") as log:
        running = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            env=world.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{address}/ping", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert running.poll() is None and time.monotonic() < deadline, (world.root / "server.log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(running.pid, 15)
        running.wait(timeout=30)


def ask(server: str, *films: dict[str, Any]) -> list[dict[str, Any]]:
    body = json.dumps({"inputs": list(films)}).encode()
    request = urllib.request.Request(f"{server}/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
        return list(json.load(answer)["predictions"])


def test_a_request_is_answered_with_a_description(world: World, server: str) -> None:
    (draft,) = ask(server, {"film": str(world.film.parent), "names": "never"})
    assert "error" not in draft, draft
    assert draft["lines"] or draft["silences"], "every pause has a line, or the reason why it has none"
    for line in draft["lines"]:
        assert 0 <= line["start"] < line["end"] <= 10.1 and line["text"]


def test_it_is_what_the_command_line_drafts(world: World, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    from orchestration.cli import main

    (draft,) = ask(server, {"film": str(world.film.parent)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOCUSEDAD_ROOT", str(world.root))
        assert main(["narrate", str(world.film.parent), "--model", NAME, "--json"]) == 0
    drafted = json.loads(capsys.readouterr().out)
    assert draft.pop("film") == str(world.film.parent) and drafted.pop("film") == ""
    assert draft == drafted and (draft["lines"] or draft["silences"])


def test_mistakes_are_told_film_by_film(world: World, server: str) -> None:
    absent, wrong = ask(server, {"film": "/nowhere/film.mp4"}, {"film": str(world.film), "names": "always"})
    assert "no such film or folder" in absent["error"]
    assert wrong["error"].startswith("request: narration.names")
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(server, {"movie": "film.mp4"})
    assert refused.value.code == 400
