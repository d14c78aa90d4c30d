"""What has been done already, kept beside the draft: a run that was killed goes on where it was, another goes faster.

Every stage has a folder under `.work` and a key, the digest of all that decides its result, our own code among it. A
folder with another key is emptied, so nothing stale is taken over and nothing is kept twice. What lies in a folder was
written whole.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput, blaming
from common.files import canonical_json, digest, write_bytes, write_text
from narration.code import code_digest
from narration.kept import WORK
from narration.progress import Progress

_OURS = re.compile(r"\.(?:description|review|index)\..*\bpartial(?:\.\w+)?")


class Work:
    """The stages' folders under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / WORK

    def stage(self, name: str, key: Any) -> Path:
        """The folder of a stage whose result `key` (any JSON) and its code decide: as it was left, or empty."""
        folder, wanted = self.folder / name, digest([code_digest(name), key])
        mark = folder / "key"
        if not mark.is_file() or mark.read_text(encoding="ascii") != wanted:
            mark.unlink(missing_ok=True)  # first: an interrupted removal must not pass for the stage
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_text(mark, wanted)
        return folder

    @contextmanager
    def locked(self, taken: str) -> Iterator[None]:
        """The run's lock; `BadInput` with the words `taken` where another holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput(taken) from None
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Takes away what a kill left half written: nobody else is at work here."""
        left = [path for path in self.folder.parent.glob(".*.partial*") if _OURS.fullmatch(path.name)]
        for path in (*left, *self.folder.rglob(".*.partial")):
            if path.is_file():
                path.unlink()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Held by one run at a time; the lock goes with the process, however it dies.

        Where the disk is full, that is one line: what is done is kept.
        """
        with self.locked(f"{self.folder.parent}: another run is at work here; wait for it"):
            try:
                yield
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                told = "there is no space left on its disk; make room and run again: what is done so far is kept"
                raise BadInput(f"{self.folder.parent}: {told}") from None


class Journal:
    """Records (any JSON) that are added one by one; what a kill left half written is dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Any] = []
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else ():
            try:
                record = json.loads(line) if line.endswith(b"\n") else None
            except (ValueError, RecursionError):
                record = None
            if record is None:
                break
            self.records.append(record)
            whole += len(line)
        if path.is_file():
            with path.open("r+b") as stream:
                stream.truncate(whole)

    def add(self, record: Any) -> None:
        with self.path.open("ab") as stream:
            stream.write(canonical_json(record).encode() + b"\n")
        self.records.append(record)


class RememberedDetector:
    """A face detector that is counted, and whose answers are kept: asked the same again, it does not look again.

    The film is decoded in the same order every time, so the n-th question of a run is the n-th of any other.
    """

    def __init__(self, detector: Any, journal: Journal, progress: Progress) -> None:
        self.detector, self.journal, self.progress = detector, journal, progress
        self._asked = 0

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Any]]:
        from models.perception.detection import Face

        number, self._asked = self._asked, self._asked + 1
        if number < len(self.journal.records):
            self.progress.skip(len(frames))
            known = self.journal.records[number]
            with blaming(self.journal.path, "remove it, and the faces are looked for again"):
                faces_of = [[Face(_box(box), float(confidence)) for box, confidence in faces] for faces in known]
                if len(faces_of) != len(frames):
                    raise ValueError(f"answers to {len(faces_of)} frames of {len(frames)}")
                if not all(math.isfinite(face.confidence) for face in chain(*faces_of)):
                    raise ValueError("a confidence that is no number")
                return faces_of
        found = self.detector.detect(frames)
        record = [[[[float(x) for x in face.box], float(face.confidence)] for face in faces] for faces in found]
        self.journal.add(record)
        self.progress.add(len(frames))
        return found


def _box(box: Any) -> np.ndarray:
    found = np.array(box, np.float64)
    if found.shape != (4,) or not (abs(found) < 1e6).all():  # nor NaN; no picture has as many pixels
        raise ValueError(f"{box!r} is no box")
    return found.astype(np.float32)


class RememberedEncoder:
    """A face encoder whose answers are kept in the same way, an array to a question."""

    def __init__(self, encoder: Any, folder: Path) -> None:
        self.encoder, self.folder = encoder, folder
        self.name, self.size = encoder.name, encoder.size
        self.threshold, self.portrait_threshold = encoder.threshold, encoder.portrait_threshold
        self._asked = 0

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        return self.encoder.crop(frame_hwc, box)

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        path = self.folder / f"embeddings-{self._asked:06d}.bin"
        self._asked += 1
        content = path.read_bytes() if path.is_file() else b""
        if len(content) == 4 * self.size * len(crops) and path.is_file():
            kept = np.frombuffer(content, np.float32).reshape(-1, self.size).copy()
            if np.isfinite(kept).all():
                return kept
        found = self.encoder.encode(crops)
        write_bytes(path, np.ascontiguousarray(found, np.float32).tobytes())
        return found
