"""What a person changed in description.md is kept when the film is narrated again, and never lost in silence."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora.subtitles import read_srt
from narration.edits import Edits, check_edits, read_edits, with_edits
from narration.output import FILES, check_folder, write_script
from narration.script import Draft, Line, ShotSheet, Silence
from narration.settings import NarrationSettings

SETTINGS = NarrationSettings()
FIRST = Draft(
    "F",
    (ShotSheet(0, 99, 0.0, 10.0, ("Anna",)),),
    (Line(0.512, 2.0, "Anna waves.", ("Anna",), 0.8), Line(3.0, 4.49, "It rains.", (), 0.4, doubt=0.6)),
    (),
    (Silence(6.0, 7.0, "all repeat"),),
    duration=10.0,
)
AGAIN = replace(FIRST, lines=(replace(FIRST.lines[0], text="Anna nods."), replace(FIRST.lines[1], text="Rain falls.")))


def narrated(folder: Path, draft: Draft) -> Draft:
    """As `narrate` does it."""
    done = with_edits(draft, read_edits(folder))
    write_script(folder, done, SETTINGS)
    return done


def change(folder: Path, there: str, instead: str, *, name: str = "description.md") -> None:
    text = (folder / name).read_text()
    assert there in text
    (folder / name).write_text(text.replace(there, instead, 1))


def texts(draft: Draft) -> list[str]:
    return [line.text for line in draft.lines]


def test_an_untouched_script_is_drafted_anew(tmp_path):
    narrated(tmp_path, FIRST)
    assert read_edits(tmp_path) == Edits()
    assert texts(narrated(tmp_path, AGAIN)) == ["Anna nods.", "Rain falls."]


def test_a_changed_line_is_kept_and_marked_at_its_exact_times_in_every_file_however_often(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "Anna waves. _(0.80)_", "Anna waves goodbye.")
    for _ in range(3):
        done = narrated(tmp_path, AGAIN)
        assert texts(done) == ["Anna waves goodbye.", "Rain falls."]
        assert (done.lines[0].start, done.lines[0].edited, done.lines[1].edited) == (0.512, True, False)
        assert done.lines[0].alternatives[0].text == "Anna nods."
        assert "Anna waves goodbye. _(edited)_" in (tmp_path / "description.md").read_text()
        assert [cue.text for cue in read_srt(tmp_path / "description.srt")] == texts(done)
        assert json.loads((tmp_path / "description.json").read_text())["lines"][0]["edited"] is True


def test_a_line_taken_out_stays_out_and_one_added_stays_in(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "- **0:03.0-0:04.5** It rains. _(0.40)_\n", "- **0:06.0-0:07.0** A door slams.\n")
    for _ in range(2):
        done = narrated(tmp_path, AGAIN)
        assert texts(done) == ["Anna nods.", "A door slams."]
        assert [(each.start, each.why) for each in done.silences] == [(3.0, "taken out by hand")]


def test_a_line_emptied_is_a_line_taken_out(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "**0:03.0-0:04.5** It rains. _(0.40)_\n", "**0:03.0-0:04.5**\n")
    assert texts(narrated(tmp_path, AGAIN)) == ["Anna nods."]


def test_a_line_with_new_times_takes_the_place_of_what_it_overlaps(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "**0:03.0-0:04.5** It rains.", "**0:02.5-0:04.2** It pours.")
    assert texts(narrated(tmp_path, AGAIN)) == ["Anna nods.", "It pours."]


def test_a_change_taken_back_is_no_edit(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "Anna waves.", "Anna leaves.")
    narrated(tmp_path, FIRST)
    change(tmp_path, "Anna leaves.", "Anna waves.")
    assert texts(narrated(tmp_path, AGAIN)) == ["Anna nods.", "Rain falls."]


def test_an_editors_wrapping_and_line_ends_change_nothing(tmp_path):
    narrated(tmp_path, FIRST)
    path = tmp_path / "description.md"
    path.write_bytes(path.read_bytes().replace(b"Anna waves. _(", b"Anna\n  waves. _(").replace(b"\n", b"\r\n"))
    assert read_edits(tmp_path) == Edits()


def test_without_the_comment_every_line_counts_as_written_by_hand(tmp_path):
    narrated(tmp_path, FIRST)
    path = tmp_path / "description.md"
    path.write_text(path.read_text().partition("<!--")[0])
    assert texts(narrated(tmp_path, AGAIN)) == ["Anna waves.", "It rains."]


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("- **0:03.0-0:04.5** It", "- 3.0 to 4.5: It", r"description\.md:\d+: not a line"),
        ("0:03.0-0:04.5** It", "0:04.0-0:03.0** It", "ends before"),
        ("0:03.0-0:04.5** It", "0:01.0-0:03.0** It", "begins before"),
        ("## Lines", "## My lines", "no heading"),
        ("It rains", "It\0 rains", "null characters"),
    ],
)
def test_a_script_that_cannot_be_read_is_one_line_and_stays_as_it_is(tmp_path, there, instead, said):
    narrated(tmp_path, FIRST)
    change(tmp_path, there, instead)
    before = (tmp_path / "description.md").read_bytes()
    with pytest.raises(BadInput, match=said):
        narrated(tmp_path, AGAIN)
    assert (tmp_path / "description.md").read_bytes() == before


def test_a_line_by_hand_may_not_leave_the_film(tmp_path):
    narrated(tmp_path, FIRST)
    change(tmp_path, "0:03.0-0:04.5** It", "0:13.0-0:14.5** It")
    with pytest.raises(BadInput, match="leaves the film"):
        check_edits(read_edits(tmp_path), tmp_path, duration=10.0)


@pytest.mark.parametrize(
    ("name", "there", "kept"),
    [
        ("description.vtt", "Anna waves.", "description.by_hand_1.vtt"),
        ("review.md", "It rains.", "review.by_hand_1.md"),
        ("description.md", "nobody recognised", "description.by_hand_1.md"),
    ],
)
def test_what_is_changed_where_it_is_not_taken_over_is_kept_in_a_copy_and_told(tmp_path, caplog, name, there, kept):
    draft = replace(FIRST, shots=(ShotSheet(0, 99, 0.0, 10.0, ()),))
    narrated(tmp_path, draft)
    change(tmp_path, there, "Mine.", name=name)
    with caplog.at_level(logging.WARNING):
        narrated(tmp_path, draft)
    assert "Mine." in (tmp_path / kept).read_text() and "Mine." not in (tmp_path / name).read_text()
    assert kept in caplog.text


@pytest.mark.parametrize("before", ["description.srt", "index.html", "description.json", "description.md"])
def test_what_is_changed_by_hand_is_kept_once_and_nothing_else_however_writing_ends(tmp_path, monkeypatch, before):
    narrated(tmp_path, FIRST)
    change(tmp_path, "It rains.", "Mine.", name="review.md")
    moves = Path.replace

    def dies(path: Path, target: Path) -> Path:
        if Path(target) == tmp_path / before:
            raise KeyboardInterrupt
        return moves(path, target)

    for draft in (AGAIN, FIRST):
        monkeypatch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            narrated(tmp_path, draft)
        monkeypatch.setattr(Path, "replace", moves)
    narrated(tmp_path, AGAIN)
    left = {path.name for path in tmp_path.iterdir() if not path.name.endswith(".partial")}
    assert left == {*FILES, "review.by_hand_1.md"} and "Mine." in (tmp_path / "review.by_hand_1.md").read_text()


def test_a_line_that_overlaps_another_is_told_by_the_scripts_own_place(tmp_path):
    lines = (replace(FIRST.lines[0], end=3.5), FIRST.lines[1])
    with pytest.raises(BadInput, match=rf"^{tmp_path}/description\.dapt\.xml: .*mend it in description\.md"):
        write_script(tmp_path, replace(FIRST, lines=lines), SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_set_aside_where_nothing_was_changed(tmp_path):
    for draft in (FIRST, AGAIN, FIRST):
        narrated(tmp_path, draft)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        check_folder(tmp_path / "file")


WORDS = st.text("abc _*()<>-", min_size=1, max_size=20).filter(lambda text: text.strip(" "))


@settings(deadline=None)  # files, and whatever else the machine does
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(10, 40), WORDS), max_size=6), st.data())
def test_any_edited_script_comes_back_line_by_line(tmp_path_factory, steps, data):
    folder, lines, clock = tmp_path_factory.mktemp("edits"), [], 0
    for gap, length, text in steps:
        start = clock + gap
        clock = start + length
        lines.append(Line(start / 10, clock / 10, text, (), 0.5))
    draft = Draft("F", (), tuple(lines), (), (), duration=100.0)
    narrated(folder, draft)
    mine = {at: f"Mine {at}." for at in data.draw(st.sets(st.integers(0, len(lines) - 1)))} if lines else {}
    for at, text in mine.items():
        span = f"**{_clock(lines[at].start)}-{_clock(lines[at].end)}** "
        change(folder, f"{span}{lines[at].text} _(0.50)_", f"{span}{text}")
    again = replace(draft, lines=tuple(replace(line, text="New.") for line in lines))
    assert texts(narrated(folder, again)) == [mine.get(at, "New.") for at in range(len(lines))]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
