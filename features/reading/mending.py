"""Rejected rows protect: whose data they leave incomplete, and what mends that.

A customer one of whose rows was rejected is incomplete in that table until a good row
of the same key is known as late as the rejected one, or until a person dismisses it:
`dismissed:` in portfolio.yaml lists the `reject_id` of rows that count no more.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.reading.duck import run
from features.reading.versions import identity

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
    connection: Any,  # noqa: ANN401 - the Ibis backend
    table: str,
    checked: str,
    lost: str,
) -> list[str]:
    """Customers whom rejected rows leave incomplete, in order."""
    found, good = connection.table(lost), connection.table(checked)
    unmended = _unmended(found, good, table, is_of_any=False).union(
        _unmended(found, good, table, is_of_any=True)
    )
    customers = unmended.filter(unmended.affected.notnull()).distinct()
    sql = ibis.to_sql(customers.order_by("affected"), dialect="duckdb")
    return [customer_id for [customer_id] in run(connection.con, str(sql))]


def _unmended(
    lost: ir.Table, good: ir.Table, table: str, *, is_of_any: bool
) -> ir.Table:
    lost = lost.filter(lost.is_of_any if is_of_any else ~lost.is_of_any)
    found = lost.select("affected", "has_key", "known_at", *identity(lost, table))
    there = good.select(good.known_at.name("good_at"), *identity(good, table))
    names = [name for name in there.columns if name.startswith("key_")]
    same = [
        found[name].identical_to(there[name])
        for name in names[1 if is_of_any and len(names) > 1 else 0 :]
    ]
    in_time = found.known_at.isnull() | (found.known_at <= there.good_at)
    return found.anti_join(there, [found.has_key, in_time, *same]).select("affected")


def reject_ids(rows: pa.Table, table: str) -> Iterator[str]:
    """The same row as found has the same id, wherever it stands."""
    for row in rows.to_pylist():
        cells = {name: str(cell) for name, cell in row.items() if cell is not None}
        said = json.dumps([table, cells], sort_keys=True, ensure_ascii=False)
        # unpaired surrogates cannot be encoded, and cannot be told apart either
        digest = hashlib.sha256(said.encode("utf-8", "replace"))
        yield digest.hexdigest()[:_ID_LENGTH]
