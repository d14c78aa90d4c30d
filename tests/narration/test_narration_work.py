"""What was done is not done again: after a kill, after a change of something else, and never after a change of it."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from narration import code
from narration.progress import Progress
from narration.work import Journal, RememberedDetector, RememberedEncoder, Work

# Looks through a film with a toy detector and a toy encoder that note every question; dies by kill -9 when told to.
LOOK = """
import os, signal, sys
from pathlib import Path
import numpy as np
from corpora.video import read_frames
from models.perception.detection import Face
from models.perception.faces import survey_frames, write_faces
from models.perception.settings import PerceptionSettings
from narration.progress import Progress
from narration.work import Journal, RememberedDetector, RememberedEncoder, Work

film, out, asked, dies = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])

def note(what):
    with asked.open("a") as stream:
        stream.write(what + "\\n")
    if len(asked.read_text().splitlines()) == dies:
        os.kill(os.getpid(), signal.SIGKILL)

class Detector:
    def detect(self, frames):
        note(f"frames {[int(frame[0, 0, 0]) for frame in frames]}")
        return [[Face(np.array([1.1, 2.2, 30.3, 30.4], np.float32) + i, 0.1 + 1 / 3)] * 2 for i, _ in enumerate(frames)]

class Encoder:
    name, size, threshold, portrait_threshold = "toy", 3, 1.0, 1.0
    def crop(self, frame, box):
        return frame[:4, :4]
    def encode(self, crops):
        note(f"crops {len(crops)}")
        return np.array([[1.0, 0.0, crop[0, 0, 0] / 255] for crop in crops], np.float32).reshape(-1, 3)

folder = Work(out).stage("faces", "key")
settings = PerceptionSettings(key_frame_stride=1)
detector = RememberedDetector(Detector(), Journal(folder / "detections.jsonl"), Progress("faces", "frames", 20))
faces, shots = survey_frames(read_frames(film), detector, RememberedEncoder(Encoder(), folder), settings)
write_faces(faces, shots, folder)
"""


def look(film: Path, out: Path, asked: Path, dies: int) -> int:
    return subprocess.run([sys.executable, "-c", LOOK, film, out, asked, str(dies)], check=False).returncode


def test_killed_at_any_question_it_goes_on_and_asks_nothing_twice(tiny_film, tmp_path):
    whole, times = tmp_path / "whole", tmp_path / "whole.txt"
    assert look(tiny_film, whole, times, 0) == 0
    questions = times.read_text().splitlines()
    assert len(questions) >= 3
    killed, asked = tmp_path / "killed", tmp_path / "killed.txt"
    dies = 1
    while look(tiny_film, killed, asked, dies) == -signal.SIGKILL:
        dies += 2  # the question it died at is asked again, and one more is answered
    again = asked.read_text().splitlines()
    assert list(dict.fromkeys(again)) == questions and all(again.count(each) <= 2 for each in questions)
    for name in ("faces.parquet", "shots.json"):
        assert (killed / ".work/faces" / name).read_bytes() == (whole / ".work/faces" / name).read_bytes()


def test_a_stage_is_kept_for_its_key_alone(tmp_path):
    work = Work(tmp_path)
    folder = work.stage("faces", {"film": 1})
    (folder / "found").write_text("x")
    assert (work.stage("faces", {"film": 1}) / "found").is_file()
    work.stage("lines", {"film": 2})
    assert (folder / "found").is_file()
    assert not (work.stage("faces", {"film": 2}) / "found").is_file()


def test_a_stage_is_not_kept_for_other_code(tmp_path, monkeypatch):
    source = tmp_path / "models" / "perception" / "tracks.py"
    source.parent.mkdir(parents=True)
    source.write_text("LONGEST = 1\n")
    monkeypatch.setattr(code, "ROOT", tmp_path)
    work = Work(tmp_path / "draft")
    found = [work.stage(name, 1) / "found" for name in ("film", "faces", "regions", "lines")]
    for path in found:
        path.write_text("x")
    source.write_text("LONGEST = 2\n")
    for path in found:
        work.stage(path.parent.name, 1)
    assert [path.is_file() for path in found] == [True, False, False, False], "the film does not hang on it"


@settings(deadline=None)  # files, and whatever else the machine does
@given(
    st.lists(
        st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False, allow_infinity=False), max_size=2), max_size=4
    ),
    st.data(),
)
def test_a_journal_torn_anywhere_gives_whole_records_and_goes_on(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("journal") / "said.jsonl"
    journal = Journal(path)
    for record in records:
        journal.add(record)
    content = path.read_bytes() if records else b""
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    torn = Journal(path)
    assert torn.records == records[: len(torn.records)]
    assert len(torn.records) == content[:cut].count(b"\n")
    torn.add({"new": 1})
    assert Journal(path).records == [*torn.records]


def test_what_was_found_comes_back_exactly(tmp_path):
    class Found:
        name, size, threshold, portrait_threshold = "toy", 2, 1.0, 1.0

        def encode(self, crops):
            return np.array([[1 / 3, -1e-30]] * len(crops), np.float32)

    first = RememberedEncoder(Found(), tmp_path).encode([np.zeros(1)] * 2)
    again = RememberedEncoder(Found(), tmp_path)
    assert np.array_equal(again.encode([np.zeros(1)] * 2), first)


def test_two_runs_in_one_folder_do_not_meet(tmp_path):
    with Work(tmp_path).alone(), pytest.raises(BadInput, match="another run is at work"), Work(tmp_path).alone():
        pass
    with Work(tmp_path).alone():
        pass


def test_a_full_disk_is_one_line_and_what_is_done_stays(tmp_path):
    work = Work(tmp_path)
    folder = work.stage("faces", 1)
    Journal(folder / "found").add({"done": 1})
    with pytest.raises(BadInput, match="no space left on its disk; make room and run again"), work.alone():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert Journal(work.stage("faces", 1) / "found").records == [{"done": 1}]
    with pytest.raises(PermissionError), work.alone():
        raise PermissionError(errno.EACCES, "no")


def test_remembered_faces_count_as_done(tmp_path):
    journal = Journal(tmp_path / "found")
    journal.add([[[[1.0, 2.0, 3.0, 4.0], 0.5]], []])
    progress = Progress("faces", "frames", 4)
    faces = RememberedDetector(None, journal, progress).detect([np.zeros(1)] * 2)
    assert (progress.done, len(faces[0]), faces[1]) == (2, 1, [])
    assert faces[0][0].box.dtype == np.float32
    assert json.loads((tmp_path / "found").read_text())
