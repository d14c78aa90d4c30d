"""A disk that is truly full, a small one in memory: one line, nothing lost, and on it goes when there is room again."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from common.errors import BadInput
from narration.output import check_folder, write_script
from narration.work import Journal, Work
from narration_toys import SETTINGS, toy_draft, write_toy

out, filler = Path(sys.argv[1]), Path(sys.argv[1]) / "filler"
check_folder(out)
write_toy(out, toy_draft())
script = (out / "description.md").read_bytes()
(out / "description.md").write_bytes(script.replace(b"It rains.", b"It pours."))  # a person's words
edited = (out / "description.md").read_bytes()
work = Work(out)
journal = Journal(work.stage("faces", 1) / "found.jsonl")
try:
    with work.alone():
        while True:
            journal.add("x" * 1000)
except BadInput as mistake:
    print(mistake)
done = len(Journal(journal.path).records)
try:
    with filler.open("wb") as stream:
        stream.write(bytes(10_000_000))
except OSError:
    pass
try:
    write_script(out, toy_draft(), SETTINGS)
except BadInput as mistake:
    print(mistake)
assert (out / "description.md").read_bytes() == edited, "an edit is lost"
filler.unlink()
journal.path.write_bytes(journal.path.read_bytes()[:3000])
again = Journal(work.stage("faces", 1) / "found.jsonl")
assert 0 < len(again.records) <= done
with work.alone():
    again.add("y")
assert [line.text for line in write_toy(out, toy_draft()).lines] == ["Anna waves.", "It pours."]
print("goes on")
"""


def on_a_small_disk(folder: Path, *, kilobytes: int) -> "subprocess.CompletedProcess[str]":
    mounted = f'mount -t tmpfs -o size={kilobytes}k none "$1" && shift && exec "$@"'
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh", str(folder)]
    words += [sys.executable, "-c", RUN, str(folder), str(TESTS)]
    return subprocess.run(words, check=False, capture_output=True, text=True)


def test_a_full_disk_is_one_line_each_time_and_loses_nothing(tmp_path):
    can = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", str(tmp_path)],
        check=False,
        capture_output=True,
    )
    if can.returncode:
        pytest.skip("no disk of one's own may be mounted here")
    done = on_a_small_disk(tmp_path, kilobytes=400)
    assert done.returncode == 0, done.stderr[-800:]
    first, second, last = done.stdout.splitlines()
    assert "no space left on its disk; make room and run again" in first
    assert "cannot be written (No space left on device); make room" in second
    assert last == "goes on"
