"""Many customers' events at once: whole tables cut into one `Events` each."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import AnyArray
from features.contract import TABLES, ColumnSpec
from features.events import FLOAT_KINDS, INT64_KINDS, MISSING, Columns, Events
from features.reading.rows import empty_tables
from features.reading.versions import row_order
from features.settings import PortfolioSettings

CHUNK = 20_000  # customers held at a time

Spans: TypeAlias = Mapping[str, tuple[int, int]]
_WHOLE: Mapping[str, str] = MappingProxyType({})


def iter_slices(
    duckdb: Any,  # noqa: ANN401 - the connection that holds the tables
    customer_ids: Sequence[str],
    settings: PortfolioSettings,
    rejected: Mapping[str, frozenset[str]],
    sources: Mapping[str, str] = _WHOLE,
) -> Iterator[Events]:
    """Events of each customer, in the order given.

    Args:
        duckdb: the connection that holds the tables.
        customer_ids: sorted.
        settings: of the portfolio.
        rejected: by customer, the tables that rejected rows leave incomplete.
        sources: by table SQL of the rows to take; without it all with all columns.
    """
    empty = empty_tables(settings)
    present = [table for table in TABLES if table in settings.tables]
    for start in range(0, len(customer_ids), CHUNK):
        chunk = customer_ids[start : start + CHUNK]
        held = {
            table: _hold(duckdb, table, chunk, settings, sources.get(table))
            for table in present
        }
        for customer_id in chunk:
            cut = dict(empty)
            for name, (columns, spans) in held.items():
                span = spans.get(customer_id)
                if span is not None:
                    cut[name] = Cut(columns, *span)
            yield Events(customer_id, cut, rejected.get(customer_id, frozenset()))


class Cut(Mapping[str, AnyArray]):
    """One customer's rows of a table, each column cut where it is asked for."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, columns: Columns, start: int, stop: int) -> None:
        self._columns, self._rows = columns, slice(start, stop)

    def __getitem__(self, name: str) -> AnyArray:
        return self._columns[name][self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def _hold(
    duckdb: Any,  # noqa: ANN401
    table: str,
    chunk: Sequence[str],
    settings: PortfolioSettings,
    source: str | None,
) -> tuple[Columns, Spans]:
    """A table's rows of these customers as columns, and where each one's are."""
    ordered = rows_in_order(duckdb, table, chunk, source)
    kinds = {column.name: column for column in settings.columns[table]}
    columns = {
        name: _array(ordered.column(name), kinds.get(name))
        for name in ordered.column_names
    }
    runs = pc.run_end_encode(ordered.column("customer_id").combine_chunks())
    ends = runs.run_ends.to_pylist()
    spans = zip(
        runs.values.to_pylist(), zip([0, *ends], ends, strict=False), strict=True
    )
    return columns, dict(spans)


def rows_in_order(
    duckdb: Any,  # noqa: ANN401
    table: str,
    chunk: Sequence[str],
    source: str | None = None,
    names: Sequence[str] | None = None,
) -> pa.Table:
    """A table's rows of some customers, in the order that a service has them.

    Written by hand: for Ibis to write it takes as long as to read thousands of rows.

    Args:
        duckdb: the connection that holds it.
        table: its name.
        chunk: customer ids, sorted.
        source: SQL of its rows; all of them by default.
        names: columns to read beside those that order the rows; all by default.
    """
    rows = f'"{table}"' if source is None else f"({source})"
    duckdb.register("wanted", pa.table({"customer_id": pa.array(chunk, pa.string())}))
    # neighbours first, which skips what is stored apart, then they alone
    found = duckdb.sql(
        f"FROM {rows} SEMI JOIN wanted USING (customer_id) "
        "WHERE customer_id BETWEEN ? AND ?",
        params=[chunk[0], chunk[-1]],
    )
    order = [name for name in row_order(table) if name in found.columns]
    if names is not None:
        found = found.select(*dict.fromkeys([*order, *names]))
    ordered: pa.Table = found.order(
        ", ".join(f'"{name}" NULLS FIRST' for name in order)
    ).to_arrow_table()
    duckdb.unregister("wanted")
    return ordered


def _array(column: pa.ChunkedArray, spec: ColumnSpec | None) -> AnyArray:
    """`spec` is None for derived columns, all int64."""
    if spec is None or spec.kind in INT64_KINDS:
        return np.asarray(column.fill_null(MISSING).to_numpy(), np.int64)
    if spec.kind in FLOAT_KINDS:
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy())
    if column.null_count == len(column):
        return np.full(len(column), None, object)
    encoded = column.combine_chunks().dictionary_encode()
    texts = np.array([*encoded.dictionary.to_pylist(), None], object)
    places = encoded.indices.fill_null(len(texts) - 1).to_numpy()
    return np.asarray(texts[places])
