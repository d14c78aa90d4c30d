"""docs/damage.md: what became of the damaged files, in one table."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.damage.survey import Tally
from orchestration.damage.watch import FAULTS, MIB, READ, REFUSED, SECONDS

_HEAD = """# Damaged files: what the readers make of them

Written by `python -m orchestration.damage {asked}`.

{files} files of each kind, damaged by what they are: keys, rows and columns dropped, doubled, renamed and
swapped, values of other types, enormous, negative and no numbers, times the wrong way round, control
characters, halves of characters, paths that lead out of the folder, towers of brackets, texts of a megabyte,
YAML's tags and anchors, other encodings, files cut, holes, flipped bits, header fields that claim what is not
there (`orchestration/damage/`).

Read: the reader took it, perhaps with rows put aside; what it gave holds only finite numbers and writable
text, and what can be written again comes back the same; a corpus file was also taken into a film's normal
form. Refused: `BadInput`, one line that names the file. A fault is anything else: a traceback, a line that does
not name the file, more than {seconds:.0f} s of processor time, {mib} MiB of memory, a file written outside the
folder or one beside it opened, the death of the process.

"""


def page(tallies: Sequence[Tally], asked: str, *, files: int) -> str:
    """The page; `asked` are the words of the command that it comes from."""
    rows = ["| file | damaged | read | refused | faults |", "| --- | --: | --: | --: | --: |"]
    for tally in tallies:
        faults = sum(tally.ends[what] for what in FAULTS)
        told = "0" if not faults else "; ".join(f"{tally.ends[what]} {what}" for what in FAULTS if tally.ends[what])
        rows.append(f"| {tally.kind} | {tally.ends.total()} | {tally.ends[READ]} | {tally.ends[REFUSED]} | {told} |")
    total = [sum(tally.ends[what] for tally in tallies) for what in (READ, REFUSED)]
    faulty = sum(len(tally.faults) for tally in tallies)
    rows.append(f"| all | {sum(t.ends.total() for t in tallies)} | {total[0]} | {total[1]} | {faulty} |")
    return _HEAD.format(files=files, asked=asked, seconds=SECONDS, mib=MIB) + "\n".join(rows) + "\n"
