"""`History` of many customers, cut from whole tables a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from features.account.history import History, account_columns, named_rows
from features.account.look_back import shortened_sql
from features.account.rows import AnyRow
from features.account.usage_log import UsageLog
from features.events import MISSING
from features.moments import Moments

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from features.portfolio import Portfolio

CUSTOMERS_AT_ONCE = 2_500  # bounds memory: rows are Python objects here


def histories(
    portfolio: Portfolio, customer_ids: Sequence[str], usage_since: int | None = None
) -> Iterator[History]:
    """The rows of many customers, in the order given.

    Args:
        portfolio: whose customers.
        customer_ids: sorted.
        usage_since: the first moment at which somebody looks at usage, µs since 1970
            UTC; FOREVER: nobody does. Without it all rows of usage are there.
    """
    from features.reading.slices import rows_in_order

    columns = account_columns(portfolio.settings)
    sources: dict[str, str] = {}
    if usage_since is not None:
        sources["usage"] = shortened_sql("usage", usage_since, portfolio.settings)
    for start in range(0, len(customer_ids), CUSTOMERS_AT_ONCE):
        chunk = customer_ids[start : start + CUSTOMERS_AT_ONCE]
        held = {
            table: _Held(
                table,
                names,
                rows_in_order(
                    portfolio.connection.con, table, chunk, sources.get(table), names
                ),
            )
            for table, names in columns.items()
        }
        usage = held.pop("usage")
        for customer_id in chunk:
            rows = {table: part.rows_of(customer_id) for table, part in held.items()}
            yield History(customer_id, **rows, usage=usage.log_of(customer_id))


class _Held:
    """One table's rows of some customers; usage as columns."""

    def __init__(self, table: str, names: Sequence[str], arrow: pa.Table) -> None:
        import pyarrow.compute as pc

        self._rows: list[Any] = []
        self._columns: list[Moments] = []
        if table == "usage":
            self._columns = [_whole(arrow[name]) for name in names]
        else:
            self._rows = named_rows(table, [_cells(arrow[name]) for name in names])
        runs = pc.run_end_encode(arrow["customer_id"].combine_chunks())
        spans = pairwise([0, *runs.run_ends.to_pylist()])
        self._spans = dict(zip(runs.values.to_pylist(), spans, strict=True))

    def rows_of(self, customer_id: str) -> list[Any]:
        """One customer's rows, in the table's order."""
        start, end = self._spans.get(customer_id, (0, 0))
        return self._rows[start:end]

    def log_of(self, customer_id: str) -> UsageLog:
        """One customer's usage."""
        start, end = self._spans.get(customer_id, (0, 0))
        return UsageLog(*(column[start:end] for column in self._columns))


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """A column's cells as `Events` have them: MISSING, NaN or None for NULL."""
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        encoded = column.combine_chunks().dictionary_encode()
        texts = [*encoded.dictionary.to_pylist(), None]
        places = encoded.indices.fill_null(len(texts) - 1).to_pylist()
        return [texts[place] for place in places]
    if pa.types.is_integer(column.type):
        whole: list[Any] = _whole(column).tolist()
        return whole
    numbers = column.cast(pa.float64()).fill_null(float("nan"))
    cells: list[Any] = numbers.to_numpy().tolist()
    return cells


def _whole(column: pa.ChunkedArray) -> Moments:
    """Moments, days or money."""
    return np.asarray(column.fill_null(MISSING).to_numpy(), dtype=np.int64)


def rows_by_customer(
    table: ir.Table, row_type: type[AnyRow]
) -> dict[str, list[AnyRow]]:
    """A small table's rows customer by customer, in order of event_at, then known_at.

    Args:
        table: of normal form.
        row_type: its fields are the columns that are read.
    """
    names = row_type.__struct_fields__
    arrow = table.select("customer_id", *names).to_pyarrow()
    rows = map(row_type, *(_cells(arrow[name]) for name in names))
    by_customer: dict[str, list[AnyRow]] = {}
    for customer_id, row in sorted(
        zip(arrow["customer_id"].to_pylist(), rows, strict=True),
        key=lambda pair: (pair[0], pair[1].event_at, pair[1].known_at),
    ):
        by_customer.setdefault(customer_id, []).append(row)
    return by_customer
