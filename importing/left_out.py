"""Rows that an import leaves out still protect: their customers are not stopped.

What could not be read, or has a state without a meaning here, may have said that a
customer paid. Each such row becomes one that the portfolio's own check rejects, in a
part of its own, so nobody whom it may concern is stopped until a later import reads it.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from features.contract import TABLES
from features.counted import counted
from importing.errors import UnreadableFileError
from importing.joining import LEFT_OUT, TYPES, form_of_parts
from importing.report import LOOK_AT, Note
from importing.source import Source, ValueMap

LIST = "left-out"  # imports/SOURCE-left-out.csv: the rows that wait
WORD = "left_out"  # in no closed list: the check refuses it
_SAYS = ("table_name", "customer_id", "kind", "id", "file", "row")
_COLUMNS = (*_SAYS, "exported_at")
_NOW = "(SELECT moment FROM export)"
_CLOSED = (
    "status",
    "kind",
    "action",
    "subject_kind",
)  # the columns that say what it is
_IDS = ("id", "lago_id", "name")  # what sources call the number of an object


def stage_strange(connection: Any, strange: Sequence[ValueMap]) -> None:
    """Fill `strange` (kind, id, file, row, data): rows that are not understood.

    Those in `unread`, and those with a word that its map does not know, where that
    word decides about money or protection (`strange`). Of several states of an object
    the last one counts.
    """
    connection.execute("CREATE TABLE strange_row AS FROM unread")
    for value_map in strange:
        known = list(value_map.meanings)
        connection.execute(
            f"INSERT INTO strange_row SELECT ?, file, row, to_json(v) FROM "
            f"({_last_states(connection, value_map.view)}) AS v "
            f'WHERE v."{value_map.column}" NOT IN (SELECT unnest(?::VARCHAR[]))',
            [value_map.view, known],
        )
    ids = ", ".join(f"json_extract_string(data, '$.{name}')" for name in _IDS)
    connection.execute(
        f"INSERT INTO strange SELECT kind, coalesce({ids}) AS id, file, row, data "
        "FROM strange_row GROUP BY ALL"
    )


def _last_states(connection: Any, view: str) -> str:
    """SQL: of each object the states that were seen last, where that is known."""
    names = _columns(connection, view)
    number = _number(names)
    if number is None or "seen_at" not in names:
        return f'FROM "{view}"'
    return (
        f'FROM "{view}" QUALIFY "{number}" IS NULL OR rank() OVER '
        f'(PARTITION BY "{number}" ORDER BY seen_at DESC NULLS LAST) = 1'
    )


def drop_without_meaning(
    connection: Any, strange: Sequence[ValueMap], table: str
) -> None:
    """Take from `made_TABLE` the rows whose word a protecting map does not know.

    What was left out protects already. Such a word may be part of a row's key: no
    later row would replace it, and its customer were protected for ever.
    """
    if not strange:
        return
    names = _columns(connection, f"made_{table}")
    closed = [
        column
        for column in TABLES[table].columns
        if column.kind == "choice" and not column.is_open and column.name in names
    ]
    for value_map in strange:
        words = (
            f'SELECT "{value_map.column}" FROM "{value_map.view}" '
            f'WHERE "{value_map.column}" NOT IN (SELECT unnest($known::VARCHAR[]))'
        )
        for column in closed:
            connection.execute(
                f'DELETE FROM made_{table} WHERE "{column.name}" IN ({words}) '
                f'AND "{column.name}" NOT IN (SELECT unnest($choices::VARCHAR[]))',
                {
                    "known": list(value_map.meanings),
                    "choices": list(column.choices),
                },
            )


def find_left_out(
    connection: Any,
    source: Source,
    strange: Sequence[ValueMap],
    portfolio: Path,
    files: Sequence[Path],
) -> Iterator[Note]:
    """Make `left_out`: what was left out now, or earlier and was not read since.

    Args:
        connection: with the source's objects and what they became.
        source: the system.
        strange: its maps that protect and have met a word that they do not know.
        portfolio: whose list of earlier rows is read.
        files: that were read now.

    Yields:
        How many there are, if any.

    Raises:
        UnreadableFileError: the list of earlier rows is no such list any more.
    """
    stage_strange(connection, strange)
    connection.execute(
        f"CREATE TABLE left_out_all AS SELECT {', '.join(_SAYS)}, moment AS "
        f"exported_at FROM ({source.query('left_out')}) CROSS JOIN export"
    )
    file = _list_file(portfolio, source)
    if _stage_before(connection, file):
        _drop_what_was_read(connection)
        _drop_corrected_lines(connection, source, files)
        connection.execute("INSERT INTO left_out_all BY NAME FROM left_out_before")
    connection.execute(
        "CREATE TABLE left_out AS FROM left_out_all QUALIFY row_number() OVER ("
        "PARTITION BY table_name, customer_id, kind, id, "
        "CASE WHEN id IS NULL THEN (file, row::BIGINT) END "
        "ORDER BY exported_at DESC, file, row) = 1"
    )
    connection.execute(
        "DELETE FROM left_out WHERE customer_id IS NULL AND id IS NOT NULL "
        "AND (table_name, kind, id) IN (SELECT (table_name, kind, id) FROM left_out "
        "WHERE customer_id IS NOT NULL)"
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
            f"(known: {counted(n_customers, 'customer')}) is stopped until a later "
            f"import reads them; they are listed in {file.parent.name}/{file.name}",
        )


def _stage_before(connection: Any, file: Path) -> bool:
    """Make `left_out_before` of the list that earlier imports wrote, if there is any.

    Somebody who has looked may have deleted lines, or all of them.
    """
    if not file.exists() or not file.read_text(encoding="utf-8").strip():
        return False
    read = "read_csv(?, all_varchar = true, header = true)"
    try:
        described = connection.execute(f"DESCRIBE FROM {read}", [str(file)]).fetchall()
        missing = sorted(set(_COLUMNS) - {name for name, *_ in described})
        if missing:
            raise _unreadable(file, f"it has no column {', '.join(missing)}")
        names = ", ".join(f'"{name}"' for name in _SAYS)
        connection.execute(
            f"CREATE TABLE left_out_before AS SELECT {names}, "
            f"exported_at::TIMESTAMPTZ AS exported_at FROM {read}",
            [str(file)],
        )
    except duckdb.Error as error:
        raise _unreadable(file, str(error).splitlines()[0]) from error
    return True


def _unreadable(file: Path, problem: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{file.parent.name}/{file.name} cannot be read: {problem}; restore it, or "
        "empty it when you have looked at every row that it lists"
    )


def _drop_what_was_read(connection: Any) -> None:
    """Earlier rows whose object is whole here, in a state that is not older."""
    kinds = connection.execute("SELECT DISTINCT kind FROM left_out_before").fetchall()
    for (kind,) in kinds:
        number = _number(_columns(connection, kind))
        if number is not None:
            connection.execute(
                f"DELETE FROM left_out_before WHERE kind = ? AND id IN "
                f'(SELECT "{number}"::VARCHAR FROM "{kind}") '
                f"AND exported_at <= {_NOW}",
                [kind],
            )


def _drop_corrected_lines(
    connection: Any, source: Source, files: Sequence[Path]
) -> None:
    """Earlier rows without an id that their file now has whole: it was corrected."""
    connection.execute(
        "DELETE FROM left_out_before WHERE id IS NULL AND file IN "
        "(SELECT unnest($names::VARCHAR[])) AND (file, row::BIGINT) NOT IN "
        "(SELECT (file, row) FROM strange WHERE file IS NOT NULL) "
        f"AND exported_at <= {_NOW} AND (exported_at::DATE = {_NOW}::DATE "
        "OR kind NOT IN (SELECT unnest($told_once::VARCHAR[])))",
        {
            "names": [file.name for file in files],
            "told_once": sorted(source.told_once),
        },
    )


def _columns(connection: Any, relation: str | None) -> set[str]:
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [relation]
    ).fetchall()
    return {name for (name,) in rows}


def _number(columns: Collection[str]) -> str | None:
    """The column that holds the number of an object."""
    return next((name for name in _IDS if name in columns), None)


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
