"""Rows that an import leaves out still protect: their customers are not stopped.

What could not be read, or has a state without a meaning here, may have said that a
customer paid. Each such row becomes one that the portfolio's own check rejects, in a
part of its own, so nobody whom it may concern is stopped until a later import reads it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.contract import TABLES
from importing.joining import LEFT_OUT, TYPES, form_of_parts
from importing.report import LOOK_AT, Note
from importing.source import Source

LIST = "left-out"  # imports/SOURCE-left-out.csv: the rows that wait
WORD = "left_out"  # in no closed list: the check refuses it
_COLUMNS = ("table_name", "customer_id", "kind", "id", "file", "row")
_CLOSED = (
    "status",
    "kind",
    "action",
    "subject_kind",
)  # the columns that say what it is
_IDS = ("id", "lago_id", "name")  # what sources call the number of an object


def stage_strange(connection: Any, source: Source) -> None:
    """Fill `strange` (kind, id, file, row, data): rows that are not understood.

    Those in `unread`, and those with a word that its map does not know, where that
    word decides about money or protection.
    """
    connection.execute("CREATE TABLE strange_row AS FROM unread")
    for value_map in source.maps:
        if value_map.protects:
            known = list(value_map.meanings)
            connection.execute(
                f"INSERT INTO strange_row SELECT ?, file, row, to_json(v) FROM "
                f'(FROM {value_map.view}) AS v WHERE v."{value_map.column}" '
                "NOT IN (SELECT unnest(?::VARCHAR[]))",
                [value_map.view, known],
            )
    ids = ", ".join(f"json_extract_string(data, '$.{name}')" for name in _IDS)
    connection.execute(
        f"INSERT INTO strange SELECT kind, coalesce({ids}) AS id, file, row, data "
        "FROM strange_row GROUP BY ALL"
    )


def find_left_out(connection: Any, source: Source, portfolio: Path) -> Iterator[Note]:
    """Make `left_out`: what was left out now, or earlier and was not read since.

    Yields:
        How many there are, if any.
    """
    stage_strange(connection, source)
    names = ", ".join(_COLUMNS)
    connection.execute(
        f"CREATE TABLE left_out AS SELECT {names} FROM ({source.query('left_out')})"
    )
    file = _list_file(portfolio, source)
    if file.exists():
        connection.execute(
            "CREATE TABLE left_out_before AS SELECT "
            + ", ".join(f'"{name}"' for name in _COLUMNS)
            + " FROM read_csv(?, all_varchar = true, header = true)",
            [str(file)],
        )
        _drop_what_was_read(connection)
        connection.execute(
            "INSERT INTO left_out FROM left_out_before EXCEPT FROM left_out"
        )
    n, n_customers = connection.execute(
        "SELECT count(DISTINCT (file, row, id)), count(DISTINCT customer_id) "
        "FROM left_out"
    ).fetchone()
    if n:
        yield Note(
            LOOK_AT,
            n,
            "rows were not understood: nobody whom they may concern "
            f"({n_customers} customers are known) is stopped until a later import "
            f"reads them; they are listed in {file.parent.name}/{file.name}",
        )


def _drop_what_was_read(connection: Any) -> None:
    """Earlier rows whose object these files have, and have whole."""
    kinds = connection.execute("SELECT DISTINCT kind FROM left_out_before").fetchall()
    for (kind,) in kinds:
        described = connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [kind]
        ).fetchall()
        column = next((n for n in _IDS if (n,) in described), None)
        if column is not None:
            connection.execute(
                f"DELETE FROM left_out_before WHERE kind = ? AND id IN "
                f'(SELECT "{column}"::VARCHAR FROM "{kind}")',
                [kind],
            )


def write_left_out(
    connection: Any, source: Source, portfolio: Path, folder: Path
) -> None:
    """The list for people, and in each table the rows that the check refuses."""
    file = _list_file(portfolio, source)
    rows = "SELECT * FROM left_out ORDER BY ALL"
    _replace(connection, rows, file, folder, "csv")
    for table in source.tables:
        target = portfolio / table
        if not target.is_dir():
            continue  # not looked at, so nobody is stopped for what it does not say
        form = form_of_parts(portfolio, table)
        rows = f"SELECT {_cells(table)} FROM left_out WHERE table_name = '{table}'"
        part = target / f"{source.name}{LEFT_OUT}.{form}"
        _replace(connection, rows, part, folder, form)


def _cells(table: str) -> str:
    """Cells of the contract's columns; `event_at` stays empty, which no row may be."""
    columns = TABLES[table].columns
    names = [column.name for column in columns]
    closed = next((name for name in _CLOSED if name in names), None)
    number = next((name for name in TABLES[table].key if name.endswith("_id")), None)
    cells = {"customer_id": "customer_id"}
    if number not in (None, "customer_id"):
        cells[str(number)] = "id"
    if closed:
        cells[closed] = f"'{WORD}'"
    return ", ".join(
        f'{cells.get(c.name, f"NULL::{TYPES[c.kind]}")} AS "{c.name}"' for c in columns
    )


def _replace(connection: Any, rows: str, file: Path, folder: Path, form: str) -> None:
    """Write the rows in place of the file; without any there is no file."""
    (n,) = connection.execute(f"SELECT count(*) FROM ({rows})").fetchone()
    if n == 0:
        file.unlink(missing_ok=True)
        return
    made = folder / file.name
    name = str(made).replace("'", "''")
    connection.execute(f"COPY ({rows}) TO '{name}' (FORMAT {form})")
    file.parent.mkdir(exist_ok=True)
    made.replace(file)


def _list_file(portfolio: Path, source: Source) -> Path:
    return portfolio / "imports" / f"{source.name}-{LIST}.csv"
