"""Rules between rows: whose number, whose invoice.

A row that breaks one is taken out of the rows checked so far, as if it had been
rejected on its own; both customers are left incomplete by it. Its twin for the few
rows of a stream whose numbers are shared is `features.reading.shared_numbers`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from features.contract import TABLES
from features.reading.duck import remove, run
from features.reading.shared_numbers import NAMES_INVOICE
from features.reading.versions import PLACE
from features.settings import PortfolioSettings

UNMATCHED = "unmatched_"  # and the table: its rows that name no invoice of their own
Expelled = Mapping[int, tuple[str, str]]  # place among the good rows: rule, column


def gather_unmatched(duckdb: Any, table: str) -> None:  # noqa: ANN401
    """A new table of the rows of `table` that name no invoice of their customer.

    A retraction is none: it takes such a row back. `place` is the rowid of each row.
    """
    column = NAMES_INVOICE[table]
    run(
        duckdb,
        f"""
        CREATE TEMP TABLE {UNMATCHED}{table} AS
        SELECT c.rowid AS place, c.customer_id, c.{column} AS invoice_id
        FROM {table} c
        ANTI JOIN (FROM invoices WHERE kind = 'invoice' AND NOT retracted) i
        ON c.customer_id = i.customer_id AND c.{column} = i.invoice_id
        WHERE c.{column} IS NOT NULL AND NOT c.retracted
        """,  # noqa: S608
    )


def expel(
    duckdb: Any,  # noqa: ANN401
    table: str,
    shared: str,
    lost: str,
    settings: PortfolioSettings,
) -> Expelled:
    """Moves rows of `table` that break a rule between rows to `lost`.

    Args:
        duckdb: the connection that holds all of them, and the tables before this one.
        table: the good rows so far, in the order in which they were read.
        shared: those whose key others share, see `features.reading.versions`.
        lost: rejected rows, see `features.reading.mending`.
        settings: whether numbers are unique in the portfolio or within a customer.

    Returns:
        by their place among the good rows (from 0) the rule and the column broken.
    """
    if settings.keys == "per_customer":
        return {}
    expelled: dict[int, tuple[str, str]] = {}
    run(duckdb, "CREATE TEMP TABLE breaking (place BIGINT, affected VARCHAR)")
    for rule, column, sql in _rules(table, shared):
        breaking = run(duckdb, f"INSERT INTO breaking {sql} RETURNING place")
        expelled |= {place: (rule, column) for [place] in breaking}
    if expelled:
        cells = ", ".join(f"c.{column.name}" for column in TABLES[table].columns)
        run(
            duckdb,
            f"INSERT INTO {lost} BY NAME SELECT {cells}, true AS has_key, b.affected, "  # noqa: S608
            "true AS is_of_any, true AS is_expelled, b.place "
            f"FROM {table} c JOIN breaking b ON c.rowid = b.place",
        )
        remove(duckdb, table, "rowid IN (SELECT place FROM breaking)")
    run(duckdb, "DROP TABLE breaking")
    return expelled


def _rules(table: str, shared: str) -> Iterator[tuple[str, str, str]]:
    """Rule, column, and SQL of the rows that break it with the customers affected."""
    if table in NAMES_INVOICE:
        yield "other_customers_invoice", NAMES_INVOICE[table], _of_others(table)
    key = TABLES[table].key
    if "customer_id" not in key:
        yield "key_of_two_customers", key[0], _shared(shared, key)


def _of_others(table: str) -> str:
    """Rows that name an invoice of another customer and none of their own."""
    return f"""
        SELECT DISTINCT place, unnest([u.customer_id, o.customer_id]) AS affected
        FROM {UNMATCHED}{table} u JOIN invoices o USING (invoice_id)
        WHERE o.kind = 'invoice' AND NOT o.retracted
    """  # noqa: S608


def _shared(shared: str, key: tuple[str, ...]) -> str:
    """Rows whose key stands under two customers; a key taken back does not stand."""
    names = ", ".join(key)
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM s.{name}" for name in key)
    return f"""
        WITH found AS (
            FROM {shared} ANTI JOIN breaking ON {shared}.{PLACE} = breaking.place
        ), standing AS (
            SELECT {names}, customer_id FROM found GROUP BY ALL
            HAVING max(known_at) FILTER (NOT retracted)
                > coalesce(max(known_at) FILTER (retracted), -1)
        ), of_two AS (
            SELECT {names} FROM standing GROUP BY ALL HAVING count(*) > 1
        )
        SELECT c.{PLACE}, c.customer_id AS affected
        FROM found c SEMI JOIN of_two s ON {same} WHERE NOT c.retracted
    """  # noqa: S608
