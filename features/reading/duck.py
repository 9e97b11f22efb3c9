"""Small helpers for the DuckDB connection that holds a portfolio."""

from typing import Any

import pyarrow as pa


def run(duckdb: Any, sql: str) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """All rows of a statement: DuckDB refuses other work while a result is unread."""
    return list(duckdb.execute(sql).fetchall())


def create(duckdb: Any, name: str, schema: pa.Schema) -> None:  # noqa: ANN401
    """A new, empty table."""
    duckdb.register("part", schema.empty_table())
    run(duckdb, f'CREATE TABLE "{name}" AS SELECT * FROM part')  # noqa: S608
    duckdb.unregister("part")


def append(duckdb: Any, name: str, rows: pa.Table) -> None:  # noqa: ANN401
    """Rows at the end of a table, in their order."""
    duckdb.register("part", rows)
    run(duckdb, f'INSERT INTO "{name}" BY NAME SELECT * FROM part')  # noqa: S608
    duckdb.unregister("part")
