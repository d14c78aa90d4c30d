"""What a published unit was made from, all the way up, read off the records that travel with the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from publishing.records import Record, aside_reason, read_record, version


@dataclass(frozen=True)
class Link:
    """One unit of the lineage. `wanted` is the version that `reader` was made from; `found` what lies there now."""

    stage: str
    unit: str
    wanted: str
    found: str | None
    record: Record | None
    reader: str

    @property
    def name(self) -> str:
        return name_of(self.stage, self.unit)

    @property
    def inputs(self) -> Iterator[tuple[str, str, str]]:
        """(stage, unit, version) of everything that this unit was made from."""
        read = {} if self.record is None else self.record.made_from.get("inputs", {})
        yield from (
            (stage, unit, made) for stage, units in sorted(read.items()) for unit, made in sorted(units.items())
        )


def name_of(stage: str, unit: str) -> str:
    return f"{stage}/{unit}" if unit else stage


def upstream(data: Path, units: Iterable[tuple[str, str]]) -> list[Link]:
    """The units named and everything they were made from, each once and sorted by name.

    Where another version lies there than was read, its own inputs are another story and are not followed. A unit that
    was read in two versions is there twice.
    """
    found: dict[tuple[str, str, str], Link] = {}
    waiting = [(stage, unit, version(data / stage / unit) or "", "") for stage, unit in units]
    while waiting:
        stage, unit, wanted, reader = waiting.pop()
        if (stage, unit, wanted) in found:
            continue
        folder = data / stage / unit
        link = Link(stage, unit, wanted, version(folder), read_record(folder), reader or name_of(stage, unit))
        found[stage, unit, wanted] = link
        if link.found == wanted:
            waiting += [(*each, link.name) for each in link.inputs]
    return [found[key] for key in sorted(found)]


def unmet_gates(data: Path, links: Iterable[Link], asked: Mapping[str, str]) -> list[str]:
    """Why not all gates are passed for exactly these versions, one line a unit; empty where they are.

    `asked` is the digest of what each stage's gate expects now (`audits.Auditor.digest`): a verdict on other
    expectations is none.
    """
    return [why for link in links if (why := _unmet(data, link, asked.get(link.stage)))]


def _unmet(data: Path, link: Link, asked: str | None) -> str:
    if link.found is None or link.record is None:
        return f"{link.name}: not published any more, and {link.reader} was made from it"
    if link.found != link.wanted:
        return f"{link.name}: another version lies there than {link.reader} was made from"
    if asked is None or link.record.audit == asked or aside_reason(data / link.stage / link.unit) is not None:
        return ""
    verdict = data / "rejected" / link.stage / (link.unit or "_whole")
    told = f"rejected, see data/rejected/{link.stage}" if verdict.exists() else "not judged yet"
    return f"{link.name}: has not passed its gate as it stands now ({told})"
