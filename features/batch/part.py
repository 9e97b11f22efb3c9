"""Some customers of a portfolio, whole: what a worker of another engine is given."""

from collections.abc import Mapping
from dataclasses import replace

import ibis.expr.types as ir
import pyarrow as pa

from features.contract import TABLES
from features.portfolio import Portfolio
from features.reading.duck import append, create
from features.reading.duck_settings import DuckSettings, connect
from features.reading.validation import normal_schema

_WORKER = DuckSettings(threads=1)  # the engine around shares the cores


def part_of(whole: Portfolio, rows: Mapping[str, pa.Table]) -> Portfolio:
    """The portfolio as if it had only the customers of these rows.

    Args:
        whole: detached, so that a worker can be given it (`Portfolio.detached`).
        rows: by table, all rows of some customers in normal form; a table that is
            absent is empty.
    """
    connection = connect(_WORKER)
    tables: dict[str, ir.Table] = {}
    for table in TABLES:
        schema = normal_schema(table, whole.settings)
        schema = schema.append(pa.field("superseded_at", pa.int64()))
        create(connection.con, table, schema)
        if table in rows:
            append(connection.con, table, rows[table].select(schema.names).cast(schema))
        tables[table] = connection.table(table)
    return replace(whole, connection=connection, tables=tables, duck=_WORKER)
