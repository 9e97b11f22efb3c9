"""Loads a source into DuckDB: checked part by part, then put into versions."""

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contract import TABLES
from features.errors import UnreadableTableError
from features.reading.rejects import RejectCounter
from features.reading.report import TableReport, ValidationReport
from features.reading.sources import Part, Source
from features.reading.validation import Checked, check, normal_schema
from features.reading.versions import standing_sql
from features.settings import PortfolioSettings

CHECKED = "checked_rows"  # where a table's rows wait for their versions


@dataclass
class Loaded:
    """Tables in normal form and what was found on the way."""

    connection: Any
    tables: dict[str, ir.Table] = field(default_factory=dict)
    reports: list[TableReport] = field(default_factory=list)
    rejects: RejectCounter = field(default_factory=RejectCounter)
    warnings: list[str] = field(default_factory=list)
    latest_known_at: int = 0  # of all tables but snapshots

    @property
    def report(self) -> ValidationReport:
        """What was read, rejected and noticed."""
        found = self.rejects.rejects()
        return ValidationReport(tuple(self.reports), found, tuple(self.warnings))


def checked_parts(
    source: Source, table: str, settings: PortfolioSettings
) -> Iterator[tuple[Part, Checked]]:
    """The parts of a table with what the rules say about them.

    Raises:
        UnreadableTableError: if two columns have one name.
    """
    for part in source.parts(table):
        names = Counter(part.rows.column_names)
        for name, n in names.items():
            if n > 1:
                raise UnreadableTableError(f"{part.where} has {n} columns {name!r}")
        yield part, check(part.rows, table, settings, part.spellings)


def load(source: Source, settings: PortfolioSettings) -> Loaded:
    """All tables of the contract into a new in-memory DuckDB connection."""
    # what exceeds memory spills there, never into the working folder
    spill = Path(tempfile.gettempdir()) / "forbear"
    loaded = Loaded(ibis.duckdb.connect(temp_directory=spill))
    duckdb = loaded.connection.con
    for table in TABLES:
        schema = normal_schema(table, settings)
        if table in source.tables:
            _create(duckdb, CHECKED, schema)
            _load_checked(loaded, source, table, settings)
            loaded.warnings += _shared_keys(duckdb, table)
            sql = standing_sql(table, CHECKED, schema)
            _run(duckdb, f'CREATE TABLE "{table}" AS {sql}')
            _run(duckdb, f"DROP TABLE {CHECKED}")
        else:
            superseded_at = pa.field("superseded_at", pa.int64())
            _create(duckdb, table, schema.append(superseded_at))
        loaded.tables[table] = loaded.connection.table(table)
    loaded.warnings += _strangers(duckdb, source.tables)
    if source.tables == {"customers", "outcomes"}:
        loaded.warnings += _undated(duckdb)
    return loaded


def _load_checked(
    loaded: Loaded, source: Source, table: str, settings: PortfolioSettings
) -> None:
    n_read, n_accepted = 0, 0
    found: set[str] = set()
    for part, checked in checked_parts(source, table, settings):
        found |= set(part.rows.column_names)
        n_read += len(part.rows) + len(part.malformed)
        n_accepted += len(checked.rows)
        _count_rejects(loaded.rejects, table, part, checked)
        _append(loaded.connection.con, checked.rows)
        if table != "snapshots" and len(checked.rows):
            latest = pc.max(checked.rows["known_at"]).as_py()
            loaded.latest_known_at = max(latest, loaded.latest_known_at)
    loaded.reports.append(TableReport(table, n_read, n_accepted))
    loaded.warnings += _surprises(table, found, settings)


def _surprises(
    table: str, found: Collection[str], settings: PortfolioSettings
) -> Iterator[str]:
    """Columns that nobody asked for, and declared ones that are not there."""
    known = {column.name for column in settings.columns[table]}
    for column in sorted(set(found) - known):
        yield f"{table}: column {column!r} is not in the contract and was ignored"
    in_contract = {column.name for column in TABLES[table].columns}
    for column in sorted(known - in_contract - set(found)):
        yield f"{table}: column {column!r} of portfolio.yaml is not there: all unknown"


def _run(duckdb: Any, sql: str) -> list[tuple[Any, ...]]:  # noqa: ANN401
    # DuckDB refuses other work while a result is unread
    return list(duckdb.execute(sql).fetchall())


def _create(duckdb: Any, name: str, schema: pa.Schema) -> None:  # noqa: ANN401
    duckdb.register("part", schema.empty_table())
    _run(duckdb, f'CREATE TABLE "{name}" AS SELECT * FROM part')  # noqa: S608
    duckdb.unregister("part")


def _append(duckdb: Any, rows: pa.Table) -> None:  # noqa: ANN401
    duckdb.register("part", rows)
    _run(duckdb, f"INSERT INTO {CHECKED} SELECT * FROM part")  # noqa: S608
    duckdb.unregister("part")


def _count_rejects(
    rejects: RejectCounter, table: str, part: Part, checked: Checked
) -> None:
    if part.malformed:
        n = len(part.malformed)
        rejects.add(table, "malformed_row", "", part.where, None, n)
    for code, (rule, column) in enumerate(checked.rules, start=1):
        rows = np.flatnonzero(checked.broken == code)
        if not len(rows):
            continue
        where = f"{part.where} row {part.first_row + int(rows[0])}"
        value = _plain_value(part.rows, column, int(rows[0]))
        rejects.add(table, rule, column, where, value, len(rows))


def _plain_value(rows: pa.Table, column: str, row: int) -> object:
    if column not in rows.column_names:
        return None
    scalar = rows.column(column)[row]
    is_temporal = pa.types.is_temporal(scalar.type)  # nanoseconds have no Python value
    return None if is_temporal else scalar.as_py()


def _strangers(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """Customers with events whom `customers` does not know: not scored."""
    for table in TABLES:
        if table == "customers" or table not in tables:
            continue
        theirs = f'"{table}" ANTI JOIN customers USING (customer_id)'
        [[n]] = _run(duckdb, f"SELECT count(DISTINCT customer_id) FROM {theirs}")  # noqa: S608
        if n:
            yield f"{table}: {n} customers are not in `customers` and are not scored"


def _shared_keys(duckdb: Any, table: str) -> Iterator[str]:  # noqa: ANN401
    """Ids numbered per customer; of each customer they are another thing."""
    key = TABLES[table].key
    if "customer_id" in key:
        return
    shared = (
        f"SELECT 1 FROM {CHECKED} GROUP BY {', '.join(key)} "  # noqa: S608
        "HAVING min(customer_id) <> max(customer_id)"
    )
    [[n]] = _run(duckdb, f"SELECT count(*) FROM ({shared})")  # noqa: S608
    if n:
        yield (
            f"{table}: {n} keys ({', '.join(key)}) are used by more than one "
            "customer; they count for each of them"
        )


def _undated(duckdb: Any) -> Iterator[str]:  # noqa: ANN401
    [[latest]] = _run(duckdb, "SELECT max(known_at) FROM customers")
    if latest == 0:
        yield (
            "customers: no row has a date, so all are known since always; add "
            "known_at, or say in a table `snapshots` from when outcomes count"
        )
