"""A script goes out as DAPT and comes back the same; what breaks the profile's constraints is not taken for one."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from narration.dapt import AUDIO, DAPT, PROFILES, TT, faults, read_dapt, write_dapt
from narration.script import Line, Reasons
from narration.settings import MixingSettings

LINES = (
    Line(0.5, 2.0, 'Anna & "Walter" wave at <Noah>.', ("Anna",), 0.8, reasons=Reasons("first", ("Noah?",))),
    Line(2.0, 4.1, "It rains.", (), 0.4),
)


def write(path: Path, lines=LINES, *, duration: float = 60.0, **mixing: float) -> Path:
    write_dapt(path, lines, title="F", duration=duration, language="en", mixing=MixingSettings(**mixing))
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return write(tmp_path / "script.xml")


@st.composite
def scripts(draw) -> list[Line]:
    """Lines in time order that do not overlap, at whole milliseconds, with whatever text."""
    steps = draw(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 5000), st.text(max_size=40)), max_size=8))
    lines, clock = [], 0
    for gap, length, text in steps:
        start = clock + gap
        clock = start + length
        lines.append(Line(start / 1000, clock / 1000, text, (), 0.5))
    return lines


@given(scripts())
def test_what_is_written_is_read_back_at_its_times(tmp_path_factory, lines):
    path = write(tmp_path_factory.mktemp("dapt") / "script.xml", lines, duration=100.0)
    read = read_dapt(path)
    spoken = [(line, _plain(line.text)) for line in lines if _plain(line.text)]
    assert [cue.text for cue in read] == [text for _, text in spoken]
    for cue, (line, _) in zip(read, spoken, strict=True):
        assert (cue.start, cue.end) == pytest.approx((line.start, line.end), abs=1e-6)


def _plain(text: str) -> str:
    """What XML 1.0 can hold of a text, on one line."""
    return " ".join(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text).split())


def test_the_root_says_what_it_is(script):
    root = ElementTree.parse(script).getroot()
    assert root.tag == f"{{{TT}}}tt" and root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert root.get(f"{{{DAPT}}}scriptType") == "preRecording"
    assert root.get(f"{{{DAPT}}}scriptRepresents") == "visual.nonText"
    assert faults(root, duration=60.0) == []


def test_the_film_is_turned_down_while_a_line_is_spoken_and_up_again(tmp_path):
    root = ElementTree.parse(write(tmp_path / "s.xml", gain=0.25, fade_seconds=0.5, pan=-0.5)).getroot()
    event = root.findall(f".//{{{TT}}}div")[1]
    down, up = event.findall(f"{{{TT}}}animate")
    assert (down.get("begin"), down.get("end"), down.get(f"{{{AUDIO}}}gain")) == ("0.000s", "0.500s", "1;0.25")
    assert down.get("fill") == "freeze"
    assert (up.get("begin"), up.get("end"), up.get(f"{{{AUDIO}}}gain")) == ("1.600s", "2.100s", "0.25;1")
    voice = event.find(f"{{{TT}}}p/{{{TT}}}span")
    assert voice is not None and voice.get(f"{{{AUDIO}}}pan") == "-0.5"


def test_a_doubt_travels_with_its_line(script):
    assert "Noah?" in [note.text for note in ElementTree.parse(script).iter("{http://www.w3.org/ns/ttml#metadata}desc")]


@pytest.mark.parametrize(
    ("lines", "duration"),
    [
        ((LINES[0], Line(1.9, 3.0, "Over.", (), 0.5)), 60.0),
        ((Line(3.0, 3.0, "No time.", (), 0.5),), 60.0),
        ((Line(61.0, 62.0, "After the end.", (), 0.5),), 60.0),
    ],
)
def test_lines_that_overlap_or_leave_the_film_are_not_written(tmp_path, lines, duration):
    with pytest.raises(BadInput, match="overlaps"):
        write(tmp_path / "s.xml", lines, duration=duration)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (" ".join(PROFILES), "http://www.w3.org/ns/ttml/profile/imsc1.2/text"),
        ('xml:lang="en"', 'xml:lang=""'),
        ('scriptType="preRecording"', 'scriptType="draft"'),
        ('scriptRepresents="visual.nonText"', 'scriptRepresents="audio"'),
        ('ttp:timeBase="media"', 'ttp:timeBase="smpte"'),
        ('xml:id="line2"', 'xml:id="line1"'),
        ('begin="2.000s" end="4.100s"', 'begin="1.000s" end="4.100s"'),
        ('begin="2.000s" end="4.100s"', 'begin="00:00:02:12" end="4.100s"'),
        ('tta:pan="0"', 'tta:pan="2"'),
        ('tta:gain="1;0.4"', 'tta:gain="1;loud"'),
        ("<tt ", '<tt ttp:profile="x" '),
        ("<body>", '<body timeContainer="seq">'),
        (TT, "http://example.org/other"),
        ("</tt>", ""),
    ],
)
def test_what_breaks_a_constraint_is_refused_in_one_line(script, there, instead):
    text = script.read_text()
    assert there in text
    script.write_text(text.replace(there, instead))
    with pytest.raises(BadInput, match=r"script\.xml: "):
        read_dapt(script)


@pytest.mark.parametrize("declared", ['<!ENTITY a "Anna">', '<!ENTITY a SYSTEM "file:///etc/passwd">', ""])
def test_a_document_type_is_refused_before_anything_is_expanded(script, declared):
    text = script.read_text().replace("<tt ", f"<!DOCTYPE tt [{declared}]>\n<tt ", 1)
    script.write_text(text.replace("It rains.", "&a;" if declared else "It rains."))
    with pytest.raises(BadInput, match="document type"):
        read_dapt(script)


def test_clock_times_of_other_tools_are_read(script):
    script.write_text(script.read_text().replace('begin="2.000s" end="4.100s"', 'begin="00:00:02" end="00:00:04.100"'))
    assert (read_dapt(script)[1].start, read_dapt(script)[1].end) == pytest.approx((2.0, 4.1))


def test_a_missing_or_empty_file_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_dapt(tmp_path / "none.xml")
    (tmp_path / "empty.xml").write_bytes(b"")
    with pytest.raises(BadInput, match="well-formed"):
        read_dapt(tmp_path / "empty.xml")
