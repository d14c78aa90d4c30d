"""A stage's audit: facts of the units just made, gathered in tables and judged in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from common.files import digest
from publishing import gates
from publishing.gates import Audit
from publishing.stage import Stage, Work

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings


class Auditor:
    """Judges units by the stage's expectations; a stage without any passes everything."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self.facts, self.compared = stage.facts, stage.compared
        self.expectations = list(stage.expectations(settings)) if stage.expectations and stage.facts else []

    @property
    def digest(self) -> str:
        """What is expected, as one value: a changed gate judges again what lies published."""
        asked = [[each.table, each.kind, sorted(each.arguments.items()), each.why] for each in self.expectations]
        return digest(json.loads(json.dumps(asked, default=str)))

    def warm_up(self) -> None:
        """Loads what the audit needs, in a process that would only wait."""
        if self.expectations:
            gates.load()

    def audit(self, finished: Sequence[Work]) -> Audit:
        """Judges what lies in each `Work.out`; a unit without a row in a table can still fail on its count of rows."""
        if not self.expectations or self.facts is None:
            return Audit()
        tables = _gather({work.unit: self._tables(work) for work in finished})
        return gates.audit(tables, self.expectations, units=[work.unit for work in finished])

    def _tables(self, work: Work) -> dict[str, pd.DataFrame]:
        assert self.facts is not None
        return self.facts(work.out) | (self.compared(work) if self.compared is not None else {})


def _gather(facts: Mapping[str, dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """One table of each name, with the column `unit` in front."""
    import pandas as pd

    names = sorted({name for tables in facts.values() for name in tables})
    gathered = {}
    for name in names:
        parts = [tables[name].assign(unit=unit) for unit, tables in facts.items() if name in tables]
        gathered[name] = pd.concat(parts, ignore_index=True)
    return gathered
