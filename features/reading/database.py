"""The tables of a portfolio in a database, behind any Ibis connection.

Only columns that the contract or portfolio.yaml names are fetched, a part at a time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from features.contract import TABLES
from features.errors import DatabaseError
from features.reading.names import ignored_column
from features.reading.source_url import without_secret
from features.reading.sources import Part

FETCHED_ROWS = 100_000  # a part; most drivers hold each cell of it as an object
_FILE_SCHEMES = ("duckdb", "sqlite")


class DatabaseSource:
    """Tables of the contract's names behind an Ibis connection.

    Args:
        connection: any Ibis backend.
        wanted: by table, the columns to fetch; the others are named in a warning.

    Raises:
        DatabaseError: if the database cannot be asked.
    """

    empty_is_none = False

    def __init__(
        self,
        connection: Any,  # noqa: ANN401 - any Ibis backend
        wanted: Mapping[str, Collection[str]],
    ) -> None:
        self._connection = connection
        self._in_database = {
            table: rows
            for table in TABLES
            if (rows := _table(connection, table)) is not None
        }
        self._fetched = {
            table: [name for name in rows.columns if name in wanted[table]]
            for table, rows in self._in_database.items()
        }
        self.tables = frozenset(self._in_database)
        self.warnings = tuple(
            ignored_column(table, name, wanted[table])
            for table, rows in self._in_database.items()
            for name in rows.columns
            if name not in self._fetched[table]
        )

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, as they come.

        Raises:
            DatabaseError: if they cannot be read.
        """
        rows = self._in_database[table]
        fetched = self._fetched[table] or rows.columns[:1]
        first_row = 1
        with (
            _reading(table),
            _batches(self._connection, rows.select(*fetched)) as batches,
        ):
            for batch in batches:
                yield Part(table, first_row, pa.Table.from_batches([batch]))
                first_row += len(batch)
            if first_row == 1:
                yield Part(table, 1, batches.schema.empty_table())


def open_database(url: str, stated: str, folder: Path) -> Any:  # noqa: ANN401 - any Ibis backend
    """Connect to a database.

    Args:
        url: of Ibis; a relative file lies in `folder`.
        stated: the same as it is told to people, without secrets.
        folder: of portfolio.yaml.

    Raises:
        DatabaseError: if there is no such database or driver.
    """
    import ibis

    url = _beside(url, folder)
    options = {"read_only": True} if url.startswith("duckdb://") else {}

    def refused(error: Exception) -> str:
        """Why, without the secrets of the URL."""
        reason = without_secret(str(error), url, stated)
        hint = ""
        if isinstance(error, ImportError):
            backend = urlsplit(url).scheme.replace("postgresql", "postgres")
            hint = f"; install its driver: pip install 'ibis-framework[{backend}]'"
        return f"source {stated} cannot be opened: {reason}{hint}"

    with _asking(refused):
        return ibis.connect(url, **options)


def _beside(url: str, folder: Path) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in _FILE_SCHEMES or rest.startswith((":", "md:", "motherduck:")):
        return url
    file, question, options = rest.partition("?")
    path = folder.absolute() / file
    if not path.is_file():  # a driver would make an empty one
        raise DatabaseError(f"source: there is no file {file}")
    return f"{scheme}://{path.as_posix()}{question}{options}"


def _table(connection: Any, table: str) -> Any:  # noqa: ANN401 - an Ibis table or None
    from ibis.common.exceptions import TableNotFound

    with _reading(table):
        try:
            return connection.table(table)
        except TableNotFound:
            return None


def _reading(table: str) -> AbstractContextManager[None]:
    return _asking(lambda error: f"table {table} cannot be read: {error}")


@contextmanager
def _asking(told: Callable[[Exception], str]) -> Iterator[None]:
    """A border: what a driver raises becomes one of ours, in the words of `told`.

    Each driver has errors of its own, of no common base (PEP 249), and which drivers
    there are Ibis' user decides: they cannot be named here.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a border
        # what a driver says may hold the URL, so nothing is chained to the error
        raise DatabaseError(told(error)) from None


def _batches(connection: Any, rows: Any) -> pa.RecordBatchReader:  # noqa: ANN401
    """The backend's own reader where Ibis 12.0 has none that serves."""
    query = str(rows.compile())
    if connection.name == "duckdb":  # 2.0 dropped the method that Ibis calls
        return connection.con.sql(query).to_arrow_reader(FETCHED_ROWS)
    if connection.name == "pyspark":  # Ibis drops the zone of instants, here UTC
        table = connection._session.sql(query).toArrow()
        return table.to_reader(FETCHED_ROWS)
    if connection.name == "sqlite":
        return _as_written(connection, query, rows.columns)
    return rows.to_pyarrow_batches(chunk_size=FETCHED_ROWS)


def _as_written(
    connection: Any,  # noqa: ANN401 - Ibis' backend of SQLite
    query: str,
    columns: Sequence[str],
) -> pa.RecordBatchReader:
    """Cells of SQLite as text, for any may hold anything, whatever its column declares.

    Ibis goes by the declared type, and by the first row where none is declared: it
    drops the offset of a time, and gives up at a word among numbers.
    """
    names = ['"' + name.replace('"', '""') + '"' for name in columns]
    cells = ", ".join(
        f"CASE typeof({name}) WHEN 'real' THEN printf('%!.17g', {name}) "
        f"ELSE CAST({name} AS TEXT) END"
        for name in names
    )
    found = connection.con.execute(f"SELECT {cells} FROM ({query})")  # noqa: S608
    schema = pa.schema([(name, pa.string()) for name in columns])

    def batches() -> Iterator[pa.RecordBatch]:
        """The rows in parts of at most `FETCHED_ROWS`; no part where there is no row.

        Yields:
            The named columns as text, NULL as null; numbers as digits that give the
            same number again. Money, times and their units are whatever was written.

        Raises:
            sqlite3.Error: the file cannot be read on, or a cell is no UTF-8.
        """
        while rows := found.fetchmany(FETCHED_ROWS):
            texts = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
            yield pa.record_batch(texts, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
