"""One table of a source: checked part by part, then put into versions."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contract import TABLES
from features.events import FOREVER
from features.reading.checked_parts import checked_parts, rejected_rows
from features.reading.column_gaps import SeenColumns
from features.reading.cross_row_rules import (
    expel,
    gather_unmatched,
)
from features.reading.duck import AppendedRows, append, create, run
from features.reading.found_rows import FoundRows
from features.reading.loaded_tables import LoadedTables
from features.reading.mending import (
    as_lost,
    incomplete_customers,
    lost_schema,
    reject_ids,
)
from features.reading.names import ignored_column
from features.reading.portfolio_warnings import (
    of_documents,
    of_one_moment,
)
from features.reading.rejects import RejectCounter
from features.reading.report import TableReport
from features.reading.shared_numbers import NAMES_INVOICE
from features.reading.sources import Part, Source
from features.reading.validation import CheckedRows
from features.reading.versions import gather_shared, stand
from features.settings import PortfolioSettings

SHARED = "shared_rows"  # rows of a table whose key others share
LOST = "lost_rows"  # where its rejected rows wait for good ones that mend them
WRITTEN_AT_ONCE = 2_000_000  # rows; they are in memory until they are written
LOST_INVOICES = "lost_invoices"  # the rejected invoices, until payments are read


def load_table(
    loaded: LoadedTables,
    source: Source,
    table: str,
    settings: PortfolioSettings,
    schema: pa.Schema,
) -> None:
    """The rows of a table: those that stand, and what is told of the others.

    Of `invoices` the rejected rows wait in `LOST_INVOICES` until payments are read.
    """
    duckdb = loaded.connection.con
    create(duckdb, LOST, lost_schema(table))
    places = _load_checked(loaded, source, table, settings)
    is_across = settings.keys == "per_portfolio"
    gather_shared(duckdb, table, SHARED, schema, is_across=is_across)
    if table in NAMES_INVOICE:
        gather_unmatched(duckdb, table)
    # row ids are others from here on
    if _expel(loaded, source, table, settings, places):
        run(duckdb, f"DROP TABLE {SHARED}")
        gather_shared(duckdb, table, SHARED, schema, is_across=is_across)
    _protect(loaded, table, schema)
    stand(duckdb, table, SHARED, schema)
    loaded.warnings += of_one_moment(duckdb, table, SHARED, schema)
    if table == "invoices":
        loaded.warnings += of_documents(duckdb)
    run(duckdb, f"DROP TABLE {SHARED}")
    if table == "invoices":
        run(duckdb, f"ALTER TABLE {LOST} RENAME TO {LOST_INVOICES}")
    else:
        run(duckdb, f"DROP TABLE {LOST}")


def _load_checked(
    loaded: LoadedTables, source: Source, table: str, settings: PortfolioSettings
) -> FoundRows:
    """Every part of a table is checked; good rows and rejected ones go apart."""
    duckdb, places = loaded.connection.con, FoundRows()
    n_read, n_accepted, n_lost, n_without_customer = 0, 0, 0, 0
    columns = SeenColumns()
    n_waiting = 0
    good = AppendedRows(duckdb, table, superseded_at=FOREVER)
    run(duckdb, "BEGIN")  # parts of one transaction are written once
    for part, checked in checked_parts(source, table, settings):
        columns.add(part)
        n_read += len(part.rows) + len(part.malformed)
        n_accepted += len(checked.rows)
        places.add(part, checked)
        n_without_customer += len(part.malformed)
        _count_rejects(loaded.rejects, table, part, checked)
        good.add(checked.rows)
        if checked.lost is not None:
            append(duckdb, LOST, _undismissed(part, checked, table, settings, n_lost))
            n_lost += len(checked.lost)
            n_without_customer += checked.lost.column("customer_id").null_count
        if table != "snapshots" and len(checked.rows):
            latest = pc.max(checked.rows["known_at"]).as_py()
            loaded.latest[table] = max(latest, loaded.latest.get(table, 0))
        n_waiting += len(checked.rows)
        if n_waiting >= WRITTEN_AT_ONCE:
            good.write()
            run(duckdb, "COMMIT")
            run(duckdb, "BEGIN")
            n_waiting = 0
    good.write()
    run(duckdb, "COMMIT")
    loaded.reports[table] = TableReport(table, n_read, n_accepted, n_without_customer)
    loaded.warnings += _surprises(table, columns, settings)
    return places


def _undismissed(
    part: Part,
    checked: CheckedRows,
    table: str,
    settings: PortfolioSettings,
    first_place: int,
) -> pa.Table:
    """The rejected rows of a part without those that a person has dismissed."""
    assert checked.lost is not None  # noqa: S101 - asked before
    lost = as_lost(checked.lost, first_place)
    if not settings.dismissed:
        return lost
    rejected = part.rows.filter(pa.array(checked.broken > 0))
    ids = reject_ids(rejected, table)
    return lost.filter(
        pa.array([reject_id not in settings.dismissed for reject_id in ids])
    )


def _expel(
    loaded: LoadedTables,
    source: Source,
    table: str,
    settings: PortfolioSettings,
    places: FoundRows,
) -> bool:
    """Counts rows that break a rule between rows; they go to the rejected ones.

    Returns:
        whether there were any.
    """
    duckdb = loaded.connection.con
    expelled = expel(duckdb, table, SHARED, LOST, settings)
    if not expelled:
        return False
    loaded.expelled[table] = expelled
    for rule, column in sorted(set(expelled.values())):
        breaking = [p for p, broken in expelled.items() if broken == (rule, column)]
        first = min(breaking)
        of_it = f"WHERE is_expelled AND place = {first}"
        sql = f'SELECT any_value("{column}") FROM {LOST} {of_it}'  # noqa: S608
        [[value]] = run(duckdb, sql)
        where = places.where(first)
        loaded.rejects.add(table, rule, column, where, value, len(breaking))
    report = loaded.reports[table]
    loaded.reports[table] = replace(
        report, n_accepted=report.n_accepted - len(expelled)
    )
    if settings.dismissed:
        for rejected in rejected_rows(source, table, settings, expelled):
            for place, reject_id in zip(rejected.places, rejected.ids, strict=True):
                if rejected.is_expelled and reject_id in settings.dismissed:
                    run(
                        duckdb,
                        f"DELETE FROM {LOST} WHERE is_expelled AND place = {place}",  # noqa: S608
                    )
    return True


def _protect(loaded: LoadedTables, table: str, schema: pa.Schema) -> None:
    """Whom the rejected rows of a table leave incomplete."""
    if not loaded.reports[table].n_rejected:
        return
    duckdb = loaded.connection.con
    customers = incomplete_customers(duckdb, table, LOST, schema)
    for customer_id in customers:
        before = loaded.rejected.get(customer_id, frozenset())
        loaded.rejected[customer_id] = before | {table}
    if customers:
        loaded.warnings.append(
            f"{table}: rejected rows leave customers incomplete ({len(customers):,}), "
            "and nobody is stopped on incomplete data: correct the rows, or look at "
            "them and list their reject_id under `dismissed` in portfolio.yaml"
        )


def _surprises(
    table: str, columns: SeenColumns, settings: PortfolioSettings
) -> Iterator[str]:
    """Columns nobody asked for, declared ones that are not there or not everywhere."""
    known, names = {column.name for column in settings.columns[table]}, columns.names
    for column in sorted(names - known):
        yield ignored_column(table, column, known)
    in_contract = {column.name for column in TABLES[table].columns}
    for column in sorted(known - in_contract - names):
        yield f"{table}: column {column!r} of portfolio.yaml is not there: all unknown"
    yield from columns.gaps(table, known)


def _count_rejects(
    rejects: RejectCounter, table: str, part: Part, checked: CheckedRows
) -> None:
    """What is wrong with the rows of a part, by rule, with the first of each."""
    if part.malformed:
        n = len(part.malformed)
        rejects.add(table, "malformed_row", "", part.where, None, n)
    for code, (rule, column) in enumerate(checked.rules, start=1):
        rows = np.flatnonzero(checked.broken == code)
        if not len(rows):
            continue
        where = f"{part.where} row {part.number_of(int(rows[0]))}"
        value = _plain_value(part.rows, column, int(rows[0]))
        rejects.add(table, rule, column, where, value, len(rows))


def _plain_value(rows: pa.Table, column: str, row: int) -> object:
    """What stands in a cell, where Python has a value for it."""
    if column not in rows.column_names:
        return None
    scalar = rows.column(column)[row]
    is_temporal = pa.types.is_temporal(scalar.type)  # nanoseconds have no Python value
    return None if is_temporal else scalar.as_py()
