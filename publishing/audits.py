"""A stage's audit: facts of the units just made, gathered in tables and judged in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from common.files import digest
from publishing import gates
from publishing.gates import Audit
from publishing.stage import Stage

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings


class Auditor:
    """Judges units by the stage's expectations; a stage without any passes everything."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self.facts = stage.facts
        self.expectations = list(stage.expectations(settings)) if stage.expectations and stage.facts else []

    @property
    def digest(self) -> str:
        """What is expected, as one value: a changed gate judges again what lies published."""
        asked = [[each.table, each.kind, sorted(each.arguments.items()), each.why] for each in self.expectations]
        return digest(json.loads(json.dumps(asked, default=str)))

    def warm_up(self) -> None:
        if self.expectations:
            gates.load_beside()

    def audit(self, folders: Mapping[str, Path]) -> Audit:
        """`folders` by unit; a unit without any row in a table can still fail an expectation on its count of rows."""
        if not self.expectations or self.facts is None:
            return Audit()
        tables = _gather({unit: self.facts(folder) for unit, folder in folders.items()})
        return gates.audit(tables, self.expectations, units=list(folders))


def _gather(facts: Mapping[str, dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """One table of each name, with the column `unit` in front."""
    import pandas as pd

    names = sorted({name for tables in facts.values() for name in tables})
    gathered = {}
    for name in names:
        parts = [tables[name].assign(unit=unit) for unit, tables in facts.items() if name in tables]
        gathered[name] = pd.concat(parts, ignore_index=True)
    return gathered
