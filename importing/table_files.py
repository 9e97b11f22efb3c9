"""Tables that a database or an API wrote out, into tables of typed columns.

A file is CSV, Parquet or JSON, and holds the table that its name ends with
(`invoices.csv`, `kb_invoices.parquet`, `Sales Invoice.json`, `account.move.csv.gz`).
Each cell that cannot be read is named by file, row and column; its row is left out,
the others go on.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.json_tables import FORMS as JSON_FORMS
from importing.json_tables import read_cells
from importing.report import BadRow
from importing.told_twice import each_is_told_once, look_for_told_twice
from importing.unread import keep_unread

TableColumns = Mapping[str, Mapping[str, str]]
"""For each table of the source: DuckDB types, or AMOUNT, by the name of the column."""

AMOUNT = "AMOUNT"  # money as people write it: 1,234.50 or 1234.5 or 1.234,50
_MONEY = "DECIMAL(18, 4)"
# 1,234 is left unread: in one office it is a thousand, in another a fraction
_AMOUNT_OF = r"""CREATE MACRO IF NOT EXISTS amount_of(cell) AS TRY_CAST(CASE
    WHEN regexp_full_match(cell, '-?\d+(\.\d+)?') THEN cell
    WHEN regexp_full_match(cell, '-?\d{1,3}(,\d{3})*\.\d+|-?\d{1,3}(,\d{3}){2,}')
        THEN replace(cell, ',', '')
    WHEN regexp_full_match(cell, '-?\d{1,3}(\.\d{3})+,\d+|-?\d+,(\d{1,2}|\d{4,})')
        THEN replace(replace(cell, '.', ''), ',', '.') END AS DECIMAL(18, 4))"""

# how dumps write that there is nothing; MySQL has days of zeros for it
MISSING = ("", "\\N", "NULL", "0000-00-00", "0000-00-00 00:00:00")
SNIFFED_ROWS = 2048  # DuckDB's own 20,480 cost a twentieth of an import
SNIFFED_BYTES = 1 << 22  # of which a line may be half; its own 32 MB are dear to read
# said to DuckDB, which else refuses a quote after the rows that it looks at
QUOTES = "quote = '\"', escape = '\"'"
ROW = "row_number() OVER ()"
ROW_OF_TEXT = f"1 + {ROW}"  # the header is row 1; blank lines are not counted
TABLE_FORMS = (".csv", ".tsv", ".parquet")
FORMS = (*TABLE_FORMS, *JSON_FORMS)


def stage_tables(
    connection: Any,
    files: Sequence[Path],
    tables: TableColumns,
    required: Mapping[str, Sequence[str]],
    table_of: Callable[[Path], str] | None = None,
    others: Sequence[Path] = (),
) -> tuple[frozenset[str], list[BadRow]]:
    """Make each table, with `file` and `row`; empty where no file holds it.

    Rows count from 1, which in CSV is the header.

    Args:
        connection: of DuckDB.
        files: to read; a table may lie in several.
        tables: columns and types; others are not read.
        required: the columns of a table that no row can do without.
        table_of: which table a file holds; None: the one that its name ends with.
        others: files whose rows `take_cells` adds later.

    Returns:
        The tables that files were given for, and the rows that were left out.

    Raises:
        UnreadableFileError: a file that is no such table, or lacks a column.
    """
    connection.execute(_AMOUNT_OF)
    names = ", ".join(_quoted(f) for f in sorted({f.name for f in (*files, *others)}))
    # a byte a row, and in order like the texts
    connection.execute(f"CREATE TYPE file_name AS ENUM ({names or _quoted('')})")
    for table, columns in tables.items():
        typed = ", ".join(
            f'"{name}" {_MONEY if type_ == AMOUNT else type_}'
            for name, type_ in columns.items()
        )
        connection.execute(
            f"CREATE TABLE {table} (file file_name, row BIGINT, {typed})"
        )
    bad: list[BadRow] = []
    tables_read = set()
    for file in files:
        table = table_of(file) if table_of else table_named(file, tables)
        tables_read.add(table)
        bad.extend(
            _read(connection, file, table, tables[table], required.get(table, ()))
        )
    return frozenset(tables_read), bad


def keep_latest(
    connection: Any, tables: TableColumns, key: str, written_at: str
) -> None:
    """Of rows with one key keep the one written last; pages of an answer may overlap.

    Table `repeated` (n) says how many were left out.
    """
    n_rows = 0
    for table, columns in tables.items():
        last = [f'"{written_at}" DESC NULLS LAST'] if written_at in columns else []
        order = ", ".join([*last, "file DESC", "row DESC"])
        if each_is_told_once(connection, table, key):
            continue
        moments = [written_at] if written_at in columns else []
        look_for_told_twice(connection, table, key, moments)
        n_rows += _count(connection, table)
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS FROM {table} QUALIFY row_number() "
            f'OVER (PARTITION BY "{key}" ORDER BY {order}) = 1'
        )
        n_rows -= _count(connection, table)
    connection.execute("CREATE TABLE repeated AS SELECT ?::BIGINT AS n", [n_rows])


def _count(connection: Any, table: str) -> int:
    n: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return n


def is_table(file: Path) -> bool:
    """Whether the file is CSV or Parquet by its name: `x.csv`, `x.csv.gz`."""
    return _form(file) in TABLE_FORMS


def header(connection: Any, file: Path) -> frozenset[str]:
    """The names of a file's columns, in small letters.

    Raises:
        UnreadableFileError: it is no table.
    """
    try:
        rows = connection.execute(f"DESCRIBE FROM {_reader(connection, file)}")
        return frozenset(name.lower() for name, *_ in rows.fetchall())
    except duckdb.Error as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: duckdb.Error) -> UnreadableFileError:
    if is_table(file) and (encoding := _other_encoding(file)):
        return UnreadableFileError(
            f"{file.name} is no UTF-8, perhaps {encoding}: save it as CSV in UTF-8"
        )
    line = str(error).splitlines()[0].replace(str(file), file.name)
    return UnreadableFileError(f"{file.name} cannot be read: {line}")


def _other_encoding(file: Path) -> str | None:
    """What a CSV that is no UTF-8 is likely to be; None: it is, or is packed."""
    if file.suffix.lower() not in (".csv", ".tsv"):
        return None
    with file.open("rb") as stream:
        if stream.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "UTF-16"
    try:
        with file.open(encoding="utf-8") as lines:
            for _ in lines:
                pass
    except UnicodeDecodeError:
        return "Latin-1 or Windows-1252"
    return None


def table_named(file: Path, tables: Collection[str]) -> str:
    """The longest name of a table that the file's name ends with.

    Raises:
        UnreadableFileError: there is none.
    """
    form = _form(file)
    whole = file.name.lower().removesuffix(".gz").removesuffix(form)
    # `tabSales Invoice-2` is the second page of `sales_invoice`
    stem = re.sub(r"[^a-z0-9]", "_", re.sub(r"[-_ ]*\d+$", "", whole))
    stem = stem.removeprefix("tab") if stem not in tables else stem
    fitting = [table for table in tables if stem == table or stem.endswith(f"_{table}")]
    if form == ".zip":
        raise UnreadableFileError(f"{file.name} is an archive: unpack it first")
    if form not in FORMS or not fitting:
        raise UnreadableFileError(
            f"{file.name}: name it after its table, such as {next(iter(tables))}.csv; "
            f"known are {', '.join(sorted(tables))}, as {', '.join(FORMS)}"
        )
    return max(fitting, key=len)


def _form(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def _read(
    connection: Any,
    file: Path,
    table: str,
    columns: Mapping[str, str],
    required: Sequence[str],
) -> Iterator[BadRow]:
    try:
        if _form(file) in JSON_FORMS:
            read_cells(connection, file, columns)
            yield from take_cells(connection, file, table, columns, required)
            return
        reader = _reader(connection, file)
        number = ROW if _form(file) == ".parquet" else ROW_OF_TEXT
        cells = f"(SELECT {number} AS row, * FROM {reader})"
        yield from take_cells(
            connection, file, table, columns, required, cells, are_whole=True
        )
    except duckdb.Error as error:
        raise _unreadable(file, error) from error
    finally:
        connection.execute("DROP TABLE IF EXISTS cells")


def _reader(connection: Any, file: Path) -> str:
    """SQL that reads the file, all of it as text where it is CSV.

    DuckDB looks at the first rows to see how a CSV is written; it is asked for that
    once. A file without a quote among these rows may still have one later on.

    Raises:
        UnreadableFileError: a CSV of no bytes, which has not even a header.
    """
    name = _quoted(str(file))
    if _form(file) == ".parquet":
        return f"read_parquet({name})"
    if file.stat().st_size == 0:
        raise UnreadableFileError(f"{file.name} is empty")
    missing = f"nullstr = [{', '.join(map(_quoted, MISSING))}]"
    form = connection.execute(
        "SELECT Delimiter, Quote, Escape, NewLineDelimiter, Comment, SkipRows, "
        f"Columns FROM sniff_csv({name}, all_varchar = true, header = true, "
        f"sample_size = {SNIFFED_ROWS}, buffer_size = {SNIFFED_BYTES}, {missing})"
    ).fetchone()
    delimiter, quote, escape, line_end, comment = (
        "" if mark == "(empty)" else mark for mark in form[:5]
    )
    skipped, there = form[5:]
    quote = quote or '"'
    columns = ", ".join(f"{_quoted(column['name'])}: 'VARCHAR'" for column in there)
    return (
        f"read_csv({name}, auto_detect = false, header = true, "
        f"delim = {_quoted(delimiter)}, quote = {_quoted(quote)}, "
        f"escape = {_quoted(escape or quote)}, new_line = {_quoted(line_end)}, "
        f"comment = {_quoted(comment)}, skip = {skipped}, "
        f"columns = {{{columns}}}, {missing})"
    )


def with_a_value(columns: Iterable[str]) -> str:
    """SQL of whether a row has a value in one of all the columns of its file.

    Spreadsheets leave lines of separators alone below their rows, which tell of nobody:
    as rows that were not understood they would keep everybody from a stop.
    """
    names = (name.replace('"', '""') for name in columns)
    return " OR ".join(f'"{name}" IS NOT NULL' for name in names)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def take_cells(
    connection: Any,
    file: Path,
    table: str,
    columns: Mapping[str, str],
    required: Sequence[str],
    cells: str = "cells",
    *,
    are_whole: bool = False,
) -> Iterator[BadRow]:
    """Add rows to a table: `cells` is SQL of them (row, and text by column).

    In one pass, for it may read a file: a row that cannot be read stands below zero
    until it is taken out, and only then what is wrong in it is looked for. Where they
    `are_whole`, with every column of the file, one without a value is no row.

    Raises:
        UnreadableFileError: a required column is not there.
    """
    described = connection.execute(f"DESCRIBE FROM {cells}").fetchall()
    there = {name.lower(): name for name, *_ in described}
    absent = [name for name in required if name not in there]
    if absent:
        raise UnreadableFileError(
            f"{file.name} has no column {', '.join(absent)}: is it the table {table}, "
            "with its header, and whole to the end of its last row?"
        )
    typed = {
        n: f'amount_of("{there[n]}")'
        if t == AMOUNT
        else f'TRY_CAST("{there[n]}" AS {t})'
        for n, t in columns.items()
        if n in there
    }
    names = ", ".join(f'"{name}"' for name in typed)
    made = {n: f"cell_{nth}" for nth, n in enumerate(typed)}  # each is cast once
    texts = [f'"{there[n]}"' for n in typed]
    cast = [f"{typed[n]} AS {cell}" for n, cell in made.items()]
    is_bad = _any_of(_faults(there, made, columns, required))
    connection.execute(
        f"INSERT INTO {table} (file, row, {names}) SELECT ?, "
        f"CASE WHEN {is_bad} THEN -row ELSE row END, {', '.join(made.values())} "
        f"FROM (SELECT {', '.join(['row', *texts, *cast])} FROM {cells})",
        [file.name],
    )
    (n_bad,) = connection.execute(f"DELETE FROM {table} WHERE row < 0").fetchone()
    if n_bad == 0:
        return
    if are_whole:
        named = (name for name, *_ in described if name != "row")
        cells = f"(FROM {cells} WHERE {with_a_value(named)})"
    faults = _faults(there, typed, columns, required)
    for name, fault in faults:
        rows = connection.execute(f"SELECT row FROM {cells} WHERE {fault} ORDER BY row")
        for (row,) in rows.fetchall():
            problem = f"cannot be read as {_in_words(columns[name])}, or is missing"
            yield BadRow(file.name, row, name, problem)
    told = ", ".join(f"'{name}', \"{there[name]}\"" for name in typed)
    unread = f"SELECT ?, row, json_object({told}) FROM {cells} WHERE {_any_of(faults)}"
    keep_unread(connection, table, unread, [file.name])


def _faults(
    there: Mapping[str, str],
    cells: Mapping[str, str],
    columns: Mapping[str, str],
    required: Sequence[str],
) -> list[tuple[str, str]]:
    """Columns, and SQL of whether a row's cell cannot be read, or is missing.

    Args:
        there: the file's names of columns by ours.
        cells: SQL of the cells as their types, NULL where they cannot be read.
        columns: types; any text is a text.
        required: columns in which nothing may be missing.
    """
    unread = [
        (n, f'("{there[n]}" IS NOT NULL AND {cell} IS NULL)')
        for n, cell in cells.items()
        if columns[n] != "VARCHAR"
    ]
    return [*unread, *((n, f'"{there[n]}" IS NULL') for n in required)]


def _any_of(faults: Sequence[tuple[str, str]]) -> str:
    return " OR ".join(fault for _, fault in faults) or "false"


def _in_words(type_: str) -> str:
    """A type as people call it.

    >>> _in_words("DECIMAL(18, 9)")
    'a number'
    """
    return {
        "BIGINT": "a whole number",
        "BOOLEAN": "true or false",
        "DATE": "a day such as 2026-03-05",
        "TIMESTAMPTZ": "a moment such as 2026-03-05 09:00",
        "VARCHAR": "a text",
        AMOUNT: "an amount such as 1,234.50",
    }.get(type_, "a number")
