"""Loads a source into DuckDB, and looks at what is odd between its tables."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa

from features.catalogue import repeated
from features.contract import TABLES
from features.counted import counted
from features.reading.ahead import rows_ahead
from features.reading.cross_row_rules import (
    UNMATCHED,
)
from features.reading.duck import create, run
from features.reading.duck_settings import IN_MEMORY, DuckSettings, connect
from features.reading.links import (
    SOURCES,
    common_things,
    derive_links,
    shared_by_too_many,
)
from features.reading.loaded_tables import LoadedTables
from features.reading.observation import observe
from features.reading.portfolio_warnings import (
    absurd,
    implausible,
    masked,
    of_names,
    undone_at_once,
    unmatched_payments,
)
from features.reading.shared_numbers import NAMES_INVOICE
from features.reading.sources import Source
from features.reading.table_loading import LOST_INVOICES, load_table
from features.reading.validation import normal_schema
from features.settings import PortfolioSettings


def load(
    source: Source,
    settings: PortfolioSettings,
    read_at: int | None,
    duck: DuckSettings = IN_MEMORY,
) -> LoadedTables:
    """All tables of the contract into a new DuckDB connection.

    Args:
        source: gives the rows.
        settings: of the portfolio.
        read_at: microseconds since 1970 UTC; nothing can be known later. None: nobody
            says when it is.
        duck: where the tables are kept; a file must be new.

    Raises:
        PortfolioError: if a table cannot be read, or portfolio.yaml contradicts it.
    """
    loaded = LoadedTables(connect(duck))
    duckdb = loaded.connection.con
    for table in TABLES:
        schema = normal_schema(table, settings)
        create(duckdb, table, schema.append(pa.field("superseded_at", pa.int64())))
        if table in source.tables:
            load_table(loaded, source, table, settings, schema)
        loaded.tables[table] = loaded.connection.table(table)
    if read_at is not None:
        _set_apart(loaded, read_at)
    loaded.observation = observe(
        duckdb,
        loaded.reports,
        loaded.latest,
        settings,
        empty_is_none=source.empty_is_none,
    )
    loaded.warnings += _declared_twice(settings)
    _look_at_all(loaded, source)
    if settings.derive_links:
        _link(loaded, settings)
    return loaded


def _set_apart(loaded: LoadedTables, read_at: int) -> None:
    """Rows of mistyped years: named, and nobody is stopped on what they hide."""
    ahead = rows_ahead(loaded.connection.con, loaded.latest, read_at)
    loaded.latest = dict(ahead.latest)
    loaded.warnings += ahead.warnings
    for table, customers in ahead.customers.items():
        for customer_id in customers:
            before = loaded.rejected.get(customer_id, frozenset())
            loaded.rejected[customer_id] = before | {table}


def _link(loaded: LoadedTables, settings: PortfolioSettings) -> None:
    """Who shares what with whom, where no table says it and others can tell."""
    seen = loaded.observation
    sources = SOURCES & seen.tables
    if "links" in seen.tables or "links" in loaded.reports or not sources:
        return
    common = common_things(loaded.connection.con)
    loaded.warnings += shared_by_too_many(common)
    labels = settings.labels.fraud
    if derive_links(
        loaded.connection.con,
        common,
        takeover_is_fraud=labels.takeover_is_fraud,
    ):
        seen.tables |= {"links"}
        until = min(seen.until[table] for table in sources)
        seen.until = {**seen.until, "links": until}


def _look_at_all(loaded: LoadedTables, source: Source) -> None:
    """What is odd between tables; those that count as not looked at are emptied."""
    duckdb, tables = loaded.connection.con, loaded.observation.tables
    for table in set(loaded.reports) - tables:
        run(duckdb, f'DELETE FROM "{table}"')  # noqa: S608
    loaded.warnings += loaded.observation.warnings
    loaded.warnings += _strangers(duckdb, tables)
    read = tables & set(loaded.reports)
    loaded.warnings += of_names(duckdb, read, tables)
    loaded.warnings += undone_at_once(duckdb, tables)
    loaded.warnings += implausible(duckdb, tables)
    loaded.warnings += absurd(duckdb, tables)
    loaded.warnings += masked(duckdb, read)
    latest = max(loaded.latest.values(), default=0)
    has_invoices = "invoices" in loaded.reports
    lost = LOST_INVOICES if has_invoices else None
    why = unmatched_payments(duckdb, read, latest, lost)
    if why is not None:
        loaded.unusable.append(why)
    if has_invoices:
        run(duckdb, f"DROP TABLE {LOST_INVOICES}")
    for table in NAMES_INVOICE.keys() & loaded.reports.keys():
        run(duckdb, f"DROP TABLE {UNMATCHED}{table}")
    if source.tables == {"customers", "outcomes"}:
        loaded.warnings += _undated(duckdb)


def _declared_twice(settings: PortfolioSettings) -> Iterator[str]:
    """Attributes that the catalogue has without being told."""
    for name, feature in repeated(settings).items():
        yield (
            f"attributes: {name!r} is a column of the contract that the feature "
            f"{feature} reads anyway, and is not learnt twice: take it out of "
            "portfolio.yaml"
        )


def _strangers(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """Customers with events whom `customers` does not know: not scored."""
    for table in TABLES:
        if table == "customers" or table not in tables:
            continue
        theirs = f'"{table}" ANTI JOIN customers USING (customer_id)'
        [[n]] = run(duckdb, f"SELECT count(DISTINCT customer_id) FROM {theirs}")  # noqa: S608
        if n:
            who = counted(n, "customer")
            yield f"{table}: not in `customers` and not scored: {who}"


def _undated(duckdb: Any) -> Iterator[str]:  # noqa: ANN401
    """Customers who say nothing of when."""
    [[latest]] = run(duckdb, "SELECT max(known_at) FROM customers")
    if latest == 0:
        yield (
            "customers: no row has a date, so all are known since always; add "
            "known_at, or say in a table `snapshots` from when outcomes count"
        )
