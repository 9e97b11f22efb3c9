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

from features.reading.duck import run
from features.reading.versions import keyed_sql, n_keys

_ID_LENGTH = 16  # hexadecimal digits: no two rows of a portfolio share them


def lost_schema(schema: pa.Schema) -> pa.Schema:
    """Columns of a table of rejected rows: what could be read of each, and more.

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
    for name, type_ in more:
        schema = schema.append(pa.field(name, type_))
    return schema


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
    checked: str,
    lost: str,
    schema: pa.Schema,
) -> list[str]:
    """Customers whom rejected rows leave incomplete, in order.

    Args:
        duckdb: the connection.
        table: which table of the contract it is.
        checked: its good rows.
        lost: its rejected ones, see `lost_schema`.
        schema: of the good rows.
    """
    same = " AND ".join(
        f"l.key_{place} IS NOT DISTINCT FROM g.key_{place}"
        for place in range(1, n_keys(table))
    )
    rejected = keyed_sql(table, lost, lost_schema(schema))
    sql = f"""
        SELECT DISTINCT l.affected FROM ({rejected}) l
        ANTI JOIN ({keyed_sql(table, checked, schema)}) g
        ON l.has_key AND coalesce(l.known_at, g.known_at) <= g.known_at
        AND (l.is_of_any OR l.key_0 = g.key_0) {f"AND {same}" if same else ""}
        WHERE l.affected IS NOT NULL ORDER BY 1
    """  # noqa: S608
    return [customer_id for [customer_id] in run(duckdb, sql)]


def reject_ids(rows: pa.Table, table: str) -> Iterator[str]:
    """The same row as found has the same id, wherever it stands."""
    for row in rows.to_pylist():
        cells = {name: str(cell) for name, cell in row.items() if cell is not None}
        said = json.dumps([table, cells], sort_keys=True, ensure_ascii=False)
        # unpaired surrogates cannot be encoded, and cannot be told apart either
        digest = hashlib.sha256(said.encode("utf-8", "replace"))
        yield digest.hexdigest()[:_ID_LENGTH]
