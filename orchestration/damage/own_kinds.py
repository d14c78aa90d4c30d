"""What this project writes and reads again: parameters, records, scores, drafts; and what a person edits of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common.files import write_text
from orchestration.damage.kinds import Kind

PARAMETERS = """films: {source: studio}
studio: {seed: 3, fps: 10}
perception:
  key_frame_stride: 5
  shots: {shortest: 4}
evaluation:
  metrics: [SPICE, METEOR]
captioner:
  training: {steps: 30, rate: 0.0004}
"""
SCORED = """vid,imdbid,start,end,text_gt,text_gen
1,tt1,1.0,2.5,Anna walks.,Anna walks away.
1,tt1,1.0,2.5,She walks.,
2,tt1,3.0,4.5,"Ben, who sits, waits.",Ben sits.
3,tt2,1.0,4.5,They leave.,They go.
"""
PREDICTIONS = """film,clip_id,start,end,type,text_gt,text_gen
tt1,1,1.0,2.5,1,Anna walks.,Anna walks away.
tt1,2,3.0,4.5,2,"Ben, who sits.",
"""
RECORD = {
    "film": "tt1",
    "clip_id": 1,
    "start": 1.0,
    "end": 2.5,
    "first_frame": 10,
    "last_frame": 24,
    "key_frames": [10, 15, 20],
    "text": "Anna walks.",
    "type": 1,
    "prior": [{"kind": "subtitle", "text": "Hello."}],
    "characters": {"best query": [{"name": "ANNA", "track": 0, "first_seen": 10}], "actor": []},
}


def kinds() -> list[Kind]:
    return [*_publishing(), *_evaluation(), *_narration()]


def _publishing() -> list[Kind]:
    return [
        Kind("parameters", "params.yaml", "yaml", _text("params.yaml", PARAMETERS), _parameters),
        Kind(
            "parameters of narration",
            "params.yaml",
            "yaml",
            _text("params.yaml", "perception: {key_frame_stride: 5}\nnarration: {language: en}\n"),
            _narration_parameters,
        ),
        Kind("record of a unit", "_made.json", "json", _lay_record, _record),
        Kind("note of a unit put aside", "_aside.json", "json", _text("_aside.json", '{"reason": "no film"}'), _aside),
        Kind("clip records", "clips.jsonl", "json lines", _text("clips.jsonl", _lines(RECORD, RECORD)), _clips),
        Kind(
            "history of champions",
            "mlflow/promotions.jsonl",
            "json lines",
            lambda folder: write_text(folder / "mlflow/promotions.jsonl", _lines(_PROMOTED, _PROMOTED)),
            _history,
        ),
    ]


_PROMOTED: dict[str, Any] = {"time": "2026-01-01", "action": "promoted", "version": "1", "before": None, "reasons": []}


def _evaluation() -> list[Kind]:
    return [
        Kind("descriptions to score", "said.csv", "table", _text("said.csv", SCORED), _score),
        Kind("predictions", "predictions.csv", "table", _text("predictions.csv", PREDICTIONS), _predictions),
        Kind("scores", "scores.json", "json", _lay_scores, _scores),
        Kind("scores of clips", "per_clip.parquet", "parquet", _lay_scores, _scores),
        Kind("judge's answers", "judge.jsonl", "json lines", _lay_answers, _judged, ("judge.address",)),
        Kind("scores kept as JSON", "kept.json", "json", _text("kept.json", '{"a": 1.5, "b": [1, 2]}'), _recalled),
        Kind("scores kept as numbers", "kept.npy", "npy", _lay_numbers, _recalled_numbers),
    ]


def _narration() -> list[Kind]:
    draft = ("draft.json", "description.md", "holds no draft")
    faces = _text("faces.jsonl", _lines([[[[1, 2, 3, 4], 0.9]]]))
    return [
        Kind("edited script", "description.md", "text", _lay_draft, _draft),
        Kind("kept draft", ".work/draft.json", "json", _lay_draft, _draft, draft),
        Kind("DAPT", "description.dapt.xml", "text", _lay_draft, _dapt),
        Kind("journal of faces", "faces.jsonl", "json lines", faces, _journal),
        Kind("embeddings kept", "embeddings-000000.bin", "binary", _lay_embeddings, _embeddings),
        Kind("speech that was heard", "speech.json", "json", _lay_speech, _speech),
    ]


def _text(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: write_text(folder / name, content)


def _lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def _parameters(folder: Path) -> Any:
    from publishing.settings import load_settings

    return load_settings(folder / "params.yaml").model_dump(mode="json")


def _narration_parameters(folder: Path) -> Any:
    from narration.measure import read_parts

    return read_parts(folder / "params.yaml").narration.model_dump(mode="json")


def _lay_record(folder: Path) -> None:
    from publishing.records import write_record

    write_text(folder / "data.csv", "a,b\n1,2\n")
    write_record(folder, key="0" * 32, made_from={"code": "1", "parameters": {"a": 1}}, audit="2")


def _record(folder: Path) -> Any:
    from publishing.records import is_whole, read_record, version

    record = read_record(folder)
    return version(folder), record is not None and is_whole(folder, record)


def _aside(folder: Path) -> Any:
    from publishing.records import aside_reason

    reason = aside_reason(folder)
    assert reason is not None, "a unit put aside counts as published"
    return reason.isprintable()


def _clips(folder: Path) -> Any:
    from assets.clips import read_records

    return read_records(folder)


def _history(folder: Path) -> Any:
    from publishing.champion import history

    return history(folder)


def _score(folder: Path) -> Any:
    from evaluation.command import score_file
    from evaluation.settings import EvaluationSettings

    return score_file(folder / "said.csv", EvaluationSettings(metrics=("pace", "repetition")))


def _predictions(folder: Path) -> Any:
    from assets.predictions import read_predictions
    from evaluation.texts import read_items

    return read_items(read_predictions(folder), name=str(folder / "predictions.csv"))


def _lay_scores(folder: Path) -> None:
    import pandas as pd

    from evaluation.score import Scores
    from evaluation.store import write_scores

    table = pd.DataFrame({"film": ["tt1", "tt1"], "clip_id": ["1", "2"], "METEOR": [0.5, 0.25]})
    write_scores(
        Scores(
            summary={"METEOR": 37.5},
            per_clip=table,
            missing={"SPICE": "no jars"},
            intervals={"METEOR": (30.0, 40.0)},
            film_intervals={},
            identities={"METEOR": "1.5"},
            counts={"clips": 2},
        ),
        folder,
    )


def _scores(folder: Path) -> Any:
    from evaluation.store import read_scores

    found = read_scores(folder)
    return replace(found, per_clip=found.per_clip.fillna(0.0))  # not every clip has every score


def _lay_answers(folder: Path) -> None:
    from common.files import digest
    from evaluation.judge import PROMPT, TRANSCRIPTS

    pair = ["Anna walks.", "Anna goes."]
    told = {"key": digest(["m", PROMPT, *pair]), "model": "m", "answer": "4"}
    write_text(folder / TRANSCRIPTS, _lines(told, told))


def _judged(folder: Path) -> Any:
    """What is torn is asked again, and nobody answers here."""
    from evaluation.judge import judged
    from evaluation.settings import JudgeSettings
    from evaluation.texts import Item

    settings = JudgeSettings(address="http://127.0.0.1:9", model="m")
    grades = judged([Item("tt1", "1", None, ("Anna walks.",), "Anna goes.")], settings, folder)
    return np.where(np.isnan(grades), 0.0, grades)  # no grade where nobody answered


def _recalled(folder: Path) -> Any:
    from evaluation.remembered import recall

    return recall(folder, "kept.json")


def _lay_numbers(folder: Path) -> None:
    from evaluation.remembered import remember_numbers

    remember_numbers(folder, "kept.npy", {b"a" * 32: 1.0, b"b" * 32: 2.0})


def _recalled_numbers(folder: Path) -> Any:
    from evaluation.remembered import recall_numbers

    return list(recall_numbers(folder, "kept.npy").values())


def _lay_draft(folder: Path) -> None:
    from narration.kept import keep_draft
    from narration.output import write_script
    from narration.script import Draft, Line, ShotSheet, Silence
    from narration.settings import NarrationSettings

    draft = Draft(
        "Toy",
        (ShotSheet(0, 29, 0.0, 3.0, ("Anna",)), ShotSheet(30, 59, 3.0, 6.0, ())),
        (Line(0.5, 1.9, "Anna waves.", ("Anna",), 0.8), Line(3.0, 4.5, "It rains.", (), 0.4)),
        ("It cannot know.",),
        (Silence(5.0, 6.0, "all repeat"),),
        duration=6.0,
        film="film.mp4",
    )
    keep_draft(folder, draft)
    write_script(folder, draft, NarrationSettings())


def _draft(folder: Path) -> Any:
    """What `narrate` does when it is run again, and its page when something is saved."""
    from narration.edits import check_edits, read_edits, script_text, with_edits
    from narration.kept import read_draft
    from narration.output import write_script
    from narration.settings import NarrationSettings

    draft, edits = read_draft(folder), read_edits(folder)
    check_edits(edits, folder, duration=draft.duration)
    done = with_edits(draft, edits)
    write_script(folder, done, NarrationSettings())
    return [line.text for line in done.lines], len(script_text(done))


def _dapt(folder: Path) -> Any:
    from narration.dapt import read_dapt

    return read_dapt(folder / "description.dapt.xml")


def _journal(folder: Path) -> Any:
    """What the detector is spared: a frame whose answer was kept."""
    from narration.progress import Progress
    from narration.work import Journal, RememberedDetector

    journal = Journal(folder / "faces.jsonl")
    detector = RememberedDetector(_Nobody(), journal, Progress("faces", "frames", 1))
    return detector.detect([None])  # type: ignore[list-item]


class _Nobody:
    """A detector that finds nobody, an encoder that gives zeros."""

    name, size, threshold, portrait_threshold = "toy", 4, 1.0, 1.0

    def detect(self, frames: Any) -> list[list[Any]]:
        return [[] for _ in frames]

    def encode(self, crops: Any) -> Any:
        import numpy as np

        return np.zeros((len(crops), self.size), np.float32)


def _lay_embeddings(folder: Path) -> None:
    from narration.work import RememberedEncoder

    RememberedEncoder(_Nobody(), folder).encode([None] * 3)  # type: ignore[list-item]


def _embeddings(folder: Path) -> Any:
    from narration.work import RememberedEncoder

    return RememberedEncoder(_Nobody(), folder).encode([None] * 3)  # type: ignore[list-item]


def _lay_speech(folder: Path) -> None:
    import numpy as np

    from corpora.video import write_video

    pictures = [np.zeros((36, 64, 3), np.uint8)] * 10
    write_video(folder / "film.mp4", pictures, fps=10, sound=(np.zeros(16000, np.float32), 16000))
    write_text(folder / "speech.json", "[[0.1, 0.4], [0.6, 0.9]]")


def _speech(folder: Path) -> Any:
    from corpora.film import Film
    from narration.dialogue import dialogue_of
    from narration.settings import SpeechSettings

    film = Film("tt1", "F", "none", "video", 10.0, 10, 64, 36, 1.0, (), (), (), (), folder)
    return dialogue_of(film, folder / "film.mp4", SpeechSettings(listen="always"), folder).lines
