"""Some customers of a portfolio, whole: what a worker of another engine is given."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.contract import TABLES
from features.events import Events
from features.reading.duck import append, create
from features.reading.slices import iter_slices
from features.reading.validation import normal_schema
from features.settings import PortfolioSettings


class PortfolioPart:
    """Tables in normal form of some customers, in a DuckDB of their own.

    Has of a `Portfolio` what computing features, facts and decisions needs.

    Args:
        rows: by table, rows in normal form; a table that is absent is empty.
        settings: of the whole portfolio.
        rejected: by customer, the tables that rejected rows leave incomplete.
    """

    def __init__(
        self,
        rows: Mapping[str, pa.Table],
        settings: PortfolioSettings,
        rejected: Mapping[str, frozenset[str]],
    ) -> None:
        self.settings, self.rejected = settings, rejected
        self.connection: Any = ibis.duckdb.connect()
        self.tables: dict[str, ir.Table] = {}
        duckdb = self.connection.con
        duckdb.execute("SET threads = 1")  # the engine around shares the cores
        for table in TABLES:
            schema = normal_schema(table, settings)
            schema = schema.append(pa.field("superseded_at", pa.int64()))
            create(duckdb, table, schema)
            if table in rows:
                append(duckdb, table, rows[table].select(schema.names).cast(schema))
            self.tables[table] = self.connection.table(table)

    def iter_events(self, customer_ids: Iterable[str]) -> Iterator[Events]:
        """Events of the customers named, in order of customer_id."""
        ids = sorted(set(customer_ids))
        return iter_slices(self.connection.con, ids, self.settings, self.rejected)
