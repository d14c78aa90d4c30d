"""The judge against a server that stands in for a model: asked once, read strictly, missed in one line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.errors import BadInput
from evaluation.judge import TRANSCRIPTS, parse
from evaluation.score import score
from evaluation.settings import EvaluationSettings, IntervalSettings, JudgeSettings

TABLE = pd.DataFrame(
    {
        "film": "f",
        "clip_id": [1, 2, 3],
        "text_gt": ["Nora opens the door.", "Rain falls.", "Tony waits."],
        "text_gen": ["Nora opens a door.", "A dog ||| barks.\n", ""],
    }
)


class Server(HTTPServer):
    asked: list[tuple[str, dict[str, Any], str | None]]
    answer: str | bytes


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, asked, self.headers.get("Authorization")))
        said = self.server.answer
        if isinstance(said, str):
            wanted = "5" if "Nora" in asked["messages"][0]["content"] else said
            said = json.dumps({"choices": [{"message": {"content": wanted}}]}).encode()
        self.send_response(200 if said else 503)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.asked, found.answer = [], "Score: 1/5"
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def _settings(address: str, **more: Any) -> EvaluationSettings:
    judge = JudgeSettings(address=address, model="stand-in", answer_seconds=5, **more)
    return EvaluationSettings(metrics=("judge",), judge=judge, intervals=IntervalSettings(draws=0))


def test_every_pair_is_asked_once_and_a_second_scoring_asks_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "secret")
    settings = _settings(f"http://127.0.0.1:{server.server_port}/v1/", key_variable="JUDGE_KEY")
    found = score(TABLE, settings, cache=tmp_path)
    assert found.per_clip["judge"].tolist() == [5, 1, 0] and found.summary["judge"] == 2
    assert "stand-in" in found.identities["judge"]
    assert len(server.asked) == 2, "silence is worth nothing, and nobody need say so"
    path, asked, key = server.asked[1]
    assert (path, asked["model"], asked["temperature"], key) == ("/v1/chat/completions", "stand-in", 0, "Bearer secret")
    assert "Professional: Rain falls.\nOther: A dog barks.\n" in asked["messages"][0]["content"]
    kept = [json.loads(line) for line in (tmp_path / TRANSCRIPTS).read_text().splitlines()]
    assert [line["answer"] for line in kept] == ["5", "Score: 1/5"]
    assert "secret" not in (tmp_path / TRANSCRIPTS).read_text()
    again = score(TABLE, settings, cache=tmp_path)
    assert again.summary == found.summary and len(server.asked) == 2


def test_another_model_and_a_torn_line_are_asked(server: Server, tmp_path: Path) -> None:
    settings = _settings(f"http://127.0.0.1:{server.server_port}/v1")
    score(TABLE, settings, cache=tmp_path)
    kept = (tmp_path / TRANSCRIPTS).read_text().splitlines()
    (tmp_path / TRANSCRIPTS).write_text(f"{kept[0]}\n{kept[1][:20]}\n")
    score(TABLE, settings, cache=tmp_path)
    assert len(server.asked) == 3
    other = settings.judge.model_copy(update={"model": "another"})
    score(TABLE, settings.model_copy(update={"judge": other}), cache=tmp_path)
    assert len(server.asked) == 5


def test_an_answer_without_a_number_is_no_score(server: Server) -> None:
    server.answer = "I cannot say."
    found = score(TABLE, _settings(f"http://127.0.0.1:{server.server_port}/v1"))
    assert np.isnan(found.per_clip["judge"][1]) and found.summary["judge"] == 2.5


@pytest.mark.parametrize("answer", [b"", b"no JSON", b'{"choices": []}'])
def test_a_judge_that_does_not_answer_is_one_line(server: Server, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(
        BadInput, match=r"^evaluation\.judge\.address: no answer from http://127\.0\.0\.1.*leave"
    ) as told:
        score(TABLE, _settings(f"http://127.0.0.1:{server.server_port}/v1"))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:9/v1", "no answer from"),
        ("nowhere", "no address of"),
        ("file:///etc/hostname", "no address of"),
    ],
)
def test_nobody_there_is_one_line(address: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        score(TABLE, _settings(address))


def test_it_is_off_and_without_an_address_a_reason() -> None:
    assert "judge" not in EvaluationSettings().metrics
    found = score(TABLE, EvaluationSettings(metrics=("judge",)))
    assert found.summary["judge"] is None and "evaluation.judge.address" in found.missing["judge"]


@pytest.mark.parametrize(
    ("answer", "number"),
    [("4", 4), (" 3.", 3), ("Score: 2/5", 2), ("5 out of 5", 5), ("From 0 to 5 I say 4", 4), ("12", -1), ("4.5", -1)],
)
def test_the_first_number_of_the_scale_counts(answer: str, number: float) -> None:
    assert parse(answer) == number
