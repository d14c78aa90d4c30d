"""The gate before publication: Great Expectations on tables of facts, its verdict brought back to the units.

Importing Great Expectations costs seconds, so it happens once in a stage's process, and while workers make the units
where there are any; its telemetry and progress bars are off.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publishing.stage import Expect

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5  # rows named in one message
_UNIT, _ROW = "unit", "row within the unit"  # the second is added here, and facts may have a column `row`
# These judge a row by the others, and so does a share of rows (`mostly`): no unit's fate hangs on another unit.
_ACROSS_ROWS = {
    "column_values_to_be_unique",
    "column_values_to_be_increasing",
    "column_values_to_be_decreasing",
    "compound_columns_to_be_unique",
}


@dataclass(frozen=True)
class Audit:
    """`failures` names, per unit, the expectation and the rows that break it; `expectations` counts those evaluated.

    `broken`: per unit the first of those rows with all that is known of them, for who wants to show them.
    """

    failures: Mapping[str, list[str]] = field(default_factory=dict)
    expectations: int = 0
    broken: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    _context: Any = None

    @property
    def passed(self) -> bool:
        return not self.failures

    def write_docs(self, folder: Path) -> None:
        """Writes Great Expectations' Data Docs (HTML) of this audit into `folder`."""
        if self._context is None:
            return
        with tempfile.TemporaryDirectory() as scratch:
            store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": scratch}
            site = {
                "class_name": "SiteBuilder",
                "store_backend": store,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
            self._context.add_data_docs_site(site_name="rejected", site_config=site)
            self._context.build_data_docs(site_names=["rejected"])
            self._context.delete_data_docs_site("rejected")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(scratch, folder)


def load() -> Any:
    """The module great_expectations, silenced."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    import great_expectations.expectations

    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return great_expectations


def audit(
    tables: Mapping[str, pd.DataFrame], expectations: Sequence[Expect], *, units: Sequence[str] | None = None
) -> Audit:
    """Evaluates every expectation on its table; each table has a column `unit` that says whose fact a row is.

    What is expected of each row by itself is evaluated on all units at once; what is expected of a whole table (a
    count, a share, uniqueness) on each unit's part alone. That part may be empty: `units` says that the unit is there.
    """
    if not expectations:
        return Audit()
    gx = load()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    source = context.data_sources.add_pandas("facts")
    failures: dict[str, list[str]] = {}
    broken: dict[str, list[dict[str, Any]]] = {}
    for part in _parts(gx, tables, expectations, units):
        results = _evaluate(gx, context, source, part)
        for expected, result in zip(part.asked, results, strict=True):
            for unit, message, rows in [] if result.success else _blame(part, expected, result):
                failures.setdefault(unit, []).append(message)
                broken.setdefault(unit, []).extend(rows)
    return Audit(failures, len(expectations), broken, context if failures else None)


@dataclass(frozen=True)
class _Part:
    """Rows judged together: of all `units`, or of one."""

    title: str
    table: pd.DataFrame
    asked: Sequence[Expect]
    units: Sequence[str]


def _parts(
    gx: Any, tables: Mapping[str, pd.DataFrame], expectations: Sequence[Expect], units: Sequence[str] | None
) -> Iterator[_Part]:
    for name in sorted({expected.table for expected in expectations}):
        if name not in tables:
            raise KeyError(f"an expectation asks for the table {name!r} of facts; there are {sorted(tables)}")
        table = _numbered(tables[name])
        there = [str(unit) for unit in table[_UNIT].unique()]
        asked = [expected for expected in expectations if expected.table == name]
        of_rows = [expected for expected in asked if _is_of_rows(gx, expected)]
        of_tables = [expected for expected in asked if expected not in of_rows]
        if of_rows:
            yield _Part(name, table, of_rows, there)
        for unit in (units if units is not None else there) if of_tables else []:
            yield _Part(f"{name} of {unit or 'the whole'}", table[table[_UNIT] == unit], of_tables, [unit])


def _is_of_rows(gx: Any, expected: Expect) -> bool:
    """Whether each row is judged by itself, so that rows of all units may be judged together."""
    kinds = gx.expectations.expectation
    of_rows = (kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation)
    alone = expected.kind not in _ACROSS_ROWS and "mostly" not in expected.arguments
    return alone and issubclass(_kind(gx, expected), of_rows)


def _kind(gx: Any, expected: Expect) -> Any:
    return getattr(gx.expectations, "Expect" + "".join(word.capitalize() for word in expected.kind.split("_")))


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{_ROW: table.groupby(_UNIT).cumcount()}).reset_index(drop=True)


def _evaluate(gx: Any, context: Any, source: Any, part: _Part) -> list[Any]:
    """Results in the order of `asked`: the engine gives them in another."""
    title, asked = part.title, part.asked
    batch = source.add_dataframe_asset(title).add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name=title)
    for number, expected in enumerate(asked):
        suite.add_expectation(_kind(gx, expected)(**expected.arguments, meta={"number": number, "why": expected.why}))
    definition = gx.ValidationDefinition(name=title, data=batch, suite=context.suites.add(suite))
    context.validation_definitions.add(definition)
    rows = list(dict.fromkeys((_UNIT, _ROW, *(column for expected in asked for column in expected.rows))))
    outcome = definition.run(
        batch_parameters={"dataframe": part.table},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": rows},
    )
    return sorted(outcome.results, key=lambda result: result.expectation_config.meta["number"])


def _blame(part: _Part, expected: Expect, result: Any) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(unit, message, first rows) for every unit that breaks the expectation."""
    raised = _exception(result.exception_info)
    if raised:
        return [(unit, f"{_words(expected)} could not be evaluated: {raised}", []) for unit in part.units]
    broken: dict[str, list[Mapping[str, Any]]] = {}
    for row in result.result.get("unexpected_index_list") or []:
        broken.setdefault(str(row[_UNIT]), []).append(row)
    if broken:
        return [
            (unit, _rows_message(part.table, expected, unit, rows), _whole_rows(part.table, unit, rows[:SHOWN]))
            for unit, rows in broken.items()
        ]
    found = result.result.get("observed_value")
    return [(unit, f"{_words(expected)}: found {found}{_reason(expected)}", []) for unit in part.units]


def _whole_rows(table: pd.DataFrame, unit: str, rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    of_unit = table[table[_UNIT] == unit].drop(columns=[_UNIT, _ROW])
    return [dict(of_unit.iloc[int(row[_ROW])]) for row in rows]


def _rows_message(table: pd.DataFrame, expected: Expect, unit: str, rows: list[Mapping[str, Any]]) -> str:
    total = int((table[_UNIT] == unit).sum())
    column = str(expected.arguments.get("column"))
    shown = []
    for row in rows[:SHOWN]:
        names = [f"{key} {row[key]}" for key in expected.rows] or [f"row {row[_ROW]}"]
        shown.append(" ".join(names) + (f" = {row[column]}" if column in row else ""))
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{_words(expected)}: {len(rows)} of {total} rows break it ({', '.join(shown)}{more}){_reason(expected)}"


def _words(expected: Expect) -> str:
    arguments = ", ".join(f"{key} {value}" for key, value in expected.arguments.items())
    return f"{expected.table}: expect {expected.kind.replace('_', ' ')} [{arguments}]"


def _reason(expected: Expect) -> str:
    return f"; {expected.why}" if expected.why else ""


def _exception(info: Any) -> str:
    """The message of what was raised while evaluating; the structure nests it per metric or not at all."""
    if not isinstance(info, Mapping):
        return ""
    if info.get("raised_exception"):
        return str(info.get("exception_message"))
    return next((found for value in info.values() if (found := _exception(value))), "")
