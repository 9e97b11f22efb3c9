"""What an import adds to a portfolio: new rows, and corrections as later versions."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from features.contract import TABLES, ColumnKind, TableSpec
from importing.errors import OtherPortfolioError
from importing.report import TableCount

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
# a later day are no news
DATED_BY_EXPORT = ("customers", "outcomes")


def made_table(connection: Any, table: str, query: str) -> None:
    """Run a source's SQL into `made_TABLE`, with the contract's columns and types."""
    connection.execute(f"CREATE TEMP VIEW mapping AS {query}")
    names = [row[0] for row in connection.execute("DESCRIBE mapping").fetchall()]
    columns = [c for c in TABLES[table].columns if c.name in names]
    if len(columns) < len(names):
        extra = set(names) - {c.name for c in columns}
        raise ValueError(f"{table} has no columns {sorted(extra)}")
    typed = ", ".join(f'"{c.name}"::{TYPES[c.kind]} AS "{c.name}"' for c in columns)
    connection.execute(f"CREATE TABLE made_{table} AS SELECT {typed} FROM mapping")
    connection.execute("DROP VIEW mapping")


def add_new(
    connection: Any,
    table: str,
    portfolio: Path,
    exported_at: datetime,
) -> TableCount:
    """Make `new_TABLE`: what `made_TABLE` says that the portfolio does not say yet.

    A row that is there, but for its times, is left out. One whose key is there with
    other content is a correction: it is known since the export at the earliest, so
    that the past keeps what was known then.

    Raises:
        OtherPortfolioError: the table is there in a form that nothing can be added to.
    """
    made = f"made_{table}"
    n_made = _count(connection, made)
    files = _parts(portfolio, table)
    if not files:
        connection.execute(f"CREATE VIEW new_{table} AS FROM {made}")
        return TableCount(table, n_made, n_made, 0)
    _compare(connection, TABLES[table], files)
    connection.execute(
        f"CREATE TABLE new_{table} AS SELECT m.* EXCLUDE (content, key) REPLACE ("
        "CASE WHEN m.known_at <= t.known_at THEN greatest(m.known_at, $at) "
        "ELSE m.known_at END AS known_at) "
        "FROM made_rows AS m LEFT JOIN there_keys AS t USING (key) "
        "WHERE m.content NOT IN (SELECT content FROM there_rows)",
        {"at": exported_at},
    )
    n_corrections = connection.execute(
        "SELECT count(*) FROM made_rows WHERE key IN (SELECT key FROM there_keys) "
        "AND content NOT IN (SELECT content FROM there_rows)"
    ).fetchone()[0]
    for name in ("made_rows", "there_rows", "there_keys"):
        connection.execute(f"DROP TABLE {name}")
    return TableCount(table, n_made, _count(connection, f"new_{table}"), n_corrections)


def _compare(connection: Any, spec: TableSpec, files: Sequence[Path]) -> None:
    """Tables of what is made and of what is there, with hashes of content and key."""
    names = [
        row[0] for row in connection.execute(f"DESCRIBE made_{spec.name}").fetchall()
    ]
    is_dated = "event_at" in spec.key and spec.name not in DATED_BY_EXPORT
    times = ("known_at",) if is_dated else TIMES
    columns = [c for c in spec.columns if c.name in names]
    content = _hash([c.name for c in columns if c.name not in times])
    key = _hash([n for n in spec.key if n in names])
    connection.execute(
        f"CREATE TABLE made_rows AS SELECT *, {content} AS content, {key} AS key "
        f"FROM made_{spec.name}"
    )
    typed = ", ".join(f'"{c.name}"::{TYPES[c.kind]} AS "{c.name}"' for c in columns)
    paths = [str(file) for file in files]
    there = f"SELECT {typed} FROM read_parquet({paths}, union_by_name = true)"
    connection.execute(
        f"CREATE TABLE there_rows AS SELECT {content} AS content, {key} AS key, "
        f"known_at FROM ({there})"
    )
    connection.execute(
        "CREATE TABLE there_keys AS SELECT key, max(known_at) AS known_at "
        "FROM there_rows GROUP BY key"
    )


def _hash(names: Sequence[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"md5(to_json(row({quoted}))::VARCHAR)"


def _parts(portfolio: Path, table: str) -> list[Path]:
    for form in ("parquet", "csv", "xlsx"):
        if (portfolio / f"{table}.{form}").exists():
            raise OtherPortfolioError(
                f"{portfolio / table}.{form} is one file; an import adds files to a "
                f"folder: move it to {portfolio / table}/part-0.{form}"
            )
    return sorted((portfolio / table).glob("*.parquet"))


def _count(connection: Any, name: str) -> int:
    n: int = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    return n
