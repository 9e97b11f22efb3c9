"""Many customers' events at once: whole tables cut into one `Events` each."""

from collections.abc import Iterator, Mapping, Sequence
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


def iter_slices(
    duckdb: Any,  # noqa: ANN401 - the connection that holds the tables
    customer_ids: Sequence[str],
    settings: PortfolioSettings,
    rejected: Mapping[str, frozenset[str]],
) -> Iterator[Events]:
    """Events of each customer, in the order given. Ids must be sorted.

    `rejected`: by customer, the tables that rejected rows leave incomplete.
    """
    empty = empty_tables(settings)
    present = [table for table in TABLES if table in settings.tables]
    for start in range(0, len(customer_ids), CHUNK):
        chunk = customer_ids[start : start + CHUNK]
        held = {table: _hold(duckdb, table, chunk, settings) for table in present}
        for customer_id in chunk:
            cut = dict(empty)
            for name, (columns, spans) in held.items():
                span = spans.get(customer_id)
                if span is not None:
                    cut[name] = _cut(columns, *span)
            yield Events(customer_id, cut, rejected.get(customer_id, frozenset()))


def _cut(columns: Columns, start: int, stop: int) -> Columns:
    return {name: column[start:stop] for name, column in columns.items()}


def _hold(
    duckdb: Any,  # noqa: ANN401
    table: str,
    chunk: Sequence[str],
    settings: PortfolioSettings,
) -> tuple[Columns, Spans]:
    """A table's rows of these customers as columns, and where each one's are."""
    order = ", ".join(f'"{name}" NULLS FIRST' for name in row_order(table))
    duckdb.register("wanted", pa.table({"customer_id": pa.array(chunk, pa.string())}))
    ordered = duckdb.sql(
        f'SELECT * FROM "{table}" SEMI JOIN wanted USING (customer_id) '  # noqa: S608
        f"ORDER BY {order}"
    ).to_arrow_table()
    duckdb.unregister("wanted")
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
