"""A tiny film in every corpus format, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpus_toys import FPS, numbered_frames, put_portrait

from corpora.video import write_video


@pytest.fixture(scope="session")
def film_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    tone = 0.2 * np.sin(np.arange(4 * 16000) / 16000 * 440 * 2 * np.pi).astype(np.float32)
    write_video(path, numbered_frames(), fps=FPS, sound=(tone, 16000))
    return path.read_bytes()


@pytest.fixture
def plain_folder(tmp_path: Path, film_bytes: bytes) -> Path:
    """A describer's folder: two roles, one line of dialogue, two descriptions."""
    folder = tmp_path / "lantern"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(film_bytes)
    cast = [
        {"id": "nm1", "name": "A. Actor", "role": "ANNA", "portrait": "portraits/ANNA.png"},
        {"id": "nm2", "name": "B. Actor", "role": "BEN", "portrait": "portraits/BEN.jpg"},
    ]
    (folder / "cast.json").write_text(json.dumps(cast))
    put_portrait(folder / "portraits/ANNA.png")
    put_portrait(folder / "portraits/BEN.jpg")
    (folder / "subtitles.srt").write_text("1\n00:00:01,000 --> 00:00:01,500\nHello.\n")
    (folder / "descriptions.csv").write_text("start,end,text\n2.0,3.0,Ben sits.\n0.0,0.9,Anna walks.\n")
    return folder


@pytest.fixture
def corpus_folder(tmp_path: Path, film_bytes: bytes) -> Callable[..., Path]:
    """A film folder in corpus format: film, character bank, portraits; the annotation is written by the test."""

    def make(film_id: str, annotation: str, content: object) -> Path:
        folder = tmp_path / film_id
        folder.mkdir()
        (folder / "film.mp4").write_bytes(film_bytes)
        bank = {film_id: [{"id": "nm1", "name": "A. Actor", "role": "ANNA"}, {"id": "nm2", "name": "B", "role": "BEN"}]}
        (folder / "charbank.json").write_text(json.dumps(bank))
        for name in ("ANNA", "ANNA_2", "BEN"):
            put_portrait(folder / f"portraits/{name}.png")
        if isinstance(content, bytes):
            (folder / annotation).write_bytes(content)
        else:
            (folder / annotation).write_text(content if isinstance(content, str) else json.dumps(content))
        return folder

    return make
