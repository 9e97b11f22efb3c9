"""Runs the expression of some leaves where the rows are.

To write the SQL of a table's leaves takes longer than DuckDB needs for a thousand
customers, so it is written once for all parts of a portfolio. Other backends are given
the expression.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Table as IbisTable

from features.batch.expressions import ROW, Leaves, leaf_table
from features.feature import LatestAttribute
from features.feature_leaves import RowsLeaf
from features.reading.duck import run

_ROWS, _SNAPSHOTS = "forbear_rows", "forbear_snapshots"
_SCHEMA = pa.schema(
    [("customer_id", pa.string()), ("as_of", pa.int64()), (ROW, pa.int64())]
)


def leaf_values(
    connection: Any,  # noqa: ANN401 - any Ibis backend
    rows: IbisTable,
    snapshots: pa.Table,
    leaves: Leaves,
) -> pa.Table:
    """One line per snapshot that has rows: `ROW` and a column per leaf.

    Args:
        connection: holds the rows.
        rows: one table of the contract in the normal form.
        snapshots: customer_id in order, as_of (µs), ROW.
        leaves: what to find, by name of the column; all of this table.
    """
    ids = snapshots["customer_id"]
    # neighbours only: lets a backend skip the files and row groups of others
    first, last = ids[0].as_py(), ids[-1].as_py()
    rows = rows.filter(rows.customer_id.between(first, last))
    if connection.name != "duckdb":
        expression = leaf_table(ibis.memtable(snapshots), rows, leaves)
        values: pa.Table = connection.to_pyarrow(expression)
        return values
    duckdb = connection.con
    theirs = ibis.to_sql(rows, dialect="duckdb")
    run(duckdb, f"CREATE OR REPLACE TEMP VIEW {_ROWS} AS {theirs}")
    duckdb.register(_SNAPSHOTS, snapshots.cast(_SCHEMA))
    try:
        found = duckdb.sql(_sql(rows.schema(), tuple(leaves.items())))
        values = found.to_arrow_table()
    finally:
        duckdb.unregister(_SNAPSHOTS)
        run(duckdb, f"DROP VIEW {_ROWS}")
    return values


@lru_cache(maxsize=128)
def _sql(
    schema: ibis.Schema, leaves: tuple[tuple[str, RowsLeaf | LatestAttribute], ...]
) -> str:
    rows = ibis.table(schema, name=_ROWS)
    snapshots = ibis.table(ibis.Schema.from_pyarrow(_SCHEMA), name=_SNAPSHOTS)
    named: Mapping[str, RowsLeaf | LatestAttribute] = dict(leaves)
    return str(ibis.to_sql(leaf_table(snapshots, rows, named), dialect="duckdb"))
