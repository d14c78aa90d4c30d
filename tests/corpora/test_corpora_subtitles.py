"""Subtitles: what is written comes back, and what real files do wrong is read or reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora.subtitles import Subtitle, parse_srt, read_srt, write_srt, write_vtt

MILLISECONDS = st.integers(0, 359_999_999)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)


@st.composite
def subtitles(draw: st.DrawFn) -> Subtitle:
    start, end = sorted((draw(MILLISECONDS), draw(MILLISECONDS)))
    return Subtitle(start / 1000, end / 1000, draw(TEXTS))


@settings(max_examples=80, deadline=None)
@given(cues=st.lists(subtitles(), max_size=6))
@pytest.mark.parametrize("write", [write_srt, write_vtt])
def test_what_is_written_comes_back(write, cues: list[Subtitle], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cues") / "subtitles.srt"
    write(path, cues)
    problems: list[str] = []
    read = read_srt(path, problems)
    spoken = [Subtitle(cue.start, cue.end, " ".join(cue.text.split())) for cue in cues if cue.text.split()]
    assert read == sorted(spoken, key=lambda cue: (cue.start, cue.end))
    assert problems == []


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for cue in parse_srt(text, name="any.srt", problems=[]):
        assert cue.end >= cue.start >= 0 and cue.text == " ".join(cue.text.split()) != ""


def test_real_files_vary() -> None:
    text = (
        "\ufeff1\r\n0:00:01.5 --> 00:00:02,250 X1:10\r\n<i>Come</i>\r\n{\\an8}here,  Anna.\r\n\r\n"
        "2\r\n00:03,000 --> 00:04,000\r\n3\r\n00:00:05,000 --> 00:00:06,000\r\nTom &amp; Ann\r\n"
    )
    problems: list[str] = []
    cues = parse_srt(text.lstrip("\ufeff"), name="real.srt", problems=problems)
    assert cues == [Subtitle(1.5, 2.25, "Come here, Anna."), Subtitle(5, 6, "Tom & Ann")]
    assert problems == []


def test_bad_cues_are_left_out_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "subtitles.srt"
    late, broken, good = "00:00:05,000 --> 00:00:04,000", "00:00:0x,000 --> 1", "00:00:06,000 --> 00:00:07,000"
    path.write_text(f"1\n{late}\nNo.\n\n2\n{broken}\nNo.\n\n3\n{good}\nYes.\n")
    problems: list[str] = []
    assert [cue.text for cue in read_srt(path, problems)] == ["Yes."]
    assert [problem.split(": ")[0] for problem in problems] == ["subtitles.srt:2", "subtitles.srt:6"]
    assert "ends (4.000) before it starts (5.000)" in problems[0]


def test_cp1252_is_read_and_empty_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "subtitles.srt"
    path.write_bytes("1\n00:00:01,000 --> 00:00:02,000\nCaf\xe9 \x80\n".encode("latin-1"))
    assert read_srt(path)[0].text == "Café €"
    path.write_bytes(b"\xef\xbb\xbf \n")
    assert read_srt(path) == []


def test_a_file_without_any_cue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "subtitles.srt"
    path.write_text("This is a letter.\n")
    with pytest.raises(BadInput, match=r"subtitles\.srt: no readable subtitle"):
        read_srt(path)
    with pytest.raises(BadInput, match=r"missing\.srt: cannot be read"):
        read_srt(tmp_path / "missing.srt")
