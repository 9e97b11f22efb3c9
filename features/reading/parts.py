"""Parts of a portfolio that was read into a file: some customers, all of their rows.

Each table of the file is short, or sorted by customer or nearly so: a part is read
without reading much of the others. It is copied into a database in memory of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis.expr.types as ir

from features.contract import TABLES
from features.reading.duck import run
from features.reading.duck_settings import DuckSettings, connect
from features.reading.old_rows import old_as_one

_BLOCK_ROWS = 122_880  # DuckDB keeps the least and the largest value of so many rows
# Of a block, on average. A part reads the blocks that its customers may be in; below
# this, all parts together read less than sorting the table would cost
_MOST_NEIGHBOURS = 60


@dataclass(frozen=True, slots=True)
class CustomerPart:
    """Customers next to each other in the order of their ids, the ends included."""

    first: str
    last: str
    n_customers: int
    n_rows: int


def sort_by_customer(connection: Any) -> None:  # noqa: ANN401
    """Rewrite tables with the rows of a customer beside each other, where it pays.

    A short table stays as it is, and so does one that came in that order, even month
    by month.
    """
    duckdb = connection.con
    for table in TABLES:
        if not _pays_to_sort(duckdb, table):
            continue
        run(duckdb, f'ALTER TABLE "{table}" RENAME TO unsorted')
        run(duckdb, f'CREATE TABLE "{table}" AS FROM unsorted ORDER BY customer_id')
        run(duckdb, "DROP TABLE unsorted")


def _pays_to_sort(duckdb: Any, table: str) -> bool:  # noqa: ANN401
    """Whether customers are spread over many blocks of rows."""
    sql = f"""
        WITH blocks AS (
            SELECT min(customer_id) AS first, max(customer_id) AS last
            FROM "{table}" GROUP BY rowid // {_BLOCK_ROWS}
        )
        SELECT (SELECT count(*) FROM blocks), count(*)
        FROM blocks a JOIN blocks b ON a.first <= b.last AND b.first <= a.last
    """  # noqa: S608
    [[n_blocks, n_neighbours]] = run(duckdb, sql)
    return int(n_neighbours) > _MOST_NEIGHBOURS * int(n_blocks)


def customer_parts(duckdb: Any, most_rows: int) -> list[CustomerPart]:  # noqa: ANN401
    """The customers in parts of about so many rows of all tables together."""
    others = [table for table in TABLES if table != "customers"]
    ids = " UNION ALL ".join(f'SELECT customer_id FROM "{t}"' for t in others)  # noqa: S608
    sql = f"""
        WITH counted AS (SELECT customer_id, count(*) AS n FROM ({ids}) GROUP BY 1),
        known AS (SELECT customer_id, count(*) AS n FROM customers GROUP BY 1),
        each AS (
            SELECT customer_id, k.n + coalesce(c.n, 0) AS n
            FROM known k LEFT JOIN counted c USING (customer_id)
        ), placed AS (
            SELECT *, sum(n) OVER (ORDER BY customer_id) // {most_rows} AS part
            FROM each
        )
        SELECT min(customer_id), max(customer_id), count(*), sum(n)::BIGINT
        FROM placed GROUP BY part ORDER BY part
    """  # noqa: S608
    return [CustomerPart(*row) for row in run(duckdb, sql)]


def copy_of_part(
    duck: DuckSettings, part: CustomerPart, begins: Mapping[str, int]
) -> tuple[Any, dict[str, ir.Table]]:
    """A connection that holds only the rows of a part, and its tables.

    Args:
        duck: its file is read; the copy takes its memory and threads.
        part: of `customer_parts` of that file.
        begins: by table, before which moment (µs since 1970 UTC) one row stands for all
            of a customer's; else all rows are copied.
    """
    connection = connect(replace(duck, file=None))
    duckdb = connection.con
    run(duckdb, f"ATTACH '{_quoted(str(duck.file))}' AS whole (READ_ONLY)")
    for table in TABLES:
        rows = f'whole."{table}"'
        if table in begins:
            columns = run(duckdb, f"DESCRIBE {rows}")
            names = [name for name, *_ in columns if name != "customer_id"]
            rows = f"({old_as_one(rows, names, begins[table])})"
        duckdb.execute(
            f'CREATE TABLE "{table}" AS FROM {rows} WHERE customer_id BETWEEN ? AND ?',
            [part.first, part.last],
        ).fetchall()
    run(duckdb, "DETACH whole")
    return connection, {table: connection.table(table) for table in TABLES}


def rejected_of(
    rejected: Mapping[str, frozenset[str]], part: CustomerPart
) -> dict[str, frozenset[str]]:
    """Of the customers whom rejected rows leave incomplete those of a part."""
    return {
        customer_id: tables
        for customer_id, tables in rejected.items()
        if part.first <= customer_id <= part.last
    }


def _quoted(text: str) -> str:
    return text.replace("'", "''")
