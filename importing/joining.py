"""What an import adds to a portfolio: new rows, and corrections as later versions."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from features.contract import TABLES, ColumnKind, ColumnSpec, TableSpec
from importing.errors import OtherPortfolioError, SharedIdsError
from importing.report import TableCount
from importing.source import Source
from importing.table_files import QUOTES

TYPES: dict[ColumnKind, str] = {
    "text": "VARCHAR",
    "choice": "VARCHAR",
    "moment": "TIMESTAMPTZ",
    "day": "TIMESTAMPTZ",
    "money": "DECIMAL(18, 4)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}
TIMES = ("event_at", "known_at")
# what a source says today, dated with the day on which it said so: the same words on
# a later day are no news to what these columns name
DATED_BY_EXPORT = {
    "customers": ("customer_id",),
    "outcomes": ("customer_id", "source"),
}
# parts of rows that the portfolio's check refuses; no import takes them for knowledge
LEFT_OUT = "-left-out"
# numbers that a system gives by itself: another one may give the same to something else
NUMBERS = {"invoices": "invoice_id", "payments": "payment_id"}
_OF_SOURCE = re.compile(r"(.+)-\d{8}T\d{6}(-\d+)?")  # how an import names its parts
# columns whose absence is a statement: not taken back, without an end
SAYS_WHEN_EMPTY = ("retracted", "until")

# Whether row `m` says what `t`, the latest there of its key, does not. Of several
# versions of a key only the last may correct what is there: the past stays as it was
# known. A content that was there before counts again only where it is that last word.
_LAST = (
    "(FROM filled_rows QUALIFY row_number() "
    "OVER (PARTITION BY key ORDER BY known_at DESC, nth DESC) = 1)"
)
_UNSAID = (
    "m.content NOT IN (SELECT content FROM there_rows) "
    "AND m.filled NOT IN (SELECT content FROM there_rows)"
)
_SINCE = (  # keys of which something was said and taken back after what is there
    "SELECT key FROM filled_rows AS m JOIN there_keys AS t USING (key) "
    f"WHERE m.known_at > t.known_at AND {_UNSAID}"
)
IS_NEW = (
    f"t.key IS NULL OR (m.known_at > t.known_at AND {_UNSAID}) "
    f"OR (m.nth IN (SELECT nth FROM {_LAST}) AND (({_UNSAID}) "
    "OR (greatest(m.known_at, $at) > t.known_at "
    f"AND (m.key IN ({_SINCE}) OR m.filled <> t.content))))"
)
IS_CHANGED = "m.filled IS DISTINCT FROM m.before"


def made_table(connection: Any, table: str, query: str) -> None:
    """Run a source's SQL into `made_TABLE`, with the contract's columns and types."""
    described = connection.execute(f"DESCRIBE FROM ({query}\n)").fetchall()
    names = [row[0] for row in described]
    columns = [c for c in TABLES[table].columns if c.name in names]
    if len(columns) < len(names):
        extra = set(names) - {c.name for c in columns}
        raise ValueError(f"{table} has no columns {sorted(extra)}")
    typed = ", ".join(f'"{c.name}"::{TYPES[c.kind]} AS "{c.name}"' for c in columns)
    connection.execute(f"CREATE TABLE made_{table} AS SELECT {typed} FROM ({query}\n)")


def add_new(
    connection: Any,
    table: str,
    portfolio: Path,
    exported_at: datetime,
) -> TableCount:
    """Make `new_TABLE`: what `made_TABLE` says that the portfolio does not say yet.

    What a row leaves empty is filled with what was said of the same before, for it
    takes nothing back. A row that then says what is there, but for its times, is left
    out, unless it was corrected since and the source is back at it. One whose key is
    there with other content is a correction: it is known since the export at the
    earliest, so that the past keeps what was known then.

    Raises:
        OtherPortfolioError: the table is there in a form that nothing can be added to.
    """
    made = f"made_{table}"
    n_made = _count(connection, made)
    files = _parts(portfolio, table)
    thing = DATED_BY_EXPORT.get(table)
    if not files and not thing:
        connection.execute(f"CREATE VIEW new_{table} AS FROM {made}")
        return TableCount(table, n_made, n_made, 0)
    columns = _compare(connection, TABLES[table], files)
    make = "CREATE TABLE filled_rows AS "
    if thing:
        connection.execute(make + _filled_of_thing(columns, thing))
    else:
        connection.execute(make + _filled_of_key(columns), {"at": exported_at})
    connection.execute(
        "CREATE TABLE chosen AS SELECT m.*, t.key IS NOT NULL AS is_correction, "
        "CASE WHEN m.known_at <= t.known_at THEN greatest(m.known_at, $at) "
        "ELSE m.known_at END AS known_here "
        "FROM filled_rows AS m LEFT JOIN there_keys AS t USING (key) "
        f"WHERE {IS_CHANGED if thing else IS_NEW}",
        {"at": exported_at},
    )
    connection.execute(
        f"CREATE TABLE new_{table} AS SELECT * EXCLUDE (nth, content, key, filled, "
        "before, is_correction, known_here) REPLACE (known_here AS known_at) "
        "FROM chosen"
    )
    (n_corrections,) = connection.execute(
        "SELECT count(*) FROM chosen WHERE is_correction"
    ).fetchone()
    for name in ("made_rows", "filled_rows", "there_rows", "there_keys", "chosen"):
        connection.execute(f"DROP TABLE {name}")
    return TableCount(table, n_made, _count(connection, f"new_{table}"), n_corrections)


def _filled_of_key(columns: Sequence[str]) -> str:
    """SQL: the rows made, filled with earlier versions of their keys.

    With the latest there, unless it became known later than the row will, and with
    those made that became known after it.
    """
    cells = ", ".join(
        f'coalesce(m."{name}", last_value(CASE WHEN m.known_at > t.known_at '
        f'THEN m."{name}" END IGNORE NULLS) OVER so_far, '
        f"CASE WHEN greatest(m.known_at, $at) >= t.known_at THEN "
        f't."{name}" END) AS "{name}"'
        for name in columns
        if name not in SAYS_WHEN_EMPTY
    )
    return (
        f"SELECT *, {_hash(columns)} AS filled, NULL AS before FROM ("
        f"SELECT m.* REPLACE ({cells}) FROM made_rows AS m "
        "LEFT JOIN there_keys AS t USING (key) "
        "WINDOW so_far AS (PARTITION BY m.key ORDER BY m.known_at, m.nth "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))"
    )


def _filled_of_thing(columns: Sequence[str], thing: Sequence[str]) -> str:
    """SQL: the rows made, filled with what was said of the same before their moments.

    `before` is what was said of it last.
    """
    of_thing = ", ".join(f'"{name}"' for name in thing)
    in_order = f"PARTITION BY {of_thing} ORDER BY event_at, nth NULLS FIRST, known_at"
    cells = ", ".join(
        f'coalesce("{name}", CASE WHEN nth IS NOT NULL THEN '
        f'last_value("{name}" IGNORE NULLS) OVER so_far END) AS "{name}"'
        for name in columns
        if name not in (*thing, *SAYS_WHEN_EMPTY)
    )
    return (
        f"FROM (SELECT *, lag(filled) OVER ({in_order}) AS before FROM ("
        f"SELECT *, CASE WHEN nth IS NULL THEN content ELSE {_row(columns)} END "
        f"AS filled FROM (SELECT * REPLACE ({cells}) "
        "FROM (FROM there_rows UNION ALL BY NAME FROM made_rows) "
        f"WINDOW so_far AS ({in_order} "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)))) "
        "WHERE nth IS NOT NULL"
    )


def _compare(connection: Any, spec: TableSpec, files: Sequence[Path]) -> list[str]:
    """Tables of what is made and of what is there, with hashes of content and key.

    Returns the columns of the content: all but the times.
    """
    names = [
        row[0] for row in connection.execute(f"DESCRIBE made_{spec.name}").fetchall()
    ]
    is_dated = "event_at" in spec.key and spec.name not in DATED_BY_EXPORT
    times = ("known_at",) if is_dated else TIMES
    columns = [c for c in spec.columns if c.name in names]
    said = [c.name for c in columns if c.name not in times]
    # rows of a thing are only compared one with the next; hashes cost more than that
    content = _row(said) if spec.name in DATED_BY_EXPORT else _hash(said)
    key = _hash([n for n in spec.key if n in names])
    connection.execute(
        f"CREATE TABLE made_rows AS SELECT row_number() OVER () AS nth, *, {content} "
        f"AS content, {key} AS key FROM made_{spec.name}"
    )
    connection.execute(
        f"CREATE TABLE there_rows AS SELECT NULL::BIGINT AS nth, *, {content} AS "
        f"content, {key} AS key FROM ({_there(connection, columns, files)})"
    )
    connection.execute(
        "CREATE TABLE there_keys AS FROM there_rows QUALIFY row_number() OVER ("
        "PARTITION BY key ORDER BY known_at DESC NULLS LAST) = 1"
    )
    return said


def must_be_there(portfolio: Path, source: Source) -> None:
    """What a source joins has to be in the portfolio before.

    Raises:
        OtherPortfolioError: a table is missing, or in a form that is not read here.
    """
    missing = [table for table in source.joins if not _readable(portfolio, table)]
    if missing:
        raise OtherPortfolioError(
            f"{portfolio} has no {', '.join(missing)} (as Parquet or CSV): "
            f"{source.title} join what another source brought, so import that first"
        )


def is_of_others(portfolio: Path, source: Source, table: str) -> bool:
    """Whether the portfolio has rows of the table that this source did not bring."""
    return any(
        not part.name.startswith(f"{source.name}-")
        for part in _readable(portfolio, table)
    )


def must_be_its_own(
    connection: Any, table: str, portfolio: Path, source: Source
) -> None:
    """Refuse numbers that another billing system gave to something else.

    A source that shares the table (a bank) tells of what the others brought.

    Raises:
        SharedIdsError: a row made here has the number of another source's row.
    """
    number = NUMBERS.get(table)
    if number is None or table in source.shares:
        return
    by_source = _by_source(portfolio, table)
    others = by_source.keys() - {source.name, "bank"}
    for other in sorted(others):
        rows = _there(connection, [TABLES[table].column(number)], by_source[other])
        n, first = connection.execute(
            f"SELECT count(DISTINCT {number}), min({number}) FROM made_{table} "
            f"WHERE {number} IN ({rows})"
        ).fetchone()
        if n:
            raise SharedIdsError(n, table, first, source.name, other)


def brought_by(connection: Any, table: str, portfolio: Path, source: Source) -> str:
    """SQL of the numbers that earlier imports of a source brought, if any."""
    number = TABLES[table].column(NUMBERS[table])
    files = _by_source(portfolio, table).get(source.name, [])
    return _there(connection, [number], files)


def _by_source(portfolio: Path, table: str) -> dict[str, list[Path]]:
    """The parts of a table that imports wrote, by the name of their source."""
    by_source: dict[str, list[Path]] = {}
    for file in _readable(portfolio, table):
        if named := _OF_SOURCE.fullmatch(file.stem):
            by_source.setdefault(named[1], []).append(file)
    return by_source


def latest_there(connection: Any, table: str, portfolio: Path) -> None:
    """Make `there_TABLE`: the latest version of each key that the portfolio has."""
    spec, files = TABLES[table], _readable(portfolio, table)
    key = ", ".join(f'"{name}"' for name in spec.key)
    parts = [_there(connection, spec.columns, [])]
    for form in ("parquet", "csv"):
        of_form = [file for file in files if file.suffix == f".{form}"]
        if of_form:
            parts.append(_there(connection, spec.columns, of_form))
    there = f"there_{table}"
    connection.execute(f"CREATE TABLE {there} AS FROM ({' UNION ALL '.join(parts)})")
    if not files:
        return
    (is_once,) = connection.execute(
        f"SELECT count(*) = count(DISTINCT hash({key}, customer_id)) FROM {there}"
    ).fetchone()
    if not is_once:  # to put all rows in order costs several times their reading
        connection.execute(
            f"CREATE OR REPLACE TABLE {there} AS FROM {there} "
            f"QUALIFY row_number() OVER (PARTITION BY {key}, customer_id "
            "ORDER BY known_at DESC NULLS LAST) = 1"
        )


def _there(
    connection: Any, columns: Sequence[ColumnSpec], files: Sequence[Path]
) -> str:
    """SQL of the rows in files of one form, empty where a column or all are missing.

    A cell of a CSV file that is not of the column's type is read as missing.
    """
    names: set[str] = set()
    is_csv = bool(files) and files[0].suffix == ".csv"
    listed = [str(file) for file in files]
    read = (
        f"read_csv({listed}, all_varchar = true, header = true, "
        f"union_by_name = true, {QUOTES})"
        if is_csv
        else f"read_parquet({listed}, union_by_name = true)"
    )
    if files:
        described = connection.execute(f"DESCRIBE FROM {read}").fetchall()
        names = {row[0] for row in described}
    typed = ", ".join(
        f"{_cell(c, is_csv) if c.name in names else f'NULL::{TYPES[c.kind]}'} "
        f'AS "{c.name}"'
        for c in columns
    )
    return f"SELECT {typed} FROM {read}" if files else f"SELECT {typed} WHERE false"


def _cell(column: ColumnSpec, is_text: bool) -> str:
    if is_text:  # nullif keeps DuckDB from reading the file as that type
        return f"TRY_CAST(nullif(\"{column.name}\", '') AS {TYPES[column.kind]})"
    return f'"{column.name}"::{TYPES[column.kind]}'


def _hash(names: Sequence[str]) -> str:
    return f"md5(to_json({_row(names)})::VARCHAR)"


def _row(names: Sequence[str]) -> str:
    """SQL of what the columns say: two are the same also where both say nothing."""
    return "row(" + ", ".join(f'"{name}"' for name in names) + ")"


def form_of_parts(portfolio: Path, table: str) -> str:
    """The form of a table's parts, which a further one has to be of: Parquet, or CSV.

    Raises:
        OtherPortfolioError: parts in a form that an import does not write, or in two.
    """
    folder = portfolio / table
    forms = [
        form for form in ("parquet", "csv", "xlsx") if list(folder.glob(f"*.{form}"))
    ]
    if len(forms) > 1 or forms == ["xlsx"]:
        raise OtherPortfolioError(
            f"{folder} holds {' and '.join(forms)}; an import adds Parquet or CSV, and "
            "the files of a table are of one form: save them all as CSV"
        )
    return forms[0] if forms else "parquet"


def _parts(portfolio: Path, table: str) -> list[Path]:
    for form in ("parquet", "csv", "xlsx"):
        if (portfolio / f"{table}.{form}").exists():
            how = " and save it as CSV" if form == "xlsx" else ""
            raise OtherPortfolioError(
                f"{portfolio / table}.{form} is one file; an import adds files to a "
                f"folder: move it to {portfolio / table}/part-0.{form}{how}"
            )
    parts = (portfolio / table).glob(f"*.{form_of_parts(portfolio, table)}")
    return sorted(part for part in parts if not part.stem.endswith(LEFT_OUT))


def _readable(portfolio: Path, table: str) -> list[Path]:
    """The files of a table, one or a folder, in the forms that SQL reads here."""
    files = [portfolio / f"{table}.{form}" for form in ("parquet", "csv")]
    parts = [
        p for form in ("parquet", "csv") for p in (portfolio / table).glob(f"*.{form}")
    ]
    return sorted(
        file
        for file in [*files, *parts]
        if file.is_file() and not file.stem.endswith(LEFT_OUT)
    )


def _count(connection: Any, name: str) -> int:
    n: int = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    return n
