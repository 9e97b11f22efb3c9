"""Small helpers for the DuckDB connection that holds a portfolio."""

from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a service that reads requests alone does without Arrow
    import pyarrow as pa

TYPES = {"int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "string": "VARCHAR"}


def run(duckdb: Any, sql: str) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """All rows of a statement: DuckDB refuses other work while a result is unread."""
    return list(duckdb.execute(sql).fetchall())


def create(duckdb: Any, name: str, schema: "pa.Schema") -> None:  # noqa: ANN401
    """A new, empty table; its columns have one of `TYPES`."""
    columns = ", ".join(f'"{field.name}" {TYPES[str(field.type)]}' for field in schema)
    run(duckdb, f'CREATE TABLE "{name}" ({columns})')


def append(duckdb: Any, name: str, rows: "pa.Table", **constants: int) -> None:  # noqa: ANN401
    """Rows at the end of a table, in their order; columns of one value cost little."""
    if not len(rows):
        return
    is_empty = [column.null_count == len(rows) for column in rows.columns]
    empty = list(compress(rows.column_names, is_empty))
    duckdb.register("part", rows.drop_columns(empty))
    more = "".join(f", {value} AS {column}" for column, value in constants.items())
    run(duckdb, f'INSERT INTO "{name}" BY NAME SELECT *{more} FROM part')  # noqa: S608
    duckdb.unregister("part")


def remove(duckdb: Any, rows: str, column: str, others: str, named: str) -> None:  # noqa: ANN401
    """Takes out the rows whose `column` is in the column `named` of `others`."""
    which = f"{column} IN (SELECT {named} FROM {others})"  # noqa: S608
    run(duckdb, f'DELETE FROM "{rows}" WHERE {which}')  # noqa: S608
