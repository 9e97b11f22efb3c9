"""WHMCS: the tables of its database, as CSV or Parquet.

Words and columns: WHMCS's class and API reference (9.0) and its manual. See
docs/importing.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.errors import NothingToImportError
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.table_files import keep_latest, stage_tables, table_named
from importing.whmcs.columns import MOMENTS, MONEY_TABLES, REQUIRED, TABLES
from importing.whmcs.values import MAPS

# of these a file of no bytes says "none"; without rows in the others nothing has a
# meaning, so theirs is the file of an export that failed
MAY_HAVE_NONE = {"tblaccounts", "tblcredit", "tblhosting", "tblproducts", "tblorders"}


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the tables; the moment of the export is the latest in them, if not said.

    A unit price of the contract is in the portfolio's currency, so those of services
    need a rate.

    Raises:
        NothingToImportError: money without the tables that say in which currency, or
            invoices without the items that say which are paid together.
    """
    tables_without = {file: t for file in files if (t := _table_without_rows(file))}
    _tell_without_rows(connection, [file.name for file in tables_without])
    filled = [file for file in files if file not in tables_without]
    looked_at, bad = stage_tables(connection, filled, TABLES, REQUIRED)
    looked_at |= set(tables_without.values())
    keep_latest(connection, TABLES, "id", "updated_at")
    absent = {"tblclients", "tblcurrencies"} - looked_at
    if looked_at & MONEY_TABLES and absent:
        raise NothingToImportError(
            f"export {' and '.join(sorted(absent))} as well: without it nobody knows "
            "the currency of an amount"
        )
    if "tblinvoices" in looked_at and "tblinvoiceitems" not in looked_at:
        raise NothingToImportError(
            "export tblinvoiceitems as well: without it invoices that are paid "
            "together are owed twice"
        )
    latest = (
        f"SELECT epoch(timezone(any_value(timezone), max({column})::TIMESTAMP)) "
        f"FROM {table}, setting"
        for table, column in MOMENTS
    )
    source = staged(connection, exported_at, latest, looked_at, bad)
    priced = connection.execute(
        "SELECT upper(m.code) AS currency FROM tblhosting AS h "
        "JOIN tblclients AS c ON c.id = h.userid "
        "JOIN tblcurrencies AS m ON m.id = c.currency WHERE h.amount > 0 "
        "GROUP BY ALL ORDER BY count(*) DESC, currency"
    ).fetchall()
    return replace(source, currencies=tuple(currency for (currency,) in priced))


def _table_without_rows(file: Path) -> str | None:
    """The table of a file that `mysql --batch` left empty: then it writes no header."""
    if file.suffix.lower() != ".tsv" or file.stat().st_size > 0:
        return None
    table = table_named(file, TABLES)
    return table if table in MAY_HAVE_NONE else None


def _tell_without_rows(connection: Any, names: Sequence[str]) -> None:
    """Make `without_rows` (file), which the notes name."""
    connection.execute(
        "CREATE TABLE without_rows AS SELECT unnest(?::VARCHAR[]) AS file", [names]
    )


WHMCS = Source(
    name="whmcs",
    title="WHMCS",
    stage=stage,
    sql=Path(__file__).parent / "sql",
    maps=MAPS,
    looks={
        "customers": frozenset({"tblclients"}),
        "subscriptions": frozenset({"tblhosting"}),
        "invoices": frozenset({"tblinvoices", "tblinvoiceitems", "tblcredit"}),
        "payments": frozenset({"tblinvoices", "tblaccounts"}),
        "holds": frozenset({"tblhosting"}),
        "outcomes": frozenset({"tblorders"}),
    },
    reads=("outcomes", "subscriptions"),
)
