"""Files of Partner Center into tables of typed columns, whatever their form.

CSV, JSON lines, arrays and pages (`items` of Partner Center, `value` of Graph), packed
with gzip or not, with a byte order mark or not. A file holds one kind of thing, known
by its columns. Each cell that cannot be read is named by file, row and column; its row
is left out, the others go on. DuckDB reads, so that memory does not grow.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.json_files import is_in_lines, opened, room_for, without_mark
from importing.pages import keep_pages
from importing.report import BadRow
from importing.table_files import QUOTES, ROW, ROW_OF_TEXT, with_a_value
from importing.unread import keep_unread

MOST_BYTES_OF_A_LINE = 1 << 24
BYTES_OF_A_BEGINNING = 1 << 12

# how a cell, already bare, is read; text is itself
TEXT = "{cell}"
NUMBER = "TRY_CAST({cell} AS DECIMAL(38, 18))"
FLAG = "TRY_CAST({cell} AS BOOLEAN)"
# ISO 8601, of which what names no zone is UTC; or as the files of invoices write dates
MOMENT = (
    "coalesce(TRY_CAST({cell} AS TIMESTAMPTZ), timezone('UTC', try_strptime({cell}, "
    "['%m/%d/%Y', '%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %I:%M:%S %p'])))"
)
# blanks, and the apostrophe that keeps Excel from reading a number as one
BARE = "nullif(trim({cell}, ' '''), '')"
TYPES = {
    TEXT: "VARCHAR",
    NUMBER: "DECIMAL(38, 18)",
    FLAG: "BOOLEAN",
    MOMENT: "TIMESTAMPTZ",
}

# Graph and Partner Center each say in their own words where the next page is
_PAGES = """
SELECT $list AS list, $name AS file, NULL AS number,
       coalesce(json ->> '$."@odata.nextLink"', json ->> '$.links.next.uri') AS next
FROM {read}
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of thing that files hold; a table of that name.

    Attributes:
        name: of the table.
        title: for people.
        marks: columns that a file must have to be of this kind.
        required: columns that no row can do without.
        columns: how each is read.
        says_of_itself: what an empty page's address, or else the name of an empty
            file, has in it.
    """

    name: str
    title: str
    marks: tuple[str, ...]
    required: tuple[str, ...]
    columns: Mapping[str, str]
    says_of_itself: str


def stage_cells(
    connection: Any, files: Sequence[Path], kinds: Sequence[Kind]
) -> tuple[frozenset[str], list[BadRow]]:
    """Make the table of each kind, with `file` and `row` (from 1, the header of CSV).

    Returns:
        The kinds that files were given for, and the rows that were left out.

    Raises:
        UnreadableFileError: a file of no known kind, or that cannot be read.
    """
    for kind in kinds:
        typed = ", ".join(f'"{n}" {TYPES[how]}' for n, how in kind.columns.items())
        connection.execute(
            f"CREATE TABLE {kind.name} "
            f"(file VARCHAR, row BIGINT, fault VARCHAR, {typed})"
        )
    bad: list[BadRow] = []
    kinds_read = set()
    for file in files:
        try:
            with TemporaryDirectory() as folder:
                kind = _read(connection, without_mark(file, Path(folder)), file, kinds)
        except duckdb.Error as error:
            line = " ".join(str(error).splitlines()[:2])
            raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
        kinds_read.add(kind.name)
        bad.extend(_left_out(connection, file.name, kind))
    return frozenset(kinds_read), bad


def _read(connection: Any, readable: Path, file: Path, kinds: Sequence[Kind]) -> Kind:
    """Read the file into the table of its kind, with the first column at fault."""
    if not _is_json(readable):
        number = ROW_OF_TEXT
        rows = f"read_csv($file, all_varchar = true, header = true, {QUOTES})"
        described = connection.execute(f"DESCRIBE FROM {rows}", {"file": str(readable)})
        names = [name for name, *_ in described.fetchall()]
        spellings, filled = _spellings(file, names), with_a_value(names)
        kind = _kind_of(file, spellings.keys(), "", kinds)
        cells = {n: f'"{spelt[0]}"' for n, spelt in spellings.items()}
    else:
        number, filled = ROW, "true"
        read = _documents(readable)
        is_page = _is_page(connection, readable, read)
        rows = _json_rows(read, is_page=is_page)
        keys = connection.execute(
            f"SELECT DISTINCT unnest(json_keys(data)) FROM {rows}",
            {"file": str(readable)},
        ).fetchall()
        spellings = _by_name(key for (key,) in keys)
        address = "" if spellings else _address(connection, readable)
        kind = _kind_of(file, spellings.keys(), address, kinds)
        if is_page:
            page = {"file": str(readable), "list": kind.name, "name": file.name}
            keep_pages(connection, _PAGES.format(read=read), page)
        cells = {n: _json_cell(spelt) for n, spelt in spellings.items()}
    told = {"file": str(readable), "name": file.name}
    connection.execute(_insert(kind, cells, number, filled, rows), told)
    return kind


def _insert(
    kind: Kind, cells: Mapping[str, str], number: str, filled: str, rows: str
) -> str:
    """SQL: each cell without what surrounds it, then typed, then what is wrong."""
    names = ", ".join(f'"{name}"' for name in kind.columns)
    bare = ", ".join(
        BARE.format(cell=cells.get(name, "NULL::VARCHAR")) + f' AS "{name}_"'
        for name in kind.columns
    )
    typed = ", ".join(
        how.format(cell=f'"{name}_"') + f' AS "{name}"'
        for name, how in kind.columns.items()
    )
    faults = " ".join(
        f'WHEN "{name}" IS NULL'
        + ("" if name in kind.required else f' AND "{name}_" IS NOT NULL')
        + f" THEN '{name}'"
        for name, how in kind.columns.items()
        if how != TEXT or name in kind.required
    )
    return (
        f"INSERT INTO {kind.name} (file, row, fault, {names}) "
        f"SELECT $name, row, CASE {faults} END, {names} FROM (SELECT *, {typed} FROM "
        f"(SELECT {number} AS row, {filled} AS filled, {bare} FROM {rows}) "
        "WHERE filled)"
    )


def _is_json(file: Path) -> bool:
    with opened(file) as content:
        begins = content.read(BYTES_OF_A_BEGINNING).lstrip()
    if begins.startswith(b"PK"):
        raise UnreadableFileError(f"{file.name} is a ZIP archive: unpack it first")
    return begins.startswith((b"{", b"["))


def _documents(file: Path) -> str:
    """SQL of the JSON documents in a file, as column `json`."""
    if not is_in_lines(file):
        return f"read_json_objects($file, maximum_object_size = {room_for(file)})"
    return (
        "read_json_objects($file, format = 'newline_delimited', "
        f"maximum_object_size = {MOST_BYTES_OF_A_LINE})"
    )


def _is_page(connection: Any, file: Path, read: str) -> bool:
    (is_page,) = connection.execute(
        f"SELECT coalesce(bool_or(json_type(json, '$.items') = 'ARRAY' OR "
        f"json_type(json, '$.value') = 'ARRAY'), false) FROM (FROM {read} LIMIT 1)",
        {"file": str(file)},
    ).fetchone()
    return bool(is_page)


def _json_rows(read: str, *, is_page: bool) -> str:
    """SQL of the things in JSON documents, as column `data`."""
    if not is_page:
        return f"(SELECT json AS data FROM {read})"
    return (
        "(SELECT unnest(list_concat(json_extract(json, '$.items[*]'), "
        f"json_extract(json, '$.value[*]'))) AS data FROM {read})"
    )


def _json_cell(spellings: Sequence[str]) -> str:
    cells = [
        f"json_extract_string(data, '$.\"{_quoted(name)}\"')" for name in spellings
    ]
    return cells[0] if len(cells) == 1 else f"coalesce({', '.join(cells)})"


def _quoted(name: str) -> str:
    return name.replace("'", "''")


def _address(connection: Any, file: Path) -> str:
    """What an empty page says that was asked for."""
    (text,) = connection.execute(
        "SELECT string_agg(json::VARCHAR) FROM read_json_objects($file, "
        f"maximum_object_size = {room_for(file)})",
        {"file": str(file)},
    ).fetchone()
    return text or ""


def _by_name(spelt: Iterator[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name in sorted(spelt):
        names.setdefault(bare_name(name), []).append(name)
    return names


def bare_name(name: str) -> str:
    """A column's name without its case, blanks and signs.

    >>> bare_name("Customer Country"), bare_name("pCToBCExchangeRate")
    ('customercountry', 'pctobcexchangerate')
    """
    return re.sub("[^a-z0-9]", "", name.lower())


def _spellings(file: Path, header: Sequence[str]) -> dict[str, list[str]]:
    names = _by_name(iter(header))
    for spelt in names.values():
        if len(spelt) > 1:
            raise UnreadableFileError(
                f"{file.name} has columns {' and '.join(spelt)}: which one counts? "
                "Remove the other"
            )
    return names


def _kind_of(file: Path, names: Any, address: str, kinds: Sequence[Kind]) -> Kind:
    """The first kind whose marks the file has; of an empty page, whose name it says."""
    fitting = [kind for kind in kinds if set(kind.marks) <= set(names)]
    if not names:
        names_itself = f"{address} {file.name}".lower()
        fitting = [kind for kind in kinds if kind.says_of_itself in names_itself][:1]
    if not fitting:
        nearest = max(kinds, key=lambda kind: len(set(kind.marks) & set(names)))
        missing = [name for name in nearest.marks if name not in names]
        lacks = ""
        if 2 * len(missing) < len(nearest.marks):
            lacks = f" (for {nearest.title} it lacks {', '.join(missing)})"
        known = "; ".join(kind.title for kind in kinds)
        raise UnreadableFileError(
            f"{file.name} is nothing known here{lacks}; known are {known}"
        )
    return fitting[0]


def _left_out(connection: Any, file: str, kind: Kind) -> Iterator[BadRow]:
    keep_unread(
        connection,
        kind.name,
        f"SELECT file, row, to_json(t) FROM {kind.name} AS t WHERE fault IS NOT NULL",
    )
    rows = connection.execute(
        f"DELETE FROM {kind.name} WHERE fault IS NOT NULL RETURNING row, fault"
    ).fetchall()
    problem = "missing, or not written as 1234.56, 6/30/2026 or 2026-06-30T00:00:00Z"
    (n_good,) = connection.execute(
        f"SELECT count(*) FROM {kind.name} WHERE file = ?", [file]
    ).fetchone()
    for row, name in sorted(rows):
        if n_good == 0:
            raise UnreadableFileError(
                f"no row of {file} can be read; the first is row {row}, {name}: "
                f"{problem}"
            )
        yield BadRow(file, row, name, problem)
