"""Rules between rows: whose number, whose invoice.

A row that breaks one is taken out of the rows checked so far, as if it had been
rejected on its own; both customers are left incomplete by it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from features.contract import TABLES
from features.reading.duck import run
from features.settings import PortfolioSettings

# the column of each table that names an invoice
NAMES_INVOICE = {
    "invoices": "applies_to",
    "payments": "invoice_id",
    "disputes": "invoice_id",
    "contacts": "invoice_id",
}
Expelled = Mapping[int, tuple[str, str]]  # place among the good rows: rule, column


def expel(
    duckdb: Any,  # noqa: ANN401
    table: str,
    checked: str,
    lost: str,
    settings: PortfolioSettings,
) -> Expelled:
    """Moves rows of `checked` that break a rule between rows to `lost`.

    Args:
        duckdb: the connection that holds both, and the tables before this one.
        table: which table of the contract is being read.
        checked: the good rows so far, in the order in which they were read.
        lost: rejected rows, see `features.reading.mending`.
        settings: whether numbers are unique in the portfolio or within a customer.

    Returns:
        by their place among the good rows (from 0) the rule and the column broken.
    """
    if settings.keys == "per_customer":
        return {}
    expelled: dict[int, tuple[str, str]] = {}
    run(duckdb, "CREATE TEMP TABLE breaking (place BIGINT, affected VARCHAR)")
    for rule, column, sql in _rules(table, checked):
        found = run(duckdb, f"INSERT INTO breaking {sql} RETURNING place")
        expelled |= {place: (rule, column) for [place] in found}
    if expelled:
        run(
            duckdb,
            f"INSERT INTO {lost} BY NAME SELECT c.*, true AS has_key, b.affected, "  # noqa: S608
            "true AS is_of_any, true AS is_expelled, b.place "
            f"FROM {checked} c JOIN breaking b ON c.rowid = b.place",
        )
        run(
            duckdb,
            f"DELETE FROM {checked} WHERE rowid IN (SELECT place FROM breaking)",  # noqa: S608
        )
    run(duckdb, "DROP TABLE breaking")
    return expelled


def _rules(table: str, checked: str) -> Iterator[tuple[str, str, str]]:
    """Rule, column, and SQL of the rows that break it with the customers affected."""
    if table in NAMES_INVOICE:
        column = NAMES_INVOICE[table]
        invoices = checked if table == "invoices" else "invoices"
        yield "other_customers_invoice", column, _of_others(checked, column, invoices)
    key = TABLES[table].key
    if "customer_id" not in key:
        yield "key_of_two_customers", key[0], _shared(checked, key)


def _of_others(checked: str, column: str, invoices: str) -> str:
    """Rows that name an invoice of another customer and none of their own.

    A retraction is none: it takes such a row back.
    """
    return f"""
        WITH strange AS (
            SELECT c.rowid AS place, c.customer_id AS payer, o.customer_id AS owner,
                c.{column} AS named
            FROM {checked} c JOIN {invoices} o ON c.{column} = o.invoice_id
            WHERE c.customer_id <> o.customer_id AND NOT c.retracted
            AND o.kind = 'invoice' AND NOT o.retracted
        )
        SELECT DISTINCT place, unnest([payer, owner]) AS affected FROM strange
        ANTI JOIN (FROM {invoices} WHERE kind = 'invoice' AND NOT retracted) mine
        ON mine.customer_id = payer AND mine.invoice_id = named
    """  # noqa: S608


def _shared(checked: str, key: tuple[str, ...]) -> str:
    """Rows whose key stands under two customers; a key taken back does not stand."""
    names = ", ".join(key)
    of_row = ", ".join(f"c.{name}" for name in key)
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM s.{name}" for name in key)
    return f"""
        WITH candidates AS MATERIALIZED (
            SELECT hash({names}) AS digest FROM {checked} GROUP BY digest
            HAVING count(*) > 1
        ), found AS (
            SELECT c.rowid AS place, c.* FROM {checked} c
            SEMI JOIN candidates s ON hash({of_row}) = s.digest
            ANTI JOIN breaking b ON c.rowid = b.place
        ), standing AS (
            SELECT {of_row}, c.customer_id FROM found c GROUP BY ALL
            HAVING max(c.known_at) FILTER (NOT c.retracted)
                > coalesce(max(c.known_at) FILTER (c.retracted), -1)
        ), shared AS (
            SELECT {names} FROM standing GROUP BY ALL HAVING count(*) > 1
        )
        SELECT c.place, c.customer_id AS affected
        FROM found c SEMI JOIN shared s ON {same} WHERE NOT c.retracted
    """  # noqa: S608
