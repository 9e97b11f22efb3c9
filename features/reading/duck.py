"""Small helpers for the DuckDB connection that holds a portfolio."""

from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a service that reads requests alone does without Arrow
    import pyarrow as pa

LONG = 5_000_000  # rows
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


def remove(duckdb: Any, table: str, which: str) -> None:  # noqa: ANN401
    """Takes out the rows for which the expression `which` is true.

    Row ids from before name other rows afterwards. A long table is written anew:
    DuckDB 2.0 holds eight bytes in memory for every row near a deleted one until the
    next checkpoint, whatever its limit, and a checkpoint between two steps of one
    removal may give the rows of the second other ids.
    """
    counts = f'SELECT count(*), count(*) FILTER ({which}) FROM "{table}"'  # noqa: S608
    [[n_rows, n_removed]] = run(duckdb, counts)
    if not n_removed:
        return
    if n_rows < LONG:
        run(duckdb, f'DELETE FROM "{table}" WHERE {which}')  # noqa: S608
        return
    run(duckdb, f'ALTER TABLE "{table}" RENAME TO with_removed')
    run(
        duckdb,
        f'CREATE TABLE "{table}" AS FROM with_removed WHERE ({which}) IS NOT TRUE',
    )
    run(duckdb, "DROP TABLE with_removed")
