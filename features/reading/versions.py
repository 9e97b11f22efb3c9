"""When a row stands: from its known_at until the next version of its key is known."""

from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.contract import TABLES
from features.events import FOREVER
from features.reading.duck import remove, run

PLACE = "forbear_place"  # no column of the data has such a name


def identity(rows: ir.Table, table: str) -> list[ir.Value]:
    """What two rows share that are versions of one thing, as columns.

    Keys hold per customer: that a number belongs to one customer is a rule of its
    own. The SQL twin of the one in `features.reading.row_versions`, but for refunds
    without refund_id, which are also told apart by their moment.
    """
    spec = TABLES[table]
    parts: list[ir.Value] = []
    for name in dict.fromkeys(("customer_id", *spec.key)):
        others = [rows[other].isnull() for other in spec.key_unless.get(name, ())]
        cell = rows[name]
        parts.append(ibis.and_(*others).ifelse(cell, ibis.null()) if others else cell)
    names = key_names(table)
    return [part.name(name) for name, part in zip(names, parts, strict=True)]


def standing_rows(rows: ir.Table, table: str) -> ir.Table:
    """Rows in normal form that ever stand, with `superseded_at`.

    Of versions known at one moment the one that sorts last over all columns
    stands (missing first, text by code point), so exact duplicates count once. A
    retraction ends the version before it and is itself no row. The SQL twin of
    `features.reading.row_versions`.
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
def keyed_sql(table: str, name: str, schema: pa.Schema) -> str:
    """DuckDB SQL of the rows of `found` with the columns of `identity`."""
    rows = ibis.table(ibis.Schema.from_pyarrow(schema), name=name)
    keys = {key.get_name(): key for key in identity(rows, table)}
    return str(ibis.to_sql(rows.mutate(**keys), dialect="duckdb"))


def key_names(table: str) -> list[str]:
    """The names of the columns of `identity`; the first is the customer."""
    n = len({"customer_id", *TABLES[table].key})
    return [f"forbear_key_{place}" for place in range(n)]


def gather_shared(
    duckdb: Any,  # noqa: ANN401
    table: str,
    shared: str,
    schema: pa.Schema,
    *,
    is_across: bool,
) -> None:
    """A new table `shared`: the rows of `table` whose key others share, and `PLACE`.

    Most rows are the only one of their key, and no rule between rows touches them.
    Rows whose keys share a digest by chance are gathered as well: whoever reads them
    compares the keys themselves.

    Args:
        duckdb: the connection that holds `table`.
        table: which table of the contract it is.
        shared: the name of the new table; `PLACE` is the rowid of each row.
        schema: of `table`, without `superseded_at`.
        is_across: whether rows of two customers may share a key.
    """
    customer, *keys = key_names(table)
    if table == "customers":  # a version needs to know the first one's moment
        keys = [customer]
    elif not is_across or "customer_id" in TABLES[table].key:
        keys = [customer, *keys]
    digest = f"hash({', '.join(keys)})"
    keyed = keyed_sql(table, table, schema.append(pa.field("rowid", pa.int64())))
    run(
        duckdb,
        f"CREATE TEMP TABLE several AS SELECT {digest} FROM ({keyed}) "  # noqa: S608
        "GROUP BY 1 HAVING count(*) > 1",
    )
    run(
        duckdb,
        f"CREATE TEMP TABLE {shared} AS SELECT {_cells(schema)}, rowid AS {PLACE} "  # noqa: S608
        f"FROM ({keyed}) WHERE {digest} IN (FROM several)",
    )
    run(duckdb, "DROP TABLE several")


def stand(duckdb: Any, table: str, shared: str, schema: pa.Schema) -> None:  # noqa: ANN401
    """Leaves the rows of `table` that ever stand, with `superseded_at`.

    Args:
        duckdb: the connection that holds both.
        table: rows that all stand for ever so far.
        shared: see `gather_shared`; only these need sorting.
        schema: of `table`, without `superseded_at`.
    """
    [[n]] = run(duckdb, f"SELECT count(*) FROM {shared}")  # noqa: S608
    which = f"rowid IN (SELECT {PLACE} FROM {shared})"  # noqa: S608
    remove(duckdb, table, f"retracted OR {which}" if n else "retracted")
    if table == "customers":
        run(
            duckdb,
            "UPDATE customers SET created_at = known_at WHERE created_at IS NULL",
        )
    if n:
        standing = _standing_sql(table, shared, schema)
        run(duckdb, f'INSERT INTO "{table}" BY NAME {standing}')


@lru_cache(maxsize=256)
def _standing_sql(table: str, name: str, schema: pa.Schema) -> str:
    """DuckDB SQL of `standing_rows`: compiled once per schema, which takes a while."""
    rows = ibis.table(ibis.Schema.from_pyarrow(schema), name=name)
    return _sql(standing_rows(rows, table))


def _cells(schema: pa.Schema) -> str:
    return ", ".join(f'"{name}"' for name in schema.names)


def _sql(rows: ir.Table) -> str:
    return str(ibis.to_sql(rows, dialect="duckdb"))


def row_order(table: str) -> tuple[str, ...]:
    """By customer, then as `Events` are: event_at, known_at, key; missing first."""
    return ("customer_id", *TABLES[table].order)
