"""MAD-eval-Named and LSMDC: round trips, the encoding trap, and bad rows by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import lsmdc, mad_eval_named
from corpora.lsmdc import ClipId, LsmdcRow
from corpora.mad_eval_named import MadEvalRow

MILLISECONDS = st.integers(0, 35_999_999)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
HEADER = "movie,sentence,movie_duration,start,end,imdb,lsmdc_filename,start_hms,end_hms\n"
# The row of the published table, with its hour-minute-second columns.
SIGNS = (
    "1005_Signs,An upstairs window looks out over the scene.,6391.2,133.011,138.202,tt0286106,"
    "1005_Signs_00.02.13.011-00.02.18.202,00.02.13.011,00.02.18.202\n"
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[float, float]:
    start, end = sorted((draw(MILLISECONDS), draw(MILLISECONDS)))
    return start / 1000, end / 1000


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(spans(), SENTENCES), min_size=1, max_size=5))
def test_mad_rows_come_back(rows, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("mad") / "mad_eval_named.csv"
    written = [MadEvalRow("1_A_Film", text, 36000.5, *span, "tt1", line) for line, (span, text) in enumerate(rows, 2)]
    mad_eval_named.write(path, written)
    read = mad_eval_named.read(path)
    assert list(read.rows) == written and read.problems == ()


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(spans(), SENTENCES), min_size=1, max_size=5))
def test_lsmdc_rows_come_back(rows, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lsmdc") / "lsmdc.csv"
    written = []
    for line, ((start, end), sentence) in enumerate(rows, 1):
        wide = tuple(round(each, 3) for each in lsmdc.widened(start, end))
        written.append(LsmdcRow(ClipId("3009_A_FILM", start, end), start, end, *wide, sentence, line))
    lsmdc.write(path, written)
    read = lsmdc.read(path)
    assert list(read.rows) == written and read.problems == ()


@settings(max_examples=100, deadline=None)
@given(MILLISECONDS)
def test_clocks_come_back(milliseconds: int) -> None:
    assert lsmdc.parse_clock(lsmdc.format_clock(milliseconds / 1000)) == milliseconds / 1000


def test_the_published_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mad_eval_named.csv"
    path.write_text(HEADER + SIGNS)
    (row,) = mad_eval_named.read(path).rows
    assert row == MadEvalRow(
        "1005_Signs", "An upstairs window looks out over the scene.", 6391.2, 133.011, 138.202, "tt0286106", 2
    )
    mad_eval_named.write(tmp_path / "again.csv", [row])
    assert (tmp_path / "again.csv").read_text() == HEADER + SIGNS


def test_the_table_need_not_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mad_eval_named.csv"
    path.write_bytes((HEADER + SIGNS).encode().replace(b"scene", b"caf\xe9 for \x80 5"))
    assert mad_eval_named.read(path).rows[0].sentence.endswith("over the café for € 5.")
    path.write_bytes((HEADER + SIGNS).encode().replace(b"scene", b"\x81"))  # undefined in cp1252
    assert len(mad_eval_named.read(path).rows) == 1


def test_bad_mad_rows_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "mad_eval_named.csv"
    quoted = '1_F,"Two\nlines",9,1,2,tt1,,,\n'  # one row on lines 3 and 4
    path.write_text(
        HEADER + "1_F,Text,9,5,4,tt1,,,\n" + quoted + "1_F,Text,9,x,4,tt1,,,\n1_F,,9,1,2,tt1,,,\n1_F,Text,9,nan,4\n"
    )
    read = mad_eval_named.read(path)
    assert [(row.sentence, row.row) for row in read.rows] == [("Two lines", 3)]
    assert read.problems == (
        "mad_eval_named.csv:2: ends (4) before it starts (5); left out",
        "mad_eval_named.csv:5: start is not a number ('x'); left out",
        "mad_eval_named.csv:6: sentence is empty or not text; left out",
        "mad_eval_named.csv:7: start is not a number ('nan'); left out",
    )


def test_a_table_without_a_good_row_or_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mad_eval_named.csv"
    path.write_text(HEADER + "1_F,Text,9,5,4,tt1,,,\n")
    with pytest.raises(BadInput, match=r"no row can be read .*:2: ends \(4\) before it starts \(5\)"):
        mad_eval_named.read(path)
    path.write_text("movie,sentence\na,b\n")
    with pytest.raises(BadInput, match=r"csv:1: no column movie_duration, start, end"):
        mad_eval_named.read(path)
    with pytest.raises(BadInput, match="start is not a number"):
        path.write_text(HEADER + "1_F,Text,9,1e999,4,tt1,,,\n")
        mad_eval_named.read(path)
    with pytest.raises(BadInput, match="cannot be read"):
        mad_eval_named.read(tmp_path / "missing.csv")


def test_lsmdc_quotes_are_text_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "lsmdc.csv"
    clip = "3009_BATTLE_LOS_ANGELES_00.03.07.170-00.03.09.675"
    good = f'{clip}\t00.03.07.170\t00.03.09.675\t00.03.07.085\t00.03.09.760\tSOMEONE says "look up.\n'
    path.write_text(
        good
        + "only\tthree\tcells\n"
        + good.replace(clip, "no clip id")
        + good.replace("00.03.09.675\t", "00.02.09.675\t")
    )
    read = lsmdc.read(path)
    assert [row.clip.movie for row in read.rows] == ["3009_BATTLE_LOS_ANGELES"]
    assert read.rows[0].sentence == 'SOMEONE says "look up.' and read.rows[0].start == 187.17
    assert [problem.split(": ")[0] for problem in read.problems] == ["lsmdc.csv:2", "lsmdc.csv:3", "lsmdc.csv:4"]
