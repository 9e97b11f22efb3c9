"""Rejected rows protect: whose data they leave incomplete, and what mends that.

A customer one of whose rows was rejected is incomplete in that table until a good row
of the same key is known as late as the rejected one, or until a person dismisses it:
`dismissed:` in portfolio.yaml lists the `reject_id` of rows that count no more.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from features.contract import TABLES
from features.reading.columns import arrow_type
from features.reading.duck import run
from features.reading.versions import key_names, keyed_sql

_ID_LENGTH = 16  # hexadecimal digits: no two rows of a portfolio share them


def lost_schema(table: str) -> pa.Schema:
    """Columns of a table of rejected rows: the contract's, as far as read, and more.

    `has_key`: whether its key could be read. `affected`: the customer left incomplete.
    `is_of_any`: a good row of its key mends it whoever's it is. `is_expelled`, `place`:
    whether it is the n-th of the rows that were good on their own, or of the others.
    """
    more = (
        ("has_key", pa.bool_()),
        ("affected", pa.string()),
        ("is_of_any", pa.bool_()),
        ("is_expelled", pa.bool_()),
        ("place", pa.int64()),
    )
    cells = ((column.name, arrow_type(column)) for column in TABLES[table].columns)
    return pa.schema([*cells, *more])


def as_lost(rows: pa.Table, first_place: int) -> pa.Table:
    """Rows that broke a rule on their own, as `lost_schema` has them."""
    n = len(rows)
    no = pa.array([False] * n)
    places = pa.array(range(first_place, first_place + n), pa.int64())
    rows = rows.append_column("affected", rows.column("customer_id"))
    rows = rows.append_column("is_of_any", no).append_column("is_expelled", no)
    return rows.append_column("place", places)


def incomplete_customers(
    duckdb: Any,  # noqa: ANN401 - the connection that holds both tables
    table: str,
    lost: str,
    schema: pa.Schema,
) -> list[str]:
    """Customers whom rejected rows leave incomplete, in order.

    Args:
        duckdb: the connection.
        table: its good rows, of all versions.
        lost: its rejected ones, see `lost_schema`.
        schema: of the good rows.
    """
    customer, *keys = key_names(table)
    same = " AND ".join(f"l.{key} IS NOT DISTINCT FROM g.{key}" for key in keys)
    rejected = keyed_sql(table, lost, lost_schema(table))
    sql = f"""
        WITH rejected AS MATERIALIZED (
            SELECT *, row_number() OVER () AS number FROM ({rejected})
            WHERE affected IS NOT NULL
        ), mended AS (
            SELECT l.number FROM rejected l JOIN ({keyed_sql(table, table, schema)}) g
            ON {same}
            WHERE l.has_key AND coalesce(l.known_at, g.known_at) <= g.known_at
            AND (l.is_of_any OR l.{customer} = g.{customer})
        )
        SELECT DISTINCT affected FROM rejected ANTI JOIN mended USING (number)
        ORDER BY affected
    """  # noqa: S608
    return [customer_id for [customer_id] in run(duckdb, sql)]


def reject_ids(rows: pa.Table, table: str) -> Iterator[str]:
    """The same row as found has the same id, wherever it stands."""
    for row in rows.to_pylist():
        cells = {name: str(cell) for name, cell in row.items() if cell is not None}
        content = json.dumps([table, cells], sort_keys=True, ensure_ascii=False)
        # unpaired surrogates cannot be encoded, and cannot be told apart either
        digest = hashlib.sha256(content.encode("utf-8", "replace"))
        yield digest.hexdigest()[:_ID_LENGTH]
