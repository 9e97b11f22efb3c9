"""Small helpers for the DuckDB connection that holds a portfolio."""

from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a service that reads requests alone does without Arrow
    import pyarrow as pa

# Rows of a table that is written anew rather than deleted from: 96 MB would be held of
# the 250 MB that DuckDB has at the least (`--memory 1000`)
LONG = 12_000_000
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


class AppendedRows:
    """Rows for the end of a table: those of many small files are written together.

    Args:
        duckdb: the connection that holds the table.
        name: of the table.
        constants: columns that have one value.
    """

    AT_ONCE = 100_000  # rows; an insertion costs what reading a small file does

    def __init__(self, duckdb: Any, name: str, **constants: int) -> None:  # noqa: ANN401
        self._duckdb, self._name, self._constants = duckdb, name, constants
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0

    def add(self, rows: "pa.Table") -> None:
        """Rows behind all others; they may be written later."""
        self._waiting.append(rows)
        self._n_waiting += len(rows)
        if self._n_waiting >= self.AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write all that wait."""
        import pyarrow as pa

        if self._waiting:  # a column may be missing in some of the files
            rows = pa.concat_tables(self._waiting, promote_options="default")
            append(self._duckdb, self._name, rows, **self._constants)
        self._waiting, self._n_waiting = [], 0


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
