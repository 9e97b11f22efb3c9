"""Kill Bill: the tables of its database, as CSV or Parquet.

Columns: the DDL of Kill Bill's source at cb60779c (2026-08-20). How balances add up:
its `InvoiceCalculatorUtils`. See docs/importing.md.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.killbill.columns import MOMENTS, REQUIRED, TABLES
from importing.killbill.values import MAPS
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.table_files import stage_tables


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the tables; the moment of the export is the latest in them, if not given."""
    given, bad = stage_tables(connection, files, TABLES, REQUIRED)
    latest = (
        f"SELECT epoch(max({column})) FROM {table}"
        for table, columns in MOMENTS.items()
        for column in columns
    )
    return staged(connection, exported_at, latest, given, bad)


KILLBILL = Source(
    name="killbill",
    title="Kill Bill",
    stage=stage,
    sql=Path(__file__).parent / "sql",
    maps=MAPS,
    looks={
        "customers": frozenset({"accounts"}),
        "subscriptions": frozenset({"subscriptions", "subscription_events"}),
        "invoices": frozenset({"invoices", "invoice_items"}),
        "payments": frozenset({"payments", "payment_transactions"}),
        "disputes": frozenset({"payment_transactions"}),
        "holds": frozenset({"tags"}),
        "actions": frozenset({"blocking_states"}),
    },
)
