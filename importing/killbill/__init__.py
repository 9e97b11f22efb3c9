"""Kill Bill: the tables of its database, as CSV or Parquet, or answers of its API.

Columns: the DDL of Kill Bill's source at cb60779c (2026-08-20). How balances add up:
its `InvoiceCalculatorUtils`. See docs/importing.md.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.killbill.api import stage_answers
from importing.killbill.columns import MOMENTS, REQUIRED, TABLES
from importing.killbill.values import MAPS
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.table_files import is_table, stage_tables
from importing.told_twice import each_is_told_once, look_for_told_twice


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the tables; the moment of the export is the latest in them, if not given."""
    tables = [file for file in files if is_table(file)]
    answers = [file for file in files if not is_table(file)]
    given, bad = stage_tables(connection, tables, TABLES, REQUIRED, others=answers)
    told, unread = stage_answers(connection, answers)
    for table in TABLES:
        _keep_latest(connection, table)
    latest = (
        f"SELECT epoch(max({column})) FROM {table}"
        for table, columns in MOMENTS.items()
        for column in columns
    )
    return staged(connection, exported_at, latest, given | told, [*bad, *unread])


def _keep_latest(connection: Any, table: str) -> None:
    """Pages and answers may overlap: of rows with one id the latest state counts."""
    if each_is_told_once(connection, table, "id"):
        return
    is_dated = "updated_date" in TABLES[table]
    latest = "updated_date" if is_dated else "file"
    moments = ["updated_date"] if is_dated else []
    look_for_told_twice(connection, table, "id", moments, keep_last=True)
    connection.execute(
        f"DELETE FROM {table} WHERE rowid NOT IN (SELECT arg_max(rowid, {latest}) "
        f"FROM {table} GROUP BY id)"
    )


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
