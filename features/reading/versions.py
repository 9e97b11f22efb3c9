"""When a row stands: from its known_at until the next version of its key is known."""

from functools import lru_cache

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.contract import TABLES
from features.events import FOREVER


def standing_rows(rows: ir.Table, table: str) -> ir.Table:
    """Rows in normal form that ever stand, with `superseded_at`.

    Of versions known at one moment the one that sorts last over all columns
    stands (missing first, text by code point), so exact duplicates count once. A
    retraction ends the version before it and is itself no row. The SQL twin of
    `features.reading.rows`.
    """
    order = [rows.known_at, *(rows[c].asc(nulls_first=True) for c in rows.columns)]
    versions = ibis.window(group_by=list(TABLES[table].key), order_by=order)
    following = rows.known_at.lead().over(versions)
    forever = ibis.literal(FOREVER, "int64")
    dated = rows.mutate(superseded_at=following.fill_null(forever))
    if table == "customers":
        first_known_at = dated.known_at.min(where=~dated.retracted)
        theirs = ibis.window(group_by="customer_id")
        created_at = dated.created_at.fill_null(first_known_at.over(theirs))
        dated = dated.mutate(created_at=created_at)
    return dated.filter(dated.superseded_at > dated.known_at, ~dated.retracted)


@lru_cache(maxsize=256)
def standing_sql(table: str, found: str, schema: pa.Schema) -> str:
    """DuckDB SQL of `standing_rows` over the table named `found`, in order.

    Compiled once per schema: opening a small portfolio is mostly compiling.
    """
    rows = ibis.table(ibis.Schema.from_pyarrow(schema), name=found)
    standing = standing_rows(rows, table)
    nulls_first = (standing[c].asc(nulls_first=True) for c in row_order(table))
    return str(ibis.to_sql(standing.order_by(*nulls_first), dialect="duckdb"))


def row_order(table: str) -> tuple[str, ...]:
    """By customer, then as `Events` are: event_at, known_at, key; missing first."""
    names = ("customer_id", "event_at", "known_at", *TABLES[table].key)
    return tuple(dict.fromkeys(names))
