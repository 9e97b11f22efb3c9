"""When a row stands: from its known_at until the next version of its key is known."""

from functools import lru_cache

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.contract import TABLES
from features.events import FOREVER


def identity(rows: ir.Table, table: str) -> list[ir.Value]:
    """What two rows share that are versions of one thing, as columns `key_0` ….

    Keys hold per customer: that a number belongs to one customer is a rule of its
    own. The SQL twin of the one in `features.reading.rows`, but for refunds without
    refund_id, which are also told apart by their moment.
    """
    spec = TABLES[table]
    parts: list[ir.Value] = []
    for name in dict.fromkeys(("customer_id", *spec.key)):
        others = [rows[other].isnull() for other in spec.key_unless.get(name, ())]
        cell = rows[name]
        parts.append(ibis.and_(*others).ifelse(cell, ibis.null()) if others else cell)
    return [part.name(f"key_{place}") for place, part in enumerate(parts)]


def standing_rows(rows: ir.Table, table: str) -> ir.Table:
    """Rows in normal form that ever stand, with `superseded_at`.

    Of versions known at one moment the one that sorts last over all columns
    stands (missing first, text by code point), so exact duplicates count once. A
    retraction ends the version before it and is itself no row. The SQL twin of
    `features.reading.rows`.
    """
    if table == "payments":
        add_up = (rows.status == "refunded") & rows.refund_id.isnull()
        dated = _dated(rows.filter(~add_up), table).union(_refunds(rows.filter(add_up)))
    else:
        dated = _dated(rows, table)
    if table == "customers":
        first_known_at = dated.known_at.min(where=~dated.retracted)
        theirs = ibis.window(group_by="customer_id")
        created_at = dated.created_at.fill_null(first_known_at.over(theirs))
        dated = dated.mutate(created_at=created_at)
    return dated.filter(dated.superseded_at > dated.known_at, ~dated.retracted)


def _dated(rows: ir.Table, table: str) -> ir.Table:
    order = [rows.known_at, *(rows[c].asc(nulls_first=True) for c in rows.columns)]
    versions = ibis.window(group_by=identity(rows, table), order_by=order)
    following = rows.known_at.lead().over(versions)
    return rows.mutate(superseded_at=following.fill_null(_forever()))


def _refunds(rows: ir.Table) -> ir.Table:
    """Refunds that no refund_id tells apart: those of one moment all stand.

    They stand until a later row of that moment is known, and not at all where a
    retraction came with them.
    """
    key = [rows.customer_id, rows.payment_id, rows.event_at]
    later = ibis.range_window(group_by=key, order_by=rows.known_at, following=(1, None))
    same = ibis.window(group_by=[*key, rows.known_at])
    following = rows.known_at.min().over(later).fill_null(_forever())
    is_taken_back = rows.retracted.any().over(same)
    return rows.mutate(superseded_at=is_taken_back.ifelse(rows.known_at, following))


def _forever() -> ir.IntegerValue:
    return ibis.literal(FOREVER, "int64")


@lru_cache(maxsize=256)
def keyed_sql(table: str, found: str, schema: pa.Schema) -> str:
    """DuckDB SQL of the rows of `found` with the columns of `identity`."""
    rows = ibis.table(ibis.Schema.from_pyarrow(schema), name=found)
    keys = {key.get_name(): key for key in identity(rows, table)}
    return str(ibis.to_sql(rows.mutate(**keys), dialect="duckdb"))


def n_keys(table: str) -> int:
    """How many columns `identity` has: `key_0` is the customer."""
    return len({"customer_id", *TABLES[table].key})


@lru_cache(maxsize=256)
def standing_sql(table: str, found: str, schema: pa.Schema) -> str:
    """DuckDB SQL of `standing_rows` over the table named `found`, in any order.

    Compiled once per schema: opening a small portfolio is mostly compiling. Most rows
    are the only one of their key, and need no sorting to stand for ever.
    """
    rows = ibis.table(ibis.Schema.from_pyarrow(schema), name=found)
    if table == "customers":  # a version needs to know the first one's moment
        return _sql(standing_rows(rows, table))
    keys = identity(rows, table)
    keyed = _sql(rows.mutate(*keys))
    names = ", ".join(key.get_name() for key in keys)
    cells = ", ".join(f'"{name}"' for name in schema.names)
    of_shared = ibis.table(ibis.Schema.from_pyarrow(schema), name="of_shared_key")
    # rows whose keys share a digest by chance are looked at together, and stand alike
    return f"""
        WITH digested AS (
            SELECT {cells}, hash({names}) AS digest FROM ({keyed})
        ), shared AS MATERIALIZED (
            SELECT digest FROM digested GROUP BY digest HAVING count(*) > 1
        ), of_shared_key AS (
            SELECT {cells} FROM digested SEMI JOIN shared USING (digest)
        )
        SELECT {cells}, {FOREVER} AS superseded_at
        FROM digested ANTI JOIN shared USING (digest) WHERE NOT retracted
        UNION ALL BY NAME ({_sql(standing_rows(of_shared, table))})
    """  # noqa: S608


def _sql(rows: ir.Table) -> str:
    return str(ibis.to_sql(rows, dialect="duckdb"))


def row_order(table: str) -> tuple[str, ...]:
    """By customer, then as `Events` are: event_at, known_at, key; missing first."""
    return ("customer_id", *TABLES[table].order)
