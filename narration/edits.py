"""A person's edits in description.md: found by what was drafted there, and kept when the film is narrated again.

The script ends in a comment with the time and a digest of every sentence that was drafted. A line that differs from it
was changed by hand, one that is not in it was added, one that is gone was taken out. So the file alone tells, whatever
was interrupted between the other files.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import BadInput
from narration.script import Alternative, Draft, Line, Reasons, Silence, as_text, clock, span

BY_HAND, TAKEN_OUT = "changed by hand, and kept", "taken out by hand"
COMMENT = "<!-- What was drafted, so that changes by hand are known and kept. Leave this as it is."
HEADING = "## Lines"
SLACK = 0.1  # seconds: a script's times are rounded
_ROW = re.compile(r"- \*\*(\d+:\d\d\.\d)-(\d+:\d\d\.\d)\*\*(?:\s+(.*))?")
_PAGE = re.compile(r"^page ([0-9a-f]{8})\r?$", re.MULTILINE)
_REMARK = re.compile(r"\s*_\([^()]*\)_\s*$")
_DRAFTED = re.compile(r"(\d+:\d\d\.\d-\d+:\d\d\.\d) ([0-9a-f]{8})")


@dataclass(frozen=True)
class Edit:
    """A line as a person wants it; times in seconds as the script shows them."""

    start: float
    end: float
    text: str

    @property
    def span(self) -> str:
        return span(self.start, self.end)


@dataclass(frozen=True)
class Edits:
    """What a person did to a script: lines kept as written, and what was drafted (span to digest) but taken out."""

    kept: tuple[Edit, ...] = ()
    taken_out: tuple[tuple[str, str], ...] = ()

    def texts(self) -> dict[str, str]:
        """What is spoken where a person had a hand: span to text, "" for silence."""
        return {edit.span: edit.text for edit in self.kept} | {gone: "" for gone, _ in self.taken_out}


def read_edits(folder: Path) -> Edits:
    """The edits in `folder`'s description.md; none where there is no such file. A script that cannot be read is
    `BadInput`, never overwritten."""
    path = folder / "description.md"
    if not path.exists():
        return Edits()
    try:
        written = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); save it as UTF-8, or name another --out") from None
    if "\0" in written:  # as UTF-16 has
        raise BadInput(f"{path}: holds null characters; save it as UTF-8, or name another --out")
    rows = written.splitlines()
    if HEADING not in [row.strip() for row in rows]:
        raise BadInput(f"{path}: has no heading `{HEADING}`, so it is no script of narrate; name another --out")
    found = [match for row in rows if (match := _DRAFTED.fullmatch(row.strip()))]
    drafted = {match[1]: match[2] for match in found}
    lines = _written(path, rows)
    kept = tuple(edit for edit in lines if drafted.get(edit.span) != digest_of(edit.text))
    spans = {edit.span for edit in lines}
    return Edits(kept, tuple((gone, digest) for gone, digest in drafted.items() if gone not in spans))


def check_edits(edits: Edits, path: Path, *, duration: float) -> None:
    """`BadInput` for a line by hand that leaves the film."""
    for edit in edits.kept:
        if edit.end > duration + SLACK:
            where = f"{path / 'description.md'}: the line at {edit.span} leaves the film ({clock(duration)} long)"
            raise BadInput(f"{where}; mend its times")


def _written(path: Path, rows: Sequence[str]) -> list[Edit]:
    """The lines as they stand, in time order; a row that goes on in the next (an editor's wrapping) is one line."""
    heading = next(number for number, row in enumerate(rows) if row.strip() == HEADING)
    items: list[tuple[int, str]] = []
    for number, row in enumerate(rows[heading + 1 :], heading + 2):
        if row.startswith(("<!--", "#")):
            break
        if row.startswith(("- ", "* ")):
            items.append((number, "- " + row[2:].strip()))
        elif row.strip() and items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {row.strip()}")
        elif row.strip():
            raise BadInput(f"{path}:{number}: not a line of the form `- **0:01.0-0:03.5** text`; mend it")
    found = sorted((_edit(path, number, text) for number, text in items), key=lambda each: each[1].start)
    for (_, before), (number, after) in itertools.pairwise(found):
        if after.start < before.end - 1e-9:
            raise BadInput(f"{path}:{number}: begins before the line at {clock(before.start)} ends; mend the times")
    return [edit for _, edit in found if edit.text]


def _edit(path: Path, number: int, text: str) -> tuple[int, Edit]:
    match = _ROW.fullmatch(text)
    if match is None:
        raise BadInput(f"{path}:{number}: not a line of the form `- **0:01.0-0:03.5** text`; mend it")
    start, end = (_seconds(each) for each in match.groups()[:2])
    if end <= start:
        raise BadInput(f"{path}:{number}: ends before it begins; mend the times")
    return number, Edit(start, end, " ".join(_REMARK.sub("", match[3] or "").split()))


def _seconds(written: str) -> float:
    minutes, seconds = written.split(":")
    return round(int(minutes) * 60 + float(seconds), 1)


def with_edits(draft: Draft, edits: Edits) -> Draft:
    """The draft with every edit in its place; drafted lines that an edit or a taken out line overlaps make way.

    What was drafted is kept in `Draft.drafted`, so that an edit is known for one next time too.
    """
    drafted = {span(line.start, line.end): digest_of(line.text) for line in draft.lines}
    gone = dict(edits.taken_out)
    lines = {span(line.start, line.end): line for line in draft.lines}
    silences = {span(each.start, each.end): each for each in draft.silences}
    for edit in edits.kept:
        slot = lines.pop(edit.span, None) or silences.pop(edit.span, None)
        for key, line in list(lines.items()):
            if not line.edited and min(line.end, edit.end) - max(line.start, edit.start) > SLACK:
                del lines[key]
        lines[edit.span] = _by_hand(edit, slot, lines.values(), draft.duration)
    for key in gone:
        if key in lines:
            silences[key] = Silence(lines[key].start, lines[key].end, TAKEN_OUT)
            del lines[key]
    return replace(
        draft,
        lines=tuple(sorted(lines.values(), key=lambda line: line.start)),
        silences=tuple(sorted(silences.values(), key=lambda each: each.start)),
        drafted=tuple(sorted((gone | drafted).items())),
    )


def _by_hand(edit: Edit, slot: Line | Silence | None, others: Iterable[Line], duration: float) -> Line:
    """The edited line at its slot's exact times; the machine's sentence becomes the first alternative.

    Without a slot the times are the script's, which are rounded: they yield to the neighbours'.
    """
    if isinstance(slot, Line):
        machine = Alternative(slot.text, slot.confidence, 0.0, "", slot.reasons.doubtful)
        others_said = tuple(other for other in (machine, *slot.alternatives) if other.text != edit.text)
        reasons = Reasons(BY_HAND)
        return replace(slot, text=edit.text, doubt=0.0, reasons=reasons, alternatives=others_said, edited=True)
    start, end = edit.start, min(edit.end, duration or edit.end)
    if slot:
        start, end = slot.start, slot.end
    for other in others:
        if other.start <= start < other.end:
            start = other.end
        elif start < other.start < end:
            end = other.start
    return Line(start, end, edit.text, (), 1.0, reasons=Reasons(BY_HAND), edited=True)


def changed_elsewhere(path: Path) -> bool:
    """Whether a script was changed outside its lines, where changes cannot be taken over."""
    above, _, below = path.read_text(encoding="utf-8-sig").partition(f"\n{HEADING}\n")
    page = _PAGE.search(below)
    own = re.sub(r"<!--.*?-->", "", below, flags=re.DOTALL)
    return page is None or page[1] != digest_of(above) or "\n#" in own


def script_text(draft: Draft) -> str:
    """description.md: the script, and the comment by which changes will be known."""
    page = as_text(draft)
    above = page.partition(f"\n{HEADING}\n")[0]
    drafted = draft.drafted or [(span(line.start, line.end), digest_of(line.text)) for line in draft.lines]
    rows = [f"{key} {digest}" for key, digest in drafted]
    return "\n".join([page, COMMENT, *rows, f"page {digest_of(above)}", "-->", ""])


def digest_of(text: str) -> str:
    """Eight hexadecimal digits of a sentence, however it is spaced."""
    return hashlib.md5(" ".join(text.split()).encode(), usedforsecurity=False).hexdigest()[:8]
