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
from importing.table_files import keep_latest, stage_tables
from importing.whmcs.columns import MOMENTS, MONEY_TABLES, REQUIRED, TABLES
from importing.whmcs.values import MAPS


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
    looked_at, bad = stage_tables(connection, files, TABLES, REQUIRED)
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
