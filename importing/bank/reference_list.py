"""A list of references and their invoices, for those whose ids are not printed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.report import BadRow
from importing.table_files import ROW_OF_TEXT
from importing.unread import keep_unread

COLUMNS = ("reference", "invoice_id")


def make_references(connection: Any) -> None:
    """The empty table `reference`."""
    connection.execute(
        "CREATE TABLE reference (file VARCHAR, row BIGINT, reference VARCHAR, "
        "invoice_id VARCHAR)"
    )


def read_references(connection: Any, file: Path) -> Iterator[BadRow]:
    """Add a CSV file with the columns `reference` and `invoice_id`.

    Raises:
        UnreadableFileError: it is no such file.
    """
    read = "read_csv(?, all_varchar = true, header = true)"
    try:
        described = connection.execute(f"DESCRIBE FROM {read}", [str(file)]).fetchall()
    except duckdb.Error as error:
        line = str(error).splitlines()[0].replace(str(file), file.name)
        raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
    missing = set(COLUMNS) - {name for name, *_ in described}
    if missing:
        raise UnreadableFileError(
            f"{file.name} has no column {', '.join(sorted(missing))}: a list of "
            "references has the columns reference and invoice_id"
        )
    connection.execute(
        f"CREATE TEMP TABLE listed AS SELECT {ROW_OF_TEXT} AS row, "
        f"trim(reference) AS reference, trim(invoice_id) AS invoice_id FROM {read} "
        "QUALIFY coalesce(reference, invoice_id) IS NOT NULL",
        [str(file)],
    )
    connection.execute(
        "INSERT INTO reference SELECT ?, * FROM listed "
        "WHERE reference <> '' AND invoice_id <> ''",
        [file.name],
    )
    holes = connection.execute(
        "SELECT row FROM listed WHERE NOT coalesce("
        "reference <> '' AND invoice_id <> '', false) ORDER BY row"
    ).fetchall()
    keep_unread(
        connection,
        "reference",
        "SELECT ?, row, json_object('invoice_id', invoice_id) FROM listed "
        "WHERE NOT coalesce(reference <> '' AND invoice_id <> '', false)",
        [file.name],
    )
    connection.execute("DROP TABLE listed")
    for (row,) in holes:
        yield BadRow(
            file.name, row, "reference", "a reference or its invoice is missing"
        )
