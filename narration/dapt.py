"""The draft as DAPT, the W3C's exchange format for description scripts (a profile of TTML2), and back.

Every line is a script event that turns the programme down while it is spoken. What is written is held against the
constraints of the profile that can be stated here; what is read may declare no document type and no entities.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from xml.parsers import expat

from common.errors import BadInput
from common.files import write_bytes
from corpora.subtitles import Subtitle
from narration.script import Line
from narration.settings import MixingSettings

TT = "http://www.w3.org/ns/ttml"
PARAMETER, AUDIO, METADATA = f"{TT}#parameter", f"{TT}#audio", f"{TT}#metadata"
DAPT = f"{TT}/profile/dapt#metadata"
XML = "http://www.w3.org/XML/1998/namespace"
# The Recommendation's designator and that of its candidates, which validators of 2025 ask for: one of them must stand.
PROFILES = (f"{TT}/profile/dapt1.0", f"{TT}/profile/dapt1.0/content")
SCRIPT_TYPES = ("originalTranscript", "translatedTranscript", "preRecording", "asRecorded")
REPRESENTS = "visual.nonText"  # what is seen and not read
LARGEST = 20_000_000  # bytes; a feature film's script has a hundredth of it
_PREFIXES = {"": TT, "ttp": PARAMETER, "tta": AUDIO, "ttm": METADATA, "daptm": DAPT}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms)")
_CLOCK = re.compile(r"(\d{2,}):(\d\d):(\d\d(?:\.\d+)?)")
_UNIT = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def write_dapt(
    path: Path, lines: Sequence[Line], *, title: str, duration: float, language: str, mixing: MixingSettings
) -> None:
    """Writes the lines (in time order) as a pre-recording script; `duration` (s) is the film's.

    Raises `BadInput` where lines overlap or leave the film: an edited time can do that.
    """
    root = _document(lines, title=title, duration=duration, language=language, mixing=mixing)
    problems = faults(root, duration=duration)
    if problems:
        raise BadInput(f"{path}: {problems[0]}; mend it in description.md")
    for prefix, namespace in _PREFIXES.items():
        ElementTree.register_namespace(prefix, namespace)
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")


def read_dapt(path: Path) -> list[Subtitle]:
    """The script events with text in time order, in seconds; `BadInput` for what is no DAPT document."""
    root = _parsed(path)
    if problems := faults(root, duration=math.inf):
        raise BadInput(f"{path}: {problems[0]}; export it again")
    events = []
    for division in _events(root):
        start, end = (_seconds(division.get(side, "")) for side in ("begin", "end"))
        text = " ".join("".join(p.itertext()) for p in division.findall(f"{{{TT}}}p"))
        if text.strip():
            events.append(Subtitle(start, end, " ".join(text.split())))
    return sorted(events, key=lambda event: (event.start, event.end))


def faults(root: ElementTree.Element, *, duration: float) -> list[str]:
    """What of the profile's constraints a document breaks: root, profile, type, language, events, mixing values."""
    if root.tag != f"{{{TT}}}tt":
        return [f"the root is {root.tag}, not tt in TTML's namespace"]
    found = []
    if not set(root.get(f"{{{PARAMETER}}}contentProfiles", "").split()) & set(PROFILES):
        found.append("ttp:contentProfiles does not name DAPT 1.0")
    if root.get(f"{{{PARAMETER}}}profile") is not None:
        found.append("ttp:profile may not stand in a DAPT document")
    if root.get(f"{{{PARAMETER}}}timeBase", "media") != "media":
        found.append("ttp:timeBase is not media")
    if root.get(f"{{{DAPT}}}scriptType") not in SCRIPT_TYPES:
        found.append(f"daptm:scriptType is not one of {', '.join(SCRIPT_TYPES)}")
    if not root.get(f"{{{DAPT}}}scriptRepresents", "").strip():
        found.append("daptm:scriptRepresents is missing")
    if not root.get(f"{{{XML}}}lang", "").strip():
        found.append("xml:lang is missing")
    if any(element.get("timeContainer", "par") != "par" for element in root.iter()):
        found.append("timeContainer is not par")
    return found + _event_faults(root, duration) + _mixing_faults(root)


def _event_faults(root: ElementTree.Element, duration: float) -> list[str]:
    found: list[str] = []
    names: set[str] = set()
    clock = 0.0
    represented = root.get(f"{{{DAPT}}}scriptRepresents", "").split()
    for number, division in enumerate(_events(root), 1):
        name = division.get(f"{{{XML}}}id", "")
        if not name or name in names:
            found.append(f"event {number} has no xml:id of its own")
        names.add(name)
        own = division.get(f"{{{DAPT}}}represents") or root.get(f"{{{DAPT}}}represents") or ""
        if not any(own == whole or own.startswith(f"{whole}.") for whole in represented):
            found.append(f"event {number} represents {own!r}, which the script does not")
        try:
            start, end = (_seconds(division.get(side, "")) for side in ("begin", "end"))
        except ValueError as error:
            found.append(f"event {number}: {error}")
            continue
        if not clock <= start < end <= duration + 5e-4:  # times are written in milliseconds
            found.append(f"event {number} ({start:.3f} to {end:.3f} s) overlaps another, ends early or leaves the film")
        clock = max(clock, end)
    return found


def _mixing_faults(root: ElementTree.Element) -> list[str]:
    found = []
    for element in root.iter():
        for name, low, high in (("gain", 0.0, math.inf), ("pan", -1.0, 1.0)):
            for value in filter(None, element.get(f"{{{AUDIO}}}{name}", "").split(";")):
                if not re.fullmatch(r"[+-]?\d+(\.\d+)?", value) or not low <= float(value) <= high:
                    found.append(f"tta:{name} is {value!r}")
    return found


def _events(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [division for division in root.iter(f"{{{TT}}}div") if division.get("begin") or division.get("end")]


def _document(
    lines: Sequence[Line], *, title: str, duration: float, language: str, mixing: MixingSettings
) -> ElementTree.Element:
    root = ElementTree.Element(
        f"{{{TT}}}tt",
        {
            f"{{{PARAMETER}}}contentProfiles": " ".join(PROFILES),
            f"{{{PARAMETER}}}timeBase": "media",
            f"{{{XML}}}lang": language,
            f"{{{DAPT}}}langSrc": "zxx",  # the picture has no language
            f"{{{DAPT}}}scriptRepresents": REPRESENTS,
            f"{{{DAPT}}}scriptType": "preRecording",
        },
    )
    about = ElementTree.SubElement(ElementTree.SubElement(root, f"{{{TT}}}head"), f"{{{TT}}}metadata")
    ElementTree.SubElement(about, f"{{{METADATA}}}title").text = _clean(title)
    body = ElementTree.SubElement(root, f"{{{TT}}}body")
    for number, line in enumerate(lines, 1):
        _event(body, number, line, min(line.end, duration), mixing)
    return root


def _event(body: ElementTree.Element, number: int, line: Line, end: float, mixing: MixingSettings) -> None:
    division = ElementTree.SubElement(
        body,
        f"{{{TT}}}div",
        {
            f"{{{XML}}}id": f"line{number}",
            "begin": _time(line.start),
            "end": _time(end),
            f"{{{DAPT}}}represents": REPRESENTS,
        },
    )
    for why in line.reasons.doubtful:
        note = ElementTree.SubElement(division, f"{{{METADATA}}}desc", {f"{{{DAPT}}}descType": "x-review"})
        note.text = _clean(why)
    length = round(end, 3) - round(line.start, 3)
    fade = min(mixing.fade_seconds, length / 4)  # a short line is not all fading
    down, up = f"1;{mixing.gain:g}", f"{mixing.gain:g};1"
    for begin, finish, gain, fill in ((0.0, fade, down, "freeze"), (length - fade, length, up, "remove")):
        ElementTree.SubElement(
            division,
            f"{{{TT}}}animate",
            {"begin": _time(begin), "end": _time(finish), f"{{{AUDIO}}}gain": gain, "fill": fill},
        )
    paragraph = ElementTree.SubElement(division, f"{{{TT}}}p")
    voice = {f"{{{AUDIO}}}speak": "normal", f"{{{AUDIO}}}pan": f"{mixing.pan:g}"}
    ElementTree.SubElement(paragraph, f"{{{TT}}}span", voice).text = _clean(line.text)


def _parsed(path: Path) -> ElementTree.Element:
    """The document's root, without ever expanding an entity: whoever declares one is refused first."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); give a DAPT document") from None
    if len(content) > LARGEST:
        raise BadInput(f"{path}: larger than {LARGEST // 1_000_000} MB; no description script is")

    def refuse(*_: object) -> None:
        raise BadInput(f"{path}: declares a document type or entities, which DAPT forbids; export it without")

    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = guard.EntityDeclHandler = refuse
    try:
        guard.Parse(content, True)
        return ElementTree.fromstring(content)
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not well-formed XML ({error}); export it again") from None


def _time(seconds: float) -> str:
    return f"{seconds:.3f}s"


def _seconds(written: str) -> float:
    """Seconds of `12.5s` or `00:00:12.500`; `ValueError` for anything else."""
    if match := _OFFSET.fullmatch(written):
        return float(match[1]) * _UNIT[match[2]]
    if match := _CLOCK.fullmatch(written):
        return int(match[1]) * 3600.0 + int(match[2]) * 60.0 + float(match[3])
    raise ValueError(f"{written!r} is no time")


def _clean(text: str) -> str:
    """One line without what XML cannot hold."""
    return " ".join(_NOT_XML.sub(" ", text).split())
